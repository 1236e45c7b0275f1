"""Hypervolume after each trial, and which parameters decide what: against brute force and a truth that is known."""

import itertools
import random

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from study_toy import STUDY, run_toy

from gfplab.study import hypervolume as volumes
from gfplab.study.hypervolume import hypervolume, progress_frame
from gfplab.study.importance import importance_frame
from gfplab.study.objectives import Objective
from gfplab.study.outcome import read_study
from gfplab.study.search import run_study

GRID = st.integers(0, 5)


def counted(points, reference):
    """The unit cubes below the reference that some point dominates, counted one by one."""
    cubes = itertools.product(*(range(5) for _ in reference))
    return sum(any(all(p <= c for p, c in zip(point, cube, strict=True)) for point in points) for cube in cubes)


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 4).flatmap(lambda d: st.lists(st.tuples(*[GRID] * d), min_size=1, max_size=9)))
def test_the_volume_is_the_cubes_counted(points):
    reference = np.full(len(points[0]), 5.0)
    assert hypervolume(np.array(points, float), reference) == counted(points, reference)


def table(rows, origin=()):
    """Trials with the objectives a (less is better) and b (more is better)."""
    origins = [*origin, *["sampler"] * (len(rows) - len(origin))]
    return pl.DataFrame(
        [
            (n, who, "complete", True, float(a), float(b))
            for n, (who, (a, b)) in enumerate(zip(origins, rows, strict=True))
        ],
        schema=["number", "origin", "state", "feasible", "a", "b"],
        orient="row",
    )


OBJECTIVES = [
    Objective("a", "storm", "a", "mean", "minimize", "ms"),
    Objective("b", "storm", "b", "mean", "maximize", "KiB/s"),
]


def test_one_is_the_best_of_all_baselines_in_everything():
    """Baselines at (0, 0) and (10, 10): the reference is (11, -1), and a trial at (0, 10) dominates the whole box."""
    rows = [(0, 0), (10, 10), (20, 5), (5, 5), (0, 10), (-11, 10)]
    progress = progress_frame(table(rows, ["baseline", "baseline"]), OBJECTIVES)
    first = (11 * 1 + 1 * 11 - 1 * 1) / 121
    third = first + (6 * 6 - 1 * 6 - 6 * 1 + 1 * 1) / 121
    assert progress["hypervolume"].to_list() == pytest.approx([11 / 121, first, first, third, 1.0, 2.0])
    assert progress["front"].to_list() == [1, 2, 2, 3, 1, 1]


def test_what_may_not_count_does_not():
    """Infeasible and failed trials; and without a baseline there is nothing to measure from."""
    rows = table([(0, 0), (-5, 5), (-9, 9)], ["baseline"])
    rows = rows.with_columns(feasible=pl.col("number") != 1, state=pl.Series(["complete", "complete", "failed"]))
    assert progress_frame(rows, OBJECTIVES)["number"].to_list() == [0]
    assert progress_frame(table([(1, 1)]), OBJECTIVES).height == 0
    assert progress_frame(table([]), OBJECTIVES).height == 0


def test_with_many_objectives_the_volume_is_sampled_close_to_the_truth(monkeypatch):
    chance = np.random.default_rng(5)
    rows = table(chance.normal(size=(40, 2)).tolist(), ["baseline"] * 5)
    exact = progress_frame(rows, OBJECTIVES)
    monkeypatch.setattr(volumes, "MOST_EXACT", 1)
    sampled = progress_frame(rows, OBJECTIVES)
    assert exact["hypervolume"].is_sorted() and sampled["hypervolume"].is_sorted()
    assert sampled["hypervolume"].to_list() == pytest.approx(exact["hypervolume"].to_list(), abs=0.01)
    assert sampled["front"].equals(exact["front"])
    whole = (exact["hypervolume"][-1], exact["front"][-1])
    shuffled = progress_frame(pl.concat([rows[:5], rows[5:].sample(fraction=1.0, shuffle=True, seed=1)]), OBJECTIVES)
    assert shuffled["hypervolume"][-1] == pytest.approx(sampled["hypervolume"][-1])
    assert shuffled["front"][-1] == whole[1]


def test_the_parameter_that_decides_is_found_among_those_that_do_not(study_of, tmp_path):
    """The calm machine's path depends on min_free_kbytes alone; bios are felt by neither objective.

    The tunables of patient exist only where patient does, and are compared among those trials.
    """

    def run(job):
        chance = random.Random(job.key).random()
        return {**run_toy(job), "fast_path_ns": job.overrides.get("machine.min_free_kbytes", 1024) + chance}

    text = STUDY.replace("trials = 22", "trials = 120").replace('sampler = "tpe"', 'sampler = "random"')
    outcome = run_study(study_of(text), tmp_path / "out", run)
    path = outcome.importance.filter(objective="calm.fast_path_ns", group="")
    assert path["parameter"][0] == "machine.min_free_kbytes"
    assert path["importance"][0] > 0.5
    stall = outcome.importance.filter(objective="storm.worst_io_stall_ms", group="patient")
    assert stall["parameter"][0] == "patient.timeout"
    assert 20 <= stall["trials"][0] < 120
    sums = outcome.importance.group_by("objective", "group").agg(pl.col("importance").sum())
    assert sums["importance"].to_list() == pytest.approx([1.0] * sums.height)
    assert read_study(tmp_path / "out").importance.equals(outcome.importance)
    assert pl.read_parquet(tmp_path / "out" / "importance.parquet").equals(outcome.importance)
    assert pl.read_parquet(tmp_path / "out" / "progress.parquet").equals(outcome.progress)


def test_of_an_objective_to_maximise_the_best_are_the_greatest():
    """x above 0.9 makes it great, y above 0.9 makes it small: x decides who is among the best."""
    chance = np.random.default_rng(2)
    x, y = chance.random((2, 300))
    rows = table(
        [(0, 5 * (a > 0.9) - 5 * (b > 0.9) + 0.1 * c) for a, b, c in zip(x, y, chance.random(300), strict=True)]
    )
    found = importance_frame(rows.with_columns(x=x, y=y), [["x"], ["y"]], {"x": False, "y": False}, OBJECTIVES)
    assert found["objective"].unique().to_list() == ["b"]  # a never differs
    assert found["parameter"].to_list() == ["x", "y"]
    assert found["importance"][0] > 0.8
    few = rows.with_columns(x=x, y=y)[:19]
    assert importance_frame(few, [["x"], ["y"]], {}, OBJECTIVES).height == 0
