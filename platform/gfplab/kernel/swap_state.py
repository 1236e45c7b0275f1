"""The swap cache: entries, their radix-tree nodes, and swap-in readahead.

Models mm/swap_state.c (v4.7; what v6.1 does is in swap_cache.py and swap_readahead.py).  The tree costs memory: one
node per 64 slots in use, allocated without reclaim and down to half of the min mark when reclaim itself inserts
(GFP_HIGH, NOMEMALLOC).

Leaves out: inner nodes of the radix tree, swap cgroups.
"""

from gfplab.engine.subset import kernel, plain
from gfplab.engine.symbols import burn
from gfplab.kernel.costs import C_MAJOR_FAULT
from gfplab.kernel.gfp import __GFP_HIGH, __GFP_NOMEMALLOC, __GFP_NOWARN, GFP_HIGHUSER_MOVABLE, GFP_KERNEL
from gfplab.kernel.symbols import (
    add_to_swap__v6_1,
    alloc_pages_vma,
    delete_from_swap_cache__v6_1,
    folio_free_swap,
    free_hot_cold_page,
    get_swap_page,
    kmem_cache_alloc,
    kmem_cache_alloc_nowait,
    kmem_cache_free,
    lru_cache_add,
    smp_processor_id,
    swap_entry_free,
    swap_readpage,
    vm_swap_full,
)
from gfplab.kernel.types import PAGE_FLAGS_MASK, PG_anon, PG_dirty, PG_locked, PG_readahead, PG_swapcache, PG_writeback

NODE_SLOTS = 64
SWAP_PTE = 1
SWAP_HAS_CACHE = 2


@plain
def add_to_swap(k, page):
    """Give an anonymous page a slot and a swap-cache entry; it is dirty then. 0 if either is not to be had."""
    if k.vm[0].era >= 61:
        return add_to_swap__v6_1(k, page)
    slot = get_swap_page(k)
    if slot == 0:
        return 0
    node = slot // NODE_SLOTS
    if k.node_count[node] == 0:
        obj = kmem_cache_alloc_nowait(k, k.swaps[1].node_cache, __GFP_HIGH | __GFP_NOMEMALLOC | __GFP_NOWARN)
        if obj == 0:
            swap_entry_free(k, slot, SWAP_HAS_CACHE)
            return 0
        k.node_object[node] = obj
    k.node_count[node] += 1
    k.swap_cache[slot] = page
    k.page_private[page] = slot
    k.page_flags[page] |= PG_swapcache | PG_dirty
    return slot


@plain
def delete_from_swap_cache(k, page):
    """Remove a page from the swap cache; its slot lives on while a PTE refers to it."""
    if k.vm[0].era >= 61:
        delete_from_swap_cache__v6_1(k, page, 0)
        return 0
    slot = k.page_private[page]
    k.swap_cache[slot] = 0
    k.page_private[page] = 0
    k.page_flags[page] &= ~PG_swapcache & PAGE_FLAGS_MASK
    node = slot // NODE_SLOTS
    k.node_count[node] -= 1
    if k.node_count[node] == 0:
        kmem_cache_free(k, k.swaps[1].node_cache, k.node_object[node], smp_processor_id(k))
        k.node_object[node] = 0
    swap_entry_free(k, slot, SWAP_HAS_CACHE)
    return 0


@plain
def try_to_free_swap(k, page):
    """Drop the swap-cache entry of a page whose slot no PTE needs. 1 if dropped: the page is then dirty anon memory."""
    if k.vm[0].era >= 61:
        return folio_free_swap(k, page)
    flags = k.page_flags[page]
    if flags & PG_swapcache == 0 or flags & PG_writeback:
        return 0
    if k.swap_map[k.page_private[page]] & SWAP_PTE:
        return 0
    delete_from_swap_cache(k, page)
    k.page_flags[page] |= PG_dirty
    return 1


@plain
def lookup_swap_cache(k, slot):
    """The page that caches a slot, or 0; a hit on a read-ahead page widens the window."""
    page = k.swap_cache[slot]
    if page and k.page_flags[page] & PG_readahead and k.page_flags[page] & PG_writeback == 0:
        k.page_flags[page] &= ~PG_readahead & PAGE_FLAGS_MASK
        k.vm[0].readahead_hits += 1
    return page


@plain
def swapin_nr_pages(k, slot):
    """Pages to read around a slot: more after read-ahead hits, never above 2^page_cluster. Writes: vm.readahead_*."""
    vm = k.vm[0]
    max_pages = 1 << vm.page_cluster
    if max_pages <= 1:
        return 1
    pages = vm.readahead_hits + 2
    vm.readahead_hits = 0
    if pages == 2:
        if slot != vm.readahead_prev + 1 and slot != vm.readahead_prev - 1:
            pages = 1
        vm.readahead_prev = slot
    else:
        roundup = 4
        while roundup < pages:
            roundup <<= 1
        pages = roundup
    if pages > max_pages:
        pages = max_pages
    floor = vm.readahead_last // 2
    if pages < floor:
        pages = floor
    vm.readahead_last = pages
    return pages


@kernel(inlined=True)
def swapin_readahead(k, slot):
    """Read a slot and its aligned neighbourhood in; returns the page of the slot itself, perhaps still locked, or 0."""
    nr = swapin_nr_pages(k, slot)
    mask = nr - 1
    start = slot & ~mask
    end = slot | mask
    if start == 0:
        start = 1
    if end > k.swaps[1].nr_slots:
        end = k.swaps[1].nr_slots
    if mask > 0:
        for i in range(start, end + 1):
            if k.swap_map[i] & SWAP_PTE and k.swap_cache[i] == 0:
                other = yield from read_swap_cache_async(k, i)
                if other and i != slot:
                    k.page_flags[other] |= PG_readahead
    page = yield from read_swap_cache_async(k, slot)
    return page


@kernel
def read_swap_cache_async(k, slot):
    """The swap-cache page of a slot, a read being started if it was not cached; 0 if no memory or no such slot."""
    page = k.swap_cache[slot]
    if page:
        return page
    page = yield from alloc_pages_vma(k, GFP_HIGHUSER_MOVABLE)
    if page == 0:
        return 0
    node = slot // NODE_SLOTS
    obj = 0
    if k.node_count[node] == 0:
        obj = yield from kmem_cache_alloc(k, k.swaps[1].node_cache, GFP_KERNEL)
        if obj == 0:
            free_hot_cold_page(k, page)
            return 0
    # the task may have slept: somebody else may have read the slot, freed it, or made the node
    other = k.swap_cache[slot]
    if obj and k.node_count[node] > 0:
        kmem_cache_free(k, k.swaps[1].node_cache, obj, smp_processor_id(k))
        obj = 0
    gone = 0
    if k.swap_map[slot] & SWAP_PTE == 0:
        gone = 1
    if other == 0 and gone == 0 and obj == 0 and k.node_count[node] == 0:
        gone = 1  # the node vanished while the page was allocated: let the fault try again
    if other or gone:
        if obj:
            kmem_cache_free(k, k.swaps[1].node_cache, obj, smp_processor_id(k))
        free_hot_cold_page(k, page)
        return other
    if obj:
        k.node_object[node] = obj
    k.node_count[node] += 1
    k.swap_map[slot] |= SWAP_HAS_CACHE
    k.swap_cache[slot] = page
    k.page_private[page] = slot
    k.page_flags[page] = PG_anon | PG_swapcache | PG_locked
    lru_cache_add(k, page, 0)
    burn(k, k.costs[C_MAJOR_FAULT])
    yield from swap_readpage(k, page, 0)
    return page


@plain
def free_swap_if_full(k, page):
    """After a swap-in: give the slot up early when swap space is short."""
    if vm_swap_full(k):
        try_to_free_swap(k, page)
    return 0
