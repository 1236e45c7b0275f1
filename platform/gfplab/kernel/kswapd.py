"""kswapd: woken below the low marks, reclaims until every zone is at its high mark.

Models kswapd(), balance_pgdat() and their helpers of mm/vmscan.c (v4.7: every zone up to the woken class must balance).

Leaves out: several nodes, orders above 0, soft limits of memory cgroups.
"""

from gfplab.engine.requests import TASK_INTERRUPTIBLE, cond_resched, schedule, schedule_timeout
from gfplab.engine.subset import kernel, plain
from gfplab.engine.symbols import burn, jiffies_to_ns_from_now, over_debt, trace, waitqueue_active, wake_up, wake_up_all
from gfplab.kernel.costs import C_DIRECT_RECLAIM, C_WAKEUP_KSWAPD
from gfplab.kernel.gfp import GFP_KERNEL
from gfplab.kernel.symbols import (
    decide_wakeup_kswapd,
    decide_zone_balanced,
    inactive_list_is_low,
    init_scan,
    lowmem_reserve,
    pfmemalloc_watermark_ok,
    psi_memstall_enter,
    psi_memstall_leave,
    shrink_active_list,
    shrink_zone,
    wakeup_kswapd__v6_1,
    zone_reclaimable,
)
from gfplab.kernel.tracepoints import mm_vmscan_kswapd_sleep, mm_vmscan_kswapd_wake, mm_vmscan_wakeup_kswapd
from gfplab.kernel.types import LRU_ACTIVE_ANON, ZONE_CONGESTED, ZONE_DIRTY, ZONE_WRITEBACK

SWAP_CLUSTER_MAX = 32
DEF_PRIORITY = 12
NODE_LRU_ERA = 48


@plain
def zone_balanced(k, z, gap, cls):
    """1 if the zone is at its high mark plus the gap and the lowmem reserve of the class (0: none), or as asked for."""
    zone = k.zones[z]
    zone.balance_mark = zone.wmark_high + gap
    if cls > 0:
        zone.balance_mark += lowmem_reserve(k, z, cls)
    if decide_zone_balanced(k, 0, z):
        return 1
    return 0


@plain
def pgdat_balanced(k, cls):
    """1 if every zone up to the class is balanced or beyond reclaim."""
    for z in range(1, cls + 1):
        if zone_reclaimable(k, z) and zone_balanced(k, z, 0, z) == 0:
            return 0
    return 1


@plain
def wakeup_kswapd(k, cls):
    """Wake kswapd if it sleeps and a zone of the class is short, or as asked for.

    Writes: vm.kswapd_cls, vm.kswapd_balanced, kswapd's state.
    """
    if k.vm[0].kswapd_cls < cls:
        k.vm[0].kswapd_cls = cls
    if waitqueue_active(k, k.vm[0].kswapd_wait) == 0:
        return 0
    z = cls
    while z > 0 and zone_balanced(k, z, 0, 0):
        z -= 1
    k.vm[0].kswapd_balanced = z == 0
    if decide_wakeup_kswapd(k, 0, cls) == 0:
        return 0
    if z == 0:
        z = cls
    burn(k, k.costs[C_WAKEUP_KSWAPD])
    trace(k, mm_vmscan_wakeup_kswapd, z, 0, 0, 0)
    wake_up(k, k.vm[0].kswapd_wait)
    return 1


@plain
def wake_all_kswapds(k, order, cls):
    """One node, one kswapd."""
    if k.vm[0].era >= NODE_LRU_ERA:
        return wakeup_kswapd__v6_1(k, 0, order, cls)
    return wakeup_kswapd(k, cls)


@kernel
def kswapd(k, a0):
    """The thread: try to sleep, balance, for ever."""
    while True:
        yield from kswapd_try_to_sleep(k)
        cls = k.vm[0].kswapd_cls
        if cls == 0:
            cls = k.vm[0].nr_zones
        k.vm[0].kswapd_cls = 0
        trace(k, mm_vmscan_kswapd_wake, cls, 0, 0, 0)
        psi_memstall_enter(k, k.e[0].cur)
        yield from balance_pgdat(k, cls)
        psi_memstall_leave(k, k.e[0].cur)


@plain
def prepare_kswapd_sleep(k):
    """Let throttled direct reclaimers go, then say whether the node is balanced."""
    if waitqueue_active(k, k.vm[0].pfmemalloc_wait):
        wake_up_all(k, k.vm[0].pfmemalloc_wait)
    return pgdat_balanced(k, k.vm[0].nr_zones)


@kernel(inlined=True)
def kswapd_try_to_sleep(k):
    """A 100 ms nap first; only if that passes undisturbed and balanced, sleep until woken."""
    early = 0
    if prepare_kswapd_sleep(k):
        early = yield schedule_timeout(
            k.vm[0].kswapd_wait, jiffies_to_ns_from_now(k, 100_000_000 // k.e[0].jiffy_ns), TASK_INTERRUPTIBLE
        )
        if early == 0 and prepare_kswapd_sleep(k):
            trace(k, mm_vmscan_kswapd_sleep, 0, 0, 0, 0)
            yield schedule(k.vm[0].kswapd_wait, TASK_INTERRUPTIBLE)
            return 0
    if early:
        k.vm[0].kswapd_low_wmark_hit_quickly += 1
    else:
        k.vm[0].kswapd_high_wmark_hit_quickly += 1
    yield cond_resched()
    return 0


@kernel
def balance_pgdat(k, cls):
    """Reclaim at rising priority until all zones up to the class are balanced or priority 0 is reached."""
    t = k.e[0].cur
    init_scan(k, GFP_KERNEL, cls, 0, 1)
    scan = k.scans[t]
    k.vm[0].pageoutrun += 1
    burn(k, k.costs[C_DIRECT_RECLAIM])
    while True:
        raise_priority = 1
        scan.nr_reclaimed = 0
        end_zone = 0
        z = k.vm[0].nr_zones
        while z > 0 and end_zone == 0:
            if scan.priority == DEF_PRIORITY or zone_reclaimable(k, z):
                if inactive_list_is_low(k, k.zones[z].lruvec, 0) and k.swaps[1].nr_slots:
                    yield from shrink_active_list(k, z, SWAP_CLUSTER_MAX, LRU_ACTIVE_ANON)
                if zone_balanced(k, z, 0, 0) == 0:
                    end_zone = z
                else:
                    k.zones[z].flags &= ~(ZONE_CONGESTED | ZONE_DIRTY)
            z -= 1
        if end_zone == 0:
            break
        for y in range(1, end_zone + 1):
            if scan.priority != DEF_PRIORITY and zone_reclaimable(k, y) == 0:
                continue
            scan.nr_scanned = 0
            enough = yield from kswapd_shrink_zone(k, y, end_zone)
            if enough:
                raise_priority = 0
        if waitqueue_active(k, k.vm[0].pfmemalloc_wait) and pfmemalloc_watermark_ok(k):
            wake_up_all(k, k.vm[0].pfmemalloc_wait)
        if raise_priority or scan.nr_reclaimed == 0:
            scan.priority -= 1
        if scan.priority < 1 or pgdat_balanced(k, cls):
            break
        if over_debt(k):
            yield cond_resched()
    return 0


@kernel
def kswapd_shrink_zone(k, z, cls):
    """Shrink one zone by its high mark; 1 if at least that many pages were scanned or it needed nothing."""
    scan = k.scans[k.e[0].cur]
    zone = k.zones[z]
    scan.nr_to_reclaim = max(SWAP_CLUSTER_MAX, zone.wmark_high)
    gap = min(zone.wmark_low, (zone.managed + 99) // 100)
    if zone_balanced(k, z, gap, cls):
        return 1
    yield from shrink_zone(k, z)
    zone.flags &= ~ZONE_WRITEBACK
    if zone_reclaimable(k, z) and zone_balanced(k, z, 0, cls):
        zone.flags &= ~(ZONE_CONGESTED | ZONE_DIRTY)
    if scan.nr_scanned >= scan.nr_to_reclaim:
        return 1
    return 0
