"""What a study asks for: a metric of one scenario over its seeds is an objective, a bound on one is a constraint.

A direction belongs to the metric, not to the study file: nobody should ask for longer stalls by a slip of the pen.
Only a figure that is no metric, a column of a table drawn together, has its direction written beside it.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Any

Runs = Mapping[tuple[str, int], Mapping[str, float]]  # (scenario, seed) -> metric -> value


DIRECTIONS = {"min": "minimize", "max": "maximize"}  # what a metric calls better, as Optuna says it

# the constraints that have a name, because nearly every study wants them
NAMED_CONSTRAINTS = {"no_oom": "oom_kills <= 0", "no_deadlock": "deadlock <= 0"}

_BOUND = re.compile(r"(?P<metric>[\w.]+)\s*(?P<sign><=|>=)\s*(?P<bound>[-+]?[\d.]+(?:[eE][-+]?\d+)?)")


@dataclass(frozen=True)
class Objective:
    """One column to improve: a metric of one scenario, its seeds drawn together by `over_seeds`."""

    name: str
    scenario: str  # "" where several are drawn together
    metric: str
    over_seeds: str
    direction: str
    unit: str
    over_scenarios: str = ""  # "mean" | "worst", seed by seed, before the seeds are drawn together
    weights: Sequence[Sequence[Any]] = ()  # (scenario, weight) of those that are drawn together

    @property
    def said(self) -> str:
        """The objective in a few words."""
        unit = f" ({self.unit})" if self.unit else ""
        if not self.over_scenarios:
            return f"{self.over_seeds} over seeds of {self.scenario}.{self.metric}{unit}"
        names = ", ".join(name if weight == 1 else f"{weight:g} {name}" for name, weight in self.weights)
        return f"{self.over_seeds} over seeds of the {self.over_scenarios} over {names} of {self.metric}{unit}"

    def reads(self, scenario: str) -> bool:
        """Whether runs of the scenario have a part in it."""
        return scenario == self.scenario or any(scenario == name for name, _ in self.weights)

    def of_seeds(self, runs: Runs) -> dict[int, float]:
        """Seed -> the metric, its scenarios drawn together; NaN where a run does not give it."""
        if not self.over_scenarios:
            return {
                seed: _metric(runs[name, seed], self.metric) for name, seed in sorted(runs) if name == self.scenario
            }
        seeds = sorted({seed for name, seed in runs if self.reads(name)})
        return {seed: self._of_seed(runs, seed) for seed in seeds}

    def by_seed(self, runs: Runs) -> list[float]:
        """The same without the seeds, in their order."""
        return list(self.of_seeds(runs).values())

    def _of_seed(self, runs: Runs, seed: int) -> float:
        seen = [(_metric(runs.get((name, seed), {}), self.metric), weight) for name, weight in self.weights]
        if any(math.isnan(value) for value, _ in seen):
            return math.nan
        if self.over_scenarios == "worst":
            return self._worst([value for value, _ in seen])
        return sum(value * weight for value, weight in seen) / sum(weight for _, weight in seen)

    def _worst(self, seen: Sequence[float]) -> float:
        return max(seen) if self.direction == "minimize" else min(seen)

    def value(self, runs: Runs) -> float:
        """The objective of one trial; NaN if a run does not give the metric."""
        seen = self.by_seed(runs)
        if any(math.isnan(value) for value in seen):
            return math.nan
        if self.over_seeds == "worst":
            return self._worst(seen)
        return fmean(seen) if self.over_seeds == "mean" else median(seen)

    def better(self, a: float, b: float) -> bool:
        """Whether `a` is strictly better than `b`."""
        return a < b if self.direction == "minimize" else a > b


@dataclass(frozen=True)
class Constraint:
    """A bound that every seed of its scenarios must keep (`scenario` None: of all scenarios)."""

    name: str
    metric: str
    sign: str
    bound: float
    scenario: str | None = None

    def reads(self, scenario: str) -> bool:
        """Whether it bounds runs of the scenario."""
        return self.scenario in (None, scenario)

    def violation(self, runs: Runs) -> float:
        """How far the worst run is beyond the bound: <= 0 is kept, NaN if a run does not give the metric."""
        seen = [
            _metric(run, self.metric)
            for (scenario, _), run in sorted(runs.items())
            if self.scenario in (None, scenario)
        ]
        over = [value - self.bound if self.sign == "<=" else self.bound - value for value in seen]
        return math.nan if any(math.isnan(value) for value in over) else max(over)


def parse_bound(text: str) -> tuple[str, str, float] | None:
    """`"s10.fast_path_ns <= 80"` as (metric with its scenario, sign, bound); None if it is not such a sentence."""
    found = _BOUND.fullmatch(NAMED_CONSTRAINTS.get(text, text).strip())
    return (found["metric"], found["sign"], float(found["bound"])) if found else None


def _metric(run: Mapping[str, float], name: str) -> float:
    return float(run.get(name, math.nan))
