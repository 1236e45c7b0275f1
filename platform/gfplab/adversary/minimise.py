"""Delta debugging: the smallest thing that still shows what the large one showed.

Two steps. `fewest` is Zeller's ddmin: of a set of departures from a start, a subset of which none can be left out.
`smallest` then tries reductions one at a time until none is left that still shows it: the result is 1-minimal.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

T = TypeVar("T")


def fewest(items: Sequence[T], shows: Callable[[list[T]], bool]) -> list[T]:
    """A subset that shows it and from which no single item can be left out; all of `items` must show it."""
    kept = list(items)
    if shows([]):
        return []
    parts = 2
    while len(kept) >= 2:
        chunks = [kept[len(kept) * i // parts : len(kept) * (i + 1) // parts] for i in range(parts)]
        for chunk in chunks:
            if parts > 2 and shows(chunk):
                kept, parts = chunk, 2
                break
            rest = [item for item in kept if item not in chunk]
            if shows(rest):
                kept, parts = rest, max(parts - 1, 2)
                break
        else:
            if parts == len(kept):
                break
            parts = min(2 * parts, len(kept))
    return kept


def smallest(
    whole: T,
    reductions: Callable[[T], Iterable[T]],
    shows: Callable[[T], bool],
    keep: Callable[[T], None] = lambda _: None,
) -> T:
    """`whole` reduced until no reduction of it shows it any more; keep(smaller) hears of every step.

    Reductions must not lead in a circle: each has to make something smaller that none of the others makes larger.
    """
    while True:
        for smaller in reductions(whole):
            if shows(smaller):
                whole = smaller
                keep(whole)
                break
        else:
            return whole
