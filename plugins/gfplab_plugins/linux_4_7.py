"""The stock kernel: what Linux v4.7.y answers at every decision point.

The kernel of July 2016 without the mempool change of v4.6 (it was reverted in v4.8-rc1 and in v4.7.y): mempool_alloc()
tries the allocator without reclaim, then its reserve, then the allocator with reclaim, and only then sleeps; a
reclaimer that finds more pages under writeback than 1.1 dirty limits naps 100 ms in throttle_vm_writeout().
"""

from gfplab import ALLOC, FAIL, RESERVE, WAIT, hookimpl
from gfplab.kernel.answers import (
    PAGE_ACTIVATE,
    PAGE_KEEP,
    PAGE_PAGEOUT,
    PAGE_SOON,
    PAGEREF_ACTIVATE,
    PAGEREF_RECLAIM_CLEAN,
    SLOWPATH_OOM,
    SLOWPATH_RETRY,
    WQ_HOLD,
    WQ_NO_WORKER,
    WQ_RESCUE,
    WQ_RUN,
)
from gfplab.kernel.gfp import (
    __GFP_ATOMIC,
    __GFP_FS,
    __GFP_HIGH,
    __GFP_IO,
    __GFP_MEMALLOC,
    __GFP_NOMEMALLOC,
    ALLOC_HARDER,
    ALLOC_HIGH,
    ALLOC_NO_WATERMARKS,
    ALLOC_WMARK_MIN,
    PF_KTHREAD,
    PF_LESS_THROTTLE,
    PF_MEMALLOC,
    TIF_MEMDIE,
)
from gfplab.kernel.steps import STEP_ALLOC, STEP_RESERVE
from gfplab.kernel.types import ZONE_CONGESTED, ZONE_DIRTY, PG_anon, PG_dirty, PG_writeback
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
    flags = ALLOC_WMARK_MIN
    if request.gfp_mask & __GFP_HIGH:
        flags |= ALLOC_HIGH
    if request.gfp_mask & __GFP_NOMEMALLOC:
        return flags
    if request.gfp_mask & __GFP_ATOMIC:
        flags |= ALLOC_HARDER
    if request.gfp_mask & __GFP_MEMALLOC:
        flags |= ALLOC_NO_WATERMARKS
    elif not request.in_irq and task.pf_flags & (PF_MEMALLOC | TIF_MEMDIE):
        flags |= ALLOC_NO_WATERMARKS
    return flags


def inactive_list_is_low(inactive, active):
    """True while the inactive list is shorter than active / sqrt(10 * GiB of both)."""
    gigabytes = (inactive + active) >> 18
    ratio = 1
    while (ratio + 1) * (ratio + 1) <= 10 * gigabytes:
        ratio += 1
    return inactive * ratio < active


@hookimpl
def get_scan_count(zone, lruvec, scan):
    if not scan.may_swap or scan.vm_swap_pages <= 0:
        return SCAN_FILE
    if scan.priority == 0 and scan.swappiness:
        return SCAN_EQUAL
    file = lruvec.nr_active_file + lruvec.nr_inactive_file
    if zone.free + file <= zone.wmark_high:
        return SCAN_ANON
    if lruvec.nr_inactive_file >> scan.priority and not inactive_list_is_low(
        lruvec.nr_inactive_file, lruvec.nr_active_file
    ):
        return SCAN_FILE
    anon_share = scan.swappiness * (lruvec.scanned_anon + 1) // (lruvec.rotated_anon + 1)
    file_share = (200 - scan.swappiness) * (lruvec.scanned_file + 1) // (lruvec.rotated_file + 1)
    return 65536 * anon_share // (anon_share + file_share + 1)


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
def throttle_vm_writeout(vm, scan):
    return 100 * MSEC if vm.nr_writeback + vm.nr_unstable > scan.limit else 0


@hookimpl
def wait_iff_congested(vm, zone, task, scan):
    if task.pf_flags & PF_LESS_THROTTLE and task.bdi and not scan.bdi_congested:
        return 0
    if scan.point == 3:
        return 100 * MSEC if scan.nr_immediate else 0
    return 100 * MSEC if zone.flags & ZONE_CONGESTED and vm.nr_bdi_congested else 0


@hookimpl
def reclaim_throttle():
    return 0  # not asked before v5.16


@hookimpl
def inflight_gate(crypt):
    return crypt.swap_bios == 0 or crypt.swap_bios_out < crypt.swap_bios  # no limit before v5.12, unless one is set


@hookimpl
def shrink_page_list(zone, scan, page):
    if page.flags & PG_writeback:
        return PAGE_KEEP
    if page.references == PAGEREF_ACTIVATE:
        return PAGE_ACTIVATE
    if page.flags & PG_dirty and not page.flags & PG_anon:
        if not scan.kswapd or not zone.flags & ZONE_DIRTY:
            return PAGE_KEEP | PAGE_SOON  # file pages are the flushers' until kswapd meets nothing else
        if page.references == PAGEREF_RECLAIM_CLEAN:
            return PAGE_KEEP
    return PAGE_PAGEOUT


@hookimpl
def wakeup_kswapd(vm):
    return not vm.kswapd_balanced


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
    if request.reclaimed == 0 and request.congested:
        return 100 * MSEC
    return SLOWPATH_RETRY


@hookimpl
def setup_per_zone_wmarks(vm, zone):
    return max(zone.wmark_min // 4, zone.managed * vm.watermark_scale_factor // 10000)


@hookimpl
def zone_batchsize(zone):
    batch = max(min(zone.managed // 1024, 128) // 4, 1)
    batch += batch // 2
    size = 1
    while 2 * size <= batch:
        size *= 2
    return size - 1


@hookimpl
def zone_highsize(pcp):
    return 6 * pcp.batch


@hookimpl
def wq_dispatch(wq):
    if wq.reason == WQ_NO_WORKER:
        return WQ_RESCUE
    return WQ_RUN if wq.nr_active < wq.max_active else WQ_HOLD
