"""Where the model is wrong and why, in words, each tied to the error that it explains.

A remark holds while its condition does: the page prints it then, and says of any other that it is out of date.  An
error out of bounds without a remark is listed as unexplained.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from gfplab.truth.compare import Comparison, Medians


@dataclass(frozen=True)
class Remark:
    """An error of the model and the mechanism behind it."""

    metric: str  # of the medians it is about
    text: str
    low: float = 0.0  # it holds if a ratio simulated / measured lies outside low..high ...
    high: float = float("inf")
    configurations: tuple[str, ...] = ()  # ... in one of these configurations, or in any
    policies: tuple[int, ...] = ()  # ... under one of these policies, or under any

    def concerns(self, cell: Medians) -> bool:
        """Whether it is about this metric, configuration and policy."""
        return (
            cell.metric == self.metric
            and (not self.configurations or cell.configuration in self.configurations)
            and (not self.policies or cell.policy in self.policies)
        )

    def holds_of(self, cell: Medians) -> bool:
        """Whether the error that it explains is there."""
        return self.concerns(cell) and cell.ratio is not None and not self.low <= cell.ratio <= self.high


REMARKS: tuple[Remark, ...] = ()


def sorted_out(
    comparison: Comparison, remarks: Sequence[Remark] = REMARKS
) -> tuple[list[tuple[Remark, list[Medians]]], list[Remark], list[Medians]]:
    """The remarks that hold, each with what it explains; those that are out of date; and what nobody explains."""
    cells = comparison.medians()
    explained = [(remark, [cell for cell in cells if remark.holds_of(cell)]) for remark in remarks]
    holding = [(remark, found) for remark, found in explained if found]
    stale = [remark for remark, found in explained if not found]
    known = {id(cell) for _, found in holding for cell in found}
    return holding, stale, [cell for cell in cells if cell.within is False and id(cell) not in known]
