"""Spin locks as the interval of their last busy period, so that contention is felt without an event for each.

Critical sections run in no time, one after the other in event order; their cost is debt. A holder that ran ahead on
its debt had the lock from its local clock at spin_lock, when it began to fetch the cache line, to its local clock at
spin_unlock; who comes meanwhile spins until then and prolongs the busy period, so spinners are served in their order
and a lock passes on at most one holding at a time. A CPU whose local clock is before the busy period would have got the
lock first and does not spin: contention is exact where lockers pay their debt before, and too low where they run ahead.
Leaves out: the busy periods before the last one.
"""

from gfplab.engine.clock import burn, local_clock
from gfplab.engine.subset import plain


@plain
def spin_lock(k, lock):
    """Take a lock; spinning, and fetching its cache line from another CPU, is burnt. An interrupt never waits."""
    e = k.e[0]
    lck = k.locks[lock]
    assert lck.held == 0
    lck.held = 1
    if e.cur:
        clock = local_clock(k)
        here = k.tasks[e.cur].last_cpu + 1
        ns = 0
        if lck.hold_start <= clock and clock < lck.busy_until:
            ns = lck.busy_until - clock
            lck.contended += 1
            lck.wait_ns += ns
        else:
            lck.hold_start = clock
        if lck.last_cpu != here and lck.last_cpu:
            ns += e.transfer_ns
        lck.last_cpu = here
        if ns:
            burn(k, ns)
    else:
        lck.last_cpu = e.irq_cpu + 1
        lck.hold_start = local_clock(k)


@plain
def spin_unlock(k, lock):
    """Release a lock at the local clock."""
    lck = k.locks[lock]
    assert lck.held == 1
    lck.held = 0
    lck.busy_until = local_clock(k)
