"""Dirty memory: how much there may be, and the bookkeeping of pages that become dirty, are written and are clean again.

Models mm/page-writeback.c (v4.7): dirtyable memory, thresholds, zone limits, page states.  The speed at which writers
may go on is in wb_domain.py and dirty_throttle.py.

Leaves out: dirty_bytes, highmem, NFS pages unstable on a server, memory cgroups' own domains, real-time tasks,
radix-tree tags.
"""

from gfplab.engine.subset import plain
from gfplab.kernel.gfp import PF_LESS_THROTTLE
from gfplab.kernel.symbols import (
    __acct_reclaim_writeback,
    __mark_inode_dirty,
    rotate_reclaimable_page,
    wake_up_page,
    wb_inode_writeback_end,
    wb_writeout_inc,
)
from gfplab.kernel.types import PAGE_FLAGS_MASK, PAGE_SIZE, PG_anon, PG_dirty, PG_reclaim, PG_writeback

ESTIMATE_ERA = 61  # devices are measured while they write
LOCAL_THROTTLE_ERA = 58  # from then on the flag that was PF_LESS_THROTTLE leaves the global thresholds alone


@plain
def global_dirtyable_memory(k):
    """Pages that page cache could use: what is free beyond the reserve, and all file pages. Never 0. Writes: vm."""
    vm = k.vm[0]
    file = 0
    for i in range(1, len(k.lruvecs)):
        file += k.lruvecs[i].nr_inactive_file + k.lruvecs[i].nr_active_file
    vm.nr_file_dirtyable = file
    return vm.nr_free - min(vm.nr_free, vm.totalreserve) + file + 1


@plain
def dirty_boost(k, pages, pf_flags):
    """What PF_LESS_THROTTLE adds to a threshold, so that who cleans pages is not stopped by those who dirty them."""
    if k.vm[0].era < LOCAL_THROTTLE_ERA and pf_flags & PF_LESS_THROTTLE:
        return pages // 4 + k.vm[0].dirty_limit // 32
    return 0


@plain
def domain_dirty_thresh(k, avail, pf_flags):
    """Dirty pages at which a task with these flags is held back hard, of `avail` dirtyable ones."""
    # the ratio is taken in parts of a page first, as Linux does: 20 % is 819/4096
    thresh = k.vm[0].dirty_ratio * PAGE_SIZE // 100 * avail // PAGE_SIZE
    return thresh + dirty_boost(k, thresh, pf_flags)


@plain
def domain_dirty_bg_thresh(k, avail, pf_flags):
    """Dirty pages at which the flushers start."""
    thresh = k.vm[0].dirty_ratio * PAGE_SIZE // 100 * avail // PAGE_SIZE
    background = k.vm[0].dirty_background_ratio * PAGE_SIZE // 100 * avail // PAGE_SIZE
    if background >= thresh:
        background = thresh // 2
    return background + dirty_boost(k, background, pf_flags)


@plain
def global_dirty_limits(k):
    """Compute both thresholds as the current task sees them; returns the dirty threshold. Writes: vm."""
    vm = k.vm[0]
    avail = global_dirtyable_memory(k)
    pf_flags = k.tasks[k.e[0].cur].pf_flags
    vm.dirty_thresh = domain_dirty_thresh(k, avail, pf_flags)
    vm.dirty_bg_thresh = domain_dirty_bg_thresh(k, avail, pf_flags)
    return vm.dirty_thresh


@plain
def hard_dirty_limit(k, thresh):
    """The larger of a threshold and the limit that follows it down slowly."""
    return max(thresh, k.vm[0].dirty_limit)


@plain
def dirty_freerun_ceiling(k, thresh, bg_thresh):
    """Up to here nobody who dirties pages is made to wait."""
    return (thresh + bg_thresh) // 2


@plain
def writeout_limit(k):
    """Pages under writeback above which throttle_vm_writeout() naps: a tenth above the hard limit.

    The threshold counts free and file pages only, while pages written to swap count as under writeback: a machine full
    of anonymous memory has next to no limit left.
    """
    limit = hard_dirty_limit(k, global_dirty_limits(k))
    return limit + limit // 10


@plain
def zone_totalreserve(k, z):
    """Pages of a zone that are nobody's to dirty: its high mark and what it keeps back from higher classes."""
    zone = k.zones[z]
    reserve = max(max(zone.reserve_1, zone.reserve_2), max(zone.reserve_3, zone.reserve_4))
    return min(zone.managed, reserve + zone.wmark_high)


@plain
def zone_dirty_limit(k, z):
    """Dirty pages that a zone may hold before allocations for writing look elsewhere."""
    zone = k.zones[z]
    lruvec = k.lruvecs[zone.lruvec]
    dirtyable = zone.free - min(zone.free, zone_totalreserve(k, z)) + lruvec.nr_inactive_file + lruvec.nr_active_file
    limit = k.vm[0].dirty_ratio * dirtyable // 100
    if k.vm[0].era < LOCAL_THROTTLE_ERA and k.tasks[k.e[0].cur].pf_flags & PF_LESS_THROTTLE:
        limit += limit // 4
    return limit


@plain
def zone_dirty_ok(k, z):
    """1 while the zone is within its share of the dirty limit: asked for each allocation with __GFP_WRITE."""
    return k.zones[z].nr_dirty + k.zones[z].nr_writeback <= zone_dirty_limit(k, z)


@plain
def node_dirty_ok(k):
    """The same of v6.1, where the node is looked at and not the zone: 1 while it is within its dirty limit."""
    vm = k.vm[0]
    dirtyable = vm.nr_free - min(vm.nr_free, vm.totalreserve)
    for lv in range(1, len(k.lruvecs)):
        dirtyable += k.lruvecs[lv].nr_inactive_file + k.lruvecs[lv].nr_active_file
    return vm.nr_dirty + vm.nr_writeback <= dirtyable * vm.dirty_ratio // 100


@plain
def account_page_dirtied(k, page):
    """Count a file page that became dirty, also against the current task and CPU.

    Writes: vm, zones, files, disks, tasks.
    """
    f = abs(k.page_private[page])
    disk = k.disks[k.files[f].disk]
    task = k.tasks[k.e[0].cur]
    k.vm[0].nr_dirty += 1
    k.vm[0].nr_dirtied += 1
    k.zones[k.page_zone[page]].nr_dirty += 1
    k.files[f].nr_dirty += 1
    disk.wb_dirty += 1
    disk.dirtied += 1
    task.nr_dirtied += 1
    k.cpus[task.last_cpu].bdp_ratelimits += 1


@plain
def set_page_dirty(k, page):
    """Make a page dirty; 1 if it was not. A file page's file then waits for its flusher."""
    if k.page_flags[page] & PG_dirty:
        return 0
    k.page_flags[page] |= PG_dirty
    if k.page_flags[page] & PG_anon == 0:
        account_page_dirtied(k, page)
        __mark_inode_dirty(k, abs(k.page_private[page]))
    return 1


@plain
def clear_page_dirty_for_io(k, page):
    """Take the dirty mark off a page that is about to be written; 0 if it had none."""
    if k.page_flags[page] & PG_dirty == 0:
        return 0
    k.page_flags[page] &= ~PG_dirty & PAGE_FLAGS_MASK
    if k.page_flags[page] & PG_anon == 0:
        f = abs(k.page_private[page])
        k.vm[0].nr_dirty -= 1
        k.zones[k.page_zone[page]].nr_dirty -= 1
        k.files[f].nr_dirty -= 1
        k.disks[k.files[f].disk].wb_dirty -= 1
    return 1


@plain
def set_page_writeback(k, page):
    """A write of this page is on its way; 1 if one already was. Swap counts in NR_WRITEBACK like any other page."""
    if k.page_flags[page] & PG_writeback:
        return 1
    k.page_flags[page] |= PG_writeback
    k.vm[0].nr_writeback += 1
    k.zones[k.page_zone[page]].nr_writeback += 1
    if k.page_flags[page] & PG_anon == 0:
        k.disks[k.files[abs(k.page_private[page])].disk].wb_writeback += 1
    return 0


@plain
def end_page_writeback(k, page):
    """The write of this page is done: rotate it if reclaim asked to, count it, wake whoever waits for it."""
    assert k.page_flags[page] & PG_writeback
    if k.page_flags[page] & PG_reclaim:
        k.page_flags[page] &= ~PG_reclaim & PAGE_FLAGS_MASK
        rotate_reclaimable_page(k, page)
    k.page_flags[page] &= ~PG_writeback & PAGE_FLAGS_MASK
    k.vm[0].nr_writeback -= 1
    k.vm[0].nr_written += 1
    k.zones[k.page_zone[page]].nr_writeback -= 1
    if k.page_flags[page] & PG_anon == 0:
        d = k.files[abs(k.page_private[page])].disk
        k.disks[d].wb_writeback -= 1
        wb_writeout_inc(k, d)
        if k.vm[0].era >= ESTIMATE_ERA and k.disks[d].wb_writeback == 0:
            wb_inode_writeback_end(k, d)
    wake_up_page(k, page)
    if k.vm[0].nr_writeback_throttled:
        __acct_reclaim_writeback(k)
