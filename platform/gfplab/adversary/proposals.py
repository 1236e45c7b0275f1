"""What an attack tries next: evolution from the best trials so far, with a share of pure chance.

Trouble takes a few things at once, most of them at an end of what they may be, and most knobs have no part in it. So a
knob is mostly turned to an end, and all ends of all knobs are dealt out like cards: none comes again before all others
have had their turn. What was turned and did nothing is a burden later, so of two trials equally near the one with fewer
knobs turned goes on, and some proposals turn knobs back.

Each batch has a chance of its own seed, and learns nothing from itself: the trials are the same with any number of
workers.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from gfplab.adversary.knobs import Knob

PARENTS = 6  # trials that go on, the best of them half of the time, the next a quarter, ...
BURDEN = 0.005  # of nearness, for each knob turned
MOST_DEALT = 4  # cards at once
MOST_TURNED = 4  # knobs at once, anywhere
RETRIES = 20  # to find what was not proposed yet
EARLY = 1  # batches before there is much to go on from
FIRST = ("chance",)  # by turns, in these batches
LATER = ("dealt", "turned", "dealt", "crossed", "dealt", "back", "turned", "chance")

Places = tuple[int, ...]  # of each knob, which of its values


class Proposals:
    """Proposals in batches; tell() must hear of each, in the order in which they were asked."""

    def __init__(self, knobs: Sequence[Knob], seed: int):
        self._knobs, self._seed = knobs, seed
        self._counts = np.array([len(knob.values) for knob in knobs], dtype=int)
        self._start = np.array([knob.values.index(knob.start) for knob in knobs], dtype=int)
        addresses = [knob.address for knob in knobs]
        # of a knob that only a task that joined has, the knob that lets it join
        self._needs = [addresses.index(knob.joins) if knob.joins else None for knob in knobs]
        self._known: list[tuple[float, int, np.ndarray]] = []  # figure less burden, -number, places: best last
        self._proposed: set[Places] = {self._key(self._start)}
        self._asked: list[np.ndarray] = []
        self._cards: list[tuple[int, int]] = []

    def start(self, figure: float) -> None:
        """The figure of the scenario itself."""
        self._keep(self._start, -math.inf if math.isnan(figure) else figure)

    def ask(self, batch: int, count: int) -> list[dict[str, Any]]:
        """The next `count` proposals, by address; what the last batch left untold is forgotten."""
        rng = np.random.default_rng([self._seed, batch])
        kinds = FIRST if batch <= EARLY else LATER
        self._asked = [self._unheard_of(kinds[i % len(kinds)], rng) for i in range(count)]
        return [
            {knob.address: knob.values[place] for knob, place in zip(self._knobs, places, strict=True)}
            for places in self._asked
        ]

    def tell(self, figure: float) -> None:
        """The figure of the next proposal of the batch; NaN if it was no legal scenario."""
        places = self._asked.pop(0)
        if not math.isnan(figure):
            self._keep(places, figure)

    def _keep(self, places: np.ndarray, figure: float) -> None:
        burden = BURDEN * int((places != self._start).sum())
        self._known.append((figure - burden, -len(self._known), places))
        self._known.sort(key=lambda each: each[:2])

    def _unheard_of(self, kind: str, rng: np.random.Generator) -> np.ndarray:
        """A proposal of the kind that is none of those before, if it finds one."""
        make = {
            "chance": self._chance,
            "dealt": self._dealt,
            "turned": self._turned,
            "crossed": self._crossed,
            "back": self._back,
        }[kind]
        for _ in range(RETRIES):
            places = self._without_effect_put_back(make(rng))
            if self._key(places) not in self._proposed:
                break
        self._proposed.add(self._key(places))
        return places

    def _chance(self, rng: np.random.Generator) -> np.ndarray:
        """Every knob anywhere."""
        return rng.integers(self._counts)

    def _dealt(self, rng: np.random.Generator) -> np.ndarray:
        """A few knobs to the ends that the cards say."""
        places = self._parent(rng)
        for _ in range(int(rng.integers(1, MOST_DEALT + 1))):
            for _ in range(2 * len(self._knobs)):
                knob, end = self._card(rng)
                if places[knob] != end and self._acts(knob, places):
                    places[knob] = end
                    break
        return places

    def _card(self, rng: np.random.Generator) -> tuple[int, int]:
        """The next of all ends of all knobs; they are shuffled when none is left."""
        if not self._cards:
            ends = [(knob, end) for knob, count in enumerate(self._counts) for end in (0, int(count) - 1)]
            self._cards = [ends[i] for i in rng.permutation(len(ends))]
        return self._cards.pop()

    def _turned(self, rng: np.random.Generator) -> np.ndarray:
        """One to four knobs anywhere."""
        places = self._parent(rng)
        for knob in self._some(places, rng, int(rng.integers(1, MOST_TURNED + 1))):
            places[knob] = rng.integers(self._counts[knob])
        return places

    def _crossed(self, rng: np.random.Generator) -> np.ndarray:
        """Of each knob what one of two trials has, and one knob anywhere."""
        one, other = self._parent(rng), self._parent(rng)
        places = np.where(rng.random(len(one)) < 0.5, one, other)
        for knob in self._some(places, rng, 1):
            places[knob] = rng.integers(self._counts[knob])
        return places

    def _back(self, rng: np.random.Generator) -> np.ndarray:
        """Half of what was turned goes back, and one knob to an end."""
        places = self._parent(rng)
        places = np.where(rng.random(len(places)) < 0.5, places, self._start)
        for knob in self._some(places, rng, 1):
            places[knob] = rng.choice([0, self._counts[knob] - 1])
        return places

    def _parent(self, rng: np.random.Generator) -> np.ndarray:
        """One of the best, as a copy."""
        best = self._known[: -PARENTS - 1 : -1]
        weights = 0.5 ** np.arange(len(best))
        return best[rng.choice(len(best), p=weights / weights.sum())][2].copy()

    def _some(self, places: np.ndarray, rng: np.random.Generator, count: int) -> list[int]:
        """Knobs that would make a difference, each once."""
        acting = [knob for knob in range(len(places)) if self._acts(knob, places)]
        return [int(knob) for knob in rng.choice(acting, size=min(count, len(acting)), replace=False)]

    def _acts(self, knob: int, places: np.ndarray) -> bool:
        needed = self._needs[knob]
        return needed is None or bool(places[needed])

    def _without_effect_put_back(self, places: np.ndarray) -> np.ndarray:
        """Knobs of tasks that do not join, where they were: so equal scenarios are equal proposals."""
        acts = [self._acts(knob, places) for knob in range(len(places))]
        return np.where(acts, places, self._start)

    @staticmethod
    def _key(places: np.ndarray) -> Places:
        return tuple(int(place) for place in places)
