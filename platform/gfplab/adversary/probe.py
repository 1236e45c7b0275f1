"""Simulations of an attack: a scenario and a seed, what the policy does in it, and who runs it."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from gfplab.adversary.seen import Seen, seen
from gfplab.errors import PolicyError, ScenarioError, SimulationError
from gfplab.policy.discover import Catalogue, discover, is_file
from gfplab.policy.select import PolicySet, select
from gfplab.run import simulate
from gfplab.study.executors import Workers
from gfplab.world.scenario import World, build_world

Tables = Mapping[str, Any]


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


class Victim:
    """The policy under attack: a function from a Probe to what was Seen.  Picklable: plugins are found again."""

    def __init__(
        self,
        policies: Sequence[str],
        plugins: Catalogue,
        source: str,
        tunables: Mapping[str, Any] | None = None,
    ):
        self._extra = tuple(policies)
        self._plugins: Catalogue | None = plugins
        self.source, self._tunables = source, dict(tunables or {})

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_plugins": None}

    def check(self, tables: Tables) -> None:
        """Raise what is wrong with the scenario or the policy before anything is searched."""
        self.prepared(tables)

    def __call__(self, probe: Probe) -> Seen:
        try:
            world, chosen = self.prepared(probe.tables)
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

    @property
    def plugins(self) -> Catalogue:
        """Every plugin that can be named."""
        if self._plugins is None:
            self._plugins = discover(files=[policy for policy in self._extra if is_file(policy)])
        return self._plugins

    def prepared(self, tables: Tables) -> tuple[World, PolicySet]:
        """What simulate() takes; raises what is wrong with the scenario or the policy."""
        world = build_world(tables, self.source)
        tunables = {**world.tunables, **self._tunables}
        return world, select(world.kernel, world.policies, self._extra, tunables, self.plugins)


class Duel:
    """The policy under attack, and one that has to come through the same."""

    def __init__(self, victim: Callable[[Probe], Any], other: Callable[[Probe], Any]):
        self._victim, self._other = victim, other

    def __call__(self, probe: Probe) -> Any:
        return (self._other if probe.other else self._victim)(probe)


class _Said:
    """What a victim has Seen as a mapping: processes and the cache pass nothing else on."""

    def __init__(self, victim: Callable[[Probe], Any]):
        self._victim = victim

    def __call__(self, probe: Probe) -> Mapping[str, Any]:
        found = self._victim(probe)
        return asdict(found) if isinstance(found, Seen) else found


class Crew:
    """Runs each probe once; results come in the order of the probes, whatever the workers do.

    A victim says Seen, or a mapping of the same (kept.py).
    """

    def __init__(self, victim: Callable[[Probe], Any], workers: int = 1, kind: str = "threads"):
        said: Any = _Said(victim)  # workers take any job and give back any mapping
        self._crew: Any = Workers(said, workers, kind)
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
            self._known[key] = Seen(**result)
            waiting.discard(key)
            self.runs += 1
        return [self._known[probe.key] for probe in probes]

    def until(self, probes: Sequence[Probe], wrong: Callable[[Seen], bool]) -> list[Seen]:
        """What the probes showed, up to the first for which wrong(seen) holds."""
        found: list[Seen] = []
        for i in range(0, len(probes), self._count):
            for one in self.all(probes[i : i + self._count]):
                found.append(one)
                if wrong(one):
                    return found
        return found
