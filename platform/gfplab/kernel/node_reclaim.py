"""Reclaim of a node's lists: batches off the inactive lists, aging of the active ones, and what a pass makes of both.

Models shrink_lruvec(), shrink_inactive_list(), shrink_active_list() and shrink_node() of mm/vmscan.c (v6.1, classic
LRU); node_direct_reclaim.py and node_kswapd.py call it.

Leaves out: memory cgroups (one lruvec), the multi-generational LRU, compaction's share, slab shrinkers, vmpressure,
executable file pages (nothing maps files, so no active page is ever rotated).
"""

from gfplab.engine.requests import cond_resched
from gfplab.engine.subset import kernel, plain
from gfplab.engine.symbols import over_debt, trace
from gfplab.kernel.gfp import PF_LESS_THROTTLE
from gfplab.kernel.node_types import (
    DEACTIVATE_ANON,
    DEACTIVATE_FILE,
    LRUVEC_CONGESTED,
    PGDAT_DIRTY,
    PGDAT_WRITEBACK,
)
from gfplab.kernel.symbols import (
    blk_finish_plug,
    blk_start_plug,
    decide_too_many_isolated,
    get_scan_count__v6_1,
    inactive_list_is_low,
    isolate_lru_folios,
    lru_note_cost,
    move_folios_to_lru,
    page_referenced,
    pass_over_folios,
    prepare_scan_count,
    reclaim_throttle,
    shrink_folio_list,
    throttle_vm_writeout,
    wake_throttle_isolated,
    wakeup_flusher_threads,
)
from gfplab.kernel.tracepoints import mm_vmscan_lru_shrink_active, mm_vmscan_lru_shrink_inactive
from gfplab.kernel.types import (
    LRU_ACTIVE_ANON,
    LRU_ACTIVE_FILE,
    LRU_INACTIVE_ANON,
    LRU_INACTIVE_FILE,
    PAGE_FLAGS_MASK,
    VMSCAN_THROTTLE_CONGESTED,
    VMSCAN_THROTTLE_ISOLATED,
    VMSCAN_THROTTLE_WRITEBACK,
    PG_active,
    PG_workingset,
)

SWAP_CLUSTER_MAX = 32
DEF_PRIORITY = 12
ISOLATE_MAX = 64
NODE_LRUVEC = 1


@kernel
def shrink_lruvec(k):
    """Scan the lists by their targets in batches of 32, age anon if that is due, and ask throttle_vm_writeout()."""
    t = k.e[0].cur
    scan = k.scans[t]
    get_scan_count__v6_1(k)
    ia = scan.scan_ia
    aa = scan.scan_aa
    inf = scan.scan_if
    af = scan.scan_af
    nr_to_reclaim = scan.nr_to_reclaim
    reclaimed = 0
    # a first, gentle pass of direct reclaim works through all its targets
    proportional_reclaim = 0
    if scan.kswapd == 0 and scan.priority == DEF_PRIORITY:
        proportional_reclaim = 1
    blk_start_plug(k)
    while ia or af or inf:
        if ia:
            n = min(ia, SWAP_CLUSTER_MAX)
            ia -= n
            got = yield from shrink_inactive_list__v6_1(k, n, LRU_INACTIVE_ANON)
            reclaimed += got
        if aa:
            n = min(aa, SWAP_CLUSTER_MAX)
            aa -= n
            if scan.may_deactivate & DEACTIVATE_ANON:
                yield from shrink_active_list__v6_1(k, n, LRU_ACTIVE_ANON)
            else:
                scan.skipped_deactivate = 1
        if inf:
            n = min(inf, SWAP_CLUSTER_MAX)
            inf -= n
            got = yield from shrink_inactive_list__v6_1(k, n, LRU_INACTIVE_FILE)
            reclaimed += got
        if af:
            n = min(af, SWAP_CLUSTER_MAX)
            af -= n
            if scan.may_deactivate & DEACTIVATE_FILE:
                yield from shrink_active_list__v6_1(k, n, LRU_ACTIVE_FILE)
            else:
                scan.skipped_deactivate = 1
        if over_debt(k):
            yield cond_resched()
        if scan.bail:
            break
        if reclaimed < nr_to_reclaim or proportional_reclaim:
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
            inf = rest_of_target(k, scan.scan_if, inf, percent)
            af = rest_of_target(k, scan.scan_af, af, percent)
        else:
            percent = nr_file * 100 // (scan.scan_if + scan.scan_af + 1)
            inf = 0
            af = 0
            ia = rest_of_target(k, scan.scan_ia, ia, percent)
            aa = rest_of_target(k, scan.scan_aa, aa, percent)
    blk_finish_plug(k)
    scan.nr_reclaimed += reclaimed
    if scan.bail:
        return 0
    if k.swaps[1].nr_slots and inactive_list_is_low(k, NODE_LRUVEC, 0):
        yield from shrink_active_list__v6_1(k, SWAP_CLUSTER_MAX, LRU_ACTIVE_ANON)
    yield from throttle_vm_writeout(k, scan.gfp_mask)
    return 0


@plain
def rest_of_target(k, target, left, percent):
    """What is still to be scanned of a list when the other type had `percent` of its target left."""
    scanned = target - left
    rest = target * (100 - percent) // 100
    return rest - min(rest, scanned)


@kernel
def shrink_inactive_list__v6_1(k, nr_to_scan, lru):
    """Isolate a batch of an inactive list, reclaim it, put the rest back, count what was met. Returns pages freed."""
    t = k.e[0].cur
    scan = k.scans[t]
    file = 0
    if lru == LRU_INACTIVE_FILE:
        file = 1
    # once only: who still finds too many isolated after its nap goes home with nothing
    scan.file = file
    if too_many_isolated__v6_1(k):
        yield from reclaim_throttle(k, VMSCAN_THROTTLE_ISOLATED)
        if scan.bail:
            return 0
        if k.tasks[t].killed:
            return SWAP_CLUSTER_MAX
        scan.file = file
        if too_many_isolated__v6_1(k):
            return 0
    clear_batch_counts(k)
    freed = 0
    taken = pass_over_folios(k, lru, nr_to_scan)
    if taken:
        count_scanned(k, file, taken)
    else:
        skipped = k.vm[0].pgskip
        taken = isolate_lru_folios(k, lru, nr_to_scan)
        count_scanned(k, file, taken + k.vm[0].pgskip - skipped)
        if taken == 0:
            return 0
        freed = yield from shrink_folio_list(k, taken)
        move_folios_to_lru(k, scan.nr_taken)
        count_stolen(k, file, freed)
    lru_note_cost(k, NODE_LRUVEC, file, scan.nr_pageout)
    if scan.nr_unqueued_dirty == taken:
        wakeup_flusher_threads(k, 0)
    scan.sum_dirty += scan.nr_dirty
    scan.sum_unqueued_dirty += scan.nr_unqueued_dirty
    scan.sum_congested += scan.nr_congested
    scan.sum_writeback += scan.nr_writeback
    scan.sum_immediate += scan.nr_immediate
    scan.sum_taken += taken
    if file:
        scan.sum_file_taken += taken
    trace(k, mm_vmscan_lru_shrink_inactive, 4 + lru, taken, freed, scan.priority)
    return freed


@plain
def clear_batch_counts(k):
    """Nothing is known yet of the pages of a batch. Writes: scans."""
    scan = k.scans[k.e[0].cur]
    scan.nr_dirty = 0
    scan.nr_unqueued_dirty = 0
    scan.nr_congested = 0
    scan.nr_writeback = 0
    scan.nr_immediate = 0
    scan.nr_activate = 0
    scan.nr_pageout = 0
    return 0


@plain
def too_many_isolated__v6_1(k):
    """1 if reclaimers hold too many pages of the type scan.file; if not, those who slept over that are woken."""
    t = k.e[0].cur
    too_many = decide_too_many_isolated(k, NODE_LRUVEC, t, t)
    if too_many == 0:
        wake_throttle_isolated(k)
    return too_many


@plain
def count_scanned(k, file, nr):
    """pgscan_* of /proc/vmstat, passed-over pages included. Writes: vm."""
    vm = k.vm[0]
    if k.scans[k.e[0].cur].kswapd:
        vm.pgscan_kswapd += nr
    else:
        vm.pgscan_direct += nr
    if file:
        vm.pgscan_file += nr
    else:
        vm.pgscan_anon += nr
    return 0


@plain
def count_stolen(k, file, nr):
    """pgsteal_* of /proc/vmstat. Writes: vm."""
    vm = k.vm[0]
    if k.scans[k.e[0].cur].kswapd:
        vm.pgsteal_kswapd += nr
    else:
        vm.pgsteal_direct += nr
    if file:
        vm.pgsteal_file += nr
    else:
        vm.pgsteal_anon += nr
    return 0


@kernel
def shrink_active_list__v6_1(k, nr_to_scan, lru):
    """Move the oldest pages of an active list to the inactive one, touched or not: they belonged to the working set."""
    base = k.e[0].cur * ISOLATE_MAX
    skipped = k.vm[0].pgskip
    n = isolate_lru_folios(k, lru, nr_to_scan)
    k.vm[0].pgrefill += n + k.vm[0].pgskip - skipped
    for i in range(n):
        if over_debt(k):
            yield cond_resched()
        page = k.isolated[base + i]
        page_referenced(k, page)
        k.page_flags[page] = k.page_flags[page] & ~PG_active & PAGE_FLAGS_MASK | PG_workingset
    moved = move_folios_to_lru(k, n)
    k.vm[0].pgdeactivate += moved
    trace(k, mm_vmscan_lru_shrink_active, 4 + lru, n, moved, k.scans[k.e[0].cur].priority)
    return 0


@plain
def current_may_throttle(k):
    """0 for tasks that clean what others dirty (PF_LOCAL_THROTTLE, the bit that was PF_LESS_THROTTLE)."""
    if k.tasks[k.e[0].cur].pf_flags & PF_LESS_THROTTLE:
        return 0
    return 1


@kernel
def shrink_node(k):
    """One pass over the node at the scan's priority, then what it says about the node: flags, and who has to wait."""
    scan = k.scans[k.e[0].cur]
    scan.sum_dirty = 0
    scan.sum_unqueued_dirty = 0
    scan.sum_congested = 0
    scan.sum_writeback = 0
    scan.sum_immediate = 0
    scan.sum_taken = 0
    scan.sum_file_taken = 0
    before = scan.nr_reclaimed
    prepare_scan_count(k)
    yield from shrink_lruvec(k)
    if scan.kswapd:
        if scan.sum_writeback and scan.sum_writeback == scan.sum_taken:
            k.vm[0].pgdat_flags |= PGDAT_WRITEBACK
        if scan.sum_unqueued_dirty == scan.sum_file_taken:
            k.vm[0].pgdat_flags |= PGDAT_DIRTY
        if scan.sum_immediate:
            yield from reclaim_throttle(k, VMSCAN_THROTTLE_WRITEBACK)
        if scan.sum_dirty and scan.sum_dirty == scan.sum_congested:
            k.vm[0].pgdat_flags |= LRUVEC_CONGESTED
    elif k.vm[0].pgdat_flags & LRUVEC_CONGESTED and scan.bail == 0 and current_may_throttle(k):
        yield from reclaim_throttle(k, VMSCAN_THROTTLE_CONGESTED)
    if scan.nr_reclaimed > before:
        k.vm[0].kswapd_failures = 0
    return 0
