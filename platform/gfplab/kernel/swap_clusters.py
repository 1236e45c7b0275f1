"""Swap slots by clusters of 256: each CPU takes its slots from a cluster of its own, and a cluster that is empty again
waits behind all other free ones.

Models scan_swap_map_slots() and what it calls, and the freeing of slots, of mm/swapfile.c (v6.1).  As in Linux, slot 0
holds the header of the area and cluster c (its record is c + 1) has the slots from 256 * c on.

Leaves out: several swap devices and priorities, discard, huge pages, the time that the scan of a nearly full area takes
and the pauses in it.
"""

from gfplab.engine.subset import plain
from gfplab.engine.symbols import random_below, spin_lock, spin_unlock
from gfplab.kernel.symbols import (
    clear_shadow_from_swap_cache,
    folio_free_swap,
    free_swap_slot,
    smp_processor_id,
    trylock_page,
    unlock_page,
    vm_swap_full,
)

SWAPFILE_CLUSTER = 256
SWAP_ADDRESS_SPACE_PAGES = 16384
SWAP_BATCH = 64
LATENCY_LIMIT = 256  # slots looked at in one go
SWAP_PTE = 1
SWAP_HAS_CACHE = 2


@plain
def get_swap_pages(k, first, n):
    """Up to n free slots, put into swap_slots from index `first` on; returns how many. Writes: vm, swaps, swap_map."""
    s = k.swaps[1]
    n = min(min(n, SWAP_BATCH), k.vm[0].nr_swap_pages)
    if n <= 0:
        return 0
    spin_lock(k, s.lock)
    got = scan_swap_map_slots(k, first, n)
    spin_unlock(k, s.lock)
    k.vm[0].nr_swap_pages -= got
    return got


@plain
def scan_swap_map_slots(k, first, n):
    """Take n slots, or fewer when nothing free follows the last one. Writes: swap_slots, swap_map, swaps, clusters."""
    s = k.swaps[1]
    this_cpu = smp_processor_id(k)
    got = 0
    slot = first_slot(k, this_cpu)
    while slot:
        take_slot(k, slot)
        k.swap_slots[first + got] = slot
        got += 1
        last = slot
        slot = 0
        if got < n and last < s.highest_bit:
            slot = following_slot(k, this_cpu, last)
        if slot == 0:
            set_cluster_next(k, this_cpu, last + 1)
    return got


@plain
def first_slot(k, this_cpu):
    """A free slot of this CPU's cluster, of a free cluster, or any; 0 if there is none."""
    s = k.swaps[1]
    if s.highest_bit == 0:
        return 0
    slot = s.next_slot
    if s.ssd:
        found = scan_swap_map_try_ssd_cluster(k, this_cpu)
        while found and scan_swap_map_ssd_cluster_conflict(k, this_cpu, found):
            found = scan_swap_map_try_ssd_cluster(k, this_cpu)
        if found:
            return found
        slot = k.cluster_next_cpu[this_cpu]
    elif s.cluster_nr:
        s.cluster_nr -= 1
    else:
        slot = next_run(k, slot)
    if slot <= s.highest_bit and slot >= s.lowest_bit and k.swap_map[slot] == 0:
        return slot
    start = min(slot, s.highest_bit)
    for i in range(start + 1, s.highest_bit + 1):
        if slot_is_free(k, i):
            return i
    for i in range(s.lowest_bit, start + 1):
        if slot_is_free(k, i):
            return i
    return 0


@plain
def following_slot(k, this_cpu, last):
    """The next free slot that is quickly found after one that was just taken; 0: enough for now."""
    s = k.swaps[1]
    if s.ssd:
        slot = scan_swap_map_try_ssd_cluster(k, this_cpu)
        if slot:
            if scan_swap_map_ssd_cluster_conflict(k, this_cpu, slot):
                return 0
            return slot
    elif s.cluster_nr and k.swap_map[last + 1] == 0:
        s.cluster_nr -= 1
        return last + 1
    for i in range(last + 1, min(s.highest_bit, last + LATENCY_LIMIT) + 1):
        if k.swap_map[i] == 0:
            return i
    return 0


@plain
def next_run(k, slot):
    """For a disk that seeks: the first 256 free slots in a row, else go on where it was. Writes: swaps.cluster_nr."""
    s = k.swaps[1]
    s.cluster_nr = SWAPFILE_CLUSTER - 1
    if s.nr_slots - s.used < SWAPFILE_CLUSTER:
        return slot
    run = 0
    for i in range(s.lowest_bit, s.highest_bit + 1):
        run += 1
        if k.swap_map[i]:
            run = 0
        if run == SWAPFILE_CLUSTER:
            return i - SWAPFILE_CLUSTER + 1
    return s.lowest_bit


@plain
def slot_is_free(k, slot):
    """1 if nobody has the slot, also after taking it from the swap cache when swap space is short.

    The caller holds the lock of the area, which is dropped meanwhile: freeing the slot takes it.
    """
    if k.swap_map[slot] == SWAP_HAS_CACHE and vm_swap_full(k) and k.swap_cache[slot]:
        spin_unlock(k, k.swaps[1].lock)
        try_to_reclaim_swap(k, slot)
        spin_lock(k, k.swaps[1].lock)
    return k.swap_map[slot] == 0


@plain
def try_to_reclaim_swap(k, slot):
    """Take the page that caches a slot out of the swap cache, if it is not locked or under writeback. 1 if done."""
    page = k.swap_cache[slot]
    if page == 0 or trylock_page(k, page) == 0:
        return 0
    freed = folio_free_swap(k, page)
    unlock_page(k, page)
    return freed


@plain
def scan_swap_map_try_ssd_cluster(k, this_cpu):
    """The next free slot of this CPU's cluster, which becomes the first free one when it is used up; 0 if none is left.

    Writes: cpu_cluster, cpu_cluster_pos.
    """
    s = k.swaps[1]
    while True:
        cluster = k.cpu_cluster[this_cpu]
        if cluster == 0:
            cluster = s.cluster_head
            if cluster == 0:
                return 0
            k.cpu_cluster[this_cpu] = cluster
            k.cpu_cluster_pos[this_cpu] = (cluster - 1) * SWAPFILE_CLUSTER
        slot = k.cpu_cluster_pos[this_cpu]
        end = min(cluster * SWAPFILE_CLUSTER, s.nr_slots + 1)
        while slot < end and k.swap_map[slot]:
            slot += 1
        if slot < end:
            k.cpu_cluster_pos[this_cpu] = slot + 1
            return slot
        k.cpu_cluster[this_cpu] = 0


@plain
def scan_swap_map_ssd_cluster_conflict(k, this_cpu, slot):
    """1 if the slot's cluster became free behind this CPU's back and others wait before it: the CPU drops it then."""
    cluster = slot // SWAPFILE_CLUSTER + 1
    s = k.swaps[1]
    if k.cluster_used[cluster] or s.cluster_head == 0 or s.cluster_head == cluster:
        return 0
    k.cpu_cluster[this_cpu] = 0
    return 1


@plain
def take_slot(k, slot):
    """Mark a free slot as used by a swap cache to be. Writes: swap_map, cluster_used, the free list, swaps."""
    s = k.swaps[1]
    assert k.swap_map[slot] == 0
    k.swap_map[slot] = SWAP_HAS_CACHE
    cluster = slot // SWAPFILE_CLUSTER + 1
    if k.cluster_used[cluster] == 0 and s.ssd:
        assert s.cluster_head == cluster
        s.cluster_head = k.cluster_next[cluster]
        k.cluster_next[cluster] = 0
        if s.cluster_head == 0:
            s.cluster_tail = 0
        s.free_clusters -= 1
    k.cluster_used[cluster] += 1
    s.used += 1
    if slot == s.lowest_bit:
        s.lowest_bit += 1
    if slot == s.highest_bit:
        s.highest_bit -= 1
    if s.used == s.nr_slots:
        s.lowest_bit = s.nr_slots + 1
        s.highest_bit = 0


@plain
def set_cluster_next(k, this_cpu, slot):
    """Remember where to scan when clusters are out; SSD: each trunk of 16384 slots leads to one drawn at random."""
    s = k.swaps[1]
    if s.ssd == 0:
        s.next_slot = slot
        return 0
    before = k.cluster_next_cpu[this_cpu]
    if before // SWAP_ADDRESS_SPACE_PAGES != slot // SWAP_ADDRESS_SPACE_PAGES:
        if s.highest_bit <= s.lowest_bit:
            return 0
        slot = s.lowest_bit + random_below(k, s.stream, s.highest_bit - s.lowest_bit + 1)
        slot = max(slot // SWAP_ADDRESS_SPACE_PAGES * SWAP_ADDRESS_SPACE_PAGES, s.lowest_bit)
    k.cluster_next_cpu[this_cpu] = slot
    return 0


@plain
def swapcache_free_entry(k, slot):
    """A slot is free for all again, and so perhaps its cluster: that goes to the end of the free list.

    Writes: swap_map, swaps, vm, clusters.
    """
    s = k.swaps[1]
    spin_lock(k, s.lock)
    k.swap_map[slot] = 0
    cluster = slot // SWAPFILE_CLUSTER + 1
    k.cluster_used[cluster] -= 1
    if k.cluster_used[cluster] == 0 and s.ssd:
        if s.cluster_tail:
            k.cluster_next[s.cluster_tail] = cluster
        else:
            s.cluster_head = cluster
        s.cluster_tail = cluster
        s.free_clusters += 1
    s.lowest_bit = min(s.lowest_bit, slot)
    s.highest_bit = max(s.highest_bit, slot)
    s.used -= 1
    k.vm[0].nr_swap_pages += 1
    clear_shadow_from_swap_cache(k, slot)
    spin_unlock(k, s.lock)


@plain
def __swap_entry_free(k, slot, usage):
    """Drop one kind of reference; with the last one the slot goes to a slot cache. 1 if it was the last."""
    left = k.swap_map[slot] & ~usage & 0xFF
    if left:
        k.swap_map[slot] = left
        return 0
    k.swap_map[slot] = SWAP_HAS_CACHE
    free_swap_slot(k, slot)
    return 1
