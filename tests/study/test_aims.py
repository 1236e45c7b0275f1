"""Objectives over several scenarios, and of columns that are no metrics."""

import math

import polars as pl
import pytest
from study_toy import STUDY, run_toy

from gfplab.study.search import run_study
from gfplab.tables.columns import AGGREGATES, column_fault, column_values
from gfplab.tables.frames import Tables

HEAD = STUDY.partition("[objectives]")[0]
RUNS = {
    ("storm", 1): {"psi_full_pct": 10.0},
    ("storm", 2): {"psi_full_pct": 40.0},
    ("calm", 1): {"psi_full_pct": 20.0},
    ("calm", 2): {"psi_full_pct": 0.0},
}


@pytest.mark.parametrize(
    "aim, value",
    [
        ('{ seeds = "mean", scenarios = "mean" }', (15 + 20) / 2),
        ('{ seeds = "worst", scenarios = "mean" }', 20),
        ('{ seeds = "mean", scenarios = "worst" }', (20 + 40) / 2),
        ('{ seeds = "median", scenarios = "worst" }', (20 + 40) / 2),
        ('{ seeds = "mean", weights = { storm = 3, calm = 1 } }', (12.5 + 30) / 2),
        ('{ seeds = "mean", weights = { calm = 0.5 } }', 10),
    ],
)
def test_scenarios_are_drawn_together_seed_by_seed_and_then_the_seeds(study_of, aim, value):
    """A weight is a share of the mean, and who has none is left out; of psi_full_pct more is worse."""
    (objective,) = study_of(f"{HEAD}[objectives]\npsi_full_pct = {aim}\n").objectives
    assert objective.value(RUNS) == pytest.approx(value)


def test_the_worst_of_what_should_be_much_is_the_least(study_of):
    aim = '{ seeds = "worst", scenarios = "worst" }'
    (objective,) = study_of(f"{HEAD}[objectives]\nswapout_kib_s = {aim}\n").objectives
    runs = {key: {"swapout_kib_s": metrics["psi_full_pct"]} for key, metrics in RUNS.items()}
    assert (objective.direction, objective.value(runs)) == ("maximize", 0)


def test_a_scenario_that_gave_no_figure_leaves_the_objective_without_one(study_of):
    (objective,) = study_of(f'{HEAD}[objectives]\npsi_full_pct = {{ seeds = "mean", scenarios = "mean" }}\n').objectives
    assert math.isnan(objective.value(RUNS | {("calm", 2): {}}))


def test_a_column_of_a_table_is_measured_for_the_study_that_asks_for_it(study_of, tmp_path):
    """Its name goes with every job, and its direction stands in the file."""
    text = HEAD + '[objectives]\n"storm.stalls.duration_ns.p99" = { seeds = "worst", direction = "minimize" }\n'
    study = study_of(text.replace("[policies]", 'constraints = ["pools.waits.max <= 5"]\n[policies]', 1))
    asked = set()

    def run(job):
        asked.add(job.columns)
        return run_toy(job) | {"stalls.duration_ns.p99": float(job.seed), "pools.waits.max": 4.0}

    found = run_study(study, tmp_path / "out", run)
    assert asked == {("pools.waits.max", "stalls.duration_ns.p99")}
    assert found.trials["storm.stalls.duration_ns.p99"].to_list() == [2.0] * 22
    assert found.objectives[0].unit == "ns" and found.trials["feasible"].all()


def test_a_study_of_metrics_alone_has_the_keys_it_always_had(study):
    """So the cache goes on to know them."""
    jobs = study.jobs(study.first_trials(1)[0])
    assert {job.columns for job in jobs} == {()}
    assert len({job.key for job in jobs}) == 4


def test_columns_are_drawn_together_by_polars():
    """All ways; over no rows it is 0."""
    durations = [5, 1, 3, 2]
    tables = Tables({"stalls": pl.DataFrame({"duration_ns": durations})}, {})
    wanted = {"min": 1, "max": 5, "mean": 2.75, "median": 2.5, "sum": 11, "first": 5, "last": 2, "count": 4, "p75": 3.5}
    found = column_values(tables, [f"stalls.duration_ns.{name}" for name in wanted])
    assert found == {f"stalls.duration_ns.{name}": value for name, value in wanted.items()}
    nothing = Tables({"stalls": pl.DataFrame({"duration_ns": []}, schema={"duration_ns": pl.Int64})}, {})
    assert set(column_values(nothing, [f"stalls.duration_ns.{name}" for name in AGGREGATES]).values()) == {0.0}


@pytest.mark.parametrize("text", ["stalls.duration_ns.p99", "vmstat.pswpout.last", "pools.waits.sum", "tasks.done.min"])
def test_these_columns_exist(text):
    assert column_fault(text) == ""


def test_a_trial_may_be_stopped_early_by_an_objective_over_several_scenarios(study_of, tmp_path):
    """Its value of each seed is what is compared."""
    text = HEAD.replace("seeds = [1, 2]", "seeds = [1, 2, 3, 4]\nearly_stop = { confidence = 0.95, min_seeds = 2 }")
    aims = 'worst_io_stall_ms = { seeds = "mean", scenarios = "worst" }\n'
    found = run_study(study_of(f"{text}[objectives]\n{aims}"), tmp_path / "out", run_toy)
    assert found.done == 22
    assert set(found.runs.group_by("number").len()["len"]) > {2 * 4}  # some with fewer than all seeds
