"""What a policy does in a scenario with a seed: how long tasks were stuck, and what else went wrong."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from gfplab.errors import PolicyError, ScenarioError, SimulationError
from gfplab.policy.select import select
from gfplab.run import simulate
from gfplab.study.executors import Workers
from gfplab.tables.frames import FramesOf
from gfplab.tables.metrics import IO_WORKERS, longest_stall_ms
from gfplab.world.scenario import build_world

Tables = Mapping[str, Any]

# whose stalls can be asked for
WHO = {
    "pool": pl.col("pool") != "",
    "worker": pl.col("role").is_in(IO_WORKERS),
    "user": pl.col("role") == "user",
    "any": pl.lit(True),
}


@dataclass(frozen=True)
class Probe:
    """One simulation: the tables of a scenario, a seed, and whether the other policy of a Duel answers."""

    tables: Tables
    seed: int
    other: bool = False

    @property
    def key(self) -> str:
        """Equal for equal simulations."""
        return json.dumps([self.tables, self.seed, self.other], sort_keys=True)

    @property
    def scenario(self) -> str:
        """What a sentence about a lost worker calls it."""
        return str(self.tables.get("title", "scenario"))


@dataclass(frozen=True)
class Seen:
    """What a run showed."""

    verdict: str  # as in the table `runs`; "failed" if the policy ended the run, "illegal" if nothing could run
    stalls: Mapping[str, float] = field(default_factory=dict)  # longest by WHO, ms
    worst: str = ""  # who was stuck for longest inside mempool_alloc(), or anywhere if nobody was
    oom_kills: int = 0
    min_free_pages: int = 0
    strain: float = 0.0  # how near to trouble: below what mark memory fell, how much of the reserves was drawn
    waits: int = 0  # sleeps on empty pools
    error: str = ""


class Victim:
    """The policy under attack: a function from a Probe to what was Seen."""

    def __init__(self, policies: Sequence[str], plugins, source: str, tunables: Mapping[str, Any] | None = None):
        self._extra = tuple(policies)
        self._plugins, self._source, self._tunables = plugins, source, dict(tunables or {})

    def check(self, tables: Tables) -> None:
        """Raise what is wrong with the scenario or the policy before anything is searched."""
        self._prepared(tables)

    def __call__(self, probe: Probe) -> Seen:
        try:
            world, chosen = self._prepared(probe.tables)
        except ScenarioError as error:
            return Seen("illegal", error=error.lines[0])
        try:
            return seen(simulate(world, chosen, probe.seed))
        except ScenarioError as error:  # what shows only at boot: no room for the pools, say
            return Seen("illegal", error=error.lines[0])
        except PolicyError as error:
            return Seen("failed", error=error.lines[0])
        except SimulationError as error:
            # the kernel's complaints about a policy name it; all others are limits of the simulator
            return Seen("failed" if "mempool_step" in str(error) else "illegal", error=error.lines[0])

    def _prepared(self, tables: Tables):
        world = build_world(tables, self._source)
        tunables = {**world.tunables, **self._tunables}
        return world, select(world.kernel, world.policies, self._extra, tunables, self._plugins)


class Duel:
    """The policy under attack, and one that has to come through the same."""

    def __init__(self, victim: Victim, other: Victim):
        self._victim, self._other = victim, other

    def check(self, tables: Tables) -> None:
        """Raise what is wrong with the scenario or with one of the two."""
        self._victim.check(tables)
        self._other.check(tables)

    def __call__(self, probe: Probe) -> Seen:
        return (self._other if probe.other else self._victim)(probe)


def seen(run) -> Seen:
    """What a finished run showed."""
    frames = FramesOf(run)
    stalls = frames["stalls"]
    longest = {who: _longest(stalls.filter(keep)) for who, keep in WHO.items()}
    vmstat = frames["vmstat"]
    return Seen(
        run.verdict,
        longest,
        _worst(stalls),
        int(run.arrays["vm"]["oom_kill"][0]),
        int(vmstat["min_free"][-1]) if len(vmstat) else 0,
        _strain(frames),
        int(frames["pools"]["waits"].sum()),
    )


def _longest(stalls: pl.DataFrame) -> float:
    """Sleep upon sleep, ms; 0 if there is none."""
    return float(stalls.select(longest_stall_ms()).item() or 0.0) if len(stalls) else 0.0


def _strain(frames) -> float:
    """Min marks over the fewest free pages, at most 3, and the largest share of each reserve that was out, summed."""
    drawn = frames["pools"].select((1 - pl.col("lowest_nr") / pl.col("min_nr").clip(1)).sum()).item()
    if not len(frames["vmstat"]):
        return float(drawn)
    return float(drawn) + min(3.0, frames["runs"]["wmark_min_pages"][0] / max(1, frames["vmstat"]["min_free"][-1]))


def _worst(stalls: pl.DataFrame) -> str:
    """Who spent most time in such sleeps, in which pool, and why: in words."""
    rows = stalls.filter(WHO["pool"]) if stalls["pool"].ne("").any() else stalls
    if not len(rows):
        return ""
    spent = rows.group_by("comm", "pool", "cause").agg(total=pl.col("duration_ns").sum())
    row = spent.sort("total", "comm", "pool", "cause", descending=[True, False, False, False]).row(0, named=True)
    where = f" for an element of {row['pool']}" if row["pool"] else ""
    return f"{row['comm']}{where}, mostly in {row['cause']}"


class Crew:
    """Runs probes on threads, each of them once; results come in the order of the probes whatever the threads do."""

    def __init__(self, victim, workers: int = 1):
        self._crew: Any = Workers(victim, workers)  # threads: they take any job and give back any result
        self._count = workers
        self._known: dict[str, Seen] = {}
        self.runs = 0

    def close(self) -> None:
        self._crew.close()

    def all(self, probes: Iterable[Probe]) -> list[Seen]:
        """What each showed."""
        probes = list(probes)
        fresh = {probe.key: probe for probe in probes if probe.key not in self._known}
        for key, probe in fresh.items():
            self._crew.give(key, probe)
        waiting = set(fresh)
        while waiting:
            taken = self._crew.take()
            if taken is None:
                continue
            key, result = taken
            if isinstance(result, Exception):
                self._crew.drop_waiting()
                raise result
            self._known[key] = result
            waiting.discard(key)
            self.runs += 1
        return [self._known[probe.key] for probe in probes]

    def until(self, probes: Sequence[Probe], wrong) -> list[Seen]:
        """What the probes showed, up to the first for which wrong(seen) holds."""
        found: list[Seen] = []
        for i in range(0, len(probes), self._count):
            for one in self.all(probes[i : i + self._count]):
                found.append(one)
                if wrong(one):
                    return found
        return found
