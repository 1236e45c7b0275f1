"""A study turned around: the policy stays, and the scenario is searched until the policy does what it must not.

Trial 0 is the scenario as it is; each later one turns its knobs (proposals.py), in batches that are seeded one by one,
so that the trials are the same with any number of workers. A trial is run with the first seed; what shows the goal
there must show it with every other seed as well before it is taken, and then with fresh seeds: one that does not is a
seed like the others from then on, and the search goes on. What is found is made smaller, as long as it shows the goal
with every seed. What is as small as that just so shows it, so fresh seeds have to show it again, or what was taken away
goes back as far as that takes.
"""

import contextlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gfplab.adversary.goals import Goal
from gfplab.adversary.knobs import Knob, Values, knobs_of, turned
from gfplab.adversary.minimise import fewest, smallest
from gfplab.adversary.probe import Crew, Probe
from gfplab.adversary.proposals import Proposals
from gfplab.adversary.reductions import reductions
from gfplab.adversary.seen import Seen
from gfplab.world.scenario import build_world

BATCH = 8
FRESH = 1001
AT_ONCE = 20  # fresh seeds, before it is looked at what they showed
ROUNDS = 16  # of making smaller, each with fresh seeds

Tables = Mapping[str, Any]


@dataclass
class Found:
    """What an attack has come to, as far as it has come."""

    tables: Tables | None = None  # the smallest scenario so far that shows the goal with every seed
    trial: int | None = None  # the trial that showed it first
    verdicts: list[Seen] = field(default_factory=list)  # one for each seed
    others: list[Seen] = field(default_factory=list)  # likewise of the policy that comes through it
    departures: dict[str, Any] = field(default_factory=dict)  # address -> value, those that matter
    turned: int = 0  # knobs that the trial had turned
    # number, and with how many seeds it showed plus how near the next one came; NaN: no legal scenario
    trials: list[tuple[int, float]] = field(default_factory=list)
    best: Seen | None = None  # the run for want of which the best of them was not enough
    runs: int = 0
    minimal: bool = False  # whether nothing more can be taken away
    fresh: int = 0  # seeds that had no part in any of this and show it too


@dataclass(frozen=True)
class Attack:
    """What to search: the scenario's tables, the goal, and with which seeds it must show."""

    tables: Tables
    source: str
    goal: Goal
    seeds: Sequence[int] = tuple(range(1, 9))
    trials: int = 200
    seed: int = 0
    unlike: bool = False  # the other policy of a Duel must not show it with any seed
    fresh: int = 0  # seeds from FRESH on that have to show it in the end


def run_attack(
    attack: Attack,
    victim: Callable[[Probe], Any],
    workers: int = 1,
    found: Found | None = None,
    progress: Callable[..., None] = lambda *_: None,
    kind: str = "threads",
    smaller: bool = True,
) -> Found:
    """Search, and make smaller what is found; `found` is filled on the way, for whoever interrupts.

    victim(probe) says what was Seen, or a mapping of it; workers of a kind as in study/executors.py.
    """
    found = Found() if found is None else found
    with contextlib.closing(Crew(victim, workers, kind)) as crew:
        search = _Search(attack, crew, found, progress)
        values = search.searched()
        if smaller and values is not None:
            search.minimise(values)
        found.runs = crew.runs
    return found


class _Search:
    def __init__(self, attack: Attack, crew: Crew, found: Found, progress):
        self._attack, self._crew, self._found, self._progress = attack, crew, found, progress
        self._world = build_world(attack.tables, attack.source)
        self._knobs = knobs_of(attack.tables, self._world, attack.goal.shows_after_ns)
        self._more: list[int] = []  # seeds that were fresh, and did not show it where all others had
        self._next = FRESH

    # --- the search

    def searched(self) -> Values | None:
        """The knobs of the first trial that shows the goal with every seed."""
        attack, found = self._attack, self._found
        proposals = Proposals(self._knobs, attack.seed)
        self._progress(0, attack.trials, "")
        if self._shows_everywhere(attack.tables):
            found.trial = 0
            return {}
        proposals.start(self._note(0, attack.tables))
        number = 1
        for batch in range(1, 1 + math.ceil(attack.trials / BATCH)):
            asked = proposals.ask(batch, min(BATCH, attack.trials - number + 1))
            tables = [turned(attack.tables, values, self._world) for values in asked]
            self._crew.all(Probe(each, attack.seeds[0]) for each in tables)
            for values, each in zip(asked, tables, strict=True):
                if self._shows_everywhere(each) and not self._refuted(each):
                    found.trial = number
                    found.trials.append((number, self._figure(found.verdicts, found.others)))
                    return values
                found.tables = None
                proposals.tell(self._note(number, each))
                number += 1
            self._progress(number - 1, attack.trials, attack.goal.said(found.best) if found.best else "")
        return None

    def _note(self, number: int, tables: Tables) -> float:
        """Record the figure of a trial that is not enough."""
        shown = self._shown(tables)
        illegal = shown[-1].verdict == "illegal"
        figure = math.nan if illegal else self._figure(shown, self._others(tables, shown))
        legal = [known for _, known in self._found.trials if not math.isnan(known)]
        if not illegal and figure > max(legal, default=-math.inf):
            self._found.best = shown[-1]
        self._found.trials.append((number, figure))
        return figure

    def _figure(self, shown: Sequence[Seen], others: Sequence[Seen]) -> float:
        """With how many seeds it showed, and how near the next came; likewise of the other policy, how far."""
        goal = self._attack.goal
        figure = sum(map(goal.reached, shown[:-1])) + goal.nearness(shown[-1])
        if others:
            figure += len(others) - 1 + goal.distance(others[-1])
        return figure

    def _shows_everywhere(self, tables: Tables) -> bool:
        """Whether the scenario shows the goal with every seed; if so it is the smallest so far."""
        goal = self._attack.goal
        shown = self._shown(tables)
        others = self._others(tables, shown)
        self._found.runs = self._crew.runs
        if not goal.reached(shown[-1]) or (others and (goal.reached(others[-1]) or others[-1].verdict == "illegal")):
            return False
        count = len(self._attack.seeds)
        self._found.tables, self._found.verdicts, self._found.others = tables, shown[:count], others[:count]
        return True

    def _shown(self, tables: Tables) -> list[Seen]:
        """What the policy does with each seed, up to the first that does not show the goal."""
        goal, seeds = self._attack.goal, (*self._attack.seeds, *self._more)
        return self._crew.until([Probe(tables, seed) for seed in seeds], lambda seen: not goal.reached(seen))

    def _others(self, tables: Tables, shown: Sequence[Seen]) -> list[Seen]:
        """What the other policy does with each seed, up to the first that shows the goal; nothing if that is not
        asked, or if the first policy does not show it."""
        goal, seeds = self._attack.goal, (*self._attack.seeds, *self._more)
        if not self._attack.unlike or not goal.reached(shown[-1]):
            return []
        return self._crew.until([Probe(tables, seed, other=True) for seed in seeds], goal.reached)

    # --- making it smaller

    def minimise(self, values: Values) -> None:
        """First as few knobs turned as will do, then one reduction after the other."""
        found = self._found
        changed = {knob.address: values[knob.address] for knob in self._knobs if self._is_turned(knob, values)}
        found.turned = len(changed)
        self._progress(0, None, f"making it smaller, {len(changed)} departures")
        kept = fewest(list(changed), lambda some: self._shows_everywhere(self._turned(changed, some)))
        found.departures = {address: changed[address] for address in kept}
        steps = [self._turned(changed, list(changed)), self._turned(changed, kept)]
        self._shows_everywhere(steps[-1])  # the last that ddmin looked at need not be the one it kept

        def keep(tables: dict[str, Any]) -> None:
            steps.append(tables)
            self._progress(0, None, "making it smaller")

        for _ in range(ROUNDS):
            smallest(steps[-1], reductions, self._shows_everywhere, keep)
            if not self._refuted(steps[-1]):
                found.minimal, found.fresh = True, self._attack.fresh
                return
            while not self._shows_everywhere(steps[-1]):
                steps.pop()
                if not steps:  # the trial itself does not show it with these seeds
                    return
            if len(steps) == 1:
                found.departures = changed

    def _refuted(self, tables: Tables) -> bool:
        """Whether there is one among the next fresh seeds with which the scenario does not show the goal."""
        seeds = range(self._next, self._next + self._attack.fresh)
        self._next += self._attack.fresh
        for i in range(0, len(seeds), AT_ONCE):
            wrong = self._wrong(tables, seeds[i : i + AT_ONCE])
            self._more += wrong
            if wrong:
                return True
        return False

    def _wrong(self, tables: Tables, seeds: Sequence[int]) -> list[int]:
        """Those seeds with which the scenario does not show the goal."""
        goal = self._attack.goal
        wrong = {
            probe.seed for probe, seen in self._each([Probe(tables, seed) for seed in seeds]) if not goal.reached(seen)
        }
        if self._attack.unlike:
            others = self._each([Probe(tables, seed, other=True) for seed in seeds])
            wrong |= {probe.seed for probe, seen in others if goal.reached(seen)}
        return sorted(wrong)

    def _each(self, probes: Sequence[Probe]) -> list[tuple[Probe, Seen]]:
        return list(zip(probes, self._crew.all(probes), strict=True))

    def _turned(self, changed: Values, some: Sequence[str]) -> dict[str, Any]:
        return turned(self._attack.tables, {address: changed[address] for address in some}, self._world)

    @staticmethod
    def _is_turned(knob: Knob, values: Values) -> bool:
        return knob.address in values and values[knob.address] != knob.start
