"""Pages that reclaim looks at and leaves as they are, dealt with in batches: quicker, and to the same effect.

Models what shrink_inactive_list() of mm/vmscan.c (v6.1) does with anonymous pages for a caller without __GFP_IO, such
as a kworker inside mempool_alloc(): it takes 32 off their list, locks and unlocks one after the other, and puts them
back, 13 times through the whole list.  Nothing but the order of the list and some counters change.

The decision `shrink_page_list` is not asked here, for Linux leaves nothing to decide; where a policy other than the
stock kernel answers it, no page goes this way (vm.pages_one_by_one).

Leaves out: nothing; a page that might change, and a batch that might be interrupted, go the usual way.
"""

from gfplab.engine.subset import plain
from gfplab.engine.symbols import burn, debt_left
from gfplab.kernel.costs import C_ISOLATE_PAGE, C_SCAN_PAGE
from gfplab.kernel.gfp import __GFP_FS, __GFP_IO
from gfplab.kernel.symbols import move_oldest
from gfplab.kernel.types import (
    LRU_INACTIVE_ANON,
    PG_active,
    PG_anon,
    PG_dirty,
    PG_locked,
    PG_mapped,
    PG_referenced,
    PG_swapcache,
    PG_waiters,
    PG_writeback,
    PG_young,
)

ISOLATE_MAX = 64
NODE_LRUVEC = 1
STATE = (
    PG_locked | PG_writeback | PG_referenced | PG_active | PG_swapcache | PG_anon | PG_young | PG_mapped | PG_waiters
)
STAYS = 1
STAYS_LOCKED = 2


@plain
def folio_stays(k, flags):
    """STAYS if scan_one_folio() keeps a page with these flags as it is when it may not do I/O; 0 if it might not.

    STAYS_LOCKED: it does not even count as scanned, for somebody else holds its lock.
    """
    state = flags & STATE
    if state == PG_anon | PG_mapped:
        return STAYS
    if state == PG_anon | PG_swapcache and flags & PG_dirty:
        return STAYS
    if state & (PG_locked | PG_anon | PG_active) == PG_locked | PG_anon:
        return STAYS_LOCKED
    return 0


@plain
def keeps_anon(k):
    """1 if the scan can neither write an anonymous page nor give it a place in swap, and no policy minds each page."""
    if k.scans[k.e[0].cur].gfp_mask & (__GFP_IO | __GFP_FS) or k.vm[0].pages_one_by_one:
        return 0
    return 1


@plain
def pass_over_folios(k, lru, nr_to_scan):
    """Move a batch from the oldest to the newest end of its list if all of it stays as it is; returns how many pages.

    0: not all of it does, or its scan would be interrupted with the batch off the list.  Writes: lrus, page links,
    the scan's batch counts.
    """
    scan = k.scans[k.e[0].cur]
    lst = k.lrus[NODE_LRUVEC * 4 + lru]
    if lru != LRU_INACTIVE_ANON or keeps_anon(k) == 0 or scan.cls < k.vm[0].nr_zones:
        return 0
    n = min(nr_to_scan, lst.nr)
    if n * k.costs[C_ISOLATE_PAGE] + (n - 1) * k.costs[C_SCAN_PAGE] > debt_left(k):
        return 0
    newest = 0
    rest = lst.tail
    locked = 0
    for _ in range(n):
        stays = folio_stays(k, k.page_flags[rest])
        if stays == 0:
            return 0
        locked += stays >> 1
        newest = rest
        rest = k.page_prev[rest]
    move_oldest(k, NODE_LRUVEC * 4 + lru, newest, rest)
    burn(k, n * (k.costs[C_ISOLATE_PAGE] + k.costs[C_SCAN_PAGE]))
    scan.nr_scanned += n - locked
    scan.nr_taken = n
    return n


@plain
def keep_folios(k, i, left, nr):
    """From the i-th of the nr pages in this task's hands on, move those that stay as they are to place `left`.

    Returns how many, up to the first that might not stay or to where the loop must yield.  Writes: the scan's counts.
    """
    t = k.e[0].cur
    base = t * ISOLATE_MAX
    scan = k.scans[t]
    if keeps_anon(k) == 0:
        return 0
    cost = k.costs[C_SCAN_PAGE]
    ns = debt_left(k)
    n = 0
    locked = 0
    while i + n < nr and n * cost <= ns:
        page = k.isolated[base + i + n]
        stays = folio_stays(k, k.page_flags[page])
        if stays == 0:
            break
        locked += stays >> 1
        k.isolated[base + left + n] = page
        n += 1
    burn(k, n * cost)
    scan.nr_scanned += n - locked
    return n
