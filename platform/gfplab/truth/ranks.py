"""Do the policies come out in the measured order? Kendall's tau over the pairs that the measurements tell apart.

A pair of policies is separated in a metric if their medians differ by more than either policy's seeds are spread
(largest minus smallest), and by more than a tie in that kind of metric (5 % of times, 15 % of counts, 30 % of maxima).
A policy with one seed shows no spread: for it only the tie decides.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median

from gfplab.truth.bounds import tie_of


@dataclass(frozen=True)
class Pair:
    """Two policies that the measurements tell apart: `first` has the smaller measured median."""

    first: int
    second: int
    agrees: int  # 1 the simulation has them in this order, -1 in the other, 0 the same


@dataclass(frozen=True)
class Ranking:
    """The order of the policies in one metric of one configuration."""

    metric: str
    pairs: int
    separated: tuple[Pair, ...]

    @property
    def tau(self) -> float | None:
        """1 the measured order, -1 its reverse; None if no pair is separated."""
        return sum(pair.agrees for pair in self.separated) / len(self.separated) if self.separated else None

    @property
    def wrong(self) -> list[Pair]:
        """The pairs that do not come out as measured."""
        return [pair for pair in self.separated if pair.agrees != 1]


def separated(metric: str, one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether the measured values of two policies are told apart."""
    difference = abs(median(one) - median(other))
    spread = max(max(one) - min(one), max(other) - min(other))
    return difference > spread and difference > tie_of(metric) * max(abs(median(one)), abs(median(other)))


def ranking(metric: str, measured: Mapping[int, Sequence[float]], simulated: Mapping[int, Sequence[float]]) -> Ranking:
    """Compare the policies that both sides have; values of all seeds by policy."""
    policies = sorted(policy for policy in measured if measured[policy] and simulated.get(policy))
    found, pairs = [], list(combinations(policies, 2))
    for a, b in pairs:
        if not separated(metric, measured[a], measured[b]):
            continue
        first, second = (a, b) if median(measured[a]) < median(measured[b]) else (b, a)
        difference = median(simulated[second]) - median(simulated[first])
        found.append(Pair(first, second, (difference > 0) - (difference < 0)))
    return Ranking(metric, len(pairs), tuple(found))
