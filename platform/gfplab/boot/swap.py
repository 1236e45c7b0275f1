"""The swap area at boot: its slots, clusters and node cache; all slots are free."""

import math

import numpy as np

from gfplab.boot.layout import Layout
from gfplab.kernel.fault_types import SWAP_SLOTS_CACHE_SIZE
from gfplab.kernel.swapfile import SWAPFILE_CLUSTER
from gfplab.kernel.types import PAGE_SIZE

SWAP_ADDRESS_SPACE_PAGES = 16384
SWAP_CLUSTER_COLS = SWAP_ADDRESS_SPACE_PAGES // SWAPFILE_CLUSTER
SWAP_MAP_BAD = 4  # in swap_map: neither a PTE's nor the swap cache's


def swap_sizes(world) -> dict[str, int]:
    """Sizes of the arrays that depend on the swap area."""
    slots = world.swap.size_bytes // PAGE_SIZE if world.swap else 0
    cpus = world.machine.cpus
    return {
        "swaps": 2,
        "swap_map": slots + 1,
        "swap_cache": slots + 1,
        "swap_shadow": slots + 1,
        "cluster_used": slots // SWAPFILE_CLUSTER + 2,
        "cluster_next": slots // SWAPFILE_CLUSTER + 2,
        "cpu_cluster": cpus,
        "cpu_cluster_pos": cpus,
        "cluster_next_cpu": cpus,
        "swap_slots_caches": cpus,
        "swap_slots": cpus * SWAP_SLOTS_CACHE_SIZE,
        "swap_slots_ret": cpus * SWAP_SLOTS_CACHE_SIZE,
        "node_count": slots // 64 + 2,
        "node_object": slots // 64 + 2,
        "page_pins": world.machine.managed_pages + 1,
    }


def setup_swap(arrays, world, layout: Layout, dev_kind: int, dev: int):
    """Fill k.swaps[1] and its clusters for an area on a device."""
    row = arrays["swaps"][1]
    row["dev_kind"], row["dev"], row["ssd"] = dev_kind, dev, int(world.swap.ssd)
    slots = world.swap.size_bytes // PAGE_SIZE
    if arrays["vm"]["era"][0] >= 61:
        slots -= 1  # the header takes the first page
        order = clusters_v6_1(slots)
        arrays["swap_map"][0] = SWAP_MAP_BAD
        arrays["cluster_used"][1] = 1
        row["lowest_bit"], row["highest_bit"], row["next_slot"] = 1, slots, 1
        row["stream"] = layout.stream("swap slots")
        arrays["cluster_next_cpu"][:] = 1
        if not row["ssd"]:
            order = order[:0]
    else:
        order = np.arange(1, math.ceil(slots / SWAPFILE_CLUSTER) + 1)
    row["nr_slots"], row["free_clusters"] = slots, len(order)
    if len(order):
        row["cluster_head"], row["cluster_tail"] = order[0], order[-1]
        arrays["cluster_next"][order[:-1]] = order[1:]
    arrays["vm"]["nr_swap_pages"] = slots


def clusters_v6_1(slots: int) -> np.ndarray:
    """The free list: every 64th cluster first, so that neighbours on it lie in different address spaces of the cache.

    Cluster 0 is on it never: the header is in use.
    """
    n = slots // SWAPFILE_CLUSTER + 1
    order = [c for column in range(SWAP_CLUSTER_COLS) for c in range(column, n, SWAP_CLUSTER_COLS) if c]
    return np.array(order, dtype=np.int64) + 1
