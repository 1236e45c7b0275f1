"""Which trials nobody beats: the non-dominated set of the feasible ones."""

from collections.abc import Sequence

from gfplab.study.objectives import Objective


def dominates(a: Sequence[float], b: Sequence[float], objectives: Sequence[Objective]) -> bool:
    """Whether `a` is nowhere worse than `b` and somewhere better."""
    return not any(o.better(y, x) for o, x, y in zip(objectives, a, b, strict=True)) and any(
        o.better(x, y) for o, x, y in zip(objectives, a, b, strict=True)
    )


def front(values: dict[int, Sequence[float]], objectives: Sequence[Objective]) -> list[int]:
    """The numbers of the trials that no other trial dominates, in order; equal trials stand together."""
    return [
        number
        for number, mine in sorted(values.items())
        if not any(dominates(other, mine, objectives) for other in values.values())
    ]


def best_by_turns(values: dict[int, Sequence[float]], objectives: Sequence[Objective], most: int) -> list[int]:
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
