"""The shipped scenarios, cut short, under a policy and under the stock kernel of their era, side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gfplab.policy.discover import Catalogue
from gfplab.policy.plugin import Plugin
from gfplab.policy.select import select
from gfplab.run import Run, simulate
from gfplab.tables.metrics import metrics_of, tabulate
from gfplab.world.scenario import load_scenario

# short enough for a check, long enough for the storm to be under way; the fast path needs no more than two CPUs
SHORT = {
    "s10_fast_path": {"machine.cpus": 2, "machine.memory": "64MiB", "length": "5ms"},
    "s1_quarter": {"length": "5s"},
    "s2_pure_anon": {"length": "2s"},
}
FAST_PATH = "s10_fast_path"
METRICS = ("worst_io_stall_ms", "worst_stall_ms", "swapout_kib_s", "fast_path_ns", "direct_reclaim_ns")


@dataclass(frozen=True)
class Side:
    """One run of a scenario: how it ended and what was measured."""

    verdict: str
    metrics: dict[str, float]


@dataclass(frozen=True)
class Row:
    """One scenario in one era."""

    scenario: str
    era: str
    policy: Side
    stock: Side
    same_log: bool  # the policy changed nothing

    @property
    def word(self) -> str:
        """How the run ended, in one word; "stalls" if its worst stall is twice stock's and more than 100 ms."""
        mine, others = (side.metrics["worst_io_stall_ms"] for side in (self.policy, self.stock))
        if self.policy.verdict == "ok" and mine > 100 and mine > 2 * others:
            return "stalls"
        return self.policy.verdict


def compare_scenarios(
    plugin: Plugin, plugins: Catalogue, paths: dict[str, Path], eras: Sequence[str], seed: int, progress=None
) -> list[Row]:
    """Every scenario of SHORT in every era; paths: name -> file."""
    jobs = [(era, name) for era in eras for name in SHORT]
    rows = []
    for era, name in jobs:
        if progress:
            progress(len(rows), len(jobs), name)
        world = load_scenario(paths[name], {**SHORT[name], "kernel": era})
        mine, stock = (simulate(world, select(era, extra=e, plugins=plugins), seed) for e in ((plugin.name,), ()))
        rows.append(Row(name, era, _side(mine), _side(stock), mine.log_hash == stock.log_hash))
    return rows


def _side(run: Run) -> Side:
    values = {**metrics_of(tabulate(run)), "direct_reclaim_ns": _direct_reclaim_ns(run)}
    return Side(run.verdict, {name: values[name] for name in METRICS})


def _direct_reclaim_ns(run: Run) -> float:
    """What one direct reclaim takes, sleeps in it included."""
    reclaims = int(run.arrays["vm"]["allocstall"][0])
    return float(run.arrays["tasks"]["t_direct_reclaim"].sum()) / reclaims if reclaims else 0.0
