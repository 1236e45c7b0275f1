"""Delta debugging: what is left shows it, and nothing of it can be taken away."""

from hypothesis import given
from hypothesis import strategies as st

from gfplab.adversary.minimise import fewest, smallest

NEEDED = st.sets(st.sets(st.integers(0, 15), min_size=1, max_size=5).map(frozenset), min_size=1, max_size=4)


@given(NEEDED)
def test_of_departures_a_subset_is_left_of_which_each_is_needed(any_of):
    """Whatever combinations show it: those that are kept do, and none of them can be left out."""

    def shows(items):
        return any(needed <= set(items) for needed in any_of)

    kept = fewest(range(16), shows)
    assert shows(kept)
    assert not any(shows([each for each in kept if each != one]) for one in kept)


def test_if_the_start_itself_shows_it_no_departure_is_needed():
    assert fewest([1, 2, 3], lambda items: True) == []


def lower(numbers):
    """Each number halved or one less."""
    for place, number in enumerate(numbers):
        for smaller in {number // 2, number - 1} - {number, -1}:
            yield (*numbers[:place], smaller, *numbers[place + 1 :])


@given(st.lists(st.integers(0, 40), min_size=1, max_size=4), st.sets(st.integers(0, 6), min_size=1))
def test_no_single_reduction_of_the_smallest_shows_it(numbers, remainders):
    """With a predicate that is not monotone at all: sums of some remainder, and large enough."""
    whole = tuple(numbers)

    def shows(some):
        return some == whole or (sum(some) >= 10 and sum(some) % 7 in remainders)

    steps = []
    found = smallest(whole, lower, shows, steps.append)
    assert shows(found) and not any(map(shows, lower(found)))
    assert (steps[-1] if steps else whole) == found and all(map(shows, steps))
