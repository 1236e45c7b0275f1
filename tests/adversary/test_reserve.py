"""The reserve that a bound needs: which key a pool is, how many seeds a size costs, what the curve may claim."""

from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gfplab.adversary.probe import Crew
from gfplab.adversary.reserve import (
    Curve,
    Question,
    address_of,
    chance_excluded,
    find_reserve,
    run_size,
    seeds_needed,
)
from gfplab.adversary.seen import Seen
from gfplab.errors import ScenarioError
from gfplab.units import MSEC
from gfplab.world.scenario import build_world, load_scenario
from gfplab.world.shipped import scenario_path

ADDRESS = "crypt.swap0.bios"


def stalls(probe, needs):
    """Seed by seed another reserve is needed; with less than that the stall is a second over what there is."""
    there = probe.tables["crypt"][0]["bios"]
    return Seen("ok", {"pool": 1000.0 / there if there < needs[probe.seed % len(needs)] else 1.0}, "kworker")


def question(harmless, **more):
    return Question(harmless[0], ADDRESS, 10 * MSEC, "pool", **{"seeds": 20, "high": 64, **more})


@settings(deadline=None)  # a search in threads takes what the machine lets it
@given(st.lists(st.integers(1, 64), min_size=1, max_size=7))
def test_the_smallest_safe_reserve_is_what_the_neediest_seed_needs(needs):
    tables = {"crypt": [{"name": "swap0", "device": "vda"}]}
    curve = find_reserve(Question(tables, ADDRESS, 10 * MSEC, "pool", 20, 1, 64), partial(stalls, needs=needs))
    assert curve.answer == max(needs) and curve.done and not curve.failing_above_safe()
    assert curve.sizes[curve.answer].seeds == 20


def test_the_curve_is_the_same_with_any_number_of_workers(harmless):
    one, three = (find_reserve(question(harmless), partial(stalls, needs=[5, 30]), workers) for workers in (1, 3))
    assert one.rows == three.rows and one.answer == three.answer == 30


def test_a_size_that_stalls_costs_few_seeds_and_a_safe_one_all_of_them(harmless):
    crew = Crew(partial(stalls, needs=[1, 1, 1, 1, 1, 1, 1, 1, 1, 40]))
    late = run_size(question(harmless), crew, 8)
    assert (late.seeds, late.stalled, late.worst_ms) == (9, 1, 125.0)
    safe = run_size(question(harmless), crew, 40)
    assert (safe.seeds, safe.stalled, safe.mean_ms) == (20, 0, 1.0)
    crew.close()


@pytest.mark.parametrize("verdict", ["oom", "deadlock", "failed"])
def test_a_run_that_ends_badly_is_no_clean_seed(harmless, verdict):
    curve = find_reserve(question(harmless), lambda probe: Seen(verdict, {"pool": 0.0}))
    assert curve.answer is None and curve.sizes[64].why == verdict


def test_where_more_was_not_better_the_curve_says_so(harmless):
    def odd(probe):
        there = probe.tables["crypt"][0]["bios"]
        return Seen("ok", {"pool": 50.0 if there < 5 or there == 16 else 1.0})

    curve = find_reserve(question(harmless), odd)
    assert curve.answer == 17 and curve.failing_above_safe() == [16]


def test_clean_seeds_support_what_the_rule_of_three_says():
    assert seeds_needed(0.95, 0.05) == 59
    assert chance_excluded(0.95, 300) == pytest.approx(3 / 300, rel=0.01)
    for chance in (0.2, 0.05, 0.01):
        assert chance_excluded(0.99, seeds_needed(0.99, chance)) <= chance


def test_a_pool_is_known_by_its_name_in_the_tables():
    s1, loop = (load_scenario(scenario_path(name)) for name in ("s1_quarter", "s10_fast_path"))
    assert address_of("swap0.page_pool", s1) == "crypt.swap0.page_pool"
    assert address_of("crypt_bs", s1) == address_of("swap0.bs", s1) == "crypt.swap0.bios"
    assert address_of("swap0.tio", s1) == "crypt.swap0.dm_ios"
    assert address_of("loop", loop) == "task.loop.min_nr"


@pytest.mark.parametrize(
    ("pool", "said"),
    [
        ("swap0.page_pol", "no such pool; did you mean 'swap0.page_pool'?"),
        ("fs_bio_set", "its reserve is fixed, v4.7 has 2; one of: swap0.page_pool"),
        ("crypt_what", "no such pool; one of: swap0.page_pool"),
    ],
)
def test_a_pool_that_cannot_be_sized_is_a_mistake(harmless, pool, said):
    world = build_world(*harmless)
    with pytest.raises(ScenarioError, match=f"--pool {pool}: {said}".replace("?", r"\?")):
        address_of(pool, world)


def test_what_was_run_survives_an_interruption(harmless):
    curve = Curve()

    def interrupted(done, total, said):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        find_reserve(question(harmless), partial(stalls, needs=[5]), curve=curve, progress=interrupted)
    assert list(curve.sizes) == [1] and not curve.done
