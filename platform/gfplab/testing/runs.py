"""A run of a scenario under test: its tables, its metrics, and what one may say about them.

A run that was made once in a session, with the same scenario, policies, settings and seed, is not made again.
"""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from gfplab import units
from gfplab.policy.select import PolicySet
from gfplab.run import Run, simulate
from gfplab.tables.frames import Tables
from gfplab.tables.metrics import METRICS, metrics_of, tabulate
from gfplab.testing.chosen import catalogue, choose, label
from gfplab.world.scenario import World, load_scenario
from gfplab.world.shipped import scenario_path

_made: dict[Any, Run] = {}
_SHOWN = 8


@dataclass(frozen=True)
class TestedRun:
    """What one run left behind."""

    __test__ = False  # the name begins as those of tests do

    run: Run = field(repr=False)
    label: str

    @functools.cached_property
    def tables(self) -> Tables:
        """The tables of the run: `run.tables["stalls"]` is a Polars frame."""
        return tabulate(self.run)

    @functools.cached_property
    def metrics(self) -> dict[str, float]:
        """Every metric by name."""
        return metrics_of(self.tables)

    @property
    def verdict(self) -> str:
        """ok, oom, deadlock, unfinished or failed check."""
        return self.run.verdict

    @property
    def log(self) -> list[str]:
        """The rows of the trace as lines of text."""
        rows = self.tables["events"].iter_rows(named=True)
        return [f"{r['time_ns']} {r['event']} {r['comm']} {r['a']} {r['b']} {r['c']} {r['d']}" for r in rows]

    def __getitem__(self, metric: str) -> float:
        if metric not in METRICS:
            from gfplab.policy.plugin import did_you_mean

            raise KeyError(f"there is no metric '{metric}'; {did_you_mean(metric, METRICS)}")
        return self.metrics[metric]

    def assert_verdict(self, verdict: str = "ok") -> None:
        """The run ended so."""
        __tracebackhide__ = True
        if self.verdict != verdict:
            raise AssertionError(f"{self.label} ended as '{self.verdict}', not '{verdict}'")

    def assert_metric(self, metric: str, at_least: float | None = None, at_most: float | None = None) -> None:
        """A metric lies within these bounds."""
        __tracebackhide__ = True
        value, unit = self[metric], METRICS[metric].unit
        if at_least is not None and not value >= at_least:
            raise AssertionError(f"{self.label}: {metric} is {value:.6g} {unit}, less than {at_least:.6g}")
        if at_most is not None and not value <= at_most:
            raise AssertionError(f"{self.label}: {metric} is {value:.6g} {unit}, more than {at_most:.6g}")

    def assert_near(self, metric: str, value: float, by: float = 0.05) -> None:
        """A metric is at most this share of `value` away from it."""
        __tracebackhide__ = True
        found = self[metric]
        distance = abs(found - value)
        if not distance <= by * abs(value):
            raise AssertionError(
                f"{self.label}: {metric} is {found:.6g}, {distance:.6g} from {value:.6g}; {by:.3g} of it is allowed"
            )

    def assert_no_stall_longer_than(self, time: int | str, task: str = "", cause: str = "") -> None:
        """No uninterruptible sleep lasted longer, of the tasks whose names begin so and of this cause, if given."""
        __tracebackhide__ = True
        limit = units.parse_time(time) if isinstance(time, str) else time
        rows = self.tables["stalls"].filter(
            pl.col("duration_ns") > limit, pl.col("comm").str.starts_with(task), pl.col("cause").str.starts_with(cause)
        )
        if rows.height:
            longest = rows.sort("duration_ns", descending=True).head(_SHOWN).iter_rows(named=True)
            lines = [
                f"  {r['start_ns'] / 1e9:.6f} s  {r['comm']:<14} {units.about_time(r['duration_ns']):>8}  {r['cause']}"
                for r in longest
            ]
            raise AssertionError(
                f"{self.label}: {rows.height} sleeps are longer than {units.about_time(limit)}; the longest:\n"
                + "\n".join(lines)
            )


def run_scenario(
    given: str | Path,
    policies: Sequence[str | Path] = (),
    seed: int = 1,
    settings: Mapping[str, Any] | None = None,
    pure: bool = False,
    check: bool = False,
    folder: Path | None = None,
) -> TestedRun:
    """Run a scenario, a shipped one or a file, with policies as -p gives them and settings as --set does."""
    world, chosen = load(given, policies, settings or {}, folder)
    mode = "generators" if pure else "compiled"
    key = world.sha256(), str(chosen.names()), str(chosen.sources()), str(chosen.tunables()), seed, mode, check
    if key not in _made:
        _made[key] = simulate(world, chosen, seed, mode=mode, check=check)
    return TestedRun(_made[key], f"{Path(world.source).stem} with {label(policies)}, seed {seed}")


def load(
    given: str | Path, policies: Sequence[str | Path], settings: Mapping[str, Any], folder: Path | None
) -> tuple[World, PolicySet]:
    """The world and the policies that a test means."""
    place = folder / str(given) if folder else Path(given)
    path = place if place.is_file() else scenario_path(str(given))
    _names, plugins = catalogue(policies, folder)
    world = load_scenario(path, {key: value for key, value in settings.items() if key.split(".")[0] not in plugins})
    _rest, tunables, chosen = choose(world.kernel, policies, settings, folder)
    return world, chosen({**world.tunables, **tunables})
