"""The swap cache whose xarray nodes keep the shadows of evicted pages.

Models mm/swap_state.c (v6.1).  A node serves 64 slots and lives while it holds a page or a shadow, so what was swapped
out once costs memory until its slot is freed.

Leaves out: inner nodes of the xarrays (one for 64 nodes), the shrinker of nodes that hold shadows only (it leaves as
many as an eighth of all pages, which is more than a swap area of four times the memory can need), swap cgroups.
"""

from gfplab.engine.requests import TASK_UNINTERRUPTIBLE, schedule_timeout
from gfplab.engine.subset import kernel, plain
from gfplab.engine.symbols import burn
from gfplab.kernel.costs import C_MAJOR_FAULT
from gfplab.kernel.gfp import (
    __GFP_HIGH,
    __GFP_NOMEMALLOC,
    __GFP_NOWARN,
    __GFP_RECLAIMABLE,
    GFP_HIGHUSER_MOVABLE,
    GFP_KERNEL,
    GFP_NOWAIT,
)
from gfplab.kernel.symbols import (
    __folio_alloc,
    folio_alloc_swap,
    free_hot_cold_page,
    kmem_cache_alloc,
    kmem_cache_alloc_nowait,
    kmem_cache_free,
    lru_cache_add,
    smp_processor_id,
    swap_entry_free,
    swap_readpage,
    timer_wheel_ns,
    workingset_refault__v6_1,
)
from gfplab.kernel.types import (
    PAGE_FLAGS_MASK,
    PG_anon,
    PG_dirty,
    PG_locked,
    PG_readahead,
    PG_reading,
    PG_swapcache,
    PG_writeback,
)

NODE_SLOTS = 64
SWAP_PTE = 1
SWAP_HAS_CACHE = 2
SWAP_RA_HITS_MAX = 63


@plain
def add_to_swap__v6_1(k, page):
    """Give an anonymous page a slot and a swap-cache entry; it is dirty then. 0 if either is not to be had."""
    slot = folio_alloc_swap(k)
    if slot == 0:
        return 0
    if k.node_count[slot // NODE_SLOTS] == 0:
        # the tree itself asks first, and may take a reclaimer's share below the marks; only then does our mask count
        obj = kmem_cache_alloc_nowait(k, k.swaps[1].node_cache, GFP_NOWAIT | __GFP_NOWARN | __GFP_RECLAIMABLE)
        if obj == 0:
            mask = __GFP_HIGH | __GFP_NOMEMALLOC | __GFP_NOWARN | __GFP_RECLAIMABLE
            obj = kmem_cache_alloc_nowait(k, k.swaps[1].node_cache, mask)
        if obj == 0:
            swap_entry_free(k, slot, SWAP_HAS_CACHE)
            return 0
        k.node_object[slot // NODE_SLOTS] = obj
    add_to_swap_cache(k, page, slot)
    k.page_flags[page] |= PG_dirty
    return slot


@plain
def add_to_swap_cache(k, page, slot):
    """Enter a page, whose node is there, in the place of a shadow or of nothing. Returns the shadow or 0."""
    shadow = k.swap_shadow[slot]
    k.swap_shadow[slot] = 0
    if shadow == 0:
        k.node_count[slot // NODE_SLOTS] += 1
    k.swap_cache[slot] = page
    k.page_private[page] = slot
    k.page_flags[page] |= PG_swapcache
    k.vm[0].nr_swapcached += 1
    return shadow


@plain
def delete_from_swap_cache__v6_1(k, page, shadow):
    """Remove a page from the swap cache, leaving its shadow there if it is being evicted; its slot may be freed."""
    slot = k.page_private[page]
    k.swap_cache[slot] = 0
    k.swap_shadow[slot] = shadow
    k.page_private[page] = 0
    k.page_flags[page] &= ~PG_swapcache & PAGE_FLAGS_MASK
    k.vm[0].nr_swapcached -= 1
    if shadow == 0:
        forget_node_slot(k, slot // NODE_SLOTS)
    swap_entry_free(k, slot, SWAP_HAS_CACHE)


@plain
def forget_node_slot(k, node):
    """One slot of a node holds nothing any more; an empty node is freed. Writes: node_count, node_object."""
    k.node_count[node] -= 1
    if k.node_count[node] == 0:
        kmem_cache_free(k, k.swaps[1].node_cache, k.node_object[node], smp_processor_id(k))
        k.node_object[node] = 0


@plain
def clear_shadow_from_swap_cache(k, slot):
    """A slot is free again: whoever gets it next must not find the shadow of its last page. Writes: swap_shadow."""
    if k.swap_shadow[slot]:
        k.swap_shadow[slot] = 0
        forget_node_slot(k, slot // NODE_SLOTS)


@plain
def folio_free_swap(k, page):
    """Take a locked page out of the swap cache if no PTE needs its slot; it is dirty then. 1 if taken out."""
    flags = k.page_flags[page]
    if flags & PG_swapcache == 0 or flags & PG_writeback:
        return 0
    if k.swap_map[k.page_private[page]] & SWAP_PTE:
        return 0
    delete_from_swap_cache__v6_1(k, page, 0)
    k.page_flags[page] |= PG_dirty
    return 1


@plain
def swap_cache_get_folio(k, slot, vpn, m):
    """The page that caches a slot, or 0; tells the readahead of address space m where the fault was, and if it hit.

    A page that reclaim has just written has the readahead bit as well, since it is PG_reclaim: it counts as a hit.
    """
    page = k.swap_cache[slot]
    if page == 0:
        return 0
    hit = k.page_flags[page] & PG_readahead
    k.page_flags[page] &= ~PG_readahead & PAGE_FLAGS_MASK
    if hit:
        k.vm[0].swap_ra_hit += 1
    if k.swaps[1].ssd == 0:
        if hit:
            k.vm[0].readahead_hits += 1
        return page
    mm = k.mms[m]
    hits = mm.swap_ra_hits
    if mm.swap_ra_vpn == 0:
        hits = 4  # nothing was read yet: start with a small window
    if hit:
        hits = min(hits + 1, SWAP_RA_HITS_MAX)
    mm.swap_ra_hits = hits
    mm.swap_ra_vpn = vpn
    return page


@kernel(inlined=True)
def __read_swap_cache_async(k, slot):
    """The swap-cache page of a slot, or minus a new page, locked and to be read by the caller; 0: none can be had."""
    while True:
        page = k.swap_cache[slot]
        if page:
            return page
        if k.swap_map[slot] & SWAP_PTE == 0:
            return 0
        page = yield from __folio_alloc(k, GFP_HIGHUSER_MOVABLE)
        if page == 0:
            return 0
        # the task may have slept: somebody else may read the slot by now, or it is free
        if k.swap_map[slot] & (SWAP_PTE | SWAP_HAS_CACHE) == SWAP_PTE:
            break
        free_hot_cold_page(k, page)
        if k.swap_map[slot] & SWAP_PTE == 0:
            return 0
        yield schedule_timeout(0, timer_wheel_ns(k, 1), TASK_UNINTERRUPTIBLE)
    k.swap_map[slot] |= SWAP_HAS_CACHE
    node = slot // NODE_SLOTS
    while k.node_count[node] == 0:  # it may have come, or gone with its last shadow, while this task slept
        obj = yield from kmem_cache_alloc(k, k.swaps[1].node_cache, GFP_KERNEL | __GFP_RECLAIMABLE)
        if obj == 0:
            swap_entry_free(k, slot, SWAP_HAS_CACHE)
            free_hot_cold_page(k, page)
            return 0
        if k.node_count[node]:
            kmem_cache_free(k, k.swaps[1].node_cache, obj, smp_processor_id(k))
        else:
            k.node_object[node] = obj
            break
    k.page_flags[page] = PG_anon | PG_locked | PG_reading
    shadow = add_to_swap_cache(k, page, slot)
    if shadow:
        workingset_refault__v6_1(k, page, shadow)
    lru_cache_add(k, page, 0)
    burn(k, k.costs[C_MAJOR_FAULT])
    return -page


@kernel
def read_swap_cache_async__v6_1(k, slot, synchronous):
    """The swap-cache page of a slot or 0; one that was not cached is being read, or has been if synchronous."""
    page = yield from __read_swap_cache_async(k, slot)
    if page < 0:
        page = -page
        yield from swap_readpage(k, page, synchronous)
    return page
