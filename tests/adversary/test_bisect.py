"""The smallest safe size, of functions whose answer is known."""

from hypothesis import given
from hypothesis import strategies as st

from gfplab.adversary.bisect import NEIGHBOURS, grid, smallest_safe

SIZES = st.integers(1, 700)


def counted(function):
    """The function, and the list of what it was asked."""
    asked = []

    def ask(size):
        asked.append(size)
        return function(size)

    return ask, asked


@given(SIZES, SIZES, SIZES)
def test_where_more_is_always_better_the_answer_is_exact_and_costs_logarithms(low, span, threshold):
    high = low + span
    safe, asked = counted(lambda size: size >= threshold)
    assert smallest_safe(safe, low, high) == (max(low, threshold) if threshold <= high else None)
    assert len(asked) == len(set(asked)) <= len(grid(low, high)) + high.bit_length() + NEIGHBOURS
    assert all(low <= size <= high for size in asked)


@given(st.sets(st.integers(1, 60), max_size=25), st.integers(20, 60))
def test_where_it_is_not_the_answer_lies_above_everything_that_was_seen_to_fail(failing, high):
    """Nothing is assumed: what is above the answer and was run, held; what is just above it was run."""
    safe, asked = counted(lambda size: size not in failing)
    answer = smallest_safe(safe, 1, high)
    if answer is None:
        assert high in failing
        return
    assert safe(answer) and not any(size in failing for size in asked if size >= answer)
    assert set(range(answer, min(answer + NEIGHBOURS, high) + 1)) <= set(asked)
    assert answer == 1 or answer - 1 in failing


def test_the_grid_has_both_ends_and_the_powers_of_two_between():
    assert grid(1, 16) == [1, 2, 4, 8, 16]
    assert grid(5, 20) == [5, 8, 16, 20]
    assert grid(7, 7) == [7]
