"""Which trials nobody beats: the non-dominated set of the feasible ones."""

from collections.abc import Mapping, Sequence

import numpy as np

from gfplab.study.objectives import Objective


def front(values: Mapping[int, Sequence[float]], objectives: Sequence[Objective]) -> list[int]:
    """The numbers of the trials that no other trial dominates, in order; equal trials stand together."""
    numbers = sorted(values)
    signs = np.array([1.0 if objective.direction == "minimize" else -1.0 for objective in objectives])
    losses = np.array([values[number] for number in numbers], float).reshape(len(numbers), len(signs)) * signs
    beaten = [((losses <= mine).all(axis=1) & (losses < mine).any(axis=1)).any() for mine in losses]
    return [number for number, lost in zip(numbers, beaten, strict=True) if not lost]


def best_by_turns(values: Mapping[int, Sequence[float]], objectives: Sequence[Objective], most: int) -> list[int]:
    """The best by the first objective, the best by the second, and so on, then each one's second best: `most` in all.

    Where all are equal an objective chooses nobody; of equal trials the earliest is taken.
    """
    orders = []
    for place, objective in enumerate(objectives):
        column = {number: mine[place] for number, mine in sorted(values.items())}
        if len(set(column.values())) > 1:
            orders.append(sorted(column, key=column.__getitem__, reverse=objective.direction == "maximize"))
    ranked = [number for rank in zip(*orders, strict=True) for number in rank] or sorted(values)
    return list(dict.fromkeys(ranked))[:most]
