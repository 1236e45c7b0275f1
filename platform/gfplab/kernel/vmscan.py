"""Reclaim of one zone's lists: scan balance, batches, and the throttles between them.

Models the first half of mm/vmscan.c (v4.7, per-zone lists); direct_reclaim.py and kswapd.py call it.

Leaves out: memory cgroups (one lruvec a zone), compaction's share, slab shrinkers, vmpressure.
"""

from gfplab.engine.requests import cond_resched
from gfplab.engine.subset import kernel, plain
from gfplab.engine.symbols import burn, over_debt, trace
from gfplab.kernel.costs import C_ISOLATE_PAGE
from gfplab.kernel.symbols import (
    bdi_congested,
    blk_finish_plug,
    blk_start_plug,
    congestion_wait,
    decide_get_scan_count,
    decide_too_many_isolated,
    decide_wait_iff_congested,
    inactive_list_is_low,
    isolate_oldest,
    page_referenced,
    pass_over_pages,
    putback_lru_pages,
    shrink_page_list,
    throttle_nap,
    throttle_vm_writeout,
    wait_iff_congested,
    zone_reclaimable_pages__v6_1,
)
from gfplab.kernel.tracepoints import mm_vmscan_lru_shrink_inactive
from gfplab.kernel.types import (
    DEV_DISK,
    LRU_ACTIVE_ANON,
    LRU_ACTIVE_FILE,
    LRU_INACTIVE_ANON,
    LRU_INACTIVE_FILE,
    PAGE_FLAGS_MASK,
    ZONE_CONGESTED,
    ZONE_DIRTY,
    ZONE_WRITEBACK,
    PG_active,
)

SWAP_CLUSTER_MAX = 32
DEF_PRIORITY = 12
ISOLATE_MAX = 64
NODE_LRU_ERA = 48
CONGESTION_NS = 100_000_000
SCAN_ONE = 65536
T3_NR_IMMEDIATE = 3
T4_CONGESTED = 4


@plain
def zone_reclaimable_pages(k, z):
    """Pages of the zone that reclaim could ever free: file pages, and anonymous ones while swap has room."""
    if k.vm[0].era >= NODE_LRU_ERA:
        return zone_reclaimable_pages__v6_1(k, z)
    lruvec = k.lruvecs[k.zones[z].lruvec]
    nr = lruvec.nr_active_file + lruvec.nr_inactive_file + lruvec.isolated_file
    if k.vm[0].nr_swap_pages > 0:
        nr += lruvec.nr_active_anon + lruvec.nr_inactive_anon + lruvec.isolated_anon
    return nr


@plain
def zone_reclaimable(k, z):
    """0 once six times the reclaimable pages were scanned since a page was last freed."""
    if k.zones[z].pages_scanned < zone_reclaimable_pages(k, z) * 6:
        return 1
    return 0


@plain
def get_scan_count(k, z):
    """Fill the scan's four targets for the zone's lists at this priority. Writes: scans, lruvecs (aged counts)."""
    t = k.e[0].cur
    scan = k.scans[t]
    lv = k.zones[z].lruvec
    lruvec = k.lruvecs[lv]
    scan.vm_swap_pages = k.vm[0].nr_swap_pages
    anon = lruvec.nr_active_anon + lruvec.nr_inactive_anon
    file = lruvec.nr_active_file + lruvec.nr_inactive_file
    if lruvec.scanned_anon > anon // 4:
        lruvec.scanned_anon //= 2
        lruvec.rotated_anon //= 2
    if lruvec.scanned_file > file // 4:
        lruvec.scanned_file //= 2
        lruvec.rotated_file //= 2
    share = decide_get_scan_count(k, 0, z, lv, t)
    pa = share
    pf = SCAN_ONE - share
    if share < 0:  # SCAN_EQUAL: every list in full
        pa = SCAN_ONE
        pf = SCAN_ONE
    scan.scan_ia = scan_target(k, z, lruvec.nr_inactive_anon, scan.priority, pa)
    scan.scan_aa = scan_target(k, z, lruvec.nr_active_anon, scan.priority, pa)
    scan.scan_if = scan_target(k, z, lruvec.nr_inactive_file, scan.priority, pf)
    scan.scan_af = scan_target(k, z, lruvec.nr_active_file, scan.priority, pf)
    return 0


@plain
def scan_target(k, z, size, priority, share):
    """Pages of one list to scan: size >> priority, times its share; kswapd forces a batch in an unreclaimable zone."""
    target = size >> priority
    if target == 0 and k.scans[k.e[0].cur].kswapd and zone_reclaimable(k, z) == 0:
        target = min(size, SWAP_CLUSTER_MAX)
    return target * share // SCAN_ONE


@plain
def isolate_lru_pages(k, z, lru, nr):
    """Take up to nr of the oldest pages of a zone's list into this task's hands; returns how many."""
    n = isolate_oldest(k, z, lru, min(nr, k.lrus[k.zones[z].lruvec * 4 + lru].nr))
    burn(k, n * k.costs[C_ISOLATE_PAGE])
    return n


@kernel
def shrink_zone_memcg(k, z):
    """Scan the zone's lists by their targets in batches of 32, then age anon, then throttle_vm_writeout()."""
    t = k.e[0].cur
    scan = k.scans[t]
    get_scan_count(k, z)
    ia = scan.scan_ia
    aa = scan.scan_aa
    inf = scan.scan_if
    af = scan.scan_af
    nr_to_reclaim = scan.nr_to_reclaim
    reclaimed = 0
    # a first, gentle pass of global direct reclaim works through all its targets
    adjusted = 0
    if scan.kswapd == 0 and scan.priority == DEF_PRIORITY:
        adjusted = 1
    blk_start_plug(k)
    while ia or af or inf:
        if ia:
            n = min(ia, SWAP_CLUSTER_MAX)
            ia -= n
            got = yield from shrink_inactive_list(k, z, n, LRU_INACTIVE_ANON)
            reclaimed += got
        if aa:
            n = min(aa, SWAP_CLUSTER_MAX)
            aa -= n
            if inactive_list_is_low(k, k.zones[z].lruvec, 0):
                yield from shrink_active_list(k, z, n, LRU_ACTIVE_ANON)
        if inf:
            n = min(inf, SWAP_CLUSTER_MAX)
            inf -= n
            got = yield from shrink_inactive_list(k, z, n, LRU_INACTIVE_FILE)
            reclaimed += got
        if af:
            n = min(af, SWAP_CLUSTER_MAX)
            af -= n
            if inactive_list_is_low(k, k.zones[z].lruvec, 1):
                yield from shrink_active_list(k, z, n, LRU_ACTIVE_FILE)
        if scan.bail:
            break
        if reclaimed < nr_to_reclaim or adjusted:
            continue
        # enough: drop the smaller type, scan the larger one only as far as the smaller was
        nr_file = inf + af
        nr_anon = ia + aa
        if nr_file == 0 or nr_anon == 0:
            break
        if nr_file > nr_anon:
            percent = nr_anon * 100 // (scan.scan_ia + scan.scan_aa + 1)
            ia = 0
            aa = 0
            done = scan.scan_if - inf
            inf = scan.scan_if * (100 - percent) // 100
            inf -= min(inf, done)
            done = scan.scan_af - af
            af = scan.scan_af * (100 - percent) // 100
            af -= min(af, done)
        else:
            percent = nr_file * 100 // (scan.scan_if + scan.scan_af + 1)
            inf = 0
            af = 0
            done = scan.scan_ia - ia
            ia = scan.scan_ia * (100 - percent) // 100
            ia -= min(ia, done)
            done = scan.scan_aa - aa
            aa = scan.scan_aa * (100 - percent) // 100
            aa -= min(aa, done)
        adjusted = 1
    blk_finish_plug(k)
    scan.nr_reclaimed += reclaimed
    if scan.bail:
        return 0
    if k.swaps[1].nr_slots and inactive_list_is_low(k, k.zones[z].lruvec, 0):
        yield from shrink_active_list(k, z, SWAP_CLUSTER_MAX, LRU_ACTIVE_ANON)
    yield from throttle_vm_writeout(k, scan.gfp_mask)
    return 0


@kernel
def shrink_zone(k, z):
    """Reclaim from one zone at the scan's priority."""
    yield from shrink_zone_memcg(k, z)
    return 0


@kernel
def shrink_inactive_list(k, z, nr_to_scan, lru):
    """Isolate a batch of an inactive list, reclaim it, put the rest back, throttle by what was met. Returns pages."""
    t = k.e[0].cur
    scan = k.scans[t]
    lv = k.zones[z].lruvec
    file = 0
    if lru == LRU_INACTIVE_FILE:
        file = 1
    killed = yield from too_many_isolated(k, lv, file)
    if killed:
        return SWAP_CLUSTER_MAX
    if scan.bail:
        return 0
    passed = pass_over_pages(k, z, lru, nr_to_scan)
    taken = passed
    if passed == 0:
        taken = isolate_lru_pages(k, z, lru, nr_to_scan)
    lruvec = k.lruvecs[lv]
    k.zones[z].pages_scanned += taken
    if scan.kswapd:
        k.vm[0].pgscan_kswapd += taken
    else:
        k.vm[0].pgscan_direct += taken
    if file:
        lruvec.scanned_file += taken
    else:
        lruvec.scanned_anon += taken
    if taken == 0:
        return 0
    freed = 0
    if passed == 0:
        freed = yield from shrink_page_list(k, z, taken, 0)
        if scan.kswapd:
            k.vm[0].pgsteal_kswapd += freed
        else:
            k.vm[0].pgsteal_direct += freed
        putback_lru_pages(k, z, scan.nr_taken)
    trace(k, mm_vmscan_lru_shrink_inactive, z * 4 + lru, taken, freed, scan.priority)
    zone = k.zones[z]
    if scan.nr_writeback and scan.nr_writeback == taken:
        zone.flags |= ZONE_WRITEBACK
    if scan.nr_dirty and scan.nr_dirty == scan.nr_congested:
        zone.flags |= ZONE_CONGESTED
    if scan.nr_unqueued_dirty == taken:
        zone.flags |= ZONE_DIRTY
    scan.bdi_congested = 0
    if k.tasks[t].bdi:
        scan.bdi_congested = bdi_congested(k, DEV_DISK, k.tasks[t].bdi)
    if scan.nr_immediate:
        scan.point = T3_NR_IMMEDIATE
        ns = throttle_nap(k, decide_wait_iff_congested(k, 0, z, t, t))
        if ns > 0:
            yield from congestion_wait(k, ns)
    if scan.kswapd == 0:
        scan.point = T4_CONGESTED
        ns = throttle_nap(k, decide_wait_iff_congested(k, 0, z, t, t))
        if ns > 0:
            yield from wait_iff_congested(k, z, ns)
        elif over_debt(k):
            yield cond_resched()
    return freed


@kernel(inlined=True)
def too_many_isolated(k, lv, file):
    """T2: sleep 100 ms at a time while reclaimers hold too many pages of this type. 1 if the task was killed."""
    t = k.e[0].cur
    k.scans[t].file = file
    while decide_too_many_isolated(k, lv, t, t):
        ns = throttle_nap(k, CONGESTION_NS)
        if ns == 0:
            break
        yield from congestion_wait(k, ns)
        k.scans[t].file = file
        if k.tasks[t].killed:
            return 1
    return 0


@kernel
def shrink_active_list(k, z, nr_to_scan, lru):
    """Move the oldest pages of an active list to the inactive one; touched pages count as rotated all the same."""
    t = k.e[0].cur
    lv = k.zones[z].lruvec
    n = isolate_lru_pages(k, z, lru, nr_to_scan)
    k.zones[z].pages_scanned += n
    lruvec = k.lruvecs[lv]
    rotated = 0
    base = t * ISOLATE_MAX
    for i in range(n):
        page = k.isolated[base + i]
        rotated += page_referenced(k, page)
        k.page_flags[page] &= ~PG_active & PAGE_FLAGS_MASK
    putback_lru_pages(k, z, n)
    k.vm[0].pgrefill += n
    k.vm[0].pgdeactivate += n
    if lru == LRU_ACTIVE_FILE:
        lruvec.scanned_file += n
        lruvec.rotated_file += rotated
    else:
        lruvec.scanned_anon += n
        lruvec.rotated_anon += rotated
    if over_debt(k):
        yield cond_resched()
    return 0
