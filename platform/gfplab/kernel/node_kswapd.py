"""kswapd in v6.1: reclaims until some eligible zone is at its high mark, and works off watermark boosts beside that.

Models kswapd(), balance_pgdat(), wakeup_kswapd() and their helpers of mm/vmscan.c (v6.1).  A boost is a promise to free
some more pages so that page types mix less: as long as the marks, boost included, hold, kswapd reclaims for it clean
page cache only, without swap and without writes.  Where the marks do not hold, it forgets the promise for this run.

A request for a block of several pages that fails wakes it for that order, until it has freed twice as many pages.

Leaves out: several nodes, kcompactd, a pass that goes on because compaction lacks pages (should_continue_reclaim()),
soft limits of memory cgroups, the multi-generational LRU.
"""

from gfplab.engine.requests import TASK_INTERRUPTIBLE, cond_resched, schedule, schedule_timeout
from gfplab.engine.subset import kernel, plain
from gfplab.engine.symbols import burn, over_debt, spin_lock, spin_unlock, trace, waitqueue_active, wake_up, wake_up_all
from gfplab.kernel.costs import C_DIRECT_RECLAIM, C_WAKEUP_KSWAPD
from gfplab.kernel.gfp import GFP_KERNEL
from gfplab.kernel.mobility_types import ZONE_RECLAIM_ACTIVE
from gfplab.kernel.node_types import LRUVEC_CONGESTED, PGDAT_DIRTY, PGDAT_WRITEBACK
from gfplab.kernel.symbols import (
    allow_direct_reclaim,
    block_available,
    decide_wakeup_kswapd,
    decide_zone_balanced,
    high_wmark_pages,
    inactive_list_is_low,
    init_scan__v6_1,
    lowmem_reserve,
    psi_memstall_enter,
    psi_memstall_leave,
    shrink_active_list__v6_1,
    shrink_node,
    snapshot_refaults,
    timer_wheel_ns,
)
from gfplab.kernel.tracepoints import mm_vmscan_kswapd_sleep, mm_vmscan_kswapd_wake, mm_vmscan_wakeup_kswapd
from gfplab.kernel.types import LRU_ACTIVE_ANON

SWAP_CLUSTER_MAX = 32
DEF_PRIORITY = 12
MAX_RECLAIM_RETRIES = 16
NODE_LRUVEC = 1
SHORT_SLEEP_NS = 100_000_000


@plain
def pgdat_balanced__v6_1(k, order, cls):
    """1 if any zone that a request of the class may use is at its high mark, boost included, and has such a block."""
    for z in range(1, cls + 1):
        k.zones[z].balance_mark = high_wmark_pages(k, z) + lowmem_reserve(k, z, cls) + (1 << order) - 1
        if decide_zone_balanced(k, 0, z) and block_available(k, z, order):
            return 1
    return 0


@plain
def pgdat_watermark_boosted(k, cls):
    """1 if any eligible zone's marks are boosted."""
    for z in range(1, cls + 1):
        if k.zones[z].boost:
            return 1
    return 0


@plain
def wakeup_kswapd__v6_1(k, gfp_mask, order, cls):
    """Wake kswapd if it sleeps, no eligible zone is at its high mark or one is boosted, and there is hope. 1: woken.

    Or as asked for.  Writes: vm.kswapd_cls, vm.kswapd_order, vm.kswapd_balanced, vm.kswapd_boosted, kswapd's state.
    """
    if k.vm[0].kswapd_cls < cls:
        k.vm[0].kswapd_cls = cls
    if k.vm[0].kswapd_order < order:
        k.vm[0].kswapd_order = order
    if waitqueue_active(k, k.vm[0].kswapd_wait) == 0:
        return 0
    k.vm[0].kswapd_balanced = pgdat_balanced__v6_1(k, order, cls)
    k.vm[0].kswapd_boosted = pgdat_watermark_boosted(k, cls)
    if decide_wakeup_kswapd(k, 0, cls) == 0:
        return 0
    burn(k, k.costs[C_WAKEUP_KSWAPD])
    trace(k, mm_vmscan_wakeup_kswapd, cls, gfp_mask, 0, 0)
    wake_up(k, k.vm[0].kswapd_wait)
    return 1


@plain
def kswapd_highest_zoneidx(k, before):
    """The highest class that somebody woke kswapd for, or what it was before."""
    if k.vm[0].kswapd_cls:
        return k.vm[0].kswapd_cls
    return before


@kernel
def kswapd__v6_1(k, a0):
    """The thread: try to sleep, balance, for ever.

    A run that gave up its order looks before its sleep whether single pages are enough.
    """
    cls = k.vm[0].nr_zones
    reclaim_order = k.vm[0].kswapd_order
    while True:
        cls = kswapd_highest_zoneidx(k, cls)
        yield from kswapd_try_to_sleep__v6_1(k, reclaim_order, cls)
        cls = kswapd_highest_zoneidx(k, cls)
        alloc_order = k.vm[0].kswapd_order
        k.vm[0].kswapd_order = 0
        k.vm[0].kswapd_cls = 0
        trace(k, mm_vmscan_kswapd_wake, cls, alloc_order, 0, 0)
        reclaim_order = yield from balance_pgdat__v6_1(k, alloc_order, cls)
        if reclaim_order >= alloc_order:
            reclaim_order = k.vm[0].kswapd_order


@plain
def prepare_kswapd_sleep__v6_1(k, order, cls):
    """Let throttled direct reclaimers go, then say if the node is balanced, or hopeless. Writes: vm.pgdat_flags."""
    if waitqueue_active(k, k.vm[0].pfmemalloc_wait):
        wake_up_all(k, k.vm[0].pfmemalloc_wait)
    if k.vm[0].kswapd_failures >= MAX_RECLAIM_RETRIES:
        return 1
    if pgdat_balanced__v6_1(k, order, cls):
        k.vm[0].pgdat_flags &= ~(PGDAT_DIRTY | PGDAT_WRITEBACK | LRUVEC_CONGESTED)
        return 1
    return 0


@kernel(inlined=True)
def kswapd_try_to_sleep__v6_1(k, order, cls):
    """A nap of 100 ms first; only if that passes undisturbed and balanced, sleep until woken."""
    early = 0
    if prepare_kswapd_sleep__v6_1(k, order, cls):
        limit = timer_wheel_ns(k, SHORT_SLEEP_NS // k.e[0].jiffy_ns)
        early = yield schedule_timeout(k.vm[0].kswapd_wait, limit, TASK_INTERRUPTIBLE)
        if early:
            k.vm[0].kswapd_cls = kswapd_highest_zoneidx(k, cls)
            k.vm[0].kswapd_order = max(k.vm[0].kswapd_order, order)
    if early == 0 and prepare_kswapd_sleep__v6_1(k, order, cls):
        trace(k, mm_vmscan_kswapd_sleep, 0, 0, 0, 0)
        yield schedule(k.vm[0].kswapd_wait, TASK_INTERRUPTIBLE)
        return 0
    if early:
        k.vm[0].kswapd_low_wmark_hit_quickly += 1
    else:
        k.vm[0].kswapd_high_wmark_hit_quickly += 1
    if over_debt(k):
        yield cond_resched()
    return 0


@plain
def note_boosts(k, cls):
    """Remember how far each zone is boosted as a run begins. Returns the sum. Writes: zones.kswapd_boost."""
    total = 0
    for z in range(1, cls + 1):
        k.zones[z].kswapd_boost = k.zones[z].boost
        total += k.zones[z].boost
    return total


@plain
def settle_boosts(k, cls):
    """The boosts that a run began with are over, whatever it has freed; what came later stays. Writes: zones.boost."""
    for z in range(1, cls + 1):
        zone = k.zones[z]
        if zone.kswapd_boost:
            spin_lock(k, zone.lock)
            zone.boost -= min(zone.boost, zone.kswapd_boost)
            spin_unlock(k, zone.lock)
    return 0


@plain
def set_reclaim_active(k, cls, active):
    """Per-CPU lists of the zones stay short while kswapd works on them. Writes: zones.flags."""
    for z in range(1, cls + 1):
        if active:
            k.zones[z].flags |= ZONE_RECLAIM_ACTIVE
        else:
            k.zones[z].flags &= ~ZONE_RECLAIM_ACTIVE
    return 0


@kernel
def balance_pgdat__v6_1(k, order, cls):
    """Reclaim until an eligible zone is balanced and boosts are worked off, or priority 0 is reached.

    Returns the order that it has reclaimed for to the end.
    """
    t = k.e[0].cur
    scan = k.scans[t]
    psi_memstall_enter(k, t)
    k.vm[0].pageoutrun += 1
    burn(k, k.costs[C_DIRECT_RECLAIM])
    init_scan__v6_1(k, GFP_KERNEL, cls, 0, 1)
    scan.order = order
    nr_boost_reclaim = note_boosts(k, cls)
    boosted = nr_boost_reclaim
    set_reclaim_active(k, cls, 1)
    done = 0
    while scan.priority >= 1:
        before = scan.nr_reclaimed
        raise_priority = 1
        balanced = pgdat_balanced__v6_1(k, scan.order, cls)
        if balanced == 0 and nr_boost_reclaim:
            # first things first: from the start, for the marks alone
            nr_boost_reclaim = 0
            scan.priority = DEF_PRIORITY
            continue
        if balanced and nr_boost_reclaim == 0:
            done = 1
            break
        if nr_boost_reclaim and scan.priority == DEF_PRIORITY - 2:
            raise_priority = 0
        scan.may_writepage = 1
        scan.may_swap = 1
        if nr_boost_reclaim:
            scan.may_writepage = 0
            scan.may_swap = 0
        if k.swaps[1].nr_slots and inactive_list_is_low(k, NODE_LRUVEC, 0):
            yield from shrink_active_list__v6_1(k, SWAP_CLUSTER_MAX, LRU_ACTIVE_ANON)
        if scan.priority < DEF_PRIORITY - 2:
            scan.may_writepage = 1
        scan.nr_scanned = 0
        enough = yield from kswapd_shrink_node(k)
        if enough:
            raise_priority = 0
        if waitqueue_active(k, k.vm[0].pfmemalloc_wait) and allow_direct_reclaim(k):
            wake_up_all(k, k.vm[0].pfmemalloc_wait)
        got = scan.nr_reclaimed - before
        nr_boost_reclaim -= min(nr_boost_reclaim, got)
        if nr_boost_reclaim and got == 0:
            break  # nothing left that needs no I/O
        if raise_priority or got == 0:
            scan.priority -= 1
    if done == 0 and scan.nr_reclaimed == 0:
        k.vm[0].kswapd_failures += 1
    set_reclaim_active(k, cls, 0)
    if boosted:
        settle_boosts(k, cls)
    snapshot_refaults(k)
    psi_memstall_leave(k, t)
    return scan.order


@kernel(inlined=True)
def kswapd_shrink_node(k):
    """One pass whose goal is the sum of the high marks; 1 if it scanned as many pages.

    Twice the pages of the order freed, and only single pages are looked for: more would not make it a block.
    """
    scan = k.scans[k.e[0].cur]
    scan.nr_to_reclaim = 0
    for z in range(1, scan.cls + 1):
        scan.nr_to_reclaim += max(high_wmark_pages(k, z), SWAP_CLUSTER_MAX)
    yield from shrink_node(k)
    if scan.order and scan.nr_reclaimed >= 2 << scan.order:
        scan.order = 0
    if scan.nr_scanned >= scan.nr_to_reclaim:
        return 1
    return 0
