"""Which policies the seeds tell apart, and whether the simulation has them in that order."""

import pytest

from gfplab.truth.bounds import BOUNDS, Bound, ratio, tie_of
from gfplab.truth.ranks import ranking, separated

ELAPSED, COUNT, LONGEST = "last_proc_end_s", "allocstall", "ctx_kworker_max_ns"


def test_policies_are_separated_by_more_than_their_seeds_are_spread():
    assert separated(ELAPSED, [20, 21, 22], [30, 31, 32])
    assert not separated(ELAPSED, [20, 21, 32], [30, 31, 33])


@pytest.mark.parametrize(("metric", "far", "near"), [(ELAPSED, 106, 105), (COUNT, 118, 117), (LONGEST, 143, 142)])
def test_a_tie_is_5_percent_of_a_time_15_of_a_count_30_of_a_maximum(metric, far, near):
    assert separated(metric, [100], [far]) and not separated(metric, [100], [near])


def test_tau_counts_separated_pairs_alone():
    measured = {0: [20, 21], 1: [20, 21], 3: [40, 42]}
    order = ranking(ELAPSED, measured, {0: [25], 1: [24], 3: [60]})
    assert (order.pairs, len(order.separated), order.tau, order.wrong) == (3, 2, 1.0, [])


def test_a_reversed_pair_counts_against_and_a_tie_counts_nothing():
    measured = {0: [20], 1: [40], 3: [80]}
    assert ranking(ELAPSED, measured, {0: [3], 1: [2], 3: [1]}).tau == -1.0
    order = ranking(ELAPSED, measured, {0: [1], 1: [1], 3: [2]})
    assert order.tau == pytest.approx(2 / 3)
    assert [(pair.first, pair.second) for pair in order.wrong] == [(0, 1)]


def test_where_nothing_is_separated_there_is_no_tau():
    assert ranking(ELAPSED, {0: [20], 1: [20]}, {0: [1], 1: [9]}).tau is None
    assert ranking(ELAPSED, {0: [20], 1: [40]}, {0: [1], 1: []}).pairs == 0


def test_a_percentage_and_a_factor_bound_both_sides():
    assert BOUNDS["pswpin"].holds(100, 115) and BOUNDS["pswpin"].holds(100, 85)
    assert not BOUNDS["pswpin"].holds(100, 116) and not BOUNDS["pswpin"].holds(100, 84)
    longest = BOUNDS["ctx_kworker_max_ns"]
    assert longest.holds(100, 200) and longest.holds(100, 50)
    assert not longest.holds(100, 201) and not longest.holds(100, 49)


def test_a_handful_of_events_is_no_error_and_kills_must_be_there_or_not():
    assert BOUNDS["allocstall"].holds(0, 10) and not BOUNDS["allocstall"].holds(0, 11)
    kills = BOUNDS["oom_kill"]
    assert kills.holds(0, 0) and kills.holds(1, 5) and not kills.holds(0, 1) and not kills.holds(2, 0)
    assert str(kills) == "both zero or neither" and str(Bound("x", factor=2)) == "within a factor of 2"


def test_a_ratio_of_nothing_to_nothing_is_one():
    assert (ratio(0, 0), ratio(2, 1), ratio(0, 1), ratio(None, 1)) == (1.0, 0.5, float("inf"), None)
    assert tie_of("maxstall_ms") == 0.30
