"""Swap slots: clusters of 256, one cluster per CPU on an SSD, and the map that says who refers to a slot.

Models mm/swapfile.c (v4.7; what v6.1 does is in swap_slots.py and swap_clusters.py).  swap_map holds 1 for the PTE and
2 for the swap cache.

Leaves out: several swap devices and priorities, discard, slots shared after fork, hibernation.
"""

from gfplab.engine.subset import plain
from gfplab.engine.symbols import spin_lock, spin_unlock
from gfplab.kernel.symbols import __swap_entry_free, folio_alloc_swap, smp_processor_id

SWAPFILE_CLUSTER = 256
SWAP_PTE = 1
SWAP_HAS_CACHE = 2


@plain
def get_swap_page(k):
    """A free slot, or 0: the next one of this CPU's cluster, else of a free cluster, else any. Writes: swaps, vm."""
    if k.vm[0].era >= 61:
        return folio_alloc_swap(k)
    s = k.swaps[1]
    if k.vm[0].nr_swap_pages <= 0:
        return 0
    spin_lock(k, s.lock)
    this_cpu = smp_processor_id(k)
    if s.ssd == 0:
        this_cpu = 0  # one next-fit cursor for a disk that seeks
    slot = 0
    while slot == 0:
        cluster = k.cpu_cluster[this_cpu]
        if cluster == 0:
            cluster = s.cluster_head
            if cluster == 0:
                slot = scan_swap_map(k)
                break
            s.cluster_head = k.cluster_next[cluster]
            s.free_clusters -= 1
            k.cluster_next[cluster] = 0
            k.cpu_cluster[this_cpu] = cluster
            k.cpu_cluster_pos[this_cpu] = 0
        pos = k.cpu_cluster_pos[this_cpu]
        first = (cluster - 1) * SWAPFILE_CLUSTER + 1
        while pos < SWAPFILE_CLUSTER and first + pos <= s.nr_slots and k.swap_map[first + pos]:
            pos += 1
        if pos < SWAPFILE_CLUSTER and first + pos <= s.nr_slots:
            slot = first + pos
            k.cpu_cluster_pos[this_cpu] = pos + 1
        else:
            k.cpu_cluster[this_cpu] = 0
            if k.cluster_used[cluster] == 0:
                add_free_cluster(k, cluster)
    if slot:
        s.used += 1
        k.vm[0].nr_swap_pages -= 1
        k.cluster_used[(slot - 1) // SWAPFILE_CLUSTER + 1] += 1
        k.swap_map[slot] = SWAP_HAS_CACHE
    spin_unlock(k, s.lock)
    return slot


@plain
def scan_swap_map(k):
    """Any free slot, from the last position on; 0 if there is none."""
    s = k.swaps[1]
    slot = s.scan_next
    for i in range(s.nr_slots):
        slot += 1
        if slot > s.nr_slots:
            slot = 1
        if k.swap_map[slot] == 0:
            s.scan_next = slot
            return slot
    return 0


@plain
def add_free_cluster(k, cluster):
    """Link an empty cluster into the free list. Writes: swaps, cluster_next."""
    s = k.swaps[1]
    k.cluster_next[cluster] = s.cluster_head
    s.cluster_head = cluster
    s.free_clusters += 1
    return 0


@plain
def swap_entry_free(k, slot, usage):
    """Drop one kind of reference; the last one frees the slot. Writes: swap_map, swaps, vm."""
    if k.vm[0].era >= 61:
        return __swap_entry_free(k, slot, usage)
    left = k.swap_map[slot] & ~usage & 0xFF
    k.swap_map[slot] = left
    if left:
        return 0
    s = k.swaps[1]
    s.used -= 1
    k.vm[0].nr_swap_pages += 1
    cluster = (slot - 1) // SWAPFILE_CLUSTER + 1
    k.cluster_used[cluster] -= 1
    if k.cluster_used[cluster] == 0 and is_cpu_cluster(k, cluster) == 0:
        add_free_cluster(k, cluster)
    return 1


@plain
def is_cpu_cluster(k, cluster):
    """1 if some CPU allocates from this cluster."""
    for this_cpu in range(k.e[0].ncpus):
        if k.cpu_cluster[this_cpu] == cluster:
            return 1
    return 0


@plain
def vm_swap_full(k):
    """1 when less than half of the swap space is free: swap cache is then given up early."""
    if k.vm[0].nr_swap_pages * 2 < k.swaps[1].nr_slots:
        return 1
    return 0
