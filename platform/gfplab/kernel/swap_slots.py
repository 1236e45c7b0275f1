"""Swap slots by way of per-CPU caches: 64 are taken at a time, and given back 64 at a time.

Models mm/swap_slots.c (v6.1).  The slots of a cache count as used and have SWAP_HAS_CACHE, though no page has them yet
or any more.  The caches rest while free slots are short, so that none is hoarded.

Leaves out: slots of huge pages, the caches' mutexes (nobody sleeps while filling one), CPU hotplug.
"""

from gfplab.engine.subset import plain
from gfplab.kernel.fault_types import SWAP_SLOTS_CACHE_SIZE
from gfplab.kernel.symbols import get_swap_pages, smp_processor_id, swapcache_free_entry

THRESHOLD_ACTIVATE_SWAP_SLOTS_CACHE = 5 * SWAP_SLOTS_CACHE_SIZE
THRESHOLD_DEACTIVATE_SWAP_SLOTS_CACHE = 2 * SWAP_SLOTS_CACHE_SIZE


@plain
def check_cache_active(k):
    """1 if the slot caches are in use; starts or stops them by the number of free slots. Writes: swaps, the caches."""
    s = k.swaps[1]
    free = k.vm[0].nr_swap_pages
    if s.slot_cache_active == 0:
        if free > k.e[0].ncpus * THRESHOLD_ACTIVATE_SWAP_SLOTS_CACHE:
            s.slot_cache_active = 1
    elif free < k.e[0].ncpus * THRESHOLD_DEACTIVATE_SWAP_SLOTS_CACHE:
        s.slot_cache_active = 0
        for this_cpu in range(k.e[0].ncpus):
            drain_slots_cache_cpu(k, this_cpu)
    return s.slot_cache_active


@plain
def drain_slots_cache_cpu(k, this_cpu):
    """Give all slots of one CPU's cache back, the unused and the returned. Writes: swap_slots_caches."""
    cache = k.swap_slots_caches[this_cpu]
    first = this_cpu * SWAP_SLOTS_CACHE_SIZE
    for i in range(cache.cur, cache.cur + cache.nr):
        swapcache_free_entry(k, k.swap_slots[first + i])
        k.swap_slots[first + i] = 0
    cache.cur = 0
    cache.nr = 0
    free_returned_slots(k, this_cpu)


@plain
def free_returned_slots(k, this_cpu):
    """Give the returned slots of one CPU's cache back to the device. Writes: swap_slots_caches, swap_slots_ret."""
    cache = k.swap_slots_caches[this_cpu]
    first = this_cpu * SWAP_SLOTS_CACHE_SIZE
    for i in range(cache.n_ret):
        swapcache_free_entry(k, k.swap_slots_ret[first + i])
        k.swap_slots_ret[first + i] = 0
    cache.n_ret = 0


@plain
def folio_alloc_swap(k):
    """A slot for a page that is to be swapped out, with SWAP_HAS_CACHE; 0 if there is none."""
    this_cpu = smp_processor_id(k)
    first = this_cpu * SWAP_SLOTS_CACHE_SIZE
    if check_cache_active(k):
        cache = k.swap_slots_caches[this_cpu]
        if cache.nr == 0:
            cache.cur = 0
            cache.nr = get_swap_pages(k, first, SWAP_SLOTS_CACHE_SIZE)
        if cache.nr:
            slot = k.swap_slots[first + cache.cur]
            k.swap_slots[first + cache.cur] = 0
            cache.cur += 1
            cache.nr -= 1
            return slot
    # the cache is empty now, so its place may hold one slot for a moment
    if get_swap_pages(k, first, 1) == 0:
        return 0
    slot = k.swap_slots[first]
    k.swap_slots[first] = 0
    return slot


@plain
def free_swap_slot(k, slot):
    """Nobody refers to a slot any more: into this CPU's cache of returned slots, which is emptied when full."""
    if k.swaps[1].slot_cache_active == 0:
        swapcache_free_entry(k, slot)
        return 0
    this_cpu = smp_processor_id(k)
    cache = k.swap_slots_caches[this_cpu]
    if cache.n_ret >= SWAP_SLOTS_CACHE_SIZE:
        free_returned_slots(k, this_cpu)
    k.swap_slots_ret[this_cpu * SWAP_SLOTS_CACHE_SIZE + cache.n_ret] = slot
    cache.n_ret += 1
    return 0
