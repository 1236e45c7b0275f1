"""Slab caches and mempool reserves at boot: sizes, slabs that back the reserves, elements in their places."""

import numpy as np

from gfplab.kernel.mobility_types import MIGRATE_UNMOVABLE
from gfplab.kernel.types import PAGE_SIZE, POOL_PAGE, SLAB_NODE_PARTIAL, PG_mempool, PG_slab

# bytes per object in v4.7 on x86-64; a dm-crypt clone carries its dm_crypt_io and first crypto request
CACHE_SIZES = {
    "bio-0": 256,
    "dm_io": 112,
    "bio-1": 1152,
    "kmalloc-512": 512,
    "radix_tree_node": 576,
    "mempool_loop": 256,
}

# v6.1, rounded up to cache lines. A bio without cgroups is 96 to 104 bytes; bio-0 carries four inline vectors of 16.
# bio-1 is the clone of dm's io_bs: in front of it 840 bytes of dm-crypt (dm_crypt_io 256, crypto request 248, dm_crypt_
# request with its four-entry scatterlists and IVs 331) and 120 of dm_io with dm_target_io.
CACHE_SIZES_V6_1 = CACHE_SIZES | {"bio-0": 192, "bio-1": 1088}
RECLAIMABLE = {"radix_tree_node"}

SLUB_MAX_ORDER = 3


def cache_sizes(kernel: str) -> dict[str, int]:
    """Bytes per object of every cache in a kernel of that age."""
    return CACHE_SIZES if kernel == "v4.7" else CACHE_SIZES_V6_1


def cpu_partial(size: int, kernel: str = "v4.7") -> int:
    """Free objects that a CPU may keep on partial slabs."""
    few, some, many, most = (2, 6, 13, 30) if kernel == "v4.7" else (6, 24, 52, 120)
    return few if size >= PAGE_SIZE else some if size >= 1024 else many if size >= 256 else most


def get_order(size: int) -> int:
    """log2 of the smallest block of pages that holds size bytes."""
    return max((-(-size // PAGE_SIZE) - 1).bit_length(), 0)


def calculate_order(size: int, cpus: int) -> int:
    """The order SLUB likes best: enough objects for the number of CPUs, and little left over."""
    objects = min(4 * (cpus.bit_length() + 1), (PAGE_SIZE << SLUB_MAX_ORDER) // size)
    while objects > 1:
        for fraction in (16, 8, 4):
            for order in range(get_order(objects * size), SLUB_MAX_ORDER + 1):
                if (PAGE_SIZE << order) % size <= (PAGE_SIZE << order) // fraction:
                    return order
        objects -= 1
    return get_order(size)


def setup_caches(arrays, layout, world):
    """Fill k.caches for every cache of the kernel."""
    caches = arrays["caches"]
    for name, size in cache_sizes(world.kernel).items():
        c = layout.add("caches", name)
        caches["size"][c] = size
        caches["objs"][c] = PAGE_SIZE // size
        caches["cpu_partial"][c] = cpu_partial(size, world.kernel)
        caches["min_partial"][c] = min(max((size.bit_length() - 1) // 2, 5), 10)
        caches["list_lock"][c] = layout.lock()
        order = caches["order"][c] = calculate_order(size, world.machine.cpus)
        if world.kernel != "v4.7":
            objects = (PAGE_SIZE << order) // size
            caches["objs_high"][c] = objects
            caches["cpu_partial_slabs"][c] = -(-2 * cpu_partial(size, world.kernel) // objects)
            caches["reclaimable"][c] = int(name in RECLAIMABLE)


def fill_reserves(arrays, layout, source):
    """Give every pool min_nr elements: pages, or objects of slabs made for them."""
    pools, flags = arrays["pools"], arrays["page_flags"]
    base = 1
    wanted = {}
    for p, plan in enumerate(layout.pools[1:], 1):
        pools["base"][p] = base
        base += max(plan.min_nr, 1)
        if plan.kind == POOL_PAGE:
            pages = source.take(plan.min_nr, f"mempool {plan.name}", MIGRATE_UNMOVABLE)
            flags[pages] = PG_mempool
            arrays["vm"]["nr_mempool"] += plan.min_nr
            place(arrays, p, pages)
        else:
            wanted.setdefault(plan.cache, []).append(p)
    for cache, users in wanted.items():
        objects = slab_objects(arrays, cache, sum(layout.pools[p].min_nr for p in users), source)
        for p in users:
            n = layout.pools[p].min_nr
            place(arrays, p, objects[:n])
            objects = objects[n:]


def place(arrays, p: int, elements: np.ndarray):
    """Put elements into pool p's reserve."""
    pools = arrays["pools"]
    base = int(pools["base"][p])
    arrays["pool_elems"][base : base + len(elements)] = elements
    pools["curr_nr"][p] = pools["lowest"][p] = len(elements)


def slab_objects(arrays, cache: int, n: int, source) -> np.ndarray:
    """n objects (the page of each) of new slabs; what is left of the last slab goes to the node's partial list."""
    caches = arrays["caches"]
    objs = int(caches["objs"][cache])
    pages = source.take(-(-n // objs), f"slab cache {cache}", MIGRATE_UNMOVABLE)
    arrays["page_flags"][pages] = PG_slab
    arrays["page_index"][pages] = cache
    for z in np.unique(arrays["page_zone"][pages]):
        arrays["zones"]["nr_slab"][z] += int((arrays["page_zone"][pages] == z).sum())
    arrays["vm"]["nr_slab"] += len(pages)
    caches["nr_slabs"][cache] += len(pages)
    caches["nr_active"][cache] += n
    left = len(pages) * objs - n
    if left:
        last = int(pages[-1])
        arrays["page_private"][last] = left
        arrays["page_flags"][last] |= SLAB_NODE_PARTIAL
        head = int(caches["node_partial"][cache])
        arrays["page_next"][last] = head
        if head:
            arrays["page_prev"][head] = last
        caches["node_partial"][cache] = last
        caches["nr_partial"][cache] += 1
    return np.repeat(pages, objs)[:n]
