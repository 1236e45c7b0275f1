"""The marks of a zone and who may go how far below them.

Models zone_watermark_ok() and its kin of mm/page_alloc.c (v4.7: order 0 only; v6.1 with the rights of 6.1.192).

Leaves out: the high-atomic reserve, free CMA pages, per-CPU drift of NR_FREE_PAGES.
"""

from gfplab.engine.subset import plain
from gfplab.kernel.gfp import (
    __GFP_ATOMIC,
    ALLOC_HARDER,
    ALLOC_HIGH,
    ALLOC_MIN_RESERVE,
    ALLOC_NON_BLOCK,
    ALLOC_OOM,
    ALLOC_WMARK_HIGH,
    ALLOC_WMARK_LOW,
    ALLOC_WMARK_MASK,
    ALLOC_WMARK_MIN,
)
from gfplab.kernel.mobility_types import MAX_ORDER, MIGRATE_PCPTYPES
from gfplab.kernel.symbols import free_area


@plain
def lowmem_reserve(k, z, cls):
    """zone->lowmem_reserve[cls]: pages of zone z that a request of class cls may not touch."""
    zone = k.zones[z]
    if cls == 1:
        return zone.reserve_1
    if cls == 2:
        return zone.reserve_2
    if cls == 3:
        return zone.reserve_3
    return zone.reserve_4


@plain
def wmark_pages(k, z, alloc_flags):
    """The watermark that the flags select."""
    which = alloc_flags & ALLOC_WMARK_MASK
    if which == ALLOC_WMARK_LOW:
        return low_wmark_pages(k, z)
    if which == ALLOC_WMARK_HIGH:
        return high_wmark_pages(k, z)
    return min_wmark_pages(k, z)


@plain
def min_wmark_pages(k, z):
    """The min mark, raised by what fragmentation has boosted it (always 0 in v4.7)."""
    return k.zones[z].wmark_min + k.zones[z].boost


@plain
def low_wmark_pages(k, z):
    """The low mark, boost included."""
    return k.zones[z].wmark_low + k.zones[z].boost


@plain
def high_wmark_pages(k, z):
    """The high mark, boost included."""
    return k.zones[z].wmark_high + k.zones[z].boost


@plain
def watermark_ok(k, z, order, mark, cls, alloc_flags, free):
    """__zone_watermark_ok() of v6.1: 1 if that many free pages pass, the rights in the flags and the reserve minded.

    Above order 0 all but one page of the block must be to spare, and a block that large must be there, of any type.
    ALLOC_NON_BLOCK counts only on top of ALLOC_MIN_RESERVE; a victim of the OOM killer may take half of what is left.
    """
    floor = mark
    if alloc_flags & ALLOC_MIN_RESERVE:
        floor -= floor // 2
        if alloc_flags & ALLOC_NON_BLOCK:
            floor -= floor // 4
    if alloc_flags & ALLOC_OOM:
        floor -= floor // 2
    if free - ((1 << order) - 1) <= floor + lowmem_reserve(k, z, cls):
        return 0
    return block_available(k, z, order)


@plain
def block_available(k, z, order):
    """1 if the zone has a free block of the order or larger, of any type; a single page is not looked for."""
    if order == 0:
        return 1
    for larger in range(order, MAX_ORDER):
        for migratetype in range(MIGRATE_PCPTYPES):
            if k.free_areas[free_area(k, z, migratetype, larger)].nr:
                return 1
    return 0


@plain
def zone_watermark_fast(k, z, gfp_mask, cls, alloc_flags):
    """The test of v6.1 in front of each zone; an atomic request at the min mark does not mind the boost."""
    mark = wmark_pages(k, z, alloc_flags)
    zone = k.zones[z]
    if watermark_ok(k, z, 0, mark, cls, alloc_flags, zone.free):
        return 1
    if gfp_mask & __GFP_ATOMIC and zone.boost and alloc_flags & ALLOC_WMARK_MASK == ALLOC_WMARK_MIN:
        return watermark_ok(k, z, 0, zone.wmark_min, cls, alloc_flags, zone.free)
    return 0


@plain
def zone_watermark_ok(k, z, mark, cls, alloc_flags):
    """1 if buddy-free pages exceed the mark, lowered by the rights in the flags, plus the lowmem reserve (v4.7)."""
    floor = mark
    if alloc_flags & ALLOC_HIGH:
        floor -= floor // 2
    if alloc_flags & ALLOC_HARDER:
        floor -= floor // 4
    if k.zones[z].free <= floor + lowmem_reserve(k, z, cls):
        return 0
    return 1
