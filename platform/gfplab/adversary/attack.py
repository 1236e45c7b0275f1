"""A study turned around: the policy stays, and the scenario is searched until the policy does what it must not.

Trial 0 is the scenario as it is; each later one turns its knobs as Optuna proposes, in batches that are seeded one by
one, so that the trials are the same with any number of workers. A trial is run with the first seed; what shows the goal
there must show it with every other seed as well before it is taken. It is then made smaller, as long as it shows the
goal with every seed.
"""

import contextlib
import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import optuna

from gfplab.adversary.goals import Goal
from gfplab.adversary.knobs import Knob, Values, knobs_of, turned
from gfplab.adversary.minimise import fewest, smallest
from gfplab.adversary.probe import Crew, Duel, Probe, Seen, Victim
from gfplab.adversary.reductions import reductions
from gfplab.world.scenario import build_world

BATCH = 8
STARTUP = 24  # trials by chance before the sampler models what it has seen
MUTATED = 4  # most knobs of the best trial that are turned at once

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
    trials: list[tuple[int, float]] = field(default_factory=list)  # number and figure; NaN: no legal scenario
    best: Seen | None = None
    runs: int = 0
    minimal: bool = False  # whether nothing more can be taken away


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


def run_attack(
    attack: Attack,
    victim: Callable[[Probe], Seen],
    workers: int = 1,
    found: Found | None = None,
    progress: Callable[[int, int, str], None] = lambda *_: None,
) -> Found:
    """Search and make smaller; `found` is filled on the way, so that it can be looked at after an interruption."""
    found = Found() if found is None else found
    if isinstance(victim, Victim | Duel):
        victim.check(attack.tables)
    with contextlib.closing(Crew(victim, workers)) as crew:
        _Search(attack, crew, found, progress).run()
    return found


class _Search:
    def __init__(self, attack: Attack, crew: Crew, found: Found, progress):
        self._attack, self._crew, self._found, self._progress = attack, crew, found, progress
        self._world = build_world(attack.tables, attack.source)
        self._knobs = knobs_of(attack.tables, self._world)

    def run(self) -> None:
        values = self._searched()
        if values is not None:
            self._minimise(values)
        self._found.runs = self._crew.runs

    # --- the search

    def _searched(self) -> Values | None:
        """The knobs of the first trial that shows the goal with every seed."""
        attack, proposals = self._attack, _Proposals(self._knobs, self._attack.seed)
        self._progress(0, attack.trials, "")
        if self._shows_everywhere(attack.tables):
            self._found.trial = 0
            return {}
        proposals.start(self._note(0, attack.tables))
        number = 1
        for batch in range(1, 1 + math.ceil(attack.trials / BATCH)):
            asked = proposals.ask(batch, min(BATCH, attack.trials - number + 1))
            tables = [turned(attack.tables, values, self._world) for values in asked]
            self._crew.all(Probe(each, attack.seeds[0]) for each in tables)
            for values, each in zip(asked, tables, strict=True):
                if self._shows_everywhere(each):
                    self._found.trial = number
                    self._found.trials.append((number, attack.goal.figure(self._found.verdicts[0])))
                    return values
                proposals.tell(self._note(number, each))
                number += 1
            self._progress(number - 1, attack.trials, self._best_said())
        return None

    def _note(self, number: int, tables: Tables) -> float:
        """Record a trial that is not enough: the least figure of the seeds that it was run with."""
        goal = self._attack.goal
        shown = self._shown(tables)
        least = min(shown, key=goal.figure)
        figure = math.nan if any(seen.verdict == "illegal" for seen in shown) else goal.figure(least)
        if self._attack.unlike and goal.reached(least):  # the other one does not come through it either
            other = max(goal.figure(seen) for seen in self._others(tables))
            figure *= 2 * goal.least / (figure + max(other, 0.0))
        self._found.trials.append((number, figure))
        best = self._found.best
        if not math.isnan(figure) and (best is None or goal.figure(least) > goal.figure(best)):
            self._found.best = least
        return figure

    def _best_said(self) -> str:
        best = self._found.best
        return self._attack.goal.said(best) if best else ""

    def _shows_everywhere(self, tables: Tables) -> bool:
        """Whether the scenario shows the goal with every seed; if so it is the smallest so far."""
        goal, attack = self._attack.goal, self._attack
        shown = self._shown(tables)
        others = self._others(tables) if attack.unlike and goal.reached(shown[-1]) else []
        self._found.runs = self._crew.runs
        if not goal.reached(shown[-1]) or (others and (goal.reached(others[-1]) or others[-1].verdict == "illegal")):
            return False
        self._found.tables, self._found.verdicts, self._found.others = tables, shown, others
        return True

    def _shown(self, tables: Tables) -> list[Seen]:
        """What the policy does with each seed, up to the first that does not show the goal."""
        goal, seeds = self._attack.goal, self._attack.seeds
        return self._crew.until([Probe(tables, seed) for seed in seeds], lambda seen: not goal.reached(seen))

    def _others(self, tables: Tables) -> list[Seen]:
        """What the other policy does with each seed, up to the first that shows the goal."""
        goal, seeds = self._attack.goal, self._attack.seeds
        return self._crew.until([Probe(tables, seed, other=True) for seed in seeds], goal.reached)

    # --- making it smaller

    def _minimise(self, values: Values) -> None:
        """First as few knobs turned as will do, then one reduction after the other."""
        found = self._found
        changed = {knob.address: values[knob.address] for knob in self._knobs if self._is_turned(knob, values)}
        found.turned = len(changed)
        self._progress(0, None, f"making it smaller, {len(changed)} departures")
        kept = fewest(list(changed), lambda some: self._shows_everywhere(self._turned(changed, some)))
        found.departures = {address: changed[address] for address in kept}
        whole = self._turned(changed, kept)
        self._shows_everywhere(whole)  # the last that ddmin looked at need not be the one it kept
        smallest(whole, reductions, self._shows_everywhere, lambda _: self._progress(0, None, "making it smaller"))
        found.minimal = True

    def _turned(self, changed: Values, some: Sequence[str]) -> dict[str, Any]:
        return turned(self._attack.tables, {address: changed[address] for address in some}, self._world)

    @staticmethod
    def _is_turned(knob: Knob, values: Values) -> bool:
        return knob.address in values and values[knob.address] != knob.start


class _Proposals:
    """Optuna over the knobs, and by turns a few knobs of the best trial turned: many knobs do nothing until others do.

    Each batch has a sampler and a chance of its own seed.
    """

    def __init__(self, knobs: Sequence[Knob], seed: int):
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._knobs, self._seed = knobs, seed
        self._study = optuna.create_study(direction="maximize", storage=optuna.storages.InMemoryStorage())
        self._asked: list[optuna.Trial] = []
        self._best = {knob.address: knob.values.index(knob.start) for knob in knobs}
        self._best_figure = -math.inf

    def ask(self, batch: int, count: int) -> list[dict[str, Any]]:
        """`count` proposals; what the last batch left untold is forgotten."""
        seed, chance = np.random.SeedSequence([self._seed, batch]).generate_state(2)
        rng = np.random.default_rng(int(chance))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            self._study.sampler = optuna.samplers.TPESampler(seed=int(seed), n_startup_trials=STARTUP)
        self._asked = []
        for i in range(count):
            if i % 2:
                self._study.enqueue_trial(self._near_the_best(rng))
            self._asked.append(self._study.ask())
            for knob in self._knobs:
                self._asked[-1].suggest_int(knob.address, 0, len(knob.values) - 1)  # a place: the values are in order
        return [
            {knob.address: knob.values[trial.params[knob.address]] for knob in self._knobs} for trial in self._asked
        ]

    def _near_the_best(self, rng: np.random.Generator) -> dict[str, int]:
        """The places of the best trial, or of the scenario itself, with one to MUTATED others."""
        places = dict(self._best)
        count = min(len(self._knobs), int(rng.integers(1, MUTATED + 1)))
        for i in rng.choice(len(self._knobs), size=count, replace=False):
            knob = self._knobs[i]
            places[knob.address] = int(rng.integers(len(knob.values)))
        return places

    def tell(self, figure: float) -> None:
        """The figure of the next proposal of the batch; NaN if it was no legal scenario."""
        trial = self._asked.pop(0)
        if math.isnan(figure):
            self._study.tell(trial, state=optuna.trial.TrialState.FAIL)
            return
        self._study.tell(trial, figure)
        if figure >= self._best_figure:
            self._best, self._best_figure = dict(trial.params), figure

    def start(self, figure: float) -> None:
        """The figure of the scenario itself."""
        self._best_figure = figure if not math.isnan(figure) else -math.inf
