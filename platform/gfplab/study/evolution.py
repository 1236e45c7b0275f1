"""Parents and children where questions come and go: what NSGA-II and NSGA-III do with the best of a generation.

Optuna lets children inherit only what every finished trial has answered. A baseline that says nothing of a key of the
machine takes it out of inheritance, and so does a trial without the plugin of a tunable: chance answers for ever. Here
a child inherits each answer from a parent that has given it; chance is asked for what neither knows, and for mutations.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from optuna import Study
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution
from optuna.samplers import NSGAIIISampler, NSGAIISampler
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

CROSSED = 0.9  # of the children; the others have one parent
NEIGHBOURS = 0.5  # of the mutations of a number on a grid: a step or two away, instead of anywhere


class _WholeSpace:
    """Of a sampler: answers are inherited of every question that any finished trial has answered."""

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        known: dict[str, BaseDistribution] = {}
        for finished in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
            known |= finished.distributions
        return dict(sorted(known.items()))


class Nsga2(_WholeSpace, NSGAIISampler):
    """NSGA-II with children as above."""

    def __init__(self, seed: int, population: int):
        super().__init__(seed=seed, population_size=population, child_generation_strategy=Children(seed))


class Nsga3(_WholeSpace, NSGAIIISampler):
    """NSGA-III with children as above."""

    def __init__(self, seed: int, population: int):
        super().__init__(seed=seed, population_size=population, child_generation_strategy=Children(seed))


class Children:
    """Makes the answers of a child of its parents' generation; what it leaves out is drawn by chance."""

    def __init__(self, seed: int):
        self._rng = np.random.default_rng(seed)

    def __call__(
        self, study: Study, space: dict[str, BaseDistribution], parents: Sequence[FrozenTrial]
    ) -> dict[str, Any]:
        first = self._winner(study, parents)
        second = self._winner(study, parents) if self._rng.random() < CROSSED else first
        rate = 1 / max(1, len(first.params))
        child: dict[str, Any] = {}
        for name, distribution in space.items():
            known = [parent.params[name] for parent in (first, second) if name in parent.params]
            if not known:
                continue
            inherited = known[self._rng.integers(len(known))]
            if self._rng.random() >= rate:
                child[name] = inherited
            elif self._rng.random() < NEIGHBOURS and (near := self._neighbour(distribution, inherited)) is not None:
                child[name] = near
        return child

    def _winner(self, study: Study, parents: Sequence[FrozenTrial]) -> FrozenTrial:
        """Of two parents drawn by chance the one that beats the other, or the first."""
        one, other = (parents[int(self._rng.integers(len(parents)))] for _ in range(2))
        return other if _beats(other, one, study.directions) else one

    def _neighbour(self, distribution: BaseDistribution, value: Any) -> Any | None:
        """A value a step or two beside this one; None if there are no steps, or it would lie outside."""
        if not isinstance(distribution, IntDistribution | FloatDistribution) or not distribution.step:
            return None
        near = value + distribution.step * int(self._rng.choice((-2, -1, -1, 1, 1, 2)))
        return near if distribution.low <= near <= distribution.high else None


def _beats(one: FrozenTrial, other: FrozenTrial, directions: Sequence[StudyDirection]) -> bool:
    """Whether a trial is feasible and the other is not, breaks constraints by less, or dominates it."""
    broken, its = (sum(max(0.0, by) for by in trial.constraints.values()) for trial in (one, other))
    if broken or its:
        return broken < its
    signs = [1.0 if direction == StudyDirection.MINIMIZE else -1.0 for direction in directions]
    mine, theirs = ([sign * value for sign, value in zip(signs, trial.values, strict=True)] for trial in (one, other))
    return mine != theirs and all(a <= b for a, b in zip(mine, theirs, strict=True))
