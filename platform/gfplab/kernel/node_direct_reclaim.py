"""Direct reclaim in v6.1: the same two steps as ever, waiting for kswapd where the reserve is low, then scanning.

Models try_to_free_pages(), do_try_to_free_pages(), shrink_zones() and throttle_direct_reclaim() of mm/vmscan.c and
__perform_reclaim() of mm/page_alloc.c (v6.1).

Leaves out: reclaim on behalf of a memory cgroup, soft limits, the round for cgroups under memory.low, compaction.
"""

from gfplab.engine.records import TASK_WAIT_HEAD
from gfplab.engine.requests import TASK_INTERRUPTIBLE, TASK_KILLABLE, cond_resched, schedule_timeout
from gfplab.engine.subset import kernel, plain
from gfplab.engine.symbols import burn, local_clock, over_debt, trace, waitqueue_active, wake_up
from gfplab.kernel.costs import C_DIRECT_RECLAIM
from gfplab.kernel.gfp import __GFP_DIRECT_RECLAIM, __GFP_FS, PF_MEMALLOC
from gfplab.kernel.symbols import (
    account_direct_reclaim,
    consider_reclaim_throttle,
    decide_throttle_direct_reclaim,
    init_scan,
    min_wmark_pages,
    prepare_scan_count,
    psi_memstall_enter,
    psi_memstall_leave,
    shrink_inactive_list__v6_1,
    shrink_node,
    snapshot_refaults,
    throttle_nap,
    zone_reclaimable_pages,
)
from gfplab.kernel.tracepoints import mm_vmscan_direct_reclaim_begin, mm_vmscan_direct_reclaim_end
from gfplab.kernel.types import LRU_INACTIVE_FILE

SWAP_CLUSTER_MAX = 32
DEF_PRIORITY = 12
MAX_RECLAIM_RETRIES = 16


@plain
def init_scan__v6_1(k, gfp_mask, cls, nr_to_reclaim, is_kswapd):
    """Fill the current task's scan_control. Writes: scans."""
    scan = k.scans[k.e[0].cur]
    init_scan(k, gfp_mask, cls, nr_to_reclaim, is_kswapd)
    scan.may_deactivate = 0
    scan.force_deactivate = 0
    scan.skipped_deactivate = 0
    return 0


@kernel
def do_try_to_free_pages__v6_1(k):
    """Shrink the node at rising pressure until enough is freed. Returns pages freed.

    If nothing was, and active lists were spared, once more without sparing them.
    """
    scan = k.scans[k.e[0].cur]
    while True:
        k.vm[0].allocstall += 1
        scan.priority = DEF_PRIORITY
        while scan.priority >= 0:
            scan.nr_scanned = 0
            yield from shrink_node(k)
            if scan.bail:
                return scan.nr_reclaimed
            yield from consider_reclaim_throttle(k)
            if scan.bail or scan.nr_reclaimed >= scan.nr_to_reclaim:
                break
            scan.priority -= 1
        snapshot_refaults(k)
        if scan.nr_reclaimed or scan.bail or scan.skipped_deactivate == 0:
            return scan.nr_reclaimed
        scan.force_deactivate = 1
        scan.skipped_deactivate = 0


@kernel
def light_reclaim__v6_1(k):
    """For PF_LIGHT_RECLAIM, not in Linux: the oldest 32 file pages of the node. Returns pages freed."""
    scan = k.scans[k.e[0].cur]
    prepare_scan_count(k)
    got = yield from shrink_inactive_list__v6_1(k, SWAP_CLUSTER_MAX, LRU_INACTIVE_FILE)
    scan.nr_reclaimed = got
    return got


@kernel
def try_to_free_pages__v6_1(k, gfp_mask, cls):
    """Direct reclaim on behalf of one allocation. Returns pages freed (1 if a throttled task was killed).

    The throttle at its entry counts as memory stall, and the task is PF_MEMALLOC from there on.
    """
    t = k.e[0].cur
    assert gfp_mask & __GFP_DIRECT_RECLAIM  # law 11
    assert k.tasks[t].pf_flags & PF_MEMALLOC == 0  # law 12: reclaim inside reclaim would be without end
    entered = local_clock(k)
    k.tasks[t].pf_flags |= PF_MEMALLOC
    psi_memstall_enter(k, t)
    init_scan__v6_1(k, gfp_mask, cls, SWAP_CLUSTER_MAX, 0)
    got = 1
    killed = yield from throttle_direct_reclaim__v6_1(k, gfp_mask)
    if k.scans[t].bail:
        got = 0
    elif killed == 0:
        burn(k, k.costs[C_DIRECT_RECLAIM])
        trace(k, mm_vmscan_direct_reclaim_begin, gfp_mask, cls, 0, 0)
        if k.scans[t].light:
            got = yield from light_reclaim__v6_1(k)
        else:
            got = yield from do_try_to_free_pages__v6_1(k)
        trace(k, mm_vmscan_direct_reclaim_end, got, 0, 0, 0)
    psi_memstall_leave(k, t)
    k.tasks[t].pf_flags &= ~PF_MEMALLOC
    k.tasks[t].t_direct_reclaim += local_clock(k) - entered
    if killed == 0:
        account_direct_reclaim(k, local_clock(k) - entered, got)
    if over_debt(k):
        yield cond_resched()
    return got


@plain
def pfmemalloc_sums__v6_1(k):
    """Free pages and min marks, boost included, of the zones that have anything to reclaim; none if hopeless.

    Writes: the current task's scan.
    """
    scan = k.scans[k.e[0].cur]
    scan.pfmemalloc_reserve = 0
    scan.pfmemalloc_free = 0
    if k.vm[0].kswapd_failures >= MAX_RECLAIM_RETRIES:
        return 0
    for z in range(1, k.vm[0].nr_zones + 1):
        if zone_reclaimable_pages(k, z) > 0:
            scan.pfmemalloc_reserve += min_wmark_pages(k, z)
            scan.pfmemalloc_free += k.zones[z].free
    return 0


@plain
def allow_direct_reclaim(k):
    """1 while free pages exceed half of the min marks; if not, kswapd must be awake. Writes: scans, kswapd's state."""
    pfmemalloc_sums__v6_1(k)
    scan = k.scans[k.e[0].cur]
    if scan.pfmemalloc_reserve == 0 or scan.pfmemalloc_free > scan.pfmemalloc_reserve // 2:
        return 1
    if waitqueue_active(k, k.vm[0].kswapd_wait):
        wake_up(k, k.vm[0].kswapd_wait)
    return 0


@kernel(inlined=True)
def throttle_direct_reclaim__v6_1(k, gfp_mask):
    """With less than half the min marks free, a user's direct reclaim waits for kswapd first. 1 if killed meanwhile."""
    t = k.e[0].cur
    pfmemalloc_sums__v6_1(k)
    ns = throttle_nap(k, decide_throttle_direct_reclaim(k, 0, t, t))
    if ns == 0:
        return 0
    k.vm[0].pgscan_direct_throttle += 1
    state = TASK_KILLABLE
    if gfp_mask & __GFP_FS == 0:
        state = TASK_INTERRUPTIBLE
    until = local_clock(k) + ns
    while allow_direct_reclaim(k) == 0 and k.tasks[t].killed == 0:
        if ns > 0:
            ns = until - local_clock(k)
            if ns <= 0:
                break
        woken = yield schedule_timeout(k.vm[0].pfmemalloc_wait, ns, state | TASK_WAIT_HEAD)
        if woken == 0:
            break
    return k.tasks[t].killed
