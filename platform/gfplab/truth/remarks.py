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


REMARKS: tuple[Remark, ...] = (
    Remark(
        "ctx_kworker_max_ns",
        "Under the throttle, the longest stall is one reclaim that naps at each of 13 priorities (1.35 s), or at"
        " each of 26 where nothing was freed and active lists had been spared (force_deactivate; 2.7 s), or two of"
        " them in a row. Which of these is the worst of a run differs from seed to seed on either side.",
        low=0.67, high=1.5, policies=(3,),
    ),
    Remark(
        "disk_writes",
        "How many requests the pages go out in: single ones while dmcrypt_write finds a tag free for each page, merged"
        " ones once it does not. When the one turns into the other, which it does in the first second of a run,"
        " differs. The disk moves the same pages in the same time, for it takes no time per request here. Where it"
        " does (`op_ns`), this error is one of elapsed time.",
        low=0.85, high=1.15,
    ),
    Remark(
        "disk_reads",
        "The same of reads: the pages read ahead are the same, the requests that they are merged into are not.",
        low=0.85, high=1.15,
    ),
    Remark(
        "pageoutrun",
        "How often kswapd goes to sleep between two pieces of its work. The pages that it scans and frees are"
        " nearer; it is the condition for sleep, which includes the order that a fork or a slab asked for, that is"
        " met at other moments without compaction.",
        low=0.8, high=1.25,
    ),
    Remark(
        "mp_waits",
        "Each returned element wakes every waiter of its pool, all but one of which wait again, so the count is that"
        " of the crowd and not of the delays. Most of it is one episode at the beginning: kswapd and all four hogs"
        " wait for the two bios of fs_bio_set, and each completion lets one of them write one page, until reclaim"
        " comes round to pages that are written already. Five waits a completion; how many completions it takes"
        " differs (0.5 s in the trace of the rig, 0.35 s in the simulated one of the same row).",
        low=0.75, high=1.33,
    ),
    Remark(
        "odirect_write_4096_us_per_io",
        "What an operation costs besides encryption and transfer is a sum of estimates, which comes out a few"
        " microseconds too long for each operation and cannot be seen at 64 KiB.",
        low=0.97, high=1.03,
    ),
)  # fmt: skip


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
