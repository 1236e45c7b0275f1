"""The smallest size from which on nothing tested is too small, without believing that more is always better.

First a coarse grid of powers of two over the whole range, then bisection below the smallest size of the grid from which
on all are safe, then the next few sizes above the answer. If one of those is not safe, the search goes on above it, so
the answer is never below a size that was seen to fail.
"""

from collections.abc import Callable

NEIGHBOURS = 3


def grid(low: int, high: int) -> list[int]:
    """Both ends and the powers of two between them."""
    between, value = [], 1
    while value < high:
        if value > low:
            between.append(value)
        value *= 2
    return sorted({low, *between, high})


def smallest_safe(safe: Callable[[int], bool], low: int, high: int) -> int | None:
    """The least size for which safe() held, with all larger sizes that were tested safe too; None if `high` is not.

    If safe() holds from some size on and never below, that size is the answer, in about 2 log2(high / low) tests. Else
    the answer is above every size that was seen to fail, and a size that nobody tested may still fail.
    """
    known: dict[int, bool] = {}

    def test(size: int) -> bool:
        if size not in known:
            known[size] = safe(size)
        return known[size]

    for size in grid(low, high):
        test(size)
    while True:
        failed = max((size for size, held in known.items() if not held), default=low - 1)
        if failed >= high:
            return None
        answer = min(size for size, held in known.items() if held and size > failed)
        if answer - failed > 1:
            test((failed + answer) // 2)
            continue
        if all(test(size) for size in range(answer, min(answer + NEIGHBOURS, high) + 1)):
            return answer
