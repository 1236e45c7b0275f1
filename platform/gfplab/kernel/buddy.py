"""Free blocks of a zone: lists by migratetype and order, splitting, merging, and moving a pageblock's free pages.

Models the free_area part of mm/page_alloc.c (v6.1): __free_one_page(), __rmqueue_smallest(), move_freepages_block().
Only order 0 is ever asked for, but which block it is split from, and what merges again, decides how mixed the
pageblocks of a zone become.

Leaves out: MIGRATE_HIGHATOMIC, MIGRATE_CMA and MIGRATE_ISOLATE, shuffled free lists, compaction.
"""

from gfplab.engine.subset import plain
from gfplab.engine.symbols import burn
from gfplab.kernel.costs import C_MOVE_FREEPAGES
from gfplab.kernel.mobility_types import BUDDY_ORDER_MASK, BUDDY_TYPE_SHIFT, MAX_ORDER, MIGRATE_PCPTYPES
from gfplab.kernel.types import PG_buddy, PG_lru, PG_pcp, PG_slab


@plain
def free_area(k, z, migratetype, order):
    """Where the list of zone z's free blocks of this type and order stands in k.free_areas."""
    return (z * MIGRATE_PCPTYPES + migratetype) * MAX_ORDER + order


@plain
def pageblock_of(k, page):
    """The pageblock a page is in."""
    zone = k.zones[k.page_zone[page]]
    return zone.first_block + ((page - zone.start_pfn) >> k.vm[0].pageblock_order)


@plain
def get_pageblock_migratetype(k, page):
    """The type of the pageblock that a page is in."""
    return k.pageblock_type[pageblock_of(k, page)]


@plain
def change_pageblock_range(k, page, order, migratetype):
    """Give all pageblocks of a free block of at least pageblock size to a type. Writes: pageblock_type."""
    first = pageblock_of(k, page)
    for i in range(1 << (order - k.vm[0].pageblock_order)):
        k.pageblock_type[first + i] = migratetype
    return 0


@plain
def add_to_free_list(k, page, z, order, migratetype, to_tail):
    """Put a free block on its list. Writes: free_areas, page links, page_buddy."""
    area = k.free_areas[free_area(k, z, migratetype, order)]
    if area.nr == 0:
        area.head = page
        area.tail = page
        k.page_prev[page] = 0
        k.page_next[page] = 0
    elif to_tail:
        k.page_next[area.tail] = page
        k.page_prev[page] = area.tail
        k.page_next[page] = 0
        area.tail = page
    else:
        k.page_prev[area.head] = page
        k.page_next[page] = area.head
        k.page_prev[page] = 0
        area.head = page
    area.nr += 1
    k.page_buddy[page] = 1 + order + (migratetype << BUDDY_TYPE_SHIFT)
    return 0


@plain
def del_page_from_free_list(k, page, z):
    """Take a free block off its list. Returns its order. Writes: free_areas, page links, page_buddy."""
    code = k.page_buddy[page]
    order = (code & BUDDY_ORDER_MASK) - 1
    area = k.free_areas[free_area(k, z, code >> BUDDY_TYPE_SHIFT, order)]
    before = k.page_prev[page]
    after = k.page_next[page]
    if before:
        k.page_next[before] = after
    else:
        area.head = after
    if after:
        k.page_prev[after] = before
    else:
        area.tail = before
    area.nr -= 1
    k.page_buddy[page] = 0
    k.page_next[page] = 0
    k.page_prev[page] = 0
    return order


@plain
def find_buddy(k, z, offset, order):
    """The first page of the free buddy of the block at this offset of the zone, or 0."""
    zone = k.zones[z]
    buddy = offset ^ (1 << order)
    if buddy + (1 << order) > zone.managed:
        return 0
    if k.page_buddy[zone.start_pfn + buddy] & BUDDY_ORDER_MASK != order + 1:
        return 0
    return zone.start_pfn + buddy


@plain
def __free_one_page(k, page, z, migratetype):
    """Give a page back to the buddy lists, merging as far as buddies are free; blocks of any type merge.

    A block whose next-higher merge only waits for the other half goes to the tail, to be left alone a while.
    """
    zone = k.zones[z]
    k.page_flags[page] = PG_buddy
    offset = page - zone.start_pfn
    order = 0
    while order < MAX_ORDER - 1:
        buddy = find_buddy(k, z, offset, order)
        if buddy == 0:
            break
        del_page_from_free_list(k, buddy, z)
        offset &= buddy - zone.start_pfn
        order += 1
    to_tail = 0
    if order < MAX_ORDER - 2:
        higher = offset & (offset ^ (1 << order))
        if find_buddy(k, z, higher, order + 1):
            to_tail = 1
    add_to_free_list(k, zone.start_pfn + offset, z, order, migratetype, to_tail)
    return 0


@plain
def __rmqueue_smallest(k, z, migratetype, order):
    """2^order pages of the smallest free block of the type, whose rest is split onto the lists; 0 if there is none."""
    for current_order in range(order, MAX_ORDER):
        page = k.free_areas[free_area(k, z, migratetype, current_order)].head
        if page:
            del_page_from_free_list(k, page, z)
            half = current_order - 1
            while half >= order:
                add_to_free_list(k, page + (1 << half), z, half, migratetype, 0)
                half -= 1
            return page
    return 0


@plain
def move_freepages_block(k, z, page, migratetype):
    """Put the free blocks of a page's pageblock onto another type's lists; a block cut by the zone's end stays.

    Returns pages moved + 65536 * pages on an LRU list, which are movable.
    """
    zone = k.zones[z]
    size = 1 << k.vm[0].pageblock_order
    first = zone.start_pfn + (page - zone.start_pfn) // size * size
    if first + size > zone.start_pfn + zone.managed:
        return 0
    moved = 0
    movable = 0
    looked = 0
    at = first
    while at < first + size:
        looked += 1
        if k.page_buddy[at]:
            order = del_page_from_free_list(k, at, z)
            add_to_free_list(k, at, z, order, migratetype, 1)
            moved += 1 << order
            at += 1 << order
        else:
            flags = k.page_flags[at]
            if flags & PG_lru and flags & (PG_slab | PG_pcp | PG_buddy) == 0:
                movable += 1
            at += 1
    burn(k, looked * k.costs[C_MOVE_FREEPAGES])
    return moved + (movable << 16)
