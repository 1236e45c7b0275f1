"""Runs become values, values become a front: seeds by mean, median or worst, trials only where they keep the bounds."""

import math

import polars as pl
import pytest
from study_toy import STUDY, run_toy

from gfplab.study.objectives import Constraint, Objective, parse_bound
from gfplab.study.pareto import best_by_turns, front
from gfplab.study.search import run_study


def objective(direction="minimize", over_seeds="mean", name="m"):
    return Objective(name, "s", name, over_seeds, direction, "")


RUNS = {("s", 1): {"m": 1.0}, ("s", 2): {"m": 2.0}, ("s", 3): {"m": 6.0}, ("t", 1): {"m": 99.0}}


@pytest.mark.parametrize(
    "over_seeds, direction, value",
    [("mean", "minimize", 3), ("median", "minimize", 2), ("worst", "minimize", 6), ("worst", "maximize", 1)],
)
def test_an_objective_draws_the_seeds_of_its_scenario_together(over_seeds, direction, value):
    """What is worst depends on what is better."""
    assert objective(direction, over_seeds).value(RUNS) == value


def test_a_constraint_is_as_violated_as_in_its_worst_run():
    """Of its scenario, or of all where it names none."""
    assert Constraint("c", "m", "<=", 5.0, "s").violation(RUNS) == 1
    assert Constraint("c", "m", "<=", 5.0).violation(RUNS) == 94
    assert Constraint("c", "m", ">=", 1.5, "s").violation(RUNS) == 0.5
    assert Constraint("c", "m", "<=", 6.0, "s").violation(RUNS) == 0


def test_a_metric_that_is_missing_is_not_a_number():
    assert math.isnan(objective().value({("s", 1): {}}))
    assert math.isnan(Constraint("c", "m", "<=", 1.0).violation({("s", 1): {"m": 1.0}, ("s", 2): {}}))


@pytest.mark.parametrize(
    "text, bound",
    [
        ("no_oom", ("oom_kills", "<=", 0.0)),
        ("s10.fast_path_ns <= 80", ("s10.fast_path_ns", "<=", 80.0)),
        ("swapout_kib_s>=1.5e3", ("swapout_kib_s", ">=", 1500.0)),
        ("fast_path_ns < 80", None),
        ("fast_path_ns", None),
    ],
)
def test_a_bound_is_a_metric_a_sign_and_a_number(text, bound):
    assert parse_bound(text) == bound


def test_the_front_of_known_points():
    """By hand: minimize the first, maximize the second; equal points stand together."""
    points = {0: (3, 3), 1: (1, 1), 2: (2, 2), 3: (2, 1), 4: (4, 4), 5: (1, 1), 6: (5, 4), 7: (0.5, 0.5), 8: (3, 2.9)}
    both = [objective("minimize"), objective("maximize")]
    assert front(points, both) == [0, 1, 2, 4, 5, 7]
    assert front(points, [objective("minimize"), objective("minimize")]) == [7]
    assert front({n: (x,) for n, (x, _) in points.items()}, [objective("maximize")]) == [6]
    assert front({}, both) == []


def test_of_a_long_front_each_objective_chooses_in_turn():
    """Trial 4 is the best of the first, 2 of the second, 9 the next best of the first; the third sees none."""
    values = {2: (5.0, 9.0, 1.0), 4: (1.0, 3.0, 1.0), 7: (7.0, 2.0, 1.0), 9: (2.0, 8.0, 1.0)}
    objectives = [objective(), objective("maximize"), objective()]
    assert best_by_turns(values, objectives, 3) == [4, 2, 9]
    assert best_by_turns(values, objectives, 9) == [4, 2, 9, 7]
    assert best_by_turns({3: (1.0,), 1: (1.0,)}, [objective()], 1) == [1]
    assert best_by_turns({}, objectives, 3) == []


@pytest.fixture
def strict(study_of):
    """The toy study with a bound that forbids its best trials."""
    return study_of(STUDY.replace("seeds =", 'constraints = ["storm.worst_io_stall_ms >= 100"]\nseeds ='))


def test_the_front_has_feasible_trials_only(strict, tmp_path):
    """Although those that break a bound are better."""
    outcome = run_study(strict, tmp_path / "out", run_toy)
    table, names = outcome.trials, [each.name for each in outcome.objectives]
    broken = table.filter(~pl.col("feasible"))
    assert set(broken["violated"]) == {"storm.worst_io_stall_ms >= 100"}
    assert broken[names[0]].max() < 100 <= table.filter("feasible")[names[0]].min()
    assert not broken["pareto"].any()
    points = {row["number"]: (row[names[0]], row[names[1]]) for row in table.rows(named=True)}
    feasible = {number: points[number] for number in table.filter("feasible")["number"]}
    assert outcome.front == front(feasible, outcome.objectives) != front(points, outcome.objectives)


def test_the_report_begins_with_the_stock_kernel(strict, tmp_path):
    """Then the front, best in the first objective first, each value also as a ratio to stock's."""
    outcome = run_study(strict, tmp_path / "out", run_toy)
    rows = outcome.report_rows()
    first = outcome.objectives[0].name
    assert rows["number"][0] == 0 and rows["label"][0] == "stock" and rows[f"{first} / stock"][0] == 1.0
    assert sorted(rows["number"][1:]) == [number for number in outcome.front if number != 0]
    assert rows[first][1:].is_sorted()
    assert (rows[f"{first} / stock"] * rows[first][0] - rows[first]).abs().max() < 1e-9


@pytest.mark.parametrize("sampler", ["tpe", "nsga2", "random"])
@pytest.mark.parametrize("objectives", [1, 2])
def test_every_sampler_works_with_one_objective_and_with_two(study_of, tmp_path, sampler, objectives):
    """In both cases the trials of two workers are those of one."""
    text = STUDY.replace("trials = 22", f'trials = 30\nsampler = "{sampler}"')
    study = study_of(text if objectives == 2 else text.replace('"calm.fast_path_ns" = "mean"\n', ""))
    one = run_study(study, tmp_path / "one", run_toy)
    two = run_study(study, tmp_path / "two", run_toy, workers=2)
    assert one.trials.equals(two.trials) and one.front


def test_searching_finds_more_than_guessing(study_of, tmp_path):
    """TPE reaches a shorter stall than random trials do in as many trials, on a smooth objective."""
    text = STUDY.replace("trials = 22", "trials = 60").replace('"calm.fast_path_ns" = "mean"\n', "")
    best = {}
    for sampler in ("tpe", "random"):
        study = study_of(text.replace("seed = 7", f'seed = 3\nsampler = "{sampler}"'))
        outcome = run_study(study, tmp_path / sampler, run_toy)
        best[sampler] = outcome.trials.filter("feasible")["storm.worst_io_stall_ms"].sort().head(10).mean()
    assert best["tpe"] < best["random"]
