"""Where reclaim is put to sleep in the hope that writes complete meanwhile.

Models mm/backing-dev.c and throttle_vm_writeout() of mm/page-writeback.c (v4.7).

Leaves out: the two congestion classes, synchronous and asynchronous (one queue stands for both); reclaim_throttle(),
which took the place of all this in v5.16.
"""

from gfplab.engine.requests import TASK_UNINTERRUPTIBLE, cond_resched, io_schedule_timeout
from gfplab.engine.subset import kernel, plain
from gfplab.engine.symbols import local_clock, trace
from gfplab.kernel.gfp import __GFP_FS, __GFP_IO, PF_BAIL_OUT, PF_LIGHT_RECLAIM, PF_NO_THROTTLE
from gfplab.kernel.symbols import (
    account_writeout_call,
    account_writeout_nap,
    account_writeout_spared,
    decide_throttle_vm_writeout,
    pool_full_ns,
    timeout_ns,
    writeout_limit,
)
from gfplab.kernel.tracepoints import (
    throttle_vm_writeout_event,
    writeback_congestion_wait,
    writeback_wait_iff_congested,
)
from gfplab.kernel.types import ZONE_CONGESTED

NSEC_PER_USEC = 1000


@kernel
def congestion_wait(k, ns):
    """Sleep until any backing device leaves congestion, at most ns, rounded up to ticks.

    It is not I/O that ends this sleep: where no device ever gets congested (blk-mq, device mapper on top of it) the
    time always runs out.
    """
    began = local_clock(k)
    woken = yield io_schedule_timeout(k.vm[0].congestion_wqh, timeout_ns(k, ns), TASK_UNINTERRUPTIBLE)
    trace(k, writeback_congestion_wait, ns // NSEC_PER_USEC, (local_clock(k) - began) // NSEC_PER_USEC, 0, 0)
    return woken


@kernel
def wait_iff_congested(k, z, ns):
    """congestion_wait() if a device is congested and the zone is full of pages for it; else only offer the CPU."""
    began = local_clock(k)
    if k.vm[0].nr_bdi_congested == 0 or k.zones[z].flags & ZONE_CONGESTED == 0:
        yield cond_resched()
        trace(k, writeback_wait_iff_congested, ns // NSEC_PER_USEC, (local_clock(k) - began) // NSEC_PER_USEC, 0, 0)
        return 0
    woken = yield io_schedule_timeout(k.vm[0].congestion_wqh, timeout_ns(k, ns), TASK_UNINTERRUPTIBLE)
    trace(k, writeback_wait_iff_congested, ns // NSEC_PER_USEC, (local_clock(k) - began) // NSEC_PER_USEC, 0, 0)
    return woken


@kernel
def throttle_vm_writeout(k, gfp_mask):
    """T5, at the end of every shrink: nap while too much is under writeback, however much the shrink has freed.

    A caller without __GFP_IO or __GFP_FS may be what the writeback waits for: it goes on after one nap, the others
    after as many as it takes.
    """
    t = k.e[0].cur
    scan = k.scans[t]
    scan.throttled = 0
    account_writeout_call(k)
    while True:
        scan.limit = writeout_limit(k)
        ns = throttle_nap(k, decide_throttle_vm_writeout(k, 0, t, t))
        if ns <= 0:
            account_writeout_spared(k, scan.limit)
            break
        k.vm[0].throttle_events += 1
        trace(k, throttle_vm_writeout_event, k.vm[0].nr_writeback, scan.limit, ns, gfp_mask)
        pool = k.tasks[t].context_b
        began = local_clock(k)
        full = pool_full_before(k, pool)
        yield from congestion_wait(k, ns)
        account_nap(k, pool, local_clock(k) - began, full)
        account_writeout_nap(k, local_clock(k) - began)
        scan.throttled += 1
        if gfp_mask & __GFP_IO == 0 or gfp_mask & __GFP_FS == 0:
            break
    return 0


@plain
def throttle_nap(k, ns):
    """What the current task may sleep where a throttle says ns (0: nothing, negative: until woken).

    Every throttle point of reclaim goes through here: T1 to T6 of v4.7, reclaim_throttle() of v5.16 and later.  It
    reads the flags that a policy of mempool_step puts on the task while an attempt runs.  Writes: scans.
    """
    if ns == 0:
        return 0
    t = k.e[0].cur
    flags = k.tasks[t].pf_flags
    if flags & PF_BAIL_OUT:
        k.scans[t].bail = 1
        return 0
    if flags & (PF_NO_THROTTLE | PF_LIGHT_RECLAIM):
        return 0
    return ns


@plain
def pool_full_before(k, pool):
    """How long a mempool's reserve has been full so far; 0 for no pool."""
    if pool:
        return pool_full_ns(k, pool)
    return 0


@plain
def account_nap(k, pool, ns, full_before):
    """A task that wants an element of this pool napped: for how long, and how much of it with a full reserve.

    Writes: pools.
    """
    if pool:
        k.pools[pool].nap_ns += ns
        k.pools[pool].nap_full_ns += pool_full_ns(k, pool) - full_before
