"""Per-CPU magazines in front of a mempool's reserve: elements that a CPU takes and returns without the pool's lock.

Models nothing of Linux, which has none; the policy of mempool_magazine says how many elements a CPU may keep.  A
magazine is part of the reserve (pools.curr_nr counts it), refilled and flushed by halves under the lock, and robbed by
the other CPUs when the rest of the reserve is empty: no element is ever out of reach.

Leaves out: the lock of its own that a magazine needs so that others can rob it, but for the cache line it moves.
"""

from gfplab.engine.subset import plain
from gfplab.engine.symbols import burn, spin_lock, spin_unlock
from gfplab.kernel.costs import C_LOCK_TRANSFER, C_MEMPOOL_RESERVE, C_SLAB_FAST
from gfplab.kernel.symbols import decide_mempool_magazine, smp_processor_id

MAGAZINE_SLOTS = 16


@plain
def magazine_rounds(k, pool):
    """How many elements this CPU may keep for the pool; 0 = it has no magazine."""
    rounds = min(decide_mempool_magazine(k, pool), MAGAZINE_SLOTS)
    if rounds <= 0 or len(k.magazines) <= pool * k.e[0].ncpus + smp_processor_id(k):
        return 0
    return rounds


@plain
def magazine_pop(k, m):
    """Take an element out of magazine m, or 0. Writes: magazines."""
    magazine = k.magazines[m]
    if magazine.count == 0:
        return 0
    magazine.count -= 1
    element = k.magazine_elems[m * MAGAZINE_SLOTS + magazine.count]
    k.magazine_elems[m * MAGAZINE_SLOTS + magazine.count] = 0
    burn(k, k.costs[C_SLAB_FAST])
    return element


@plain
def magazine_put(k, m, element):
    """Put an element into magazine m, which has room. Writes: magazines."""
    magazine = k.magazines[m]
    assert magazine.count < MAGAZINE_SLOTS
    k.magazine_elems[m * MAGAZINE_SLOTS + magazine.count] = element
    magazine.count += 1
    burn(k, k.costs[C_SLAB_FAST])
    return 0


@plain
def magazine_take(k, pool):
    """An element of this CPU's magazine of the pool, or 0; the reserve's own account is the caller's business."""
    element = magazine_pop(k, pool * k.e[0].ncpus + smp_processor_id(k))
    if element > 0:
        k.pools[pool].in_magazines -= 1
    return element


@plain
def magazine_refill(k, pool, rounds):
    """Under the pool's lock: fill half of this CPU's magazine from the rest of the reserve. Writes: pool, magazines."""
    p = k.pools[pool]
    m = pool * k.e[0].ncpus + smp_processor_id(k)
    n = min(rounds // 2, p.curr_nr - p.in_magazines)
    for _ in range(n):
        place = p.base + p.curr_nr - p.in_magazines - 1
        magazine_put(k, m, k.pool_elems[place])
        k.pool_elems[place] = 0
        p.in_magazines += 1
    return n


@plain
def magazine_return(k, pool, element, rounds):
    """Keep a returned element here; a full magazine first gives half of itself back under the lock. Writes: pool."""
    p = k.pools[pool]
    m = pool * k.e[0].ncpus + smp_processor_id(k)
    if k.magazines[m].count >= rounds:
        spin_lock(k, p.lock)
        burn(k, k.costs[C_MEMPOOL_RESERVE])
        while k.magazines[m].count > rounds // 2:
            k.pool_elems[p.base + p.curr_nr - p.in_magazines] = magazine_pop(k, m)
            p.in_magazines -= 1
        spin_unlock(k, p.lock)
    magazine_put(k, m, element)
    p.in_magazines += 1
    return 0


@plain
def magazine_steal(k, pool):
    """Under the pool's lock, with nothing left outside the magazines: an element of the next CPU that has one."""
    cpus = k.e[0].ncpus
    this = smp_processor_id(k)
    for i in range(cpus):
        m = pool * cpus + (this + 1 + i) % cpus
        burn(k, k.costs[C_LOCK_TRANSFER])
        element = magazine_pop(k, m)
        if element > 0:
            k.pools[pool].in_magazines -= 1
            return element
    return 0
