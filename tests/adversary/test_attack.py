"""The search: the same for any number of workers, and what it takes shows the goal with every seed."""

import dataclasses
import math

import pytest

from gfplab.adversary.attack import Found, run_attack
from gfplab.adversary.goals import Goal
from gfplab.adversary.probe import Probe
from gfplab.adversary.reductions import reductions
from gfplab.adversary.seen import Seen
from gfplab.adversary.written import scenario_text
from gfplab.world.scenario import build_world, load_scenario


def test_it_finds_what_is_there_and_makes_it_as_small_as_it_goes(attack_of, toy):
    attack = attack_of()
    found = run_attack(attack, toy)
    assert found.trial is not None and found.trial > 0 and found.minimal
    assert all(attack.goal.reached(seen) for seen in found.verdicts) and len(found.verdicts) == 3
    smaller = list(reductions(found.tables))
    assert smaller
    for tables in smaller:
        assert not all(attack.goal.reached(toy(Probe(tables, seed))) for seed in attack.seeds)
    assert {task["kind"] for task in found.tables["task"]} == {"anon_toucher"}
    assert build_world(found.tables, attack.source).disks == ()


def test_the_search_is_the_same_with_any_number_of_workers_and_another_with_another_seed(attack_of, toy):
    goal = Goal("stall", bound_ns=10**14)  # out of reach: all trials are made
    one, three, other = (
        run_attack(attack_of(goal=goal, seed=seed, trials=33), toy, workers)
        for seed, workers in ((5, 1), (5, 3), (6, 1))
    )  # fmt: skip
    assert len(one.trials) == 34 and str(one.trials) == str(three.trials)
    assert str(one.trials) != str(other.trials)
    assert one.tables is None and one.best == three.best
    small = [run_attack(attack_of(), toy, workers) for workers in (1, 3)]
    assert (small[0].tables, small[0].trial, small[0].departures) == (
        small[1].tables,
        small[1].trial,
        small[1].departures,
    )


def test_what_shows_it_with_the_first_seed_only_is_not_taken(attack_of, toy):
    found = run_attack(attack_of(trials=16), lambda probe: toy(probe) if probe.seed == 1 else Seen("ok", {"pool": 0.0}))
    assert found.tables is None
    assert max(figure for _, figure in found.trials) == 1  # for one seed; with the next it came not near at all


def test_a_scenario_that_shows_it_by_itself_is_only_made_smaller(attack_of, toy):
    attack = attack_of()
    attack.tables["task"][0]["size"] = "256MiB"
    found = run_attack(attack, toy)
    assert (found.trial, found.departures, found.turned) == (0, {}, 0)


def test_what_is_small_shows_it_with_seeds_that_had_no_part_in_making_it_small(attack_of, toy):
    """With one seed of five it takes twice as much; none of these is among the seeds of the search."""

    def unlucky(probe):
        seen = toy(probe)
        return dataclasses.replace(seen, stalls={"pool": seen.stalls["pool"] / (1 + (probe.seed % 5 == 0))})

    def with_others(found):
        return [attack_of().goal.reached(unlucky(Probe(found.tables, seed))) for seed in range(5000, 5010)]

    without, found = (run_attack(attack_of(fresh=fresh), unlucky) for fresh in (0, 10))
    assert all(with_others(found)) and not all(with_others(without))
    assert (found.fresh, without.fresh, found.minimal, len(found.verdicts)) == (10, 0, True, 3)


def test_what_fresh_seeds_do_not_show_is_not_taken(attack_of, toy):
    found = run_attack(attack_of(fresh=5), lambda probe: toy(probe) if probe.seed < 1000 else Seen("ok", {"pool": 0}))
    assert found.tables is None and max(figure for _, figure in found.trials) == 3
    attack = attack_of(fresh=5)
    attack.tables["task"][0]["size"] = "256MiB"  # it shows it by itself, with the seeds of the search
    found = run_attack(attack, lambda probe: toy(probe) if probe.seed < 1000 else Seen("ok", {"pool": 0}))
    assert (found.trial, found.fresh, found.minimal) == (0, 0, False)


def test_another_policy_has_to_come_through_what_the_first_does_not(attack_of, toy):
    """The other one stalls as well unless the page pool is large: so the pool is part of what is found."""

    def two(probe):
        crypts = probe.tables.get("crypt", [{}])
        if probe.other and crypts[0].get("page_pool", 256) >= 384:
            return Seen("ok", {"pool": 0.0})
        return toy(probe)

    found = run_attack(attack_of(unlike=True, trials=100), two)
    assert "crypt.swap0.page_pool" in found.departures and len(found.others) == 3


def test_illegal_scenarios_are_no_trials_to_learn_from(attack_of):
    found = run_attack(attack_of(trials=8), lambda probe: Seen("illegal", error="memory is overfull"))
    assert all(math.isnan(figure) for _, figure in found.trials) and found.best is None


def test_what_was_found_survives_an_interruption(attack_of, toy):
    found, calls = Found(), []

    def interrupted(done, total, said):
        calls.append(said)
        if said.startswith("making it smaller") and len(calls) > 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_attack(attack_of(), toy, found=found, progress=interrupted)
    assert found.tables is not None and not found.minimal


def test_a_scenario_that_was_written_is_the_scenario_that_was_found(attack_of, toy, tmp_path):
    found = run_attack(attack_of(), toy)
    tables = {**found.tables, "title": 'quotes " and \\ and\nlines', "tunables": {"neil_mask": {"timeout": "1s"}}}
    file = tmp_path / "found.toml"
    file.write_text(scenario_text(tables, ["a comment", ""]))
    read, meant = load_scenario(file), build_world(tables, file)
    assert (read.canonical(), read.title) == (meant.canonical(), meant.title)


@pytest.mark.parametrize(
    ("goal", "nearer_and_nearer", "there"),
    [
        ("stall", [{"shortage": 1}, {"drawn": 0.9}, {"stalls": {"pool": 9.0}}, {"stalls": {"pool": 900.0}}], "ok"),
        ("deadlock", [{"demand": 0.5}, {"demand": 2}, {"crowd": 3}, {"stuck_ms": 9000.0}], "deadlock"),
        ("oom", [{"shortage": 0.5}, {"shortage": 2}], "oom"),
        ("fail", [{"shortage": 0.5}, {"drawn": 1.0}, {"drawn": 1.0, "shortage": 9}], "failed"),
    ],
)
def test_each_goal_ranks_harmless_runs_and_what_reaches_it_above_them(goal, nearer_and_nearer, there):
    goal = Goal(goal)
    runs = [Seen("ok"), *(Seen("ok", **each) for each in nearer_and_nearer)]
    runs.append(Seen(there, {"pool": 1001.0} if goal.name == "stall" else {}, oom_kills=int(there == "oom")))
    assert [goal.reached(seen) for seen in runs] == [False] * (len(runs) - 1) + [True]
    near = [goal.nearness(seen) for seen in runs]
    assert near == sorted(set(near)) and (near[0], near[-1]) == (0, 1)
    away = [goal.distance(seen) for seen in runs]
    assert away[0] == max(away) and away[-1] == min(away)
