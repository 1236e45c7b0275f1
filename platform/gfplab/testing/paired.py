"""Policies over common seeds: a seed makes the same machine and workload for all, so pairs of runs are compared."""

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from gfplab.policy.discover import SHARE
from gfplab.study.statistics import paired_interval
from gfplab.tables.metrics import METRICS
from gfplab.testing.chosen import catalogue, label, plugin_and_share
from gfplab.testing.runs import TestedRun, run_scenario

Policies = str | Path | Sequence[str | Path]


class Comparison:
    """Runs of several policies, the first of which is what the others are set against."""

    def __init__(self, scenario: str, runs: Mapping[str, Mapping[int, TestedRun]]):
        self.scenario, self.runs = scenario, runs
        self.first = next(iter(runs))

    def values(self, policy: str, metric: str) -> list[float]:
        """A metric of one policy, seed by seed."""
        return [run[metric] for run in self._of(policy).values()]

    def difference(self, policy: str, metric: str) -> tuple[float, float, float]:
        """Mean difference to the first policy, and its 95 % interval."""
        found = paired_interval(self.values(policy, metric), self.values(self.first, metric))
        return found.mean, found.low, found.high

    def ratio(self, policy: str, metric: str) -> tuple[float, float, float]:
        """Geometric mean of the ratios to the first policy, and its 95 % interval; NaN where a value is not above 0."""
        mine, theirs = self.values(policy, metric), self.values(self.first, metric)
        if min(*mine, *theirs) <= 0:
            return math.nan, math.nan, math.nan
        found = paired_interval([math.log(value) for value in mine], [math.log(value) for value in theirs])
        return math.exp(found.mean), math.exp(found.low), math.exp(found.high) if found.high < 700 else math.inf

    def table(self, *metrics: str) -> pl.DataFrame:
        """One row for each metric and policy: mean, difference and ratio to the first, each with its interval."""
        rows = []
        for metric in metrics or METRICS:
            for policy in self.runs:
                values = self.values(policy, metric)
                row = [metric, policy, sum(values) / len(values)]
                if policy == self.first:
                    rows.append((*row, *[None] * 6))
                else:
                    rows.append((*row, *self.difference(policy, metric), *self.ratio(policy, metric)))
        numbers = ("mean", "difference", "difference_low", "difference_high", "ratio", "ratio_low", "ratio_high")
        return pl.DataFrame(
            rows, {"metric": pl.String, "policy": pl.String} | dict.fromkeys(numbers, pl.Float64), orient="row"
        )

    def assert_better(self, policy: str, metric: str, by: float = 1.0) -> None:
        """The policy is surely better than the first one: the whole interval of the ratio is beyond `by` times."""
        __tracebackhide__ = True
        better = METRICS[metric].better if metric in METRICS else ""
        if not better:
            raise ValueError(f"{metric} is no metric of which less or more is better; use difference() or ratio()")
        mean, low, high = self.ratio(policy, metric)
        factor, least, most = (1 / mean, 1 / high, 1 / low) if better == "min" else (mean, low, high)
        if not least > by:
            raise AssertionError(
                f"{self.scenario}: {metric} of {policy} is {factor:.4g} times better than of {self.first} "
                f"(95 % interval {least:.4g} .. {most:.4g}); above {by:.4g} is wanted\n{self._pairs(policy, metric)}"
            )

    def assert_within(self, policy: str, metric: str, share: float) -> None:
        """The policy differs from the first one by at most this share, for every value in the interval of the ratio."""
        __tracebackhide__ = True
        mean, low, high = self.ratio(policy, metric)
        if not (low >= 1 - share and high <= 1 + share):
            raise AssertionError(
                f"{self.scenario}: {metric} of {policy} is {mean:.4g} times that of {self.first} (95 % interval "
                f"{low:.4g} .. {high:.4g}); {1 - share:.4g} .. {1 + share:.4g} is allowed\n"
                f"{self._pairs(policy, metric)}"
            )

    def _of(self, policy: str) -> Mapping[int, TestedRun]:
        if policy not in self.runs:
            from gfplab.policy.plugin import did_you_mean

            raise KeyError(f"'{policy}' is not compared here; {did_you_mean(policy, self.runs)}")
        return self.runs[policy]

    def _pairs(self, policy: str, metric: str) -> str:
        rows = zip(self._of(policy), self.values(policy, metric), self.values(self.first, metric), strict=True)
        return "\n".join(f"  seed {seed}: {mine:.6g}, {self.first} {theirs:.6g}" for seed, mine, theirs in rows)


def compare_policies(
    given: str | Path,
    policies: Sequence[Policies],
    seeds: int | Iterable[int] = 5,
    settings: Mapping[str, Any] | None = None,
    folder: Path | None = None,
) -> Comparison:
    """Run each policy, or stack of them, with each seed.  A tunable is set where its policy runs."""
    numbers = list(range(1, seeds + 1) if isinstance(seeds, int) else seeds)
    stacks = [[policy] if isinstance(policy, str | Path) else list(policy) for policy in policies]
    _names, plugins = catalogue([policy for stack in stacks for policy in stack], folder)
    runs: dict[str, dict[int, TestedRun]] = {}
    for stack in stacks:
        others = set(plugins) - {plugin_and_share(policy).partition(SHARE)[0] for policy in stack}
        own = {key: value for key, value in (settings or {}).items() if key.split(".")[0] not in others}
        runs[label(stack)] = {seed: run_scenario(given, stack, seed, own, folder=folder) for seed in numbers}
    return Comparison(Path(given).stem, runs)
