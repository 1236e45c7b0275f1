"""Reclaim's look at one page after another in v6.1: keep it, activate it, write it, or free it.

Models shrink_folio_list(), folio_check_references(), pageout() and __remove_mapping() of mm/vmscan.c (v6.1).  A page
under writeback goes to the active list, from where the end of its writeback fetches it; pages are freed when the whole
batch has been looked at, however long a write held that up.  What becomes of a page is the decision `shrink_page_list`;
what the caller's mask forbids does not happen, whatever the answer.

Leaves out: mapped file pages (so nothing is executable), large and unevictable folios, pages without swap backing,
buffer heads, case 3 of the writeback test (legacy memcgs), demotion, write errors, writepage() answers other than 0.
"""

from gfplab.engine.requests import cond_resched
from gfplab.engine.subset import kernel, plain
from gfplab.engine.symbols import burn, over_debt
from gfplab.kernel.answers import PAGEREF_ACTIVATE, PAGEREF_KEEP, PAGEREF_RECLAIM, PAGEREF_RECLAIM_CLEAN
from gfplab.kernel.costs import C_FREE_PAGE, C_PAGEOUT, C_SCAN_PAGE
from gfplab.kernel.gfp import __GFP_FS, __GFP_IO
from gfplab.kernel.node_types import PGDAT_WRITEBACK
from gfplab.kernel.outcome_types import ACTIVATE, FREED, KEEP, KEEP_LOCKED, PAGEOUT, WAIT_FOR_WRITE
from gfplab.kernel.symbols import (
    ask_about_page,
    clear_page_dirty_for_io,
    delete_from_swap_cache__v6_1,
    evict_file_page,
    folio_free_swap,
    free_hot_cold_page,
    keep_folios,
    page_referenced,
    swap_writepage,
    trylock_page,
    unisolate,
    unlock_page,
    vm_swap_full,
    vmscan_writepage,
    wait_on_page_writeback,
    workingset_eviction__v6_1,
)
from gfplab.kernel.types import (
    PAGE_FLAGS_MASK,
    PG_active,
    PG_anon,
    PG_dirty,
    PG_mapped,
    PG_reclaim,
    PG_referenced,
    PG_swapcache,
    PG_writeback,
)

ISOLATE_MAX = 64
FREE_FOLIOS = 32  # where the pages to free stand among a task's isolated ones


@plain
def folio_check_references(k, page):
    """What its accessed bit and PG_referenced make of a page: the second touch activates, the first gains a round.

    Writes: page_flags.
    """
    young = page_referenced(k, page)
    referenced = k.page_flags[page] & PG_referenced
    k.page_flags[page] &= ~PG_referenced & PAGE_FLAGS_MASK
    if young:
        k.page_flags[page] |= PG_referenced
        if referenced:
            return PAGEREF_ACTIVATE
        return PAGEREF_KEEP
    if referenced and k.page_flags[page] & PG_anon == 0:
        return PAGEREF_RECLAIM_CLEAN
    return PAGEREF_RECLAIM


@plain
def count_dirty_writeback(k, page):
    """Count a file page that is not clean; anonymous pages are not the flushers' business. Writes: scans."""
    flags = k.page_flags[page]
    scan = k.scans[k.e[0].cur]
    if flags & PG_anon:
        return 0
    if flags & (PG_dirty | PG_writeback):
        scan.nr_dirty += 1
    if flags & PG_dirty and flags & PG_writeback == 0:
        scan.nr_unqueued_dirty += 1
    if flags & PG_writeback and flags & PG_reclaim:
        scan.nr_congested += 1
    return 0


@plain
def scan_one_folio(k, page):
    """What reclaim does with one isolated page, short of writing it. Writes: the scan's batch counts, page state.

    KEEP: somebody else holds the page lock; KEEP_LOCKED, ACTIVATE, PAGEOUT and WAIT_FOR_WRITE leave it locked; FREED:
    its contents are gone and it is unlocked.
    """
    scan = k.scans[k.e[0].cur]
    burn(k, k.costs[C_SCAN_PAGE])
    if trylock_page(k, page) == 0:
        return KEEP
    scan.nr_scanned += 1
    flags = k.page_flags[page]
    anon = flags & PG_anon
    if anon and flags & (PG_mapped | PG_swapcache) == 0:
        if k.page_pins[page]:
            return KEEP_LOCKED
        unlock_page(k, page)
        return FREED  # its owner is gone: only reclaim still held it
    if flags & PG_mapped and scan.may_unmap == 0:
        return KEEP_LOCKED
    count_dirty_writeback(k, page)
    references = PAGEREF_RECLAIM
    if flags & PG_writeback:
        if scan.kswapd and flags & PG_reclaim and k.vm[0].pgdat_flags & PGDAT_WRITEBACK:
            scan.nr_immediate += 1
        else:
            k.page_flags[page] |= PG_reclaim
            scan.nr_writeback += 1
        if k.vm[0].pages_one_by_one == 0:
            return ACTIVATE  # nearly all pages of a storm, and stock has one answer
    else:
        references = folio_check_references(k, page)
    return ask_about_page(k, k.page_zone[page], page, flags, references)


@plain
def __remove_mapping(k, page):
    """Take a clean, locked page out of the swap cache or its file and unlock it, leaving a shadow. Returns FREED.

    KEEP_LOCKED: somebody else holds a reference to it.
    """
    if k.page_pins[page]:
        return KEEP_LOCKED
    burn(k, k.costs[C_FREE_PAGE])
    assert k.page_flags[page] & (PG_dirty | PG_writeback | PG_mapped) == 0
    if k.page_flags[page] & PG_anon:
        delete_from_swap_cache__v6_1(k, page, workingset_eviction__v6_1(k, page))
    else:
        evict_file_page(k, page)
    unlock_page(k, page)
    return FREED


@plain
def activate_locked(k, page):
    """Reclaim wants no more of this page for now; what swap space it has is given back when that is short."""
    if k.page_flags[page] & PG_swapcache and vm_swap_full(k):
        folio_free_swap(k, page)
    k.page_flags[page] |= PG_active
    k.scans[k.e[0].cur].nr_activate += 1
    return 0


@kernel
def shrink_folio_list(k, nr):
    """Reclaim what can be of the nr pages in this task's hands; the others are left at the front of its list.

    Returns the pages freed. scans[t].nr_taken becomes the number left over.
    """
    t = k.e[0].cur
    base = t * ISOLATE_MAX
    scan = k.scans[t]
    left = 0
    freed = 0
    i = 0
    while i < nr:
        if over_debt(k):
            yield cond_resched()
        kept = keep_folios(k, i, left, nr)
        if kept:
            i += kept
            left += kept
            continue
        page = k.isolated[base + i]
        i += 1
        what = scan_one_folio(k, page)
        while what == WAIT_FOR_WRITE:
            unlock_page(k, page)
            yield from wait_on_page_writeback(k, page)
            what = scan_one_folio(k, page)
        if what == PAGEOUT:
            what = yield from pageout__v6_1(k, page)
        elif what == ACTIVATE:
            activate_locked(k, page)
        if what == KEEP_LOCKED or what == ACTIVATE:
            unlock_page(k, page)
        if what == FREED:
            k.isolated[base + FREE_FOLIOS + freed] = page
            freed += 1
        else:
            k.isolated[base + left] = page
            left += 1
    free_unref_page_list(k, freed)
    k.vm[0].pgactivate += scan.nr_activate
    scan.nr_taken = left
    return freed


@plain
def free_unref_page_list(k, nr):
    """Free the pages that the batch has won. Writes: lruvecs.isolated_*."""
    base = k.e[0].cur * ISOLATE_MAX + FREE_FOLIOS
    for i in range(nr):
        unisolate(k, k.isolated[base + i])
        free_hot_cold_page(k, k.isolated[base + i])
        k.isolated[base + i] = 0
    return 0


@kernel
def pageout__v6_1(k, page):
    """Write a locked dirty page. KEEP: unlocked and on its way, or dirty again; FREED: the write is over already."""
    t = k.e[0].cur
    burn(k, k.costs[C_PAGEOUT])
    clear_page_dirty_for_io(k, page)
    k.page_flags[page] |= PG_reclaim
    k.vm[0].nr_vmscan_write += 1
    if k.page_flags[page] & PG_anon:
        assert k.scans[t].gfp_mask & __GFP_IO  # law 13
        yield from swap_writepage(k, page)
    else:
        assert k.scans[t].gfp_mask & __GFP_FS and k.scans[t].kswapd  # laws 13 and 15
        yield from vmscan_writepage(k, page)
    k.scans[t].nr_pageout += 1
    if k.page_flags[page] & PG_writeback:
        return KEEP
    k.page_flags[page] &= ~PG_reclaim & PAGE_FLAGS_MASK
    return reclaim_written(k, page)


@plain
def reclaim_written(k, page):
    """A page whose write ended before its submitter returned may be freed at once, unless it was touched meanwhile."""
    if k.page_flags[page] & PG_dirty or trylock_page(k, page) == 0:
        return KEEP
    flags = k.page_flags[page]
    if flags & (PG_dirty | PG_writeback | PG_mapped) or flags & (PG_anon | PG_swapcache) == PG_anon:
        return KEEP_LOCKED
    return __remove_mapping(k, page)
