"""Where reclaim sleeps from v5.16 on: one function, four reasons, a wait queue for each.

Models reclaim_throttle() and its helpers of mm/vmscan.c (v6.1).  Throttled tasks are not in iowait.  The only kernel
thread that ever sleeps here is kswapd.

Leaves out: several nodes, io-workers of io_uring, the -ENOMEM of do_writepages(), compaction as a caller.
"""

from gfplab.engine.records import TASK_WAIT_HEAD
from gfplab.engine.requests import TASK_UNINTERRUPTIBLE, cond_resched, schedule_timeout
from gfplab.engine.subset import kernel, plain
from gfplab.engine.symbols import local_clock, trace, waitqueue_active, wake_up_all
from gfplab.kernel.gfp import PF_KSWAPD, PF_KTHREAD
from gfplab.kernel.symbols import (
    decide_reclaim_throttle,
    throttle_nap,
    timer_wheel_ns,
    zone_reclaimable_pages,
)
from gfplab.kernel.tracepoints import mm_vmscan_throttled
from gfplab.kernel.types import (
    VMSCAN_THROTTLE_CONGESTED,
    VMSCAN_THROTTLE_ISOLATED,
    VMSCAN_THROTTLE_NOPROGRESS,
    VMSCAN_THROTTLE_WRITEBACK,
)

SWAP_CLUSTER_MAX = 32
MAX_RECLAIM_RETRIES = 16
NSEC_PER_USEC = 1000
NODE_LRUVEC = 1


@plain
def current_is_kswapd(k):
    """1 in kswapd's own context."""
    if k.tasks[k.e[0].cur].pf_flags & PF_KSWAPD:
        return 1
    return 0


@plain
def reclaim_wait_queue(k, reason):
    """The wait queue of a reason."""
    return k.vm[0].reclaim_wait + reason - 1


@plain
def wake_throttled(k, reason):
    """Wake all who sleep for this reason."""
    q = reclaim_wait_queue(k, reason)
    if waitqueue_active(k, q):
        wake_up_all(k, q)
    return 0


@plain
def skip_throttle_noprogress(k):
    """1 if a nap would not help: the node is hopeless, or too little of what reclaim could free waits for writes."""
    if k.vm[0].kswapd_failures >= MAX_RECLAIM_RETRIES:
        return 1
    reclaimable = 0
    write_pending = 0
    for z in range(1, k.vm[0].nr_zones + 1):
        reclaimable += zone_reclaimable_pages(k, z)
        write_pending += k.zones[z].nr_dirty + k.zones[z].nr_writeback
    if 2 * write_pending <= reclaimable:
        return 1
    return 0


@kernel
def reclaim_throttle(k, reason):
    """Sleep for a reason, until somebody finds that it is gone, or a time-out. 1 if it slept. Writes: vm, scans.

    WRITEBACK: until 32 pages for each sleeper were written, or 100 ms.  ISOLATED: until reclaimers hold fewer pages,
    or 20 ms.  NOPROGRESS and CONGESTED: a tick, and only where most of what could be freed is being written.
    """
    t = k.e[0].cur
    if k.tasks[t].pf_flags & PF_KTHREAD and current_is_kswapd(k) == 0:
        yield cond_resched()
        return 0
    if (reason == VMSCAN_THROTTLE_CONGESTED or reason == VMSCAN_THROTTLE_NOPROGRESS) and skip_throttle_noprogress(k):
        yield cond_resched()
        return 0
    k.scans[t].reason = reason
    ns = throttle_nap(k, decide_reclaim_throttle(k, 0, NODE_LRUVEC, t, t))
    if ns <= 0:
        yield cond_resched()
        return 0
    assert k.tasks[t].pf_flags & (PF_KTHREAD | PF_KSWAPD) != PF_KTHREAD  # law 28
    if reason == VMSCAN_THROTTLE_WRITEBACK:
        if k.vm[0].nr_writeback_throttled == 0:
            k.vm[0].nr_reclaim_start = k.vm[0].nr_throttled_written
        k.vm[0].nr_writeback_throttled += 1
    began = local_clock(k)
    jiffy_ns = k.e[0].jiffy_ns
    limit = timer_wheel_ns(k, (ns + jiffy_ns - 1) // jiffy_ns)
    yield schedule_timeout(reclaim_wait_queue(k, reason), limit, TASK_UNINTERRUPTIBLE | TASK_WAIT_HEAD)
    if reason == VMSCAN_THROTTLE_WRITEBACK:
        k.vm[0].nr_writeback_throttled -= 1
    slept = local_clock(k) - began
    k.vm[0].reclaim_throttled += 1
    k.vm[0].reclaim_throttled_ns += slept
    trace(k, mm_vmscan_throttled, ns // NSEC_PER_USEC, slept // NSEC_PER_USEC, reason, 0)
    return 1


@plain
def __acct_reclaim_writeback(k):
    """Writeback of a page has ended while tasks sleep for it: wake them all after 32 pages each. Writes: vm."""
    vm = k.vm[0]
    vm.nr_throttled_written += 1
    if vm.nr_throttled_written - vm.nr_reclaim_start > SWAP_CLUSTER_MAX * vm.nr_writeback_throttled:
        wake_throttled(k, VMSCAN_THROTTLE_WRITEBACK)
    return 0


@plain
def wake_throttle_isolated(k):
    """Reclaimers no longer hold too many pages."""
    return wake_throttled(k, VMSCAN_THROTTLE_ISOLATED)


@kernel(inlined=True)
def consider_reclaim_throttle(k):
    """After a pass: wake those who made no progress if this one freed an eighth of what it scanned, or join them."""
    scan = k.scans[k.e[0].cur]
    if scan.nr_reclaimed > scan.nr_scanned >> 3:
        wake_throttled(k, VMSCAN_THROTTLE_NOPROGRESS)
        return 0
    if current_is_kswapd(k):
        return 0
    if scan.priority == 1 and scan.nr_reclaimed == 0:
        yield from reclaim_throttle(k, VMSCAN_THROTTLE_NOPROGRESS)
    return 0
