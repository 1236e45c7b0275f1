"""Intervals, effects and tests of pairs, against brute force, known values and samples whose truth is known."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gfplab.study.statistics import (
    cliffs_delta,
    holm,
    paired_interval,
    student_cdf,
    student_quantile,
    wilcoxon,
)

VALUE = st.floats(-1e6, 1e6, allow_subnormal=False).map(lambda value: round(value, 3))
PAIRS = st.lists(st.tuples(VALUE, VALUE), min_size=1, max_size=12)


@settings(deadline=None, max_examples=60)
@given(PAIRS, st.randoms(use_true_random=False))
def test_the_order_of_the_pairs_changes_no_bit(pairs, chance):
    shuffled = chance.sample(pairs, len(pairs))
    for figure in (paired_interval, wilcoxon, cliffs_delta):
        assert figure(*zip(*pairs, strict=True)) == figure(*zip(*shuffled, strict=True))


@settings(deadline=None, max_examples=60)
@given(PAIRS)
def test_two_policies_that_change_places_change_signs(pairs):
    mine, others = zip(*pairs, strict=True)
    there, back = paired_interval(mine, others), paired_interval(others, mine)
    scale = 1 + max(abs(a - b) for a, b in pairs)
    assert there.mean == pytest.approx(-back.mean, abs=1e-9 * scale)
    assert there.low <= there.mean <= there.high
    assert cliffs_delta(mine, others) == pytest.approx(-cliffs_delta(others, mine))
    assert wilcoxon(mine, others) == pytest.approx(wilcoxon(others, mine))


def by_all_signs(differences):
    """Two-sided p of the signed ranks, by writing down all signs."""
    distances = np.abs(differences)
    ranks = [np.mean([sorted(distances).index(d) + 1, sum(x <= d for x in distances)]) for d in distances]
    seen = sum(rank for rank, d in zip(ranks, differences, strict=True) if d > 0)
    middle = sum(ranks) / 2
    sums = [sum(rank for rank, sign in zip(ranks, signs, strict=True) if sign) for signs in
            itertools.product((0, 1), repeat=len(ranks))]  # fmt: skip
    return np.mean([abs(each - middle) >= abs(seen - middle) - 1e-9 for each in sums])


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(-5, 5).filter(bool), min_size=1, max_size=9))
def test_the_p_of_signed_ranks_is_that_of_all_signs_written_down(differences):
    """Equal distances are common here, and share their ranks."""
    assert wilcoxon(differences, [0] * len(differences)) == pytest.approx(by_all_signs(differences))


def test_known_values_of_signed_ranks():
    """Five pairs of one sign have p 2/32; pairs that do not differ count for nothing."""
    assert wilcoxon([2, 3, 4, 5, 6], [1] * 5) == 2 / 32
    assert wilcoxon([2, 3, 4, 5, 6, 1, 1], [1] * 7) == 2 / 32
    assert wilcoxon([1.0, 2.0], [1.0, 2.0]) == 1.0
    assert wilcoxon(range(1, 101), [0] * 100) == pytest.approx(2.0**-99)


@pytest.mark.parametrize(
    "t, freedom, share",
    [(12.706, 1, 0.975), (4.303, 2, 0.975), (3.182, 3, 0.975), (2.776, 4, 0.975), (2.132, 4, 0.95), (1.697, 30, 0.95)],
)
def test_students_distribution_is_that_of_the_printed_tables(t, freedom, share):
    assert student_quantile(share, freedom) == pytest.approx(t, abs=5e-4)
    assert student_cdf(student_quantile(share, freedom), freedom) == pytest.approx(share)
    assert student_cdf(-t, freedom) == pytest.approx(1 - share, abs=1e-4)


def test_effect_is_counted_over_all_pairs_of_runs():
    assert cliffs_delta([3, 4], [1, 2]) == 1.0
    assert cliffs_delta([1, 2, 3], [2]) == 0.0
    assert cliffs_delta([1, 3], [2, 2, 4]) == pytest.approx((2 - 4) / 6)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_a_corrected_p_is_no_smaller_keeps_the_order_and_is_at_most_bonferronis(ps):
    corrected = holm(ps)
    for (p, q), (other, its) in itertools.product(zip(ps, corrected, strict=True), repeat=2):
        assert p <= q <= min(1, p * len(ps)) + 1e-12
        assert p > other or q <= its
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])


def test_where_there_are_too_few_differences_to_resample_the_interval_is_students_or_none():
    """By hand: 1, 2, 3 have mean 2 and standard deviation 1, and t for 2 degrees of freedom is 4.303."""
    found = paired_interval([11, 22, 33], [10, 20, 30])
    half = 4.3027 / math.sqrt(3)
    assert (found.mean, found.low, found.high) == pytest.approx((2, 2 - half, 2 + half), abs=1e-4)
    assert found.method == "student"
    assert paired_interval([0] * 7 + [5], [0] * 8).method == "student"  # a third of all resamples has no spread
    alone = paired_interval([1.0], [3.0])
    assert (alone.mean, alone.low, alone.high, alone.method) == (-2.0, -math.inf, math.inf, "none")
    same = paired_interval([5.0] * 40, [4.0] * 40)
    assert (same.mean, same.low, same.high) == (1.0, 1.0, 1.0)
    with pytest.raises(ValueError, match="2 values and 3 are no pairs"):
        paired_interval([1, 2], [1, 2, 3])


def resampled_by_force(differences):
    """The bootstrap-t ends from every ordered resample, each equally likely; Student's where they are farther."""
    d = np.array(differences, float)
    drawn = d[np.array(list(itertools.product(range(len(d)), repeat=len(d))))]
    errors = drawn.std(axis=1, ddof=1) / math.sqrt(len(d))
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.nan_to_num((drawn.mean(axis=1) - d.mean()) / errors, nan=0.0)
    t.sort()
    error = d.std(ddof=1) / math.sqrt(len(d))
    at = [math.ceil(share * len(t) - 1e-6) - 1 for share in (0.025, 0.975)]
    students = student_quantile(0.975, len(d) - 1)
    return d.mean() - max(t[at[1]], students) * error, d.mean() - min(t[at[0]], -students) * error


@pytest.mark.parametrize("sample", [[3.1, -0.4, 2.2, 5.9, 0.7, 1.5], [0.1, 0.2, 0.2, 0.4, 0.7, 9.0]])
def test_up_to_eight_pairs_every_resample_is_looked_at(sample):
    found = paired_interval(sample, [0.0] * 6)
    assert (found.low, found.high) == pytest.approx(resampled_by_force(sample))
    assert found.method == "bootstrap"


def test_neither_end_is_nearer_than_students():
    """A sample that shows skew to the right stretches that end; the other one, which the bootstrap draws in, stays."""
    sample = [0.1, 0.2, 0.2, 0.4, 0.7, 1.1, 1.9, 3.0, 5.2, 9.0]
    found = paired_interval(sample, [0.0] * 10)
    half = student_quantile(0.975, 9) * np.std(sample, ddof=1) / math.sqrt(10)
    assert found.low == pytest.approx(found.mean - half)
    assert found.high > found.mean + 1.5 * half


@pytest.mark.parametrize("pairs", [6, 10, 25])
@pytest.mark.parametrize("draw", ["normal", "exponential", "uniform"])
def test_the_interval_has_the_truth_in_it_as_often_as_it_says(pairs, draw):
    """90 to 99 of 100, also where differences are skewed, as stalls are."""
    chance = np.random.default_rng(pairs)
    truth = {"normal": 0.0, "exponential": 1.0, "uniform": 0.5}[draw]
    samples = getattr(chance, draw)(size=(400, pairs))
    noise = 100 * chance.normal(size=(400, pairs))  # a seed does the same to both
    intervals = [paired_interval(a + b, b) for a, b in zip(samples, noise, strict=True)]
    covered = np.mean([each.low <= truth <= each.high for each in intervals])
    assert 0.90 <= covered <= 0.99
