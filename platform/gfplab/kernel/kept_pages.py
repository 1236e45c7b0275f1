"""Pages of a zone that reclaim looks at and leaves in place, dealt with in batches: quicker, and to the same effect.

Models what shrink_inactive_list() of mm/vmscan.c (v4.7) does with anonymous pages that are under writeback, which it
only marks with PG_reclaim, and with those that a caller without __GFP_IO can neither write nor give a place in swap.
In a storm nearly all pages are one or the other, and the list goes round again and again.

The decision `shrink_page_list` is not asked here: stock has one answer.  Where a policy other than the stock kernel
answers it, no page goes this way (vm.pages_one_by_one).

Leaves out: nothing; a page that might change otherwise, and a batch that might be interrupted, go the usual way.
"""

from gfplab.engine.subset import plain
from gfplab.engine.symbols import burn, debt_left
from gfplab.kernel.costs import C_ISOLATE_PAGE, C_SCAN_PAGE
from gfplab.kernel.symbols import clear_batch_counts, keeps_anon
from gfplab.kernel.types import (
    LRU_INACTIVE_ANON,
    ZONE_WRITEBACK,
    PG_anon,
    PG_dirty,
    PG_locked,
    PG_mapped,
    PG_reclaim,
    PG_swapcache,
    PG_waiters,
    PG_writeback,
    PG_young,
)

ISOLATE_MAX = 64
STATE = PG_locked | PG_writeback | PG_swapcache | PG_anon | PG_young | PG_mapped | PG_waiters
STAYS = 1
STAYS_LOCKED = 2
STAYS_WRITEBACK = 3
MAY_KEEP = 1
MAY_MARK = 2


@plain
def page_stays(k, flags, may):
    """STAYS* if scan_one_page() leaves a page with these flags where it is; 0 if it might not. `may`: batch_may().

    STAYS_WRITEBACK: it gets PG_reclaim.  STAYS_LOCKED: somebody else holds its lock, so nobody looks further.
    """
    if flags & PG_locked:
        return STAYS_LOCKED
    state = flags & STATE
    if state & (PG_writeback | PG_anon | PG_waiters) == PG_writeback | PG_anon:
        if may & MAY_MARK and state & (PG_mapped | PG_swapcache):
            return STAYS_WRITEBACK
        return 0
    if may & MAY_KEEP == 0:
        return 0
    if state == PG_anon | PG_mapped:
        return STAYS
    if state == PG_anon | PG_swapcache and flags & PG_dirty:
        return STAYS
    return 0


@plain
def batch_may(k, z):
    """What a scan of zone `z` may do with pages without asking: keep those it can only keep, mark those in writeback.

    kswapd does not mark the pages of a zone full of writeback, it counts them (scan.nr_immediate).
    """
    if k.vm[0].pages_one_by_one:
        return 0
    may = 0
    if keeps_anon(k):
        may = MAY_KEEP
    if k.scans[k.e[0].cur].kswapd == 0 or k.zones[z].flags & ZONE_WRITEBACK == 0:
        may |= MAY_MARK
    return may


@plain
def move_oldest(k, i, last, rest):
    """Move the oldest pages of list `i` up to `last`, as they are, before its newest; `rest` is the next, or 0.

    Writes: lrus, page links.
    """
    lst = k.lrus[i]
    if rest:
        oldest = lst.tail
        k.page_next[rest] = 0
        k.page_next[oldest] = lst.head
        k.page_prev[lst.head] = oldest
        k.page_prev[last] = 0
        lst.head = last
        lst.tail = rest
    return 0


@plain
def pass_over_pages(k, z, lru, nr_to_scan):
    """Move a batch from the oldest to the newest end of its list if all of it stays there; returns how many pages.

    0: not all of it does, or its scan would be interrupted with the batch off the list.  Writes: lrus, page links,
    page_flags, the scan's batch counts.
    """
    scan = k.scans[k.e[0].cur]
    i = k.zones[z].lruvec * 4 + lru
    may = batch_may(k, z)
    if lru != LRU_INACTIVE_ANON or may == 0:
        return 0
    n = min(nr_to_scan, k.lrus[i].nr)
    if n * k.costs[C_ISOLATE_PAGE] + (n - 1) * k.costs[C_SCAN_PAGE] > debt_left(k):
        return 0
    oldest = k.lrus[i].tail
    rest = oldest
    last = 0
    writeback = 0
    unmarked = 0
    for _ in range(n):
        flags = k.page_flags[rest]
        stays = page_stays(k, flags, may)
        if stays == 0:
            return 0
        if stays == STAYS_WRITEBACK:
            writeback += 1
            unmarked |= ~flags & PG_reclaim
        last = rest
        rest = k.page_prev[rest]
    if unmarked:
        mark_reclaim(k, oldest, n)
    move_oldest(k, i, last, rest)
    burn(k, n * (k.costs[C_ISOLATE_PAGE] + k.costs[C_SCAN_PAGE]))
    clear_batch_counts(k)
    scan.nr_scanned += n
    scan.nr_writeback = writeback
    scan.nr_taken = n
    return n


@plain
def mark_reclaim(k, page, n):
    """PG_reclaim for those of n pages of a list, from `page` on, that are under writeback and not locked."""
    for _ in range(n):
        if k.page_flags[page] & (PG_writeback | PG_locked) == PG_writeback:
            k.page_flags[page] |= PG_reclaim
        page = k.page_prev[page]
    return 0


@plain
def keep_pages(k, z, i, left, nr):
    """From the i-th of the nr pages in this task's hands on, move those that stay to place `left`.

    Returns how many, up to the first that might not stay or to where the loop must yield.  Writes: page_flags, the
    scan's counts.
    """
    t = k.e[0].cur
    base = t * ISOLATE_MAX
    scan = k.scans[t]
    may = batch_may(k, z)
    if may == 0:
        return 0
    cost = k.costs[C_SCAN_PAGE]
    ns = debt_left(k)
    n = 0
    writeback = 0
    while i + n < nr and n * cost <= ns:
        page = k.isolated[base + i + n]
        flags = k.page_flags[page]
        stays = page_stays(k, flags, may)
        if stays == 0:
            break
        if stays == STAYS_WRITEBACK:
            writeback += 1
            k.page_flags[page] = flags | PG_reclaim
        k.isolated[base + left + n] = page
        n += 1
    burn(k, n * cost)
    scan.nr_scanned += n
    scan.nr_writeback += writeback
    return n
