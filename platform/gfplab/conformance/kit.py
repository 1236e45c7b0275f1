"""The conformance kit: everything that `gfplab plugin check` asks about a policy, from its answers to its runs.

Answers come first (policy/check.py), then the laws in 200 random worlds, ten of these once more for the same log, and
the shipped scenarios.  What the stock kernel did in the random worlds is kept in the cache, under the hash of the
kernel's sources.
"""

import dataclasses
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from gfplab.conformance.laws import Kept, run_with_laws
from gfplab.conformance.scenarios import Row, compare_scenarios
from gfplab.conformance.worlds import ERAS, as_toml, random_tables, random_world
from gfplab.engine import cache
from gfplab.policy.check import DecisionCheck, check_plugin
from gfplab.policy.discover import Catalogue
from gfplab.policy.plugin import Plugin
from gfplab.policy.select import ASKED_BY, select
from gfplab.run import build_hash, build_kernel

WORLDS = 200
TWICE = 10  # of them are run a second time
WORKERS = 2

Progress = Callable[..., None]


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What was found in one random world."""

    world: int
    policy: Kept
    stock: Kept

    @property
    def differs(self) -> bool:
        """True if the policy made any difference."""
        return self.policy.log_hash != self.stock.log_hash


@dataclasses.dataclass(frozen=True)
class Report:
    """All that was found."""

    plugin: str
    answers: list[DecisionCheck]
    worlds: list[Outcome]
    other_logs: list[int]  # worlds whose second run had another log
    scenarios: list[Row]

    @property
    def faults(self) -> list[str]:
        """What a policy must not do, each in a sentence that says where it did."""
        found = [f"world {o.world}: {o.policy.broken}" for o in self.worlds if o.policy.broken]
        found += [f"world {world}: the same seed gave another event log" for world in self.other_logs]
        stuck = [o.world for o in self.worlds if o.policy.verdict == "deadlock" != o.stock.verdict]
        found += [f"world {world}: nothing can ever run again, and under the stock kernel it can" for world in stuck]
        return found

    @property
    def worlds_at_fault(self) -> list[int]:
        """The random worlds that the faults are about."""
        return sorted({int(fault.split(":")[0].removeprefix("world ")) for fault in self.faults})

    def verdicts(self, of: str) -> dict[str, int]:
        """How many random worlds ended how; of: "policy" or "stock"."""
        words = [getattr(outcome, of).verdict for outcome in self.worlds]
        return {word: words.count(word) for word in sorted(set(words))}


def eras_asking(plugin: Plugin) -> tuple[str, ...]:
    """The kernels that ask at least one of the decisions that a plugin answers."""
    return tuple(era for era in ERAS if any(era in ASKED_BY.get(decision, ERAS) for decision in plugin.functions))


def check_policy(
    plugin: Plugin,
    plugins: Catalogue,
    paths: dict[str, Path],
    worlds: int = WORLDS,
    contexts: int = 500,
    quick: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Everything about one policy; `quick` asks its decisions and runs nothing.

    paths: the shipped scenarios by name.  progress(done, total, what) hears how far it is.  PolicyError for answers
    that mean nothing, and for a policy that raises in a run.
    """
    answers = check_plugin(plugin, contexts=contexts)
    if quick:
        return Report(plugin.name, answers, [], [], [])
    eras = eras_asking(plugin)
    numbers = range(1, worlds + 1)
    mine = _run_all(plugin.name, plugins, numbers, eras, progress)
    stock = _stock(plugins, numbers, eras, progress)
    again = _run_all(plugin.name, plugins, numbers[:: max(1, worlds // TWICE)][:TWICE], eras, None)
    other_logs = [number for number, kept in again.items() if kept.log_hash != mine[number].log_hash]
    outcomes = [Outcome(number, mine[number], stock[number]) for number in numbers]
    rows = compare_scenarios(plugin, plugins, paths, eras, 1, progress)
    return Report(plugin.name, answers, outcomes, other_logs, rows)


def write_world(number: int, plugin: Plugin, folder: Path) -> Path:
    """A random world as a scenario file, to be looked into with `gfplab run`."""
    path = folder / f"world_{number}.toml"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(as_toml(random_tables(number, eras_asking(plugin))))
    return path


def _run_all(
    name: str, plugins: Catalogue, numbers: Sequence[int], eras: Sequence[str], progress: Progress | None
) -> dict[int, Kept]:
    """World number -> how it ended under a plugin; "" is the stock kernel."""
    build = build_kernel()
    chosen = {era: select(era, extra=[name] if name else [], plugins=plugins) for era in eras}
    bound = {era: policies.bind(build.schema) for era, policies in chosen.items()}

    def run(number: int) -> Kept:
        world = random_world(number, eras)
        return run_with_laws(world, chosen[world.kernel], bound[world.kernel], seed=number)

    kept: dict[int, Kept] = {}
    with ThreadPoolExecutor(WORKERS) as pool:
        for number, outcome in zip(numbers, pool.map(run, numbers), strict=True):
            kept[number] = outcome
            if progress:
                progress(len(kept), len(numbers), f"random worlds, {name or 'stock'}")
    return kept


def _stock(
    plugins: Catalogue, numbers: Sequence[int], eras: Sequence[str], progress: Progress | None
) -> dict[int, Kept]:
    """The same for the stock kernel, from the cache if these worlds have been run by these sources before."""
    stocks = [plugins[f"linux_{era[1:].replace('.', '_')}"].source_hash for era in eras]
    worlds = [random_world(number, eras).sha256() for number in numbers]
    path = cache.folder() / f"conformance_{cache.digest(build_hash(), *stocks, *worlds)}.json"
    known = cache.read_json(path)
    if known is None:
        kept = _run_all("", plugins, numbers, eras, progress)
        cache.write(path, json.dumps({number: dataclasses.asdict(outcome) for number, outcome in kept.items()}))
        return kept
    return {int(number): Kept(**outcome) for number, outcome in known.items()}
