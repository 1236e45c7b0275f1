"""Histograms with four bins to an octave, read as the rig reads them: a percentile is the middle of its bin."""

from collections.abc import Mapping

import numpy as np

from gfplab.tables.frames import lower_bound

BINS = 256
LOWER = np.array([lower_bound(each) for each in range(BINS)], dtype=object)
MS = 1 << 20  # the bins from here up are "more than 1 ms"
MS_100 = 100_663_296  # and from here up "more than 100 ms"


def middle(here: int) -> float:
    """The middle of a bin, in whole ns as the rig prints it."""
    return float((LOWER[here] + LOWER[here + 1] - 1) // 2)


def quantile(counts: np.ndarray, share: float) -> float | None:
    """The middle of the first bin up to which `share` of all values lie; None if there are none."""
    total = int(counts.sum())
    if total == 0:
        return None
    return middle(int(np.searchsorted(np.cumsum(counts), share * total)))


def quantiles(counts: np.ndarray, named: Mapping[str, float]) -> dict[str, float | None]:
    """Several of them, by name."""
    return {name: quantile(counts, share) for name, share in named.items()}


def above(counts: np.ndarray, bound: int) -> int:
    """Values in the bins that begin at `bound` or later."""
    return int(sum(int(n) for n, lower in zip(counts, LOWER, strict=True) if lower >= bound))


def largest_bin(counts: np.ndarray) -> float | None:
    """Lower bound of the last bin that holds anything."""
    held = np.nonzero(counts)[0]
    return float(LOWER[held[-1]]) if len(held) else None
