"""Pages in a reclaimer's hands: how they come off the lists of the node, and how what is left of them goes back.

Models isolate_lru_folios() and move_folios_to_lru() of mm/vmscan.c (v6.1), and what v4.7 does instead with the lists
of a zone.  A task holds up to 32 at a time, the first
of its places in `isolated`.

Leaves out: several nodes, memory cgroups (one lruvec), unevictable and large folios.
"""

from gfplab.engine.subset import plain
from gfplab.engine.symbols import burn
from gfplab.kernel.costs import C_ISOLATE_PAGE
from gfplab.kernel.symbols import (
    free_hot_cold_page,
    isolate_lru_page,
    link_newest,
    lru_size_add,
    page_lru,
    putback_lru_page,
    unisolate,
    zone_lru_size_add,
)
from gfplab.kernel.types import (
    LRU_INACTIVE_ANON,
    LRU_INACTIVE_FILE,
    PAGE_FLAGS_MASK,
    PG_active,
    PG_anon,
    PG_locked,
    PG_lru,
    PG_mapped,
    PG_swapcache,
)

ISOLATE_MAX = 64
NODE_LRUVEC = 1


@plain
def isolate_lru_folios(k, lru, nr_to_scan):
    """Take up to nr_to_scan of the oldest pages of a list into this task's hands; returns how many.

    Pages of zones that the caller may not use are passed over and come to the newest end, uncounted but for pgskip.
    """
    t = k.e[0].cur
    base = t * ISOLATE_MAX
    cls = k.scans[t].cls
    lst = k.lrus[NODE_LRUVEC * 4 + lru]
    n = 0
    skipped = 0
    todo = lst.nr
    if k.vm[0].nr_zones == 1:
        n = isolate_oldest(k, 1, lru, min(nr_to_scan, todo))
        todo = 0
    while n < nr_to_scan and todo > 0:
        page = lst.tail
        todo -= 1
        if k.page_zone[page] > cls:
            isolate_lru_page(k, page)
            putback_lru_page(k, page)
            skipped += 1
        else:
            isolate_lru_page(k, page)
            k.isolated[base + n] = page
            n += 1
    k.vm[0].pgskip += skipped
    burn(k, (n + skipped) * k.costs[C_ISOLATE_PAGE])
    return n


@plain
def isolate_oldest(k, z, lru, nr):
    """isolate_lru_page() of the nr oldest pages of a list that holds no zone but `z`: the list is cut once."""
    base = k.e[0].cur * ISOLATE_MAX
    lv = k.zones[z].lruvec
    lst = k.lrus[lv * 4 + lru]
    page = lst.tail
    for i in range(nr):
        k.isolated[base + i] = page
        k.page_flags[page] &= ~PG_lru & PAGE_FLAGS_MASK
        page = k.page_prev[page]
    lst.tail = page
    if page:
        k.page_next[page] = 0
    else:
        lst.head = 0
    lru_size_add(k, lv, lru, -nr)
    zone_lru_size_add(k, z, lru, -nr)
    if lru < LRU_INACTIVE_FILE:
        k.lruvecs[lv].isolated_anon += nr
    else:
        k.lruvecs[lv].isolated_file += nr
    return nr


@plain
def move_folios_to_lru(k, nr):
    """Put what is left in this task's hands back onto the lists that the flags name. Returns pages put back.

    A page that nobody but reclaim held any more is freed.  Active ones age what has been evicted.  Writes: lruvecs.
    """
    base = k.e[0].cur * ISOLATE_MAX
    moved = 0
    active = 0
    one_zone = k.vm[0].nr_zones == 1
    lru = page_lru(k, k.isolated[base]) & LRU_INACTIVE_FILE  # they are all of one type
    for i in range(nr):
        page = k.isolated[base + i]
        k.isolated[base + i] = 0
        flags = k.page_flags[page]
        if flags & PG_anon and flags & (PG_mapped | PG_swapcache | PG_locked) == 0 and k.page_pins[page] == 0:
            unisolate(k, page)
            free_hot_cold_page(k, page)
            continue
        moved += 1
        if flags & PG_active:
            active += 1
        if one_zone:
            link_newest(k, NODE_LRUVEC * 4 + page_lru(k, page), page)
        else:
            putback_lru_page(k, page)
    if one_zone:
        count_put_back(k, 1, lru, moved, active)
    k.lruvecs[NODE_LRUVEC].nonresident_age += active
    return moved


@plain
def count_put_back(k, z, lru, nr, active):
    """Count nr pages out of reclaimers' hands, `active` of them onto the active list. Writes: lruvecs, lrus, zones."""
    lv = k.zones[z].lruvec
    lru_size_add(k, lv, lru, nr - active)
    zone_lru_size_add(k, z, lru, nr - active)
    lru_size_add(k, lv, lru + 1, active)
    zone_lru_size_add(k, z, lru + 1, active)
    if lru == LRU_INACTIVE_ANON:
        k.lruvecs[lv].isolated_anon -= nr
    else:
        k.lruvecs[lv].isolated_file -= nr
    return 0


@plain
def putback_lru_pages(k, z, nr):
    """putback_lru_page() of the first nr pages in this task's hands, which are of one type and of zone `z`."""
    base = k.e[0].cur * ISOLATE_MAX
    first = k.zones[z].lruvec * 4
    lru = page_lru(k, k.isolated[base]) & LRU_INACTIVE_FILE
    active = 0
    for i in range(nr):
        page = k.isolated[base + i]
        k.isolated[base + i] = 0
        if k.page_flags[page] & PG_active:
            active += 1
        link_newest(k, first + page_lru(k, page), page)
    count_put_back(k, z, lru, nr, active)
    return 0
