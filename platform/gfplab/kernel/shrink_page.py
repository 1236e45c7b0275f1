"""Reclaim's look at one page after another: keep it, activate it, write it, or free it.

Models shrink_page_list(), pageout() and add_to_swap() of mm/vmscan.c (v4.7).  Which of these it is is the decision
`shrink_page_list`; what the caller's mask forbids does not happen, whatever the answer.

Leaves out: mapped file pages, huge and unevictable pages, buffer heads, case 3 of the writeback test (legacy memcgs),
synchronous devices.
"""

from gfplab.engine.requests import cond_resched
from gfplab.engine.subset import kernel, plain
from gfplab.engine.symbols import burn, over_debt
from gfplab.kernel.answers import (
    PAGE_ACTIVATE,
    PAGE_FREE,
    PAGE_MASK,
    PAGE_PAGEOUT,
    PAGE_SOON,
    PAGE_WAIT,
    PAGEREF_ACTIVATE,
    PAGEREF_RECLAIM,
    PAGEREF_RECLAIM_CLEAN,
)
from gfplab.kernel.costs import C_FREE_PAGE, C_PAGEOUT, C_SCAN_PAGE, C_UNMAP_PAGE
from gfplab.kernel.gfp import __GFP_FS, __GFP_IO, PF_SWAPWRITE
from gfplab.kernel.outcome_types import ACTIVATE, FREED, KEEP, KEEP_LOCKED, PAGEOUT, WAIT_FOR_WRITE
from gfplab.kernel.symbols import (
    __remove_mapping,
    add_to_swap,
    bdi_congested,
    clear_batch_counts,
    clear_page_dirty_for_io,
    decide_shrink_page_list,
    delete_from_swap_cache,
    evict_file_page,
    free_hot_cold_page,
    keep_pages,
    swap_writepage,
    try_to_unmap,
    trylock_page,
    unisolate,
    unlock_page,
    vmscan_writepage,
    wait_on_page_writeback,
)
from gfplab.kernel.types import (
    DEV_DISK,
    PAGE_FLAGS_MASK,
    ZONE_WRITEBACK,
    PG_active,
    PG_anon,
    PG_dirty,
    PG_mapped,
    PG_reclaim,
    PG_referenced,
    PG_swapcache,
    PG_writeback,
    PG_young,
)

ISOLATE_MAX = 64
NODE_LRU_ERA = 48


@plain
def page_referenced(k, page):
    """1 if the page was touched through its PTE since the last look; clears the accessed bit."""
    young = k.page_flags[page] & PG_young
    if young:
        k.page_flags[page] &= ~PG_young & PAGE_FLAGS_MASK
        return 1
    return 0


@plain
def scan_one_page(k, t, z, page, force_reclaim):
    """What reclaim does with one isolated page, short of writing it. Writes: the scan's batch counts, page state.

    KEEP: the page was locked by somebody else; KEEP_LOCKED, ACTIVATE, PAGEOUT and WAIT_FOR_WRITE leave it locked;
    FREED freed it.
    """
    scan = k.scans[t]
    scan.nr_scanned += 1
    burn(k, k.costs[C_SCAN_PAGE])
    if trylock_page(k, page) == 0:
        return KEEP
    flags = k.page_flags[page]
    anon = flags & PG_anon
    if anon and flags & (PG_mapped | PG_swapcache) == 0:
        return free_isolated_page(k, page)  # its owner is gone: only reclaim still held it
    if anon == 0:  # anonymous pages are not the flushers' business: they never count as dirty here
        dirty = flags & PG_dirty
        writeback = flags & PG_writeback
        if dirty or writeback:
            scan.nr_dirty += 1
        if dirty and writeback == 0:
            scan.nr_unqueued_dirty += 1
        if (dirty or writeback) and bdi_congested(k, DEV_DISK, k.files[page_file(k, page)].disk):
            scan.nr_congested += 1
        elif writeback and flags & PG_reclaim:
            scan.nr_congested += 1
    references = PAGEREF_RECLAIM
    if flags & PG_writeback:
        if scan.kswapd and flags & PG_reclaim and k.zones[z].flags & ZONE_WRITEBACK:
            scan.nr_immediate += 1
        else:
            k.page_flags[page] |= PG_reclaim
            scan.nr_writeback += 1
        if k.vm[0].pages_one_by_one == 0:
            return KEEP_LOCKED  # nearly all pages of a storm, and stock has one answer
    elif force_reclaim == 0:
        if anon:
            if page_referenced(k, page):
                references = PAGEREF_ACTIVATE
        elif flags & PG_referenced:
            k.page_flags[page] &= ~PG_referenced & PAGE_FLAGS_MASK
            references = PAGEREF_RECLAIM_CLEAN
    return ask_about_page(k, z, page, flags, references)


@plain
def ask_about_page(k, z, page, flags, references):
    """Let the policy say what becomes of a locked page of zone `z`, and do it. Writes: page state."""
    t = k.e[0].cur
    looked_at = k.scanned_pages[t]
    looked_at.flags = flags
    looked_at.references = references
    answer = decide_shrink_page_list(k, 0, z, t, t, t)
    what = answer & PAGE_MASK
    if (what == PAGE_PAGEOUT or what == PAGE_FREE) and flags & PG_writeback == 0:
        return reclaim_page(k, page, what)
    if answer & PAGE_SOON and flags & PG_dirty:
        k.vm[0].nr_vmscan_immediate_reclaim += 1
        k.page_flags[page] |= PG_reclaim
    if what == PAGE_ACTIVATE:
        return ACTIVATE
    if what == PAGE_WAIT and flags & PG_writeback:
        return WAIT_FOR_WRITE
    return KEEP_LOCKED


@plain
def reclaim_page(k, page, what):
    """Free a locked page that is not under writeback, or say that it must be written first: as far as the mask allows.

    An anonymous page gets its place in swap, a mapped one is unmapped, and one that turns out dirty is kept unless
    PAGE_PAGEOUT lets it be written.
    """
    scan = k.scans[k.e[0].cur]
    flags = k.page_flags[page]
    anon = flags & PG_anon
    if anon and flags & PG_swapcache == 0:
        if scan.gfp_mask & __GFP_IO == 0:
            return KEEP_LOCKED
        if add_to_swap(k, page) == 0:
            return ACTIVATE
    if k.page_flags[page] & PG_mapped:
        try_to_unmap(k, page)
        burn(k, k.costs[C_UNMAP_PAGE])
    if k.page_flags[page] & PG_dirty:
        if what != PAGE_PAGEOUT or scan.may_writepage == 0 or may_write_page(k, anon) == 0:
            return KEEP_LOCKED
        return PAGEOUT
    if k.vm[0].era >= NODE_LRU_ERA:
        return __remove_mapping(k, page)
    if anon:
        delete_from_swap_cache(k, page)
    else:
        evict_file_page(k, page)
    return free_isolated_page(k, page)


@plain
def may_write_page(k, anon):
    """1 if the reclaimer may write such a page: to swap with __GFP_IO or __GFP_FS, to its file if it is kswapd."""
    scan = k.scans[k.e[0].cur]
    if anon:
        return scan.gfp_mask & (__GFP_IO | __GFP_FS) > 0
    return scan.kswapd > 0 and scan.gfp_mask & __GFP_FS > 0


@plain
def free_isolated_page(k, page):
    """Free a page that only the reclaimer holds. Returns FREED."""
    burn(k, k.costs[C_FREE_PAGE])
    unisolate(k, page)
    free_hot_cold_page(k, page)
    return FREED


@plain
def page_file(k, page):
    """The file a page-cache page belongs to (its record holds minus the file until it has been read)."""
    return abs(k.page_private[page])


@kernel
def shrink_page_list(k, z, nr, force_reclaim):
    """Reclaim what can be of the nr pages in this task's hands; the others are left at the front of its list.

    Returns the pages freed. scans[t].nr_taken becomes the number left over.
    """
    t = k.e[0].cur
    base = t * ISOLATE_MAX
    scan = k.scans[t]
    clear_batch_counts(k)
    left = 0
    freed = 0
    i = 0
    while i < nr:
        if over_debt(k):
            yield cond_resched()
        kept = keep_pages(k, z, i, left, nr)
        if kept:
            i += kept
            left += kept
            continue
        page = k.isolated[base + i]
        i += 1
        what = scan_one_page(k, t, z, page, force_reclaim)
        while what == WAIT_FOR_WRITE:
            unlock_page(k, page)
            yield from wait_on_page_writeback(k, page)
            what = scan_one_page(k, t, z, page, force_reclaim)
        if what == FREED:
            freed += 1
            continue
        if what == PAGEOUT:
            yield from pageout(k, page)
        else:
            if what == ACTIVATE:
                k.page_flags[page] |= PG_active
                k.vm[0].pgactivate += 1
                if k.page_flags[page] & PG_anon:
                    k.lruvecs[k.zones[z].lruvec].rotated_anon += 1
                else:
                    k.lruvecs[k.zones[z].lruvec].rotated_file += 1
            if what != KEEP:
                unlock_page(k, page)
        k.isolated[base + left] = page
        left += 1
    scan.nr_taken = left
    return freed


@kernel
def pageout(k, page):
    """Start writing a locked dirty page; it is unlocked when the write is on its way or refused. 1 if on its way."""
    if may_write_to_queue(k, page) == 0:
        unlock_page(k, page)
        return 0
    if clear_page_dirty_for_io(k, page) == 0:
        unlock_page(k, page)
        return 0
    k.page_flags[page] |= PG_reclaim
    burn(k, k.costs[C_PAGEOUT])
    k.vm[0].nr_vmscan_write += 1
    if k.page_flags[page] & PG_anon:
        assert k.scans[k.e[0].cur].gfp_mask & __GFP_IO  # law 13
        yield from swap_writepage(k, page)
    else:
        assert k.scans[k.e[0].cur].gfp_mask & __GFP_FS and k.scans[k.e[0].cur].kswapd  # laws 13 and 15
        yield from vmscan_writepage(k, page)
    return 1


@plain
def may_write_to_queue(k, page):
    """kswapd and the flushers may write to a congested queue, others not."""
    task = k.tasks[k.e[0].cur]
    if task.pf_flags & PF_SWAPWRITE:
        return 1
    if k.page_flags[page] & PG_anon:
        if bdi_congested(k, k.swaps[1].dev_kind, k.swaps[1].dev) == 0:
            return 1
        return 0
    disk = k.files[page_file(k, page)].disk
    if bdi_congested(k, DEV_DISK, disk) == 0 or task.bdi == disk:
        return 1
    return 0
