"""The flushers: one for each device with files, which writes dirty pages when they are many, old, or reclaim asks.

Models fs/fs-writeback.c and mm/backing-dev.c (v4.7, v6.1).

Leaves out: the writeback workqueue (each flusher is a thread of its own), sync, laptop mode, cgroup writeback, inodes
as such (their timestamps and metadata). Requests of reclaim add up, where v4.7 queues one work item for each.
"""

from gfplab.engine.requests import TASK_INTERRUPTIBLE, schedule
from gfplab.engine.subset import kernel, plain
from gfplab.engine.symbols import call_after, local_clock, wake_up
from gfplab.kernel.gfp import PF_KTHREAD, PF_SWAPWRITE, PF_WQ_WORKER
from gfplab.kernel.symbols import (
    HZ,
    __wb_update_bandwidth,
    __wb_update_bandwidth__v6_1,
    bandwidth_interval_over,
    blk_finish_plug,
    blk_start_plug,
    ext4_writepages,
    jiffies,
    wb_bandwidth_estimate_start,
    wb_over_bg_thresh,
)
from gfplab.kernel.types import EV_FLUSHER

ESTIMATE_ERA = 61
MIN_WRITEBACK_PAGES = 1024
DIRTY_SCOPE = 8
ALL_PAGES = 1 << 62

# what a piece of work is for
WB_PAGES = 0
WB_KUPDATE = 1
WB_BACKGROUND = 2


@plain
def __mark_inode_dirty(k, f):
    """A file got a dirty page: remember when it was the first, and let the flusher look at it in time.

    Writes: files.
    """
    file = k.files[f]
    if file.oldest_dirty == 0:
        file.oldest_dirty = local_clock(k)
        wb_wakeup_delayed(k, file.disk)


@plain
def wb_wakeup(k, d):
    """Wake the flusher of a device now. Writes: disks."""
    if k.disks[d].wb_pending == 0:
        k.disks[d].wb_pending = 1
        wake_up(k, k.disks[d].flusher_wait)


@plain
def wb_wakeup_delayed(k, d):
    """Wake the flusher of a device in dirty_writeback_interval, unless that is under way already. Writes: disks."""
    if k.disks[d].wb_delayed == 0 and k.vm[0].flusher_ns:
        k.disks[d].wb_delayed = 1
        call_after(k, k.vm[0].flusher_ns, EV_FLUSHER, d)


@plain
def flusher_event(k, arg):
    """EV_FLUSHER: the interval of wb_wakeup_delayed() is over for device `arg`. Writes: disks."""
    k.disks[arg].wb_delayed = 0
    wb_wakeup(k, arg)


@plain
def wb_start_background_writeback(k, d):
    """Let the flusher of a device see whether too much is dirty."""
    wb_wakeup(k, d)


@plain
def wakeup_flusher_threads(k, nr):
    """Ask every device with dirty pages to write nr of them, or all (nr 0). Writes: disks."""
    if nr == 0:
        nr = k.vm[0].nr_dirty + k.vm[0].nr_unstable
    for d in range(1, len(k.disks)):
        if k.disks[d].wb_dirty > 0 and k.disks[d].flusher_wait:
            k.disks[d].wb_work_pages += nr
            wb_wakeup(k, d)


@plain
def writeback_chunk_size(k, d, nr_pages):
    """Pages of one file to write before the next file has its turn: half a second's worth, in units of 4 MiB."""
    pages = min(k.disks[d].avg_write_bw // 2, k.vm[0].dirty_limit // DIRTY_SCOPE)
    pages = min(pages, nr_pages)
    return (pages + MIN_WRITEBACK_PAGES) // MIN_WRITEBACK_PAGES * MIN_WRITEBACK_PAGES


@plain
def next_dirty_file(k, d, after, older_than):
    """The next file of a device, round and round behind `after`, whose oldest dirty page is old enough; 0 if none."""
    n = len(k.files) - 1
    for i in range(n):
        f = 1 + (after + i) % n
        if k.files[f].disk == d and k.files[f].nr_dirty > 0 and k.files[f].oldest_dirty <= older_than:
            return f
    return 0


@plain
def requeue_inode(k, f, wrote, chunk):
    """A file had its turn: it is clean, or has more for the next, or what remains counts as dirtied now.

    Writes: files.
    """
    file = k.files[f]
    if file.nr_dirty == 0:
        file.oldest_dirty = 0
    elif wrote < chunk:
        file.oldest_dirty = local_clock(k)


@kernel
def do_writepages(k, f, nr_to_write):
    """Write pages of a file the way its file system does; in v6.1 this is where the device is measured."""
    d = k.files[f].disk
    measures = k.vm[0].era >= ESTIMATE_ERA
    if measures:
        wb_bandwidth_estimate_start(k, d)
    wrote = yield from ext4_writepages(k, f, nr_to_write)
    if measures and bandwidth_interval_over(k, d):
        __wb_update_bandwidth__v6_1(k, k.e[0].cur, d, 0)
    return wrote


@kernel
def __writeback_single_inode(k, f, nr_to_write):
    """Write pages of a file; its metadata costs nothing here."""
    return (yield from do_writepages(k, f, nr_to_write))


@kernel
def writeback_sb_inodes(k, d, nr_pages, older_than):
    """Give each dirty file of a device a turn, until nr_pages are written or 100 ms are over. Returns pages written."""
    disk = k.disks[d]
    start_time = jiffies(k)
    wrote = 0
    turns = len(k.files) - 1
    while turns > 0:
        turns -= 1
        f = next_dirty_file(k, d, disk.wb_file, older_than)
        if f == 0:
            break
        disk.wb_file = f
        chunk = writeback_chunk_size(k, d, nr_pages - wrote)
        got = yield from __writeback_single_inode(k, f, chunk)
        requeue_inode(k, f, got, chunk)
        wrote += got
        if jiffies(k) - start_time > HZ(k) // 10 or wrote >= nr_pages:
            break
    return wrote


@kernel
def __writeback_inodes_wb(k, d, nr_pages, older_than):
    """One file system a device."""
    return (yield from writeback_sb_inodes(k, d, nr_pages, older_than))


@kernel
def wb_writeback(k, d, nr_pages, work):
    """Write up to nr_pages dirty pages of a device; what nobody asked for gives way to requests. Returns pages."""
    disk = k.disks[d]
    start_time = jiffies(k)
    wrote = 0
    blk_start_plug(k)
    while wrote < nr_pages:
        if work != WB_PAGES and disk.wb_work_pages > 0:
            break
        if work == WB_BACKGROUND and wb_over_bg_thresh(k, d) == 0:
            break
        older_than = local_clock(k)
        if work == WB_KUPDATE:
            older_than -= k.vm[0].dirty_expire_ns
        got = yield from __writeback_inodes_wb(k, d, nr_pages - wrote, older_than)
        if k.vm[0].era < ESTIMATE_ERA:
            __wb_update_bandwidth(k, k.e[0].cur, d, start_time, 0)
        wrote += got
        if got == 0:
            break
    blk_finish_plug(k)
    return wrote


@plain
def old_data_flush_due(k, d):
    """1 once per dirty_writeback_interval. Writes: disks."""
    disk = k.disks[d]
    clock = local_clock(k)
    if k.vm[0].flusher_ns == 0 or clock < disk.wb_old_flush + k.vm[0].flusher_ns:
        return 0
    disk.wb_old_flush = clock
    return 1


@kernel(inlined=True)
def wb_do_writeback(k, d):
    """Do all the work there is: what was asked for, then what is old, then what is too much."""
    disk = k.disks[d]
    disk.wb_running = 1
    while disk.wb_work_pages > 0:
        nr = disk.wb_work_pages
        disk.wb_work_pages = 0
        yield from wb_writeback(k, d, nr, WB_PAGES)
    if old_data_flush_due(k, d):
        yield from wb_writeback(k, d, k.vm[0].nr_dirty + k.vm[0].nr_unstable, WB_KUPDATE)
    if wb_over_bg_thresh(k, d):
        yield from wb_writeback(k, d, ALL_PAGES, WB_BACKGROUND)
    disk.wb_running = 0
    return 0


@kernel
def wb_workfn(k, d):
    """The flusher of device d: sleep until there is something to do, do it, come back in time for what gets old."""
    disk = k.disks[d]
    k.tasks[k.e[0].cur].pf_flags |= PF_KTHREAD | PF_WQ_WORKER | PF_SWAPWRITE
    while True:
        while disk.wb_pending == 0:
            yield schedule(disk.flusher_wait, TASK_INTERRUPTIBLE)
        disk.wb_pending = 0
        yield from wb_do_writeback(k, d)
        if disk.wb_work_pages > 0:
            disk.wb_pending = 1
        elif disk.wb_dirty > 0:
            wb_wakeup_delayed(k, d)
