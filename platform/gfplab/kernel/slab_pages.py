"""The pages of new slabs: by which mask they are asked for, and how often.

Models allocate_slab() of mm/slub.c (v4.7, where gcc makes it a part of new_slab(), and v6.1).

SLUB asks for a slab of the order that it likes best first, and that request is __GFP_NORETRY. If that order is 0, it is
a round of reclaim of its own, with all the naps that belong to one, and the caller's mask may then buy a second round.
A request above the minimum order does not reclaim.

Leaves out: in v4.7, the attempt to get a slab of an order above 0, which does not reclaim and there always fails.
"""

from gfplab.engine.subset import kernel, plain
from gfplab.engine.symbols import burn
from gfplab.kernel.costs import C_ALLOC_FAIL
from gfplab.kernel.gfp import (
    __GFP_KSWAPD_RECLAIM,
    __GFP_MOVABLE,
    __GFP_NOFAIL,
    __GFP_NORETRY,
    __GFP_NOWARN,
    __GFP_RECLAIMABLE,
    ALLOC_NO_WATERMARKS,
    ALLOC_OOM,
    ALLOC_WMARK_LOW,
)
from gfplab.kernel.symbols import (
    __alloc_pages,
    alloc_high_slab,
    alloc_pages_current,
    decide_gfp_to_alloc_flags,
    get_page_from_freelist,
    gfp_zone,
    init_slab,
    request_of,
    wake_all_kswapds,
)


@plain
def slab_gfp(k, cache, gfp_mask):
    """The mask of a slab's page: SLAB_RECLAIM_ACCOUNT makes it reclaimable. Writes: nothing."""
    mask = gfp_mask & ~__GFP_MOVABLE
    if k.caches[cache].reclaimable:
        mask |= __GFP_RECLAIMABLE
    return mask


@plain
def preferred_gfp(k, cache, gfp_mask):
    """The mask of the attempt at the order that SLUB likes best; 0 if that order is above 0. Writes: nothing."""
    if k.caches[cache].order:
        return 0
    return (slab_gfp(k, cache, gfp_mask) | __GFP_NOWARN | __GFP_NORETRY) & ~__GFP_NOFAIL


@kernel
def new_slab(k, cache, gfp_mask):
    """A fresh slab page, or 0. This is where an allocation from a slab may reclaim and be throttled, even twice."""
    page = 0
    preferred = preferred_gfp(k, cache, gfp_mask)
    if preferred:
        page = yield from alloc_pages_current(k, preferred)
    if page == 0:
        page = yield from alloc_pages_current(k, slab_gfp(k, cache, gfp_mask))
    if page:
        init_slab(k, cache, page)
    return page


@kernel
def allocate_slab(k, cache, gfp_mask):
    """The same in v6.1."""
    page = 0
    preferred = preferred_gfp(k, cache, gfp_mask)
    if preferred:
        page = yield from __alloc_pages(k, preferred)
    else:
        page = alloc_high_slab(k, cache, gfp_mask)
        if page:
            return page
    if page == 0:
        page = yield from __alloc_pages(k, slab_gfp(k, cache, gfp_mask))
    if page:
        init_slab(k, cache, page)
    return page


@plain
def alloc_pages_nowait(k, gfp_mask):
    """__alloc_pages() of v6.1 under a mask without direct reclaim: the fast path, kswapd, what the rights allow.

    A reclaimer may go below all watermarks unless the mask says NOMEMALLOC.
    """
    cls = gfp_zone(k, gfp_mask)
    page = get_page_from_freelist(k, gfp_mask, ALLOC_WMARK_LOW, cls)
    if page:
        return page
    r = request_of(k)
    k.alloc_requests[r].gfp_mask = gfp_mask
    k.alloc_requests[r].cls = cls
    k.alloc_requests[r].loops = 0
    if gfp_mask & __GFP_KSWAPD_RECLAIM:
        wake_all_kswapds(k, 0, cls)
    rights = decide_gfp_to_alloc_flags(k, k.e[0].cur, r)
    reserve_flags = rights & (ALLOC_NO_WATERMARKS | ALLOC_OOM)
    page = get_page_from_freelist(k, gfp_mask, rights & ~reserve_flags, cls)
    if page == 0 and reserve_flags:
        page = get_page_from_freelist(k, gfp_mask, reserve_flags, cls)
    if page == 0:
        burn(k, k.costs[C_ALLOC_FAIL])
    return page
