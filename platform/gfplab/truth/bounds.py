"""How far a simulated metric may be from the measured one, and how far two measured ones are from being different."""

import math
from dataclasses import dataclass

FEW = 10  # events: so many more or fewer are no error, whatever the ratio


@dataclass(frozen=True)
class Bound:
    """What is allowed for the median of one metric."""

    title: str
    percent: float = 0.0
    factor: float = 0.0
    same_zero: bool = False

    def __str__(self) -> str:
        if self.same_zero:
            return "both zero or neither"
        return f"within {self.percent:g} %" if self.percent else f"within a factor of {self.factor:g}"

    @property
    def low(self) -> float:
        """The smallest ratio simulated / measured that is allowed."""
        return 1 - self.percent / 100 if self.percent else 1 / self.factor

    @property
    def high(self) -> float:
        """The largest one."""
        return 1 + self.percent / 100 if self.percent else self.factor

    def holds(self, measured: float, simulated: float) -> bool:
        """Whether the simulated median is near enough."""
        if self.same_zero:
            return (measured > 0) == (simulated > 0)
        if self.factor and self.title in COUNTED and abs(simulated - measured) <= FEW:
            return True
        # the last digit of a float is no reason to fail
        return self.low * measured * (1 - 1e-12) <= simulated <= self.high * measured * (1 + 1e-12)


COUNTED = {"direct reclaims", "mempool waits", "reserve hits"}

BOUNDS = {
    "last_proc_end_s": Bound("elapsed time", percent=15),
    "psi_memory_full_us": Bound("PSI memory full", percent=25),
    "pswpout": Bound("swapped out", percent=15),
    "pswpin": Bound("swapped in", percent=15),
    "allocstall": Bound("direct reclaims", factor=2),
    "mp_waits": Bound("mempool waits", factor=2),
    "mp_all_n_reserve": Bound("reserve hits", factor=2),
    "ctx_kworker_max_ns": Bound("longest kworker stall", factor=2),
    "oom_kill": Bound("OOM kills", same_zero=True),
} | {
    f"odirect_{phase}_us_per_io": Bound(f"direct {phase.replace('_', ' of ')} B", percent=15)
    for phase in ("write_4096", "read_4096", "write_65536", "read_65536")
}


def tie_of(metric: str) -> float:
    """By what part of the larger one two medians must differ before the rig's authors call them different."""
    if metric.endswith(("_max_ns", "_max", "maxstall_ms")):
        return 0.30
    return 0.05 if metric.endswith(("_s", "_ns", "_us", "_ms", "_us_per_io")) else 0.15


def ratio(measured: float | None, simulated: float | None) -> float | None:
    """simulated / measured; 1 where both are zero, infinite where only the measured one is."""
    if measured is None or simulated is None:
        return None
    if measured == 0:
        return 1.0 if simulated == 0 else math.inf
    return simulated / measured
