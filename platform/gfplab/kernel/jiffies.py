"""Time in ticks, for the code that counts in them.

Models include/linux/jiffies.h and calc_wheel_index() of kernel/time/timer.c (v4.8 and later).

Leaves out: the wrap-around, ticks that are stopped on idle CPUs.
"""

from gfplab.engine.subset import plain
from gfplab.engine.symbols import local_clock

NSEC_PER_SEC = 1_000_000_000
WHEEL_TICKS = 63  # reach of the first level of the timer wheel
ERA_TIMER_WHEEL = 61  # the first era modelled that has the wheel of v4.8
WHEEL_SHIFT = 3  # each level is 8 times as coarse as the one before


@plain
def HZ(k):
    """Ticks a second."""
    return NSEC_PER_SEC // k.e[0].jiffy_ns


@plain
def jiffies(k):
    """Ticks since time 0."""
    return local_clock(k) // k.e[0].jiffy_ns


@plain
def timer_wheel_ns(k, n):
    """How long schedule_timeout(n) lasts at most, from v4.8 on: the wheel never fires early, so n ticks at least.

    From 63 ticks on a timer ends on a multiple of 8 ticks, from 504 on of 64, and so on: one more than needed.
    """
    shift = 0
    while n >= WHEEL_TICKS << shift:
        shift += WHEEL_SHIFT
    tick = ((jiffies(k) + n + (1 << shift)) >> shift) << shift
    return tick * k.e[0].jiffy_ns - local_clock(k)


@plain
def timeout_ns(k, ns):
    """What schedule_timeout() makes of a time in this era: the wheel of v4.8 and later adds the tick that has begun."""
    if k.vm[0].era < ERA_TIMER_WHEEL:
        return ns
    jiffy_ns = k.e[0].jiffy_ns
    return timer_wheel_ns(k, (ns + jiffy_ns - 1) // jiffy_ns)
