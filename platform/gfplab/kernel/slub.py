"""Slab caches: objects on lock-free per-CPU lists, per-CPU and node partial slabs, new slabs from the page allocator.

Models mm/slub.c (v4.7, v6.1).  An object is known by its slab's page: objects of one slab are interchangeable.

How a new slab asks for its page is in slab_pages.py.

Leaves out: slabs of order 1 and up in v4.7 and of what reclaim allocates itself (one page, the order that SLUB falls
back to under pressure), pfmemalloc slabs, merging and debugging of caches, memcg caches.
"""

from gfplab.engine.subset import kernel, plain
from gfplab.engine.symbols import burn, spin_lock, spin_unlock
from gfplab.kernel.costs import C_SLAB_CPU_PARTIAL, C_SLAB_FAST, C_SLAB_NEW, C_SLAB_NODE_PARTIAL
from gfplab.kernel.gfp import (
    __GFP_HIGH,
    ALLOC_HIGH,
)
from gfplab.kernel.symbols import (
    alloc_pages_nowait,
    allocate_slab,
    discard_high_slab,
    free_hot_cold_page,
    get_page_from_freelist,
    gfp_zone,
    new_slab,
    slab_gfp,
    slab_objects,
    smp_processor_id,
)
from gfplab.kernel.types import PAGE_FLAGS_MASK, SLAB_CPU, SLAB_CPU_PARTIAL, SLAB_NODE_PARTIAL, PG_slab, PG_slab_high

CPU_PARTIAL_REFILL = 2  # take node partials until half of cpu_partial is on this CPU


@plain
def kmem_cache_alloc_fastpath(k, cache):
    """Pop an object off this CPU's lock-free list, or 0. Writes: cpu_slabs."""
    c = k.cpu_slabs[cache * k.e[0].ncpus + smp_processor_id(k)]
    if c.freelist == 0:
        return 0
    c.freelist -= 1
    k.caches[cache].nr_active += 1
    burn(k, k.costs[C_SLAB_FAST])
    return c.page


@kernel
def kmem_cache_alloc(k, cache, gfp_mask):
    """An object, or 0 when the page allocator refuses a new slab under this mask."""
    obj = kmem_cache_alloc_fastpath(k, cache)
    if obj == 0 and k.vm[0].era >= 61:
        obj = yield from ___slab_alloc__v6_1(k, cache, gfp_mask)
    elif obj == 0:
        obj = yield from __slab_alloc(k, cache, gfp_mask)
    return obj


@kernel
def __slab_alloc(k, cache, gfp_mask):
    """The slow path with interrupts off."""
    obj = yield from ___slab_alloc(k, cache, gfp_mask)
    return obj


@kernel
def ___slab_alloc(k, cache, gfp_mask):
    """Refill the CPU's list from its slab, its partial slabs, the node's, or a new slab; then take one object."""
    while refill_from_partial(k, cache) == 0:
        page = yield from new_slab(k, cache, gfp_mask)
        if page == 0:
            return 0
        adopt_new_slab(k, cache, page)
    return kmem_cache_alloc_fastpath(k, cache)


@kernel
def ___slab_alloc__v6_1(k, cache, gfp_mask):
    """The slow path of v6.1, which gcc merges with __slab_alloc()."""
    while refill_from_partial(k, cache) == 0:
        page = yield from allocate_slab(k, cache, gfp_mask)
        if page == 0:
            return 0
        adopt_new_slab(k, cache, page)
    return kmem_cache_alloc_fastpath(k, cache)


@plain
def kmem_cache_alloc_nowait(k, cache, gfp_mask):
    """An object without ever sleeping or reclaiming; a new slab only above the floor that the mask gives. 0 if none."""
    if refill_from_partial(k, cache) == 0:
        if k.vm[0].era >= 61:
            page = alloc_pages_nowait(k, slab_gfp(k, cache, gfp_mask))
            if page == 0:
                return 0
            init_slab(k, cache, page)
            adopt_new_slab(k, cache, page)
            return kmem_cache_alloc_fastpath(k, cache)
        flags = 0
        if gfp_mask & __GFP_HIGH:
            flags = ALLOC_HIGH
        page = get_page_from_freelist(k, gfp_mask, flags, gfp_zone(k, gfp_mask))
        if page == 0:
            return 0
        init_slab(k, cache, page)
        adopt_new_slab(k, cache, page)
    return kmem_cache_alloc_fastpath(k, cache)


@plain
def init_slab(k, cache, page):
    """Turn a free page into a slab with all its objects free. Writes: page arrays, caches, zone counters."""
    k.page_flags[page] = PG_slab
    k.page_index[page] = cache
    k.page_private[page] = k.caches[cache].objs
    k.caches[cache].nr_slabs += 1
    k.zones[k.page_zone[page]].nr_slab += 1
    k.vm[0].nr_slab += 1
    burn(k, k.costs[C_SLAB_NEW])
    return 0


@plain
def adopt_new_slab(k, cache, page):
    """Make a fresh slab this CPU's current one; a slab that was adopted meanwhile goes to the partial list first.

    The task may have slept in the page allocator, so the CPU may be another one and have objects again.
    """
    c = k.cpu_slabs[cache * k.e[0].ncpus + smp_processor_id(k)]
    if c.page:
        deactivate_slab(k, cache, smp_processor_id(k))
    c.page = page
    c.freelist = k.page_private[page]
    k.page_private[page] = 0
    k.page_flags[page] |= SLAB_CPU
    return 0


@plain
def deactivate_slab(k, cache, this_cpu):
    """Take the current slab off a CPU: its free objects return to the slab, which goes to the node's partial list."""
    c = k.cpu_slabs[cache * k.e[0].ncpus + this_cpu]
    page = c.page
    k.page_private[page] += c.freelist
    c.freelist = 0
    c.page = 0
    k.page_flags[page] &= ~SLAB_CPU & PAGE_FLAGS_MASK
    if k.page_private[page] > 0:
        place_slab(k, cache, page)
    return 0


@plain
def place_slab(k, cache, page):
    """Put a slab with free objects on the node's partial list, or free it when it is empty and there are enough."""
    s = k.caches[cache]
    if k.page_private[page] == slab_objects(k, cache, page) and s.nr_partial >= s.min_partial:
        discard_slab(k, cache, page)
    else:
        add_node_partial(k, cache, page)
    return 0


@plain
def add_node_partial(k, cache, page):
    """Link a slab into the node's partial list. Writes: caches, page links."""
    s = k.caches[cache]
    head = s.node_partial
    k.page_next[page] = head
    k.page_prev[page] = 0
    if head:
        k.page_prev[head] = page
    s.node_partial = page
    s.nr_partial += 1
    k.page_flags[page] |= SLAB_NODE_PARTIAL
    return 0


@plain
def remove_node_partial(k, cache, page):
    """Unlink a slab from the node's partial list. Writes: caches, page links."""
    s = k.caches[cache]
    before = k.page_prev[page]
    after = k.page_next[page]
    if before:
        k.page_next[before] = after
    else:
        s.node_partial = after
    if after:
        k.page_prev[after] = before
    s.nr_partial -= 1
    k.page_flags[page] &= ~SLAB_NODE_PARTIAL & PAGE_FLAGS_MASK
    return 0


@plain
def discard_slab(k, cache, page):
    """Give an empty slab back to the page allocator."""
    if k.page_flags[page] & PG_slab_high:
        return discard_high_slab(k, cache, page)
    k.caches[cache].nr_slabs -= 1
    k.zones[k.page_zone[page]].nr_slab -= 1
    k.vm[0].nr_slab -= 1
    k.page_private[page] = 0
    free_hot_cold_page(k, page)
    return 0


@plain
def refill_from_partial(k, cache):
    """1 when this CPU's list holds an object: from its own slab, a per-CPU partial slab, or the node's. Else 0."""
    this_cpu = smp_processor_id(k)
    c = k.cpu_slabs[cache * k.e[0].ncpus + this_cpu]
    if c.freelist > 0:
        return 1
    if c.page:
        if k.page_private[c.page] > 0:  # objects that other CPUs freed
            c.freelist = k.page_private[c.page]
            k.page_private[c.page] = 0
            burn(k, k.costs[C_SLAB_FAST])
            return 1
        k.page_flags[c.page] &= ~SLAB_CPU & PAGE_FLAGS_MASK  # full: nobody's list holds it until an object is freed
        c.page = 0
    if c.partial:
        page = c.partial
        c.partial = k.page_next[page]
        c.npartial -= 1
        c.pobjects -= k.page_private[page]
        if c.pobjects < 0:
            c.pobjects = 0
        k.page_flags[page] &= ~SLAB_CPU_PARTIAL & PAGE_FLAGS_MASK
        take_slab(k, cache, this_cpu, page)
        burn(k, k.costs[C_SLAB_CPU_PARTIAL])
        return 1
    s = k.caches[cache]
    if s.node_partial == 0:
        return 0
    spin_lock(k, s.list_lock)
    page = s.node_partial
    remove_node_partial(k, cache, page)
    take_slab(k, cache, this_cpu, page)
    taken = 0
    while s.node_partial and cpu_partial_short(k, cache, this_cpu, taken):
        page = s.node_partial
        remove_node_partial(k, cache, page)
        push_cpu_partial(k, cache, this_cpu, page)
        taken += 1
    burn(k, k.costs[C_SLAB_NODE_PARTIAL])
    spin_unlock(k, s.list_lock)
    return 1


@plain
def cpu_partial_short(k, cache, this_cpu, taken):
    """1 while a refill goes on taking the node's partial slabs: v4.7 counts their free objects, v6.1 the slabs."""
    s = k.caches[cache]
    if k.vm[0].era >= 61:
        return taken <= s.cpu_partial_slabs // CPU_PARTIAL_REFILL
    return k.cpu_slabs[cache * k.e[0].ncpus + this_cpu].pobjects < s.cpu_partial // CPU_PARTIAL_REFILL


@plain
def cpu_partial_full(k, cache, this_cpu):
    """1 if a slab more on the CPU's partial list sends those that are there to the node first."""
    s = k.caches[cache]
    c = k.cpu_slabs[cache * k.e[0].ncpus + this_cpu]
    if k.vm[0].era >= 61:
        return c.npartial >= s.cpu_partial_slabs
    return c.pobjects > s.cpu_partial


@plain
def take_slab(k, cache, this_cpu, page):
    """Make a partial slab the CPU's current one with all its free objects. Writes: cpu_slabs, page arrays."""
    c = k.cpu_slabs[cache * k.e[0].ncpus + this_cpu]
    c.page = page
    c.freelist = k.page_private[page]
    k.page_private[page] = 0
    k.page_flags[page] |= SLAB_CPU
    return 0


@plain
def push_cpu_partial(k, cache, this_cpu, page):
    """Freeze a slab on the CPU's partial list. Writes: cpu_slabs, page arrays."""
    c = k.cpu_slabs[cache * k.e[0].ncpus + this_cpu]
    k.page_next[page] = c.partial
    c.partial = page
    c.npartial += 1
    c.pobjects += k.page_private[page]
    k.page_flags[page] |= SLAB_CPU_PARTIAL
    return 0


@plain
def unfreeze_partials(k, cache, this_cpu):
    """Move every slab of the CPU's partial list to the node's, freeing the empty surplus."""
    c = k.cpu_slabs[cache * k.e[0].ncpus + this_cpu]
    spin_lock(k, k.caches[cache].list_lock)
    while c.partial:
        page = c.partial
        c.partial = k.page_next[page]
        k.page_flags[page] &= ~SLAB_CPU_PARTIAL & PAGE_FLAGS_MASK
        place_slab(k, cache, page)
    c.npartial = 0
    c.pobjects = 0
    burn(k, k.costs[C_SLAB_NODE_PARTIAL])
    spin_unlock(k, k.caches[cache].list_lock)
    return 0


@plain
def kmem_cache_free(k, cache, obj, this_cpu):
    """Return an object: to this CPU's list if it is of the current slab, else to its slab. obj is the slab's page."""
    s = k.caches[cache]
    s.nr_active -= 1
    burn(k, k.costs[C_SLAB_FAST])
    c = k.cpu_slabs[cache * k.e[0].ncpus + this_cpu]
    if c.page == obj:
        c.freelist += 1
        return 0
    k.page_private[obj] += 1
    flags = k.page_flags[obj]
    if flags & SLAB_NODE_PARTIAL:
        spare = s.nr_partial - s.min_partial
        if k.vm[0].era >= 61:
            spare += 1  # this slab is among those counted
        if k.page_private[obj] == slab_objects(k, cache, obj) and spare > 0:
            remove_node_partial(k, cache, obj)
            discard_slab(k, cache, obj)
    elif flags & (SLAB_CPU | SLAB_CPU_PARTIAL) == 0:
        # the slab was full and on no list: it becomes a per-CPU partial slab here
        if cpu_partial_full(k, cache, this_cpu):
            unfreeze_partials(k, cache, this_cpu)
        push_cpu_partial(k, cache, this_cpu, obj)
    return 0
