"""Swap I/O: one bio per page out and in, and what their completion does.

Models mm/page_io.c (v4.7).  A page is not free when its write completes: another scan must find it.

Leaves out: swap over a file system, rw_page devices, write errors.
"""

from gfplab.engine.subset import kernel, plain
from gfplab.engine.symbols import trace
from gfplab.kernel.gfp import GFP_KERNEL, GFP_NOIO
from gfplab.kernel.symbols import (
    bio_alloc_bioset,
    bio_put,
    end_page_writeback,
    set_page_writeback,
    submit_bio,
    try_to_free_swap,
    unlock_page,
)
from gfplab.kernel.tracepoints import mm_vmscan_writepage
from gfplab.kernel.types import BIO_READ, BIO_WRITE, END_SWAP_READ, END_SWAP_WRITE, PG_dirty

FS_BIO_SET = 1


@kernel
def get_swap_bio(k, gfp_mask, page):
    """A bio of one page aimed at the page's slot, from fs_bio_set; 0 only if the mask may not sleep."""
    bio = yield from bio_alloc_bioset(k, FS_BIO_SET, gfp_mask)
    if bio:
        b = k.bios[bio]
        b.dev_kind = k.swaps[1].dev_kind
        b.dev = k.swaps[1].dev
        b.sector = k.page_private[page]
        b.nr_pages = 1
        b.page = page
        b.last_page = page
        b.gfp_mask = gfp_mask
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
    bio = yield from get_swap_bio(k, GFP_NOIO, page)
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
def swap_readpage(k, page):
    """Start reading a locked swap-cache page; completion unlocks it."""
    bio = yield from get_swap_bio(k, GFP_KERNEL, page)
    k.bios[bio].rw = BIO_READ
    k.bios[bio].end_io = END_SWAP_READ
    k.vm[0].pswpin += 1
    yield from submit_bio(k, bio)
    return 0


@plain
def end_swap_bio_read(k, bio):
    """Completion of a swap-in: the page may be used."""
    unlock_page(k, k.bios[bio].page)
    bio_put(k, bio)
    return 0
