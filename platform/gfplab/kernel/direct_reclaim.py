"""Direct reclaim: a task that wants a page frees some first, unless it has to wait for kswapd to do it.

Models the second half of mm/vmscan.c (v4.7): try_to_free_pages(), do_try_to_free_pages(), throttle_direct_reclaim().

Leaves out: reclaim on behalf of a memory cgroup, soft limits.
"""

from gfplab.engine.records import TASK_WAIT_HEAD
from gfplab.engine.requests import TASK_INTERRUPTIBLE, TASK_KILLABLE, cond_resched, schedule_timeout
from gfplab.engine.subset import kernel, plain
from gfplab.engine.symbols import burn, local_clock, over_debt, trace
from gfplab.kernel.costs import C_DIRECT_RECLAIM
from gfplab.kernel.gfp import __GFP_DIRECT_RECLAIM, __GFP_FS, PF_LIGHT_RECLAIM, PF_MEMALLOC
from gfplab.kernel.symbols import (
    account_direct_reclaim,
    decide_throttle_direct_reclaim,
    psi_memstall_enter,
    psi_memstall_leave,
    shrink_inactive_list,
    shrink_zone,
    throttle_nap,
    wakeup_flusher_threads,
    wakeup_kswapd,
    zone_reclaimable,
    zone_reclaimable_pages,
)
from gfplab.kernel.tracepoints import mm_vmscan_direct_reclaim_begin, mm_vmscan_direct_reclaim_end
from gfplab.kernel.types import LRU_INACTIVE_FILE

SWAP_CLUSTER_MAX = 32
DEF_PRIORITY = 12


@plain
def init_scan(k, gfp_mask, cls, nr_to_reclaim, is_kswapd):
    """Fill the current task's scan_control. Writes: scans."""
    scan = k.scans[k.e[0].cur]
    scan.gfp_mask = gfp_mask
    scan.cls = cls
    scan.nr_to_reclaim = nr_to_reclaim
    scan.kswapd = is_kswapd
    scan.priority = DEF_PRIORITY
    scan.nr_scanned = 0
    scan.nr_reclaimed = 0
    scan.may_writepage = 1
    scan.may_swap = 1
    scan.may_unmap = 1
    scan.swappiness = k.vm[0].swappiness
    scan.naps = 0
    scan.jiffy_ns = k.e[0].jiffy_ns
    scan.bail = 0
    scan.light = 0
    if is_kswapd == 0 and k.tasks[k.e[0].cur].pf_flags & PF_LIGHT_RECLAIM:
        scan.light = 1
        scan.may_writepage = 0
        scan.may_swap = 0
        scan.may_unmap = 0
    return 0


@kernel
def do_try_to_free_pages(k):
    """Shrink every eligible zone at rising pressure until enough is freed. Returns pages freed."""
    t = k.e[0].cur
    scan = k.scans[t]
    total = 0
    may_thrash = 0
    scan.priority = DEF_PRIORITY
    while True:
        scan.nr_scanned = 0
        z = scan.cls
        while z > 0:
            if scan.priority == DEF_PRIORITY or zone_reclaimable(k, z):
                yield from shrink_zone(k, z)
            if scan.bail:
                return scan.nr_reclaimed
            z -= 1
        total += scan.nr_scanned
        if scan.nr_reclaimed >= scan.nr_to_reclaim:
            break
        if total > scan.nr_to_reclaim + scan.nr_to_reclaim // 2:
            wakeup_flusher_threads(k, total)
        scan.priority -= 1
        if scan.priority < 0:
            if scan.nr_reclaimed or may_thrash:
                break
            # one more round, as v4.7 does to take memory below memcg low
            may_thrash = 1
            scan.priority = DEF_PRIORITY
        if over_debt(k):
            yield cond_resched()
    return scan.nr_reclaimed


@kernel
def light_reclaim(k):
    """For PF_LIGHT_RECLAIM, not in Linux: the oldest 32 file pages of the first zone that has any. Returns pages freed.

    What is dirty, under writeback or recently used stays.
    """
    scan = k.scans[k.e[0].cur]
    z = scan.cls
    while z > 1 and k.lruvecs[k.zones[z].lruvec].nr_inactive_file == 0:
        z -= 1
    got = yield from shrink_inactive_list(k, z, SWAP_CLUSTER_MAX, LRU_INACTIVE_FILE)
    scan.nr_reclaimed = got
    return got


@kernel
def try_to_free_pages(k, gfp_mask, cls):
    """Direct reclaim on behalf of one allocation. Returns pages freed (1 if a throttled task was killed)."""
    t = k.e[0].cur
    assert gfp_mask & __GFP_DIRECT_RECLAIM  # law 11
    assert k.tasks[t].pf_flags & PF_MEMALLOC == 0  # law 12: reclaim inside reclaim would be without end
    entered = local_clock(k)
    init_scan(k, gfp_mask, cls, SWAP_CLUSTER_MAX, 0)
    killed = yield from throttle_direct_reclaim(k, gfp_mask)
    if killed:
        return 1
    if k.scans[t].bail:
        return 0
    began = local_clock(k)
    k.vm[0].allocstall += 1
    burn(k, k.costs[C_DIRECT_RECLAIM])
    trace(k, mm_vmscan_direct_reclaim_begin, gfp_mask, cls, 0, 0)
    k.tasks[t].pf_flags |= PF_MEMALLOC
    psi_memstall_enter(k, t)
    if k.scans[t].light:
        got = yield from light_reclaim(k)
    else:
        got = yield from do_try_to_free_pages(k)
    psi_memstall_leave(k, t)
    k.tasks[t].pf_flags &= ~PF_MEMALLOC
    k.tasks[t].t_direct_reclaim += local_clock(k) - began
    trace(k, mm_vmscan_direct_reclaim_end, got, 0, 0, 0)
    account_direct_reclaim(k, local_clock(k) - entered, got)
    return got


@plain
def pfmemalloc_sums(k):
    """Free pages and min marks of the zones that have anything to reclaim. Writes: the current task's scan."""
    scan = k.scans[k.e[0].cur]
    scan.pfmemalloc_reserve = 0
    scan.pfmemalloc_free = 0
    for z in range(1, k.vm[0].nr_zones + 1):
        if zone_reclaimable_pages(k, z) > 0:
            scan.pfmemalloc_reserve += k.zones[z].wmark_min
            scan.pfmemalloc_free += k.zones[z].free
    return 0


@plain
def pfmemalloc_watermark_ok(k):
    """1 while free pages exceed half of the min marks of the zones that have anything to reclaim."""
    pfmemalloc_sums(k)
    scan = k.scans[k.e[0].cur]
    if scan.pfmemalloc_reserve == 0 or scan.pfmemalloc_free > scan.pfmemalloc_reserve // 2:
        return 1
    return 0


@kernel(inlined=True)
def throttle_direct_reclaim(k, gfp_mask):
    """T1: with less than half the min marks free, a user's direct reclaim waits for kswapd first. 1 if killed."""
    t = k.e[0].cur
    pfmemalloc_sums(k)
    ns = throttle_nap(k, decide_throttle_direct_reclaim(k, 0, t, t))
    if ns == 0:
        return 0
    k.vm[0].pgscan_direct_throttle += 1
    wakeup_kswapd(k, k.scans[t].cls)
    state = TASK_KILLABLE
    if gfp_mask & __GFP_FS == 0:
        state = TASK_INTERRUPTIBLE
    until = local_clock(k) + ns
    while True:
        woken = yield schedule_timeout(k.vm[0].pfmemalloc_wait, ns, state | TASK_WAIT_HEAD)
        # kswapd wakes everybody before it sleeps as well, with nothing gained
        if woken == 0 or k.tasks[t].killed or pfmemalloc_watermark_ok(k):
            break
        wakeup_kswapd(k, k.scans[t].cls)
        if ns > 0:
            ns = max(until - local_clock(k), 1)
    return k.tasks[t].killed
