"""Slabs of several pages: the order that SLUB likes best, taken where a free block of it is to be had without reclaim.

Models the first attempt of allocate_slab() and the order above 0 in __alloc_pages() and free_pages() (v6.1).  A slab of
more objects is rarely empty, so a cache of such slabs keeps more free objects when memory is short.

Leaves out: per-CPU lists of orders 1 to 3 (blocks come from and go to the buddy lists at once), compaction, the
high-atomic reserve, the RCU grace period that the pages of bio slabs wait for (SLAB_TYPESAFE_BY_RCU).
"""

from gfplab.engine.subset import plain
from gfplab.engine.symbols import burn, spin_lock, spin_unlock
from gfplab.kernel.costs import C_ALLOC_FAIL, C_BUDDY_PAGE, C_PCP_ALLOC, C_PCP_FREE, C_SLAB_NEW
from gfplab.kernel.gfp import (
    __GFP_DIRECT_RECLAIM,
    __GFP_KSWAPD_RECLAIM,
    __GFP_NOMEMALLOC,
    ALLOC_NO_WATERMARKS,
    ALLOC_OOM,
    ALLOC_WMARK_LOW,
)
from gfplab.kernel.mobility_types import ZONE_BOOSTED_WATERMARK
from gfplab.kernel.symbols import (
    __free_one_page,
    __rmqueue_fallback,
    __rmqueue_smallest,
    decide_gfp_to_alloc_flags,
    get_pageblock_migratetype,
    gfp_migratetype,
    gfp_zone,
    request_of,
    slab_gfp,
    take_free_pages,
    wake_all_kswapds,
    watermark_ok,
    wmark_pages,
)
from gfplab.kernel.types import PG_slab, PG_slab_high


@plain
def slab_objects(k, cache, page):
    """How many objects the slab with this first page holds."""
    if k.page_flags[page] & PG_slab_high:
        return k.caches[cache].objs_high
    return k.caches[cache].objs


@plain
def high_slab_gfp(k, cache, gfp_mask):
    """A caller that may reclaim must not for this attempt, nor wake kswapd; one that may not keeps its mask."""
    mask = slab_gfp(k, cache, gfp_mask)
    if mask & __GFP_DIRECT_RECLAIM:
        mask = (mask | __GFP_NOMEMALLOC) & ~(__GFP_DIRECT_RECLAIM | __GFP_KSWAPD_RECLAIM)
    return mask


@plain
def alloc_high_slab(k, cache, gfp_mask):
    """A slab of the cache's order with all its objects free: its first page, or 0. Writes: page arrays, caches."""
    order = k.caches[cache].order
    mask = high_slab_gfp(k, cache, gfp_mask)
    page = block_from_freelist(k, mask, ALLOC_WMARK_LOW, order)
    if page == 0:
        if mask & __GFP_KSWAPD_RECLAIM:
            wake_all_kswapds(k, order, gfp_zone(k, mask))
        r = request_of(k)
        k.alloc_requests[r].gfp_mask = mask
        k.alloc_requests[r].cls = gfp_zone(k, mask)
        k.alloc_requests[r].loops = 0
        rights = decide_gfp_to_alloc_flags(k, k.e[0].cur, r)
        page = block_from_freelist(k, mask, rights & ~(ALLOC_NO_WATERMARKS | ALLOC_OOM), order)
    if page == 0:
        burn(k, k.costs[C_ALLOC_FAIL])
        return 0
    pages = 1 << order
    for i in range(pages):
        k.page_flags[page + i] = PG_slab
        k.page_index[page + i] = cache
        k.page_private[page + i] = 0
        k.page_next[page + i] = 0
        k.page_prev[page + i] = 0
    c = k.caches[cache]
    k.page_flags[page] |= PG_slab_high
    k.page_private[page] = c.objs_high
    c.nr_slabs += 1
    c.nr_high += 1
    k.zones[k.page_zone[page]].nr_slab += pages
    k.vm[0].nr_slab += pages
    k.vm[0].pgalloc += pages
    burn(k, k.costs[C_SLAB_NEW] + k.costs[C_PCP_ALLOC])
    return page


@plain
def block_from_freelist(k, gfp_mask, alloc_flags, order):
    """The first page of a block of 2^order pages from the highest zone that keeps its mark without them; 0 if none."""
    cls = gfp_zone(k, gfp_mask)
    z = cls
    while z > 0:
        if watermark_ok(k, z, order, wmark_pages(k, z, alloc_flags), cls, alloc_flags, k.zones[z].free):
            page = rmqueue_block(k, z, gfp_mask, order)
            if page:
                return page
        z -= 1
    return 0


@plain
def rmqueue_block(k, z, gfp_mask, order):
    """2^order pages of the zone in one block, of another type's if need be, under zone->lock; 0 if there is none."""
    migratetype = gfp_migratetype(k, gfp_mask)
    may_wake = gfp_mask & __GFP_KSWAPD_RECLAIM
    zone = k.zones[z]
    spin_lock(k, zone.lock)
    page = __rmqueue_smallest(k, z, migratetype, order)
    while page == 0 and __rmqueue_fallback(k, z, migratetype, may_wake, order):
        page = __rmqueue_smallest(k, z, migratetype, order)
    if page:
        take_free_pages(k, z, 1 << order)
        burn(k, k.costs[C_BUDDY_PAGE])
    spin_unlock(k, zone.lock)
    if may_wake and zone.flags & ZONE_BOOSTED_WATERMARK:
        zone.flags &= ~ZONE_BOOSTED_WATERMARK
        wake_all_kswapds(k, 0, z)
    return page


@plain
def discard_high_slab(k, cache, page):
    """Give an empty slab of several pages back to the buddy lists."""
    c = k.caches[cache]
    pages = 1 << c.order
    z = k.page_zone[page]
    zone = k.zones[z]
    c.nr_slabs -= 1
    c.nr_high -= 1
    zone.nr_slab -= pages
    k.vm[0].nr_slab -= pages
    k.vm[0].pgfree += pages
    migratetype = get_pageblock_migratetype(k, page)
    spin_lock(k, zone.lock)
    for i in range(pages):
        k.page_private[page + i] = 0
        k.page_index[page + i] = 0
        __free_one_page(k, page + i, z, migratetype)
    zone.free += pages
    k.vm[0].nr_free += pages
    burn(k, k.costs[C_PCP_FREE] + k.costs[C_BUDDY_PAGE])
    spin_unlock(k, zone.lock)
    return 0
