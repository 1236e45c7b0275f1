"""Policies side by side: the same scenario and the same seeds for each, and what their differences are worth.

A seed makes the same machine, workload and disk for every policy, so runs are compared in pairs: what a seed does to
all of them falls out of the difference.
"""

import contextlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from gfplab.errors import StudyError
from gfplab.policy.select import STOCK
from gfplab.study.executors import Workers
from gfplab.study.jobs import Job, RunJob
from gfplab.study.statistics import cliffs_delta, holm, paired_interval, wilcoxon
from gfplab.tables.metrics import METRICS
from gfplab.world.toml import did_you_mean

DEFAULT_METRICS = ("worst_io_stall_ms", "psi_full_pct", "swapout_kib_s")
SURE = 0.05  # a corrected p below this is a difference

_COMPARISONS = {
    "policy": pl.String,
    "against": pl.String,
    "metric": pl.String,
    "unit": pl.String,
    "value": pl.Float64,
    "reference": pl.Float64,
    "difference": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "interval": pl.String,  # "bootstrap" | "student" | "none"
    "cliffs_delta": pl.Float64,
    "p": pl.Float64,
    "p_holm": pl.Float64,
    "seeds": pl.Int64,
    "verdict": pl.String,  # "better" | "worse" | "open", of p_holm; "different" where a metric has no better
}


@dataclass(frozen=True)
class Contestant:
    """A policy to compare: its label, and a job that lacks nothing but the seed."""

    label: str
    job: Job


def run_seeds(
    contestants: Sequence[Contestant],
    seeds: Sequence[int],
    run_job: RunJob,
    workers: int = 1,
    progress: Callable[[int, int], None] = lambda done, wanted: None,
) -> pl.DataFrame:
    """policy, seed, and every metric: one row for each contestant and seed, in this order whoever ran first."""
    asked = [(each.label, replace(each.job, seed=seed)) for each in contestants for seed in seeds]
    found: dict[str, Mapping[str, float]] = {}
    with contextlib.closing(Workers(run_job, workers)) as crew:
        wanted = {job.key: job for _, job in asked}
        for key, job in wanted.items():
            crew.give(key, job)
        while len(found) < len(wanted):
            if (taken := crew.take()) is not None:
                key, result = taken
                if isinstance(result, Exception):
                    raise result
                found[str(key)] = result
                progress(len(found), len(wanted))
    names = sorted({name for metrics in found.values() for name in metrics})
    rows = [(label, job.seed, *(found[job.key].get(name, math.nan) for name in names)) for label, job in asked]
    schema = {"policy": pl.String, "seed": pl.Int64} | dict.fromkeys(names, pl.Float64)
    return pl.DataFrame(rows, schema=schema, orient="row")


def compare(runs: pl.DataFrame, against: str, metrics: Sequence[str]) -> pl.DataFrame:
    """Each policy of `runs` against one of them, metric by metric; p_holm counts all rows as looked at."""
    rows = []
    reference = runs.filter(policy=against).sort("seed")
    for label in runs["policy"].unique(maintain_order=True):
        if label == against:
            continue
        own = runs.filter(policy=label).sort("seed")
        for metric in metrics:
            mine, theirs = own[metric].to_list(), reference[metric].to_list()
            if any(math.isnan(value) for value in (*mine, *theirs)):
                raise StudyError(f"--metric: {metric} is not measured in every run of {label} and {against}; leave it")
            found = paired_interval(mine, theirs)
            rows.append(
                {
                    "policy": label,
                    "against": against,
                    "metric": metric,
                    "unit": METRICS[metric].unit,
                    "value": sum(mine) / len(mine),
                    "reference": sum(theirs) / len(theirs),
                    "difference": found.mean,
                    "low": found.low,
                    "high": found.high,
                    "interval": found.method,
                    "cliffs_delta": cliffs_delta(mine, theirs),
                    "p": wilcoxon(mine, theirs),
                    "seeds": len(mine),
                }
            )
    for row, p in zip(rows, holm([row["p"] for row in rows]), strict=True):
        row["p_holm"] = p
        row["verdict"] = _verdict(row["metric"], row["difference"]) if p < SURE else "open"
    return pl.DataFrame(rows, schema=_COMPARISONS)


def least_p(comparisons: pl.DataFrame) -> float:
    """The smallest corrected p that so few seeds can give at all."""
    seeds = comparisons["seeds"].min()
    return min(1.0, 2.0 ** (1 - seeds) * comparisons.height) if comparisons.height else 1.0


def _verdict(metric: str, difference: float) -> str:
    better = METRICS[metric].better
    if not better:
        return "different"
    return "better" if (difference < 0) == (better == "min") else "worse"


def labels(policies: Sequence[str], against: str) -> list[str]:
    """The policies to run, the one that the others are compared with first; StudyError if that leaves nothing."""
    others = [label for label in dict.fromkeys(policies) if label != against]
    if not others:
        other = "" if against == STOCK else ", or another --against"
        raise StudyError(f"-p: there is nothing to compare with {against}; write for example -p neil_mask{other}")
    return [against, *others]


def check_metrics(names: Sequence[str]) -> list[str]:
    """The metrics, each once; StudyError naming the first that does not exist."""
    for name in names:
        if name not in METRICS:
            raise StudyError(f"--metric: no metric is named '{name}'{did_you_mean(name, METRICS)}")
    return list(dict.fromkeys(names))
