"""What can be said of two samples that were measured seed by seed: interval, effect, test, correction for many.

Numpy alone. Every function of a pair of samples gives the same to the last bit in whatever order the pairs come, and
draws its random numbers from a fixed seed. docs/statistics.md says what each figure means and where it ends.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations_with_replacement

import numpy as np

CONFIDENCE = 0.95
RESAMPLES = 10_000  # drawn at random; up to MOST_ENUMERATED pairs all resamples there are
MOST_ENUMERATED = 8
FEWEST_RESAMPLED = 6  # of five, three that nearly agree fill the tails with resamples that have no spread to divide by


@dataclass(frozen=True)
class Interval:
    """A mean difference, and where the true one lies with CONFIDENCE."""

    mean: float
    low: float
    high: float
    method: str  # "bootstrap" | "student" | "none"


def paired_interval(mine: Sequence[float], others: Sequence[float], confidence: float = CONFIDENCE) -> Interval:
    """The mean of mine - others, and of the ends of the studentised paired bootstrap and of Student the farther ones.

    Pairs are drawn with replacement and each resample's mean is measured in its own standard errors (the bootstrap-t);
    mean and spread of the sample turn these back into units.  That knows of skew, but only of the skew that the sample
    shows: one that has missed a rare long stall leans away from it, and there Student's end is the better one.  With
    fewer than FEWEST_RESAMPLED pairs, or where so many differences are equal that an end would be infinite, Student's
    interval stands alone; a single pair has none.
    """
    differences = _differences(mine, others)
    n = len(differences)
    if n < 2:
        return Interval(float(differences[0]), -math.inf, math.inf, "none")
    mean, error = float(differences.mean()), float(differences.std(ddof=1)) / math.sqrt(n)
    if differences[0] == differences[-1]:
        same = float(differences[0])
        return Interval(same, same, same, "bootstrap")
    t = student_quantile((1 + confidence) / 2, n - 1)
    if n >= FEWEST_RESAMPLED:
        below, above = _studentised_ends(differences, confidence)
        if math.isfinite(below) and math.isfinite(above):
            # the far end of the resamples is the near end of the truth
            return Interval(mean, mean - max(above, t) * error, mean - min(below, -t) * error, "bootstrap")
    return Interval(mean, mean - t * error, mean + t * error, "student")


def _studentised_ends(differences: np.ndarray, confidence: float) -> tuple[float, float]:
    """The quantiles of (mean of a resample - mean) / (its standard error)."""
    n = len(differences)
    counts, weights = _resamples(n)
    centred = differences - differences.mean()
    means = counts @ centred / n
    variances = np.maximum(counts @ centred**2 / n - means**2, 0.0) / (n - 1)
    # a resample of equal differences has a variance of rounding errors
    spread = variances > 1e-20 * float(centred @ centred)
    studentised = np.where(means == 0.0, 0.0, np.copysign(np.inf, means))
    studentised[spread] = means[spread] / np.sqrt(variances[spread])
    order = np.argsort(studentised, kind="stable")
    share = np.cumsum(weights[order])
    ends = [(1 - confidence) / 2, (1 + confidence) / 2]
    at = np.minimum(np.searchsorted(share, np.array(ends) - 1e-12), len(order) - 1)
    below, above = studentised[order][at]
    return float(below), float(above)


@cache
def _resamples(n: int) -> tuple[np.ndarray, np.ndarray]:
    """(how often each of n pairs is in each resample, the resample's probability)."""
    if n <= MOST_ENUMERATED:
        counts = np.array([np.bincount(drawn, minlength=n) for drawn in combinations_with_replacement(range(n), n)])
        ways = [math.factorial(n) / math.prod(math.factorial(int(times)) for times in row) for row in counts]
        return counts.astype(float), np.array(ways) / n**n
    counts = np.random.default_rng(n).multinomial(n, np.full(n, 1 / n), size=RESAMPLES)
    return counts.astype(float), np.full(RESAMPLES, 1 / RESAMPLES)


def cliffs_delta(mine: Sequence[float], others: Sequence[float]) -> float:
    """P(mine > others) - P(mine < others) for two runs picked at random: 1 if all of mine are greater, 0 if neither."""
    a, b = np.asarray(mine, float), np.asarray(others, float)
    return float(np.sign(a[:, None] - b[None, :]).mean())


def wilcoxon(mine: Sequence[float], others: Sequence[float]) -> float:
    """Two-sided p of the signed-rank test, exact for any number of pairs; 1 if no pair differs.

    Pairs that do not differ are left out; equal distances share the mean of their ranks, and the distribution is that
    of these shared ranks under all 2^n signs.
    """
    differences = _differences(mine, others)
    differences = differences[differences != 0]
    if not len(differences):
        return 1.0
    _, which, times = np.unique(np.abs(differences), return_inverse=True, return_counts=True)
    twice_rank = (2 * np.cumsum(times) - times + 1)[which]  # a mean of ranks may end in a half
    chance = np.ones(1)
    for rank in twice_rank:
        grown = np.zeros(len(chance) + rank)
        grown[: len(chance)] += chance / 2
        grown[rank:] += chance / 2
        chance = grown
    positive = int(twice_rank[differences > 0].sum())
    tail = min(positive, int(twice_rank.sum()) - positive)
    return min(1.0, 2 * float(chance[: tail + 1].sum()))


def holm(ps: Sequence[float]) -> list[float]:
    """Each p as it counts where all of them were looked at: below alpha, at most alpha of the sets hold a false one."""
    adjusted = [1.0] * len(ps)
    greatest = 0.0
    for place, index in enumerate(sorted(range(len(ps)), key=ps.__getitem__)):
        greatest = max(greatest, min(1.0, ps[index] * (len(ps) - place)))
        adjusted[index] = greatest
    return adjusted


def student_cdf(t: float, freedom: int) -> float:
    """P(T <= t) of Student's t with a whole number of degrees of freedom, by its finite sum."""
    angle = math.atan2(abs(t), math.sqrt(freedom))
    sine, cosine = math.sin(angle), math.cos(angle)
    term, total = (1.0, 1.0) if freedom % 2 == 0 else (cosine, cosine)
    for k in range(1 + freedom % 2, freedom - 2, 2):
        term *= cosine * cosine * k / (k + 1)
        total += term
    if freedom == 1:
        inside = 2 / math.pi * angle
    elif freedom % 2:
        inside = 2 / math.pi * (angle + sine * total)
    else:
        inside = sine * total
    return (1 + math.copysign(inside, t)) / 2


@cache
def student_quantile(share: float, freedom: int) -> float:
    """The t below which `share` of Student's distribution lies, 0 < share < 1."""
    if share < 0.5:
        return -student_quantile(1 - share, freedom)
    low, high = 0.0, 1.0
    while student_cdf(high, freedom) < share and high < 1e15:
        low, high = high, high * 2
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if student_cdf(middle, freedom) < share else (low, middle)
    return (low + high) / 2


def _differences(mine: Sequence[float], others: Sequence[float]) -> np.ndarray:
    """mine - others, smallest first."""
    if len(mine) != len(others) or not len(mine):
        raise ValueError(f"{len(mine)} values and {len(others)} are no pairs")
    return np.sort(np.asarray(mine, float) - np.asarray(others, float))
