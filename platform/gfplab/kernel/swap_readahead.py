"""Reading swapped pages in, and the neighbours that are likely to be wanted next.

Models swap_vma_readahead(), swap_cluster_readahead() and __swapin_nr_pages() of mm/swap_state.c (v6.1).  On a device
that does not seek the neighbours are those in the address space, in the direction of the faults; else those on disk.
An address space is one VMA here.

Leaves out: pagevecs, so lru_add_drain() has nothing to do.
"""

from gfplab.engine.subset import kernel, plain
from gfplab.kernel.symbols import (
    __read_swap_cache_async,
    blk_finish_plug,
    blk_start_plug,
    read_swap_cache_async__v6_1,
    swap_readpage,
    swapin_nr_pages,
)
from gfplab.kernel.types import PG_readahead

SWAP_RA_ORDER_CEILING = 5
FIRST_HITS = 4
PTRS_PER_PTE = 512  # readahead does not leave the page table of the fault


@plain
def __swapin_nr_pages(k, before, offset, hits, max_pages, before_win):
    """Pages to read: more after hits, two in a sequence, else one; never below half of the last window."""
    pages = hits + 2
    if pages == 2:
        if offset != before + 1 and offset != before - 1:
            pages = 1
    else:
        pages = 4
        while pages < hits + 2:
            pages <<= 1
    return max(min(pages, max_pages), before_win // 2)


@plain
def swap_ra_window(k, m, vpn):
    """The window of a fault at vpn, in pages; it is kept for the next. Writes: mms.swap_ra_*."""
    max_win = 1 << min(k.vm[0].page_cluster, SWAP_RA_ORDER_CEILING)
    if max_win == 1:
        return 1
    mm = k.mms[m]
    hits = mm.swap_ra_hits
    if mm.swap_ra_vpn == 0:
        hits = FIRST_HITS
    win = __swapin_nr_pages(k, mm.swap_ra_vpn, vpn, hits, max_win, mm.swap_ra_win)
    mm.swap_ra_vpn = vpn
    mm.swap_ra_win = win
    mm.swap_ra_hits = 0
    return win


@plain
def swap_ra_first(k, m, vpn, before, win):
    """First page of the window: ahead of a fault that follows the last, behind one that precedes it, else around."""
    first = vpn - (win - 1) // 2
    if vpn == before + 1:
        first = vpn
    elif before == vpn + 1:
        first = vpn - win + 1
    return first


@kernel(inlined=True)
def swap_vma_readahead(k, slot, vpn, m):
    """Read the window of virtual pages around vpn as far as they are swapped out, and give the page of vpn, or 0."""
    before = k.mms[m].swap_ra_vpn
    win = swap_ra_window(k, m, vpn)
    if win > 1:
        first = swap_ra_first(k, m, vpn, before, win)
        table = vpn // PTRS_PER_PTE * PTRS_PER_PTE
        start = max(max(first, k.mms[m].start), table)
        end = min(min(first + win, k.mms[m].start + k.mms[m].nr), table + PTRS_PER_PTE)
        blk_start_plug(k)
        for i in range(start, end):
            if is_swap_pte(k, i):
                other = yield from __read_swap_cache_async(k, -k.ptes[i])
                if other < 0:
                    if i != vpn:
                        k.page_flags[-other] |= PG_readahead
                        k.vm[0].swap_ra += 1
                    yield from swap_readpage(k, -other, 0)
        blk_finish_plug(k)
    return (yield from read_swap_cache_async__v6_1(k, slot, win == 1))


@kernel(inlined=True)
def swap_cluster_readahead(k, slot):
    """Read the aligned window of slots around one as far as they are in use, and give the page of that slot, or 0."""
    mask = swapin_nr_pages(k, slot) - 1
    if mask > 0:
        start = max(slot & ~mask, 1)
        end = min(slot | mask, k.swaps[1].nr_slots)
        blk_start_plug(k)
        for i in range(start, end + 1):
            other = yield from __read_swap_cache_async(k, i)
            if other < 0:
                if i != slot:
                    k.page_flags[-other] |= PG_readahead
                    k.vm[0].swap_ra += 1
                yield from swap_readpage(k, -other, 0)
        blk_finish_plug(k)
    return (yield from read_swap_cache_async__v6_1(k, slot, mask == 0))


@kernel
def swapin_readahead__v6_1(k, slot, vpn, m):
    """The page of a slot, perhaps still being read; 0 if there is no memory for it or the slot is gone."""
    if k.swaps[1].ssd:
        return (yield from swap_vma_readahead(k, slot, vpn, m))
    return (yield from swap_cluster_readahead(k, slot))


@plain
def is_swap_pte(k, vpn):
    """1 if the virtual page is swapped out."""
    pte = k.ptes[vpn]
    return pte < 0 and -pte <= k.swaps[1].nr_slots
