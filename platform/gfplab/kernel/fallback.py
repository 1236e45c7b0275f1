"""What happens when a migratetype has no free page left: it takes one of another type, and the zone pays with a boost.

Models __rmqueue_fallback(), find_suitable_fallback(), steal_suitable_fallback() and boost_watermark() of
mm/page_alloc.c (v6.1).  A block of at least a pageblock changes hands without a boost; every other fallback boosts.

Leaves out: the high-atomic reserve, CMA, machines too small to group by mobility (they never change a block's type).
"""

from gfplab.engine.subset import plain
from gfplab.engine.symbols import trace
from gfplab.kernel.mobility_types import (
    MAX_ORDER,
    MIGRATE_MOVABLE,
    MIGRATE_RECLAIMABLE,
    MIGRATE_UNMOVABLE,
    ZONE_BOOSTED_WATERMARK,
)
from gfplab.kernel.symbols import (
    __rmqueue_smallest,
    add_to_free_list,
    change_pageblock_range,
    del_page_from_free_list,
    free_area,
    get_pageblock_migratetype,
    move_freepages_block,
    pageblock_of,
)
from gfplab.kernel.tracepoints import mm_page_alloc_extfrag


@plain
def fallback_type(k, migratetype, i):
    """The i-th type that this one borrows from."""
    if i == 0:
        if migratetype == MIGRATE_RECLAIMABLE:
            return MIGRATE_UNMOVABLE
        return MIGRATE_RECLAIMABLE
    if migratetype == MIGRATE_MOVABLE:
        return MIGRATE_UNMOVABLE
    return MIGRATE_MOVABLE


@plain
def find_suitable_fallback(k, z, migratetype, order):
    """The type to borrow a block of this order from, or -1."""
    for i in range(2):
        other = fallback_type(k, migratetype, i)
        if k.free_areas[free_area(k, z, other, order)].nr:
            return other
    return -1


@plain
def can_steal_fallback(k, migratetype, order):
    """1 if all free pages of the pageblock may be taken: movable requests only where a large part of it is free."""
    if migratetype != MIGRATE_MOVABLE or order >= k.vm[0].pageblock_order // 2:
        return 1
    return 0


@plain
def boost_watermark(k, z):
    """Raise the zone's marks by a pageblock, up to the limit; 0 if boosting is off or the zone too small for it."""
    vm = k.vm[0]
    zone = k.zones[z]
    pageblock = 1 << vm.pageblock_order
    if vm.watermark_boost_factor == 0 or pageblock * 4 > zone.managed:
        return 0
    limit = zone.wmark_high * vm.watermark_boost_factor // 10000
    if limit == 0:
        return 0
    zone.boost = min(zone.boost + pageblock, max(limit, pageblock))
    return 1


@plain
def steal_suitable_fallback(k, z, page, migratetype, may_wake, whole_block):
    """Move a block of another type, or as much of its pageblock as is free, onto this type's lists."""
    pageblock_order = k.vm[0].pageblock_order
    old_type = get_pageblock_migratetype(k, page)
    order = del_page_from_free_list(k, page, z)
    if order >= pageblock_order:
        add_to_free_list(k, page, z, order, migratetype, 1)
        change_pageblock_range(k, page, order, migratetype)
        return 0
    add_to_free_list(k, page, z, order, migratetype, 1)
    if boost_watermark(k, z) and may_wake:
        k.zones[z].flags |= ZONE_BOOSTED_WATERMARK
    if whole_block == 0:
        return 0
    got = move_freepages_block(k, z, page, migratetype)
    free = got & 0xFFFF
    movable = got >> 16
    if migratetype == MIGRATE_MOVABLE:
        alike = movable
    elif old_type == MIGRATE_MOVABLE:
        alike = (1 << pageblock_order) - free - movable  # in use and not movable: ours, most likely
    else:
        alike = 0
    if free and free + alike >= 1 << (pageblock_order - 1):
        k.pageblock_type[pageblock_of(k, page)] = migratetype
    return 0


@plain
def __rmqueue_fallback(k, z, migratetype, may_wake, min_order):
    """Put pages of another type onto this type's lists: the largest free block there is. 0 if there is none.

    A movable request that may not claim the pageblock takes the smallest block instead: it will not stay for ever.
    """
    order = MAX_ORDER - 1
    other = -1
    while order >= min_order:
        other = find_suitable_fallback(k, z, migratetype, order)
        if other >= 0:
            break
        order -= 1
    if other < 0:
        return 0
    whole_block = can_steal_fallback(k, migratetype, order)
    if whole_block == 0:
        order = 0
        other = find_suitable_fallback(k, z, migratetype, order)
        while other < 0:
            order += 1
            other = find_suitable_fallback(k, z, migratetype, order)
        whole_block = can_steal_fallback(k, migratetype, order)
    page = k.free_areas[free_area(k, z, other, order)].head
    k.vm[0].extfrag += 1
    trace(k, mm_page_alloc_extfrag, page, order, migratetype, other)
    steal_suitable_fallback(k, z, page, migratetype, may_wake, whole_block)
    return 1


@plain
def __rmqueue(k, z, migratetype, may_wake, no_fragment):
    """A page of the type from the buddy lists of the zone, borrowed if need be; 0 if it has none. Under zone->lock."""
    min_order = 0
    if no_fragment:
        min_order = k.vm[0].pageblock_order
    while True:
        page = __rmqueue_smallest(k, z, migratetype, 0)
        if page:
            return page
        if __rmqueue_fallback(k, z, migratetype, may_wake, min_order) == 0:
            return 0
