"""Policies under the same seeds: what is run, and what is said of the differences."""

import math
import random

import pytest

from gfplab.errors import SimulationError, StudyError
from gfplab.study.jobs import Job
from gfplab.study.versus import Contestant, check_metrics, compare, labels, least_p, run_seeds

SEEDS = range(1, 13)


def contestant(label):
    return Contestant(label, Job("storm", "/storm.toml", {}, {"mempool_step": label}, {}, 0))


def run(job):
    """A storm differs far more by its seed than by its policy."""
    storm = random.Random(job.seed).gauss(1000, 300)
    own = random.Random(job.key).gauss(0, 1)
    shift = {"stock": 0, "quick": -20, "same": 0}[job.policies["mempool_step"]]
    return {"worst_io_stall_ms": storm + shift + own, "swapout_kib_s": 10 * storm - shift, "pswpout": 1.0}


def compared(metrics=("worst_io_stall_ms", "swapout_kib_s"), workers=1):
    runs = run_seeds([contestant(label) for label in ("stock", "quick", "same")], SEEDS, run, workers)
    return runs, compare(runs, "stock", metrics)


def test_what_a_seed_does_to_both_falls_out_of_the_difference():
    """20 ms are found in storms that differ by 300 ms, and what is not there is not."""
    _, rows = compared()
    said = {(row["policy"], row["metric"]): row for row in rows.to_dicts()}
    quick = said["quick", "worst_io_stall_ms"]
    assert quick["low"] < -20 < quick["high"] and quick["high"] - quick["low"] < 4
    assert quick["verdict"] == "better"
    assert said["quick", "swapout_kib_s"]["verdict"] == "better"  # more of it is better
    assert said["same", "worst_io_stall_ms"]["verdict"] == "open"
    assert said["same", "worst_io_stall_ms"]["low"] < 0 < said["same", "worst_io_stall_ms"]["high"]
    assert abs(quick["cliffs_delta"]) < 0.5  # unpaired, the storms hide it


def test_every_row_counts_as_a_comparison():
    _, rows = compared()
    assert rows.height == 4
    smallest = rows.sort("p").row(0, named=True)
    assert smallest["p_holm"] == min(1, 4 * smallest["p"]) == least_p(rows)


def test_the_number_of_workers_changes_no_bit():
    (alone, one), (crowd, other) = compared(), compared(workers=3)
    assert alone.equals(crowd) and one.equals(other)


def test_a_metric_that_nobody_wants_more_or_less_of_is_only_different():
    runs, _ = compared()
    runs = runs.with_columns(pswpout=runs["worst_io_stall_ms"])
    rows = compare(runs, "stock", ["pswpout"])
    assert rows["verdict"].to_list() == ["different", "open"]


def test_a_metric_that_a_run_does_not_give_is_a_sentence():
    runs, _ = compared()
    runs = runs.with_columns(pswpout=math.nan)
    with pytest.raises(StudyError, match="--metric: pswpout is not measured in every run of quick and stock; leave it"):
        compare(runs, "stock", ["pswpout"])


def test_a_run_that_ends_in_a_fault_ends_the_comparison():
    def broken(job):
        raise SimulationError("storm: invariant 4 broken at 0.5 s")

    with pytest.raises(SimulationError, match="invariant 4"):
        run_seeds([contestant("stock"), contestant("quick")], SEEDS, broken, 2)


def test_what_is_compared_is_each_once_and_the_reference_first():
    assert labels(["b", "stock", "a", "b"], "stock") == ["stock", "b", "a"]
    assert labels(["b", "stock"], "b") == ["b", "stock"]
    with pytest.raises(StudyError, match="-p: there is nothing to compare with stock; write for example -p neil_mask"):
        labels(["stock"], "stock")
    with pytest.raises(StudyError, match="no metric is named 'pswpot'; did you mean 'pswpout'"):
        check_metrics(["pswpot"])
    assert check_metrics(["pswpout", "pswpout"]) == ["pswpout"]
