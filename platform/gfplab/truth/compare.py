"""Puts what was simulated beside what was measured: each row, the medians of each configuration and policy, the ranks.

A metric is judged if bounds.py has a bound for it and the row was measured in virtual time (icount=1); the others are
shown and judge nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from statistics import median

import polars as pl

from gfplab.tables.frames import Tables
from gfplab.tables.schema import SCHEMA_VERSION
from gfplab.truth.bounds import BOUNDS, ratio
from gfplab.truth.columns import unit_of
from gfplab.truth.measured import Measured, Row
from gfplab.truth.ranks import Ranking, ranking


@dataclass(frozen=True)
class Outcome:
    """One row and what the simulator made of it: metrics, or why there are none."""

    row: Row
    label: str
    metrics: Mapping[str, float] = field(default_factory=dict)
    skipped: str = ""
    failed: bool = False  # it was tried, and the simulation broke down

    @property
    def judged(self) -> bool:
        """Rows in the host's real time have its noise."""
        return self.row["icount"] == 1


@dataclass(frozen=True)
class Medians:
    """One metric of one configuration and policy."""

    configuration: str
    policy: int
    metric: str
    measured: tuple[float, ...]
    simulated: tuple[float, ...]
    judged: bool

    @property
    def measured_median(self) -> float:
        return median(self.measured)

    @property
    def simulated_median(self) -> float | None:
        return median(self.simulated) if self.simulated else None

    @property
    def ratio(self) -> float | None:
        return ratio(self.measured_median, self.simulated_median)

    @property
    def within(self) -> bool | None:
        """Whether the bound holds; None if there is no bound, or nothing simulated to hold to it."""
        bound = BOUNDS.get(self.metric)
        if bound is None or not self.judged or self.simulated_median is None:
            return None
        return bound.holds(self.measured_median, self.simulated_median)


@dataclass(frozen=True)
class Comparison:
    """A table of measurements beside its simulation."""

    measured: Measured
    outcomes: list[Outcome]

    @property
    def skipped(self) -> list[Outcome]:
        """Rows that the simulator cannot do."""
        return [each for each in self.outcomes if each.skipped]

    @property
    def done(self) -> list[Outcome]:
        """Rows that it did."""
        return [each for each in self.outcomes if not each.skipped]

    @property
    def configurations(self) -> list[str]:
        """Labels, in the order of the table."""
        return list(dict.fromkeys(each.label for each in self.done))

    def medians(self) -> list[Medians]:
        """Every metric that was measured, by configuration and policy."""
        cells: dict[tuple[str, int], list[Outcome]] = {}
        for each in self.done:
            cells.setdefault((each.label, each.row["policy"]), []).append(each)
        return [
            Medians(
                label,
                policy,
                metric,
                tuple(each.row.metrics[metric] for each in outcomes if metric in each.row.metrics),
                tuple(each.metrics[metric] for each in outcomes if metric in each.metrics),
                all(each.judged for each in outcomes),
            )
            for (label, policy), outcomes in cells.items()
            for metric in _in_order(metric for each in outcomes for metric in each.row.metrics)
        ]

    def rankings(self) -> dict[str, list[Ranking]]:
        """Per configuration, the order of its policies in every metric that has a bound, where pairs are separated."""
        found: dict[str, list[Ranking]] = {}
        by_cell = {(each.configuration, each.metric, each.policy): each for each in self.medians()}
        for label in self.configurations:
            policies = sorted({policy for at, _, policy in by_cell if at == label})
            for metric in BOUNDS:
                cells = {p: by_cell[label, metric, p] for p in policies if (label, metric, p) in by_cell}
                if not cells or not all(cell.judged for cell in cells.values()):
                    continue
                order = ranking(
                    metric, {p: c.measured for p, c in cells.items()}, {p: c.simulated for p, c in cells.items()}
                )
                if order.separated:
                    found.setdefault(label, []).append(order)
        return found

    def out_of_bounds(self) -> list[str]:
        """One line for each judgement that went against the simulator."""
        lines = []
        for each in self.medians():
            if each.within is not False:
                continue
            bound = BOUNDS[each.metric]
            said = f"measured {each.measured_median:g}, simulated {each.simulated_median:g}"
            if each.measured_median and not bound.same_zero:
                said = f"{each.ratio:.3g} of the measured, not {bound}"
            lines.append(f"{each.configuration}, policy {each.policy}: {bound.title} {said}")
        lines += [f"{each.row['name']}: {each.skipped}" for each in self.skipped if each.failed]
        for label, rankings in self.rankings().items():
            for order in rankings:
                lines += [
                    f"{label}: {BOUNDS[order.metric].title} of policy {pair.second} is not above that of policy "
                    f"{pair.first}"
                    for pair in order.wrong
                ]
        return lines


def _in_order(names: Iterator[str]) -> list[str]:
    return list(dict.fromkeys(names))


def tables_of(comparison: Comparison, provenance: Mapping[str, object]) -> Tables:
    """validate_rows, validate_summary and validate_ranks."""
    rows = [
        {
            "name": str(each.row["name"]),
            "configuration": each.label,
            "policy": each.row["policy"],
            "seed": each.row["seed"],
            "metric": metric,
            "unit": unit_of(metric),
            "measured": each.row.metrics.get(metric),
            "simulated": each.metrics.get(metric),
            "ratio": ratio(each.row.metrics.get(metric), each.metrics.get(metric)),
            "skipped": each.skipped,
        }
        for each in comparison.outcomes
        for metric in _in_order(iter([*each.row.metrics, *each.metrics]))
    ]
    summary = [
        {
            "configuration": each.configuration,
            "policy": each.policy,
            "metric": each.metric,
            "unit": unit_of(each.metric),
            "measured_seeds": len(each.measured),
            "measured_median": each.measured_median,
            "measured_min": min(each.measured),
            "measured_max": max(each.measured),
            "simulated_seeds": len(each.simulated),
            "simulated_median": each.simulated_median,
            "simulated_min": min(each.simulated, default=None),
            "simulated_max": max(each.simulated, default=None),
            "ratio": each.ratio,
            "bound": str(BOUNDS[each.metric]) if each.metric in BOUNDS else "",
            "within": each.within,
        }
        for each in comparison.medians()
    ]
    ranks = [
        {
            "configuration": label,
            "metric": order.metric,
            "pairs": order.pairs,
            "separated": len(order.separated),
            "agree": sum(pair.agrees == 1 for pair in order.separated),
            "tau": order.tau,
            "wrong": [f"{pair.first}<{pair.second}" for pair in order.wrong],
        }
        for label, orders in comparison.rankings().items()
        for order in orders
    ]
    frames = {
        name: pl.DataFrame(data, schema=SCHEMAS[name], strict=False)
        for name, data in (("validate_rows", rows), ("validate_summary", summary), ("validate_ranks", ranks))
    }
    return Tables(frames, {"schema_version": SCHEMA_VERSION, **provenance})


_TEXT, _WHOLE, _REAL = pl.String, pl.Int64, pl.Float64
SCHEMAS = {
    "validate_rows": {
        "name": _TEXT, "configuration": _TEXT, "policy": _WHOLE, "seed": _WHOLE, "metric": _TEXT, "unit": _TEXT,
        "measured": _REAL, "simulated": _REAL, "ratio": _REAL, "skipped": _TEXT,
    },
    "validate_summary": {
        "configuration": _TEXT, "policy": _WHOLE, "metric": _TEXT, "unit": _TEXT, "measured_seeds": _WHOLE,
        "measured_median": _REAL, "measured_min": _REAL, "measured_max": _REAL, "simulated_seeds": _WHOLE,
        "simulated_median": _REAL, "simulated_min": _REAL, "simulated_max": _REAL, "ratio": _REAL, "bound": _TEXT,
        "within": pl.Boolean,
    },
    "validate_ranks": {
        "configuration": _TEXT, "metric": _TEXT, "pairs": _WHOLE, "separated": _WHOLE, "agree": _WHOLE, "tau": _REAL,
        "wrong": pl.List(pl.String),
    },
}  # fmt: skip
