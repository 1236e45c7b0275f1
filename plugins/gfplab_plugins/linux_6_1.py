"""The stock kernel of the long-term series 6.1: what Linux v6.1.192 answers at every decision point.

Six years after the debate.  The program of mempool_alloc() is the one of 2016, to the letter.  What has changed is all
around it: no throttle_vm_writeout() (v4.9), reclaim_throttle() instead of naps for congestion (v5.16), which spares
every kernel thread but kswapd, and a limit of swap bios in a dm device that their submitters wait for (v5.12).
"""

from gfplab import ALLOC, FAIL, RESERVE, WAIT, hookimpl
from gfplab.kernel.answers import (
    PAGE_ACTIVATE,
    PAGE_KEEP,
    PAGE_PAGEOUT,
    PAGE_SOON,
    PAGEREF_ACTIVATE,
    PAGEREF_KEEP,
    PAGEREF_RECLAIM_CLEAN,
    SLOWPATH_OOM,
    SLOWPATH_RETRY,
    WQ_HOLD,
    WQ_NO_WORKER,
    WQ_RESCUE,
    WQ_RUN,
)
from gfplab.kernel.gfp import (
    __GFP_DIRECT_RECLAIM,
    __GFP_FS,
    __GFP_HIGH,
    __GFP_IO,
    __GFP_MEMALLOC,
    __GFP_NOMEMALLOC,
    ALLOC_MIN_RESERVE,
    ALLOC_NO_WATERMARKS,
    ALLOC_NON_BLOCK,
    ALLOC_OOM,
    ALLOC_WMARK_MIN,
    PF_KTHREAD,
    PF_MEMALLOC,
    TIF_MEMDIE,
)
from gfplab.kernel.node_types import PGDAT_DIRTY
from gfplab.kernel.steps import STEP_ALLOC, STEP_RESERVE
from gfplab.kernel.types import (
    VMSCAN_THROTTLE_ISOLATED,
    VMSCAN_THROTTLE_WRITEBACK,
    PG_anon,
    PG_dirty,
    PG_reclaim,
    PG_writeback,
)
from gfplab.units import MSEC, SEC

SCAN_FILE, SCAN_ANON, SCAN_EQUAL = 0, 65536, -1
MAX_RECLAIM_RETRIES = 16


@hookimpl
def mempool_step(call):
    if call.last == STEP_ALLOC:
        return RESERVE
    if call.last == STEP_RESERVE:
        if call.attempts == 1 and call.optimistic != call.full:
            return ALLOC(call.full)  # at once, without sleeping: this attempt may reclaim
        if not call.may_sleep:
            return FAIL
        return WAIT(5 * SEC)
    if call.last == 0:
        return ALLOC(call.optimistic)
    return ALLOC(call.full)  # woken: reclaim first, the element that woke us second


@hookimpl
def mempool_free(pool):
    return pool.curr_nr < pool.min_nr


@hookimpl
def mempool_magazine():
    return 0


@hookimpl
def gfp_to_alloc_flags(task, request):
    """ALLOC_NON_BLOCK alone opens nothing: it counts on top of ALLOC_MIN_RESERVE only."""
    flags = ALLOC_WMARK_MIN
    if request.gfp_mask & __GFP_HIGH:
        flags |= ALLOC_MIN_RESERVE
    if request.gfp_mask & __GFP_NOMEMALLOC:
        return flags
    if not request.gfp_mask & __GFP_DIRECT_RECLAIM:
        flags |= ALLOC_NON_BLOCK
    if request.gfp_mask & __GFP_MEMALLOC:
        flags |= ALLOC_NO_WATERMARKS
    elif not request.in_irq and task.pf_flags & PF_MEMALLOC:
        flags |= ALLOC_NO_WATERMARKS
    elif not request.in_irq and task.pf_flags & TIF_MEMDIE:
        flags |= ALLOC_OOM  # no longer everything: half of the mark
    return flags


@hookimpl
def get_scan_count(lruvec, scan):
    if not scan.may_swap or scan.vm_swap_pages <= 0:
        return SCAN_FILE
    if scan.priority == 0 and scan.swappiness:
        return SCAN_EQUAL
    if scan.file_is_tiny:
        return SCAN_ANON
    if scan.cache_trim_mode:
        return SCAN_FILE
    # neither type's cost counts for less than a third of both: a bad guess must not starve one of them for ever
    both = lruvec.anon_cost + lruvec.file_cost
    anon_cost = both + lruvec.anon_cost
    file_cost = both + lruvec.file_cost
    anon_share = scan.swappiness * (anon_cost + file_cost + 1) // (anon_cost + 1)
    file_share = (200 - scan.swappiness) * (anon_cost + file_cost + 1) // (file_cost + 1)
    all_shares = anon_share + file_share
    return (65536 * anon_share + all_shares // 2) // all_shares


@hookimpl
def too_many_isolated(lruvec, scan):
    if scan.kswapd:
        return 0
    inactive = lruvec.nr_inactive_file if scan.file else lruvec.nr_inactive_anon
    isolated = lruvec.isolated_file if scan.file else lruvec.isolated_anon
    if scan.gfp_mask & __GFP_IO and scan.gfp_mask & __GFP_FS:
        inactive >>= 3  # so that callers without them never queue behind these
    return isolated > inactive


@hookimpl
def throttle_direct_reclaim(task, scan):
    if task.pf_flags & PF_KTHREAD or task.killed or scan.pfmemalloc_reserve == 0:
        return 0
    if scan.pfmemalloc_free > scan.pfmemalloc_reserve // 2:
        return 0
    if not scan.gfp_mask & __GFP_FS:
        return 1 * SEC  # it may hold locks of the filesystem that kswapd needs
    return -1


@hookimpl
def throttle_vm_writeout():
    return 0  # gone since v4.9


@hookimpl
def wait_iff_congested():
    return 0  # gone since v5.16, and device congestion with it


@hookimpl
def reclaim_throttle(task, scan):
    if task.pf_flags & PF_KTHREAD and not scan.kswapd:
        return 0
    if scan.reason == VMSCAN_THROTTLE_WRITEBACK:
        return 100 * MSEC
    if scan.reason == VMSCAN_THROTTLE_ISOLATED:
        return 20 * MSEC
    return scan.jiffy_ns


@hookimpl
def inflight_gate(crypt):
    return crypt.swap_bios == 0 or crypt.swap_bios_out < crypt.swap_bios


@hookimpl
def shrink_page_list(vm, scan, page):
    if page.flags & PG_writeback or page.references == PAGEREF_ACTIVATE:
        return PAGE_ACTIVATE  # out of the way; the end of its write fetches it back
    if page.references == PAGEREF_KEEP:
        return PAGE_KEEP
    if page.flags & PG_dirty and not page.flags & PG_anon:
        if not scan.kswapd or not page.flags & PG_reclaim or not vm.pgdat_flags & PGDAT_DIRTY:
            return PAGE_ACTIVATE | PAGE_SOON
        if page.references == PAGEREF_RECLAIM_CLEAN:
            return PAGE_KEEP
    return PAGE_PAGEOUT


@hookimpl
def wakeup_kswapd(vm):
    if vm.kswapd_failures >= MAX_RECLAIM_RETRIES:
        return 0  # hopeless, until a direct reclaimer gets somewhere
    return vm.kswapd_boosted or not vm.kswapd_balanced


@hookimpl
def zone_balanced(zone):
    return zone.free > zone.balance_mark


@hookimpl
def balance_dirty_pages(dtc):
    if dtc.freerun or dtc.pause < dtc.min_pause:
        return 0
    return min(dtc.pause, dtc.max_pause)


@hookimpl
def should_reclaim_retry(request):
    if request.loops > MAX_RECLAIM_RETRIES or not request.may_pass:
        return SLOWPATH_OOM
    return SLOWPATH_RETRY


@hookimpl
def setup_per_zone_wmarks(vm, zone):
    return max(zone.wmark_min // 4, zone.managed * vm.watermark_scale_factor // 10000)


@hookimpl
def zone_batchsize(zone):
    batch = max(min(zone.managed // 1024, 256) // 4, 1)
    batch += batch // 2
    size = 1
    while 2 * size <= batch:
        size *= 2
    return max(size - 1, 1)


@hookimpl
def zone_highsize(vm, zone, pcp):
    return max(zone.wmark_low // vm.nr_cpus, 4 * pcp.batch)


@hookimpl
def wq_dispatch(wq):
    if wq.reason == WQ_NO_WORKER:
        return WQ_RESCUE
    return WQ_RUN if wq.nr_active < wq.max_active else WQ_HOLD
