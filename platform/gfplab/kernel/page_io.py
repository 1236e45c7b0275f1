"""Swap I/O: one bio per page out and in, and what their completion does.

Models mm/page_io.c (v4.7, v6.1).  A page is not free when its write completes: another scan must find it.

Leaves out: swap over a file system, rw_page and synchronous devices, write errors.
"""

from gfplab.engine.requests import TASK_UNINTERRUPTIBLE, io_schedule_timeout
from gfplab.engine.subset import kernel, plain
from gfplab.engine.symbols import trace, wake_up_process
from gfplab.kernel.gfp import GFP_KERNEL, GFP_NOIO
from gfplab.kernel.symbols import (
    bio_alloc_bioset,
    bio_put,
    end_page_writeback,
    psi_memstall_enter,
    psi_memstall_leave,
    set_page_writeback,
    submit_bio,
    submit_bio__v6_1,
    try_to_free_swap,
    unlock_page,
)
from gfplab.kernel.tracepoints import mm_vmscan_writepage
from gfplab.kernel.types import (
    BIO_READ,
    BIO_WRITE,
    END_SWAP_READ,
    END_SWAP_WRITE,
    PAGE_FLAGS_MASK,
    PG_dirty,
    PG_reading,
    PG_workingset,
)

FS_BIO_SET = 1
BLK_IO_TIMEOUT = 60_000_000_000  # half of the hung-task time


@plain
def aim_swap_bio(k, bio, gfp_mask, page):
    """Aim a fresh bio of one page at the page's slot. Writes: bios."""
    b = k.bios[bio]
    b.dev_kind = k.swaps[1].dev_kind
    b.dev = k.swaps[1].dev
    b.sector = k.page_private[page]
    b.nr_pages = 1
    b.page = page
    b.last_page = page
    b.gfp_mask = gfp_mask


@kernel
def get_swap_bio(k, gfp_mask, page):
    """A bio of one page aimed at the page's slot, from fs_bio_set; 0 only if the mask may not sleep."""
    bio = yield from bio_alloc_bioset(k, FS_BIO_SET, gfp_mask)
    if bio:
        aim_swap_bio(k, bio, gfp_mask, page)
    return bio


@kernel(inlined=True)
def swap_bio_alloc(k, gfp_mask, page):
    """The bio of a swap read or write; in v6.1 bio_alloc() is called on the spot."""
    if k.vm[0].era < 61:
        return (yield from get_swap_bio(k, gfp_mask, page))
    bio = yield from bio_alloc_bioset(k, FS_BIO_SET, gfp_mask)
    if bio:
        aim_swap_bio(k, bio, gfp_mask, page)
    return bio


@kernel
def swap_writepage(k, page):
    """Write a locked swap-cache page to its slot; it is under writeback and unlocked when this returns."""
    if try_to_free_swap(k, page):
        unlock_page(k, page)
        return 0
    yield from __swap_writepage(k, page)
    return 0


@kernel
def __swap_writepage(k, page):
    """Allocate the bio, start writeback, unlock, submit."""
    bio = yield from swap_bio_alloc(k, GFP_NOIO, page)
    if bio == 0:
        k.page_flags[page] |= PG_dirty
        unlock_page(k, page)
        return 0
    k.bios[bio].rw = BIO_WRITE
    k.bios[bio].end_io = END_SWAP_WRITE
    k.vm[0].pswpout += 1
    trace(k, mm_vmscan_writepage, page, k.page_private[page], 0, 0)
    set_page_writeback(k, page)
    unlock_page(k, page)
    if k.vm[0].era >= 61:
        yield from submit_bio__v6_1(k, bio)
    else:
        yield from submit_bio(k, bio)
    return 0


@plain
def end_swap_bio_write(k, bio):
    """Completion of a swap-out: writeback ends, the bio returns to its set."""
    k.vm[0].swap_written += 1
    end_page_writeback(k, k.bios[bio].page)
    bio_put(k, bio)
    return 0


@kernel
def swap_readpage(k, page, synchronous):
    """Start reading a locked swap-cache page; completion unlocks it. If synchronous, sleep until then (v6.1).

    To submit the read of a page that was active is to be held up by lack of memory.
    """
    t = k.e[0].cur
    workingset = k.page_flags[page] & PG_workingset
    if workingset:
        psi_memstall_enter(k, t)
    bio = yield from swap_bio_alloc(k, GFP_KERNEL, page)
    k.bios[bio].rw = BIO_READ
    k.bios[bio].end_io = END_SWAP_READ
    k.vm[0].pswpin += 1
    if synchronous:
        k.tasks[t].swap_read = bio
    if k.vm[0].era >= 61:
        yield from submit_bio__v6_1(k, bio)
    else:
        yield from submit_bio(k, bio)
    while k.tasks[t].swap_read:
        yield from blk_io_schedule(k)
    if workingset:
        psi_memstall_leave(k, t)
    return 0


@kernel
def blk_io_schedule(k):
    """Sleep until a bio's end wakes this task, with a look now and then."""
    yield io_schedule_timeout(0, BLK_IO_TIMEOUT, TASK_UNINTERRUPTIBLE)


@plain
def end_swap_bio_read(k, bio):
    """Completion of a swap-in: the page may be used."""
    k.page_flags[k.bios[bio].page] &= ~PG_reading & PAGE_FLAGS_MASK
    unlock_page(k, k.bios[bio].page)
    reader = k.bios[bio].task
    bio_put(k, bio)
    if k.tasks[reader].swap_read == bio:
        k.tasks[reader].swap_read = 0
        wake_up_process(k, reader)
    return 0
