"""How large must the reserve of a mempool be, so that nobody is stuck for longer than a bound?

Each size is run with many seeds; a seed draws the workload, the service times and the order of simultaneous events. No
number of clean seeds proves a size safe: n of them make a chance of more than 3/n that a seed stalls unlikely at 95 %.
"""

import contextlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gfplab.adversary.bisect import NEIGHBOURS, grid, smallest_safe
from gfplab.adversary.probe import Crew, Probe
from gfplab.adversary.seen import Seen
from gfplab.errors import ScenarioError
from gfplab.units import MSEC
from gfplab.world.overrides import apply_overrides
from gfplab.world.scenario import World
from gfplab.world.toml import did_you_mean

Tables = Mapping[str, Any]

# the reserves of a dm-crypt device: part of the pool's name -> key of [[crypt]]
OF_CRYPT = {
    "page_pool": "page_pool", "bs": "bios", "req_pool": "requests", "tio": "dm_ios", "io_pool": "dm_ios",
    "io_bs": "dm_ios",
}  # fmt: skip
MOST = {"page_pool": 4096, "bios": 1024, "requests": 1024, "dm_ios": 1024, "min_nr": 4096}


def address_of(pool: str, world: World) -> str:
    """The key of the scenario that sizes a pool: `swap0.bs`, or `crypt_bs` where there is one dm-crypt device."""
    known = {
        f"{crypt.name}.{part}": f"crypt.{crypt.name}.{key}" for crypt in world.crypts for part, key in OF_CRYPT.items()
    }
    known |= {task.comm: f"task.{task.comm}.min_nr" for task in world.tasks if task.kind == "mempool_loop"}
    if pool in known:
        return known[pool]
    before, _, part = pool.partition("_")
    if before == "crypt" and part in OF_CRYPT:
        if len(world.crypts) == 1:
            return f"crypt.{world.crypts[0].name}.{OF_CRYPT[part]}"
        raise ScenarioError(
            f"--pool {pool}: the scenario has {len(world.crypts)} dm-crypt devices; name one of: {', '.join(known)}"
        )
    if pool == "fs_bio_set":
        raise ScenarioError(f"--pool {pool}: its reserve is fixed, {world.kernel} has 2; one of: {', '.join(known)}")
    if not known:
        raise ScenarioError(
            f"--pool {pool}: no pool of this scenario can be sized; it has no [[crypt]] or mempool_loop"
        )
    raise ScenarioError(f"--pool {pool}: no such pool" + did_you_mean(pool, known))


def seeds_needed(confidence: float, chance: float) -> int:
    """Clean seeds that make a chance of a stall above `chance` as unlikely as 1 - confidence."""
    return math.ceil(math.log(1 - confidence) / math.log(1 - chance))


def chance_excluded(confidence: float, clean: int) -> float:
    """What the chance of a stall is below, after so many clean seeds, with that confidence (about 3/clean at 0.95)."""
    return 1 - (1 - confidence) ** (1 / clean)


@dataclass(frozen=True)
class Size:
    """One size of the reserve."""

    min_nr: int
    seeds: int  # that were run: all of them, or as many as it took to see a stall
    stalled: int  # of these, those with a stall longer than the bound
    worst_ms: float
    mean_ms: float  # of the longest stalls of the seeds
    why: str  # who was stuck longest, in words; or what else went wrong


@dataclass
class Curve:
    """The sizes that were run, as far as it has come, and the answer."""

    sizes: dict[int, Size] = field(default_factory=dict)
    answer: int | None = None
    done: bool = False

    @property
    def rows(self) -> list[Size]:
        """By size."""
        return [self.sizes[size] for size in sorted(self.sizes)]

    def failing_above_safe(self) -> list[int]:
        """Sizes that stalled although a smaller one did not: where more was not better."""
        safe = [size for size, each in self.sizes.items() if not each.stalled]
        return sorted(size for size, each in self.sizes.items() if each.stalled and safe and min(safe) < size)


@dataclass(frozen=True)
class Question:
    """What is asked: which key of which scenario, and how sure the answer has to be."""

    tables: Tables
    address: str
    bound_ns: int
    who: str = "any"
    seeds: int = 59
    low: int = 1
    high: int = 512
    quick: int = 6  # of a size that stalls, seeds that are run in any case


def find_reserve(
    question: Question,
    victim: Callable[[Probe], Any],
    workers: int = 1,
    curve: Curve | None = None,
    progress: Callable[[int, int, str], None] = lambda *_: None,
    kind: str = "threads",
) -> Curve:
    """Run sizes until the answer is known; `curve` is filled on the way. Victim and workers as in run_attack()."""
    curve = Curve() if curve is None else curve
    with contextlib.closing(Crew(victim, workers, kind)) as crew:

        def safe(min_nr: int) -> bool:
            curve.sizes[min_nr] = run_size(question, crew, min_nr)
            steps = len(grid(question.low, question.high)) + question.high.bit_length() - 1 + NEIGHBOURS
            progress(min(len(curve.sizes), steps), steps, f"reserve of {min_nr}")
            return not curve.sizes[min_nr].stalled

        curve.answer = smallest_safe(safe, question.low, question.high)
    curve.done = True
    return curve


def run_size(question: Question, crew: Crew, min_nr: int) -> Size:
    """One size: a few seeds, and if none of them stalls, all the others up to the first that does."""
    tables = apply_overrides(question.tables, {question.address: min_nr}, "--pool")
    probes = [Probe(tables, seed) for seed in range(1, question.seeds + 1)]

    def bad(seen: Seen) -> bool:
        return seen.verdict not in ("ok", "unfinished") or seen.stalls[question.who] * MSEC > question.bound_ns

    found = crew.all(probes[: question.quick])
    if not any(bad(seen) for seen in found):
        found += crew.until(probes[question.quick :], bad)
    stalls = [seen.stalls.get(question.who, 0.0) for seen in found]
    worst = max(found, key=lambda seen: (seen.verdict not in ("ok", "unfinished"), seen.stalls.get(question.who, 0.0)))
    if worst.verdict == "illegal":
        raise ScenarioError(f"a reserve of {min_nr}: {worst.error}")
    why = (
        worst.worst
        if worst.verdict in ("ok", "unfinished")
        else f"{worst.verdict} {worst.error or worst.worst}".strip()
    )
    return Size(min_nr, len(found), sum(map(bad, found)), max(stalls), sum(stalls) / len(stalls), why)
