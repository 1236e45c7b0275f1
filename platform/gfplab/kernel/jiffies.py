"""Time in ticks, for the code that counts in them.

Models include/linux/jiffies.h.

Leaves out: the wrap-around, ticks that are stopped on idle CPUs.
"""

from gfplab.engine.subset import plain
from gfplab.engine.symbols import local_clock

NSEC_PER_SEC = 1_000_000_000


@plain
def HZ(k):
    """Ticks a second."""
    return NSEC_PER_SEC // k.e[0].jiffy_ns


@plain
def jiffies(k):
    """Ticks since time 0."""
    return local_clock(k) // k.e[0].jiffy_ns
