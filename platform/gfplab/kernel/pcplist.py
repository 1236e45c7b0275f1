"""Per-CPU lists by migratetype, between the buddy lists and whoever allocates.

Models rmqueue(), rmqueue_bulk(), free_unref_page(), nr_pcp_high(), nr_pcp_free() and free_pcppages_bulk() of
mm/page_alloc.c (v6.1).

Leaves out: orders 1 to 3 on the lists, remote frees of another node, an interrupt that finds its own CPU's list locked
(only a drain by another CPU makes a trylock fail here).
"""

from gfplab.engine.subset import plain
from gfplab.engine.symbols import burn, local_clock, spin_lock, spin_unlock
from gfplab.kernel.bugs import BUG_DOUBLE_FREE
from gfplab.kernel.costs import C_BUDDY_PAGE, C_DRAIN_CPU, C_PCP_ALLOC, C_PCP_FREE
from gfplab.kernel.gfp import __GFP_KSWAPD_RECLAIM, __GFP_MOVABLE, __GFP_RECLAIMABLE
from gfplab.kernel.mobility_types import MIGRATE_PCPTYPES, ZONE_BOOSTED_WATERMARK, ZONE_RECLAIM_ACTIVE
from gfplab.kernel.symbols import (
    __free_one_page,
    __rmqueue,
    get_pageblock_migratetype,
    kernel_bug,
    smp_processor_id,
    wake_all_kswapds,
)
from gfplab.kernel.types import PG_buddy, PG_pcp


@plain
def gfp_migratetype(k, gfp_mask):
    """The mobility that a mask promises: nothing is MIGRATE_UNMOVABLE."""
    if k.vm[0].group_by_mobility == 0:
        return 0
    return (gfp_mask & (__GFP_MOVABLE | __GFP_RECLAIMABLE)) >> 3


@plain
def pcp_trylock(k, pcp_index):
    """1 unless another CPU is draining these lists right now."""
    if k.pcps[pcp_index].locked_until > local_clock(k):
        return 0
    return 1


@plain
def rmqueue(k, z, gfp_mask, no_fragment):
    """A page of the zone: from this CPU's list, else from the buddy lists; wakes kswapd where a boost asked for it."""
    migratetype = gfp_migratetype(k, gfp_mask)
    may_wake = gfp_mask & __GFP_KSWAPD_RECLAIM
    pcp_index = z * k.e[0].ncpus + smp_processor_id(k)
    page = 0
    if pcp_trylock(k, pcp_index):
        page = rmqueue_pcplist(k, z, pcp_index, migratetype, may_wake, no_fragment)
    if page == 0:
        page = rmqueue_buddy(k, z, migratetype, may_wake, no_fragment)
    zone = k.zones[z]
    if may_wake and zone.flags & ZONE_BOOSTED_WATERMARK:
        zone.flags &= ~ZONE_BOOSTED_WATERMARK
        wake_all_kswapds(k, 0, z)
    if page:
        k.page_flags[page] = 0
        k.page_next[page] = 0
        k.page_prev[page] = 0
        burn(k, k.costs[C_PCP_ALLOC])
    return page


@plain
def rmqueue_pcplist(k, z, pcp_index, migratetype, may_wake, no_fragment):
    """The first page of this CPU's list of the type, after a refill by a batch if that is empty."""
    pcp = k.pcps[pcp_index]
    pcp.free_factor >>= 1
    lst = k.pcp_lists[pcp_index * MIGRATE_PCPTYPES + migratetype]
    if lst.nr == 0:
        rmqueue_bulk(k, z, pcp_index, migratetype, may_wake, no_fragment)
        if lst.nr == 0:
            return 0
    page = lst.head
    lst.head = k.page_next[page]
    if lst.head:
        k.page_prev[lst.head] = 0
    else:
        lst.tail = 0
    lst.nr -= 1
    pcp.count -= 1
    return page


@plain
def rmqueue_bulk(k, z, pcp_index, migratetype, may_wake, no_fragment):
    """Move a batch from the buddy lists to the tail of a per-CPU list, under zone->lock. Returns pages moved."""
    pcp = k.pcps[pcp_index]
    lst = k.pcp_lists[pcp_index * MIGRATE_PCPTYPES + migratetype]
    zone = k.zones[z]
    spin_lock(k, zone.lock)
    n = 0
    while n < pcp.batch:
        page = __rmqueue(k, z, migratetype, may_wake, no_fragment)
        if page == 0:
            break
        k.page_flags[page] = PG_pcp
        k.page_next[page] = 0
        k.page_prev[page] = lst.tail
        if lst.nr:
            k.page_next[lst.tail] = page
        else:
            lst.head = page
        lst.tail = page
        lst.nr += 1
        n += 1
    pcp.count += n
    take_free_pages(k, z, n)
    burn(k, n * k.costs[C_BUDDY_PAGE])
    spin_unlock(k, zone.lock)
    return n


@plain
def rmqueue_buddy(k, z, migratetype, may_wake, no_fragment):
    """A page straight from the buddy lists, under zone->lock; 0 if there is none."""
    zone = k.zones[z]
    spin_lock(k, zone.lock)
    page = __rmqueue(k, z, migratetype, may_wake, no_fragment)
    if page:
        take_free_pages(k, z, 1)
    burn(k, k.costs[C_BUDDY_PAGE])
    spin_unlock(k, zone.lock)
    return page


@plain
def take_free_pages(k, z, n):
    """NR_FREE_PAGES falls by n. Writes: zones, vm."""
    zone = k.zones[z]
    zone.free -= n
    assert zone.free >= 0  # law 9
    k.vm[0].nr_free -= n
    if k.vm[0].nr_free < k.vm[0].min_free:
        k.vm[0].min_free = k.vm[0].nr_free
    return 0


@plain
def nr_pcp_high(k, z, pcp_index):
    """Pages at which a per-CPU list is full: four batches at most while kswapd works on the zone."""
    pcp = k.pcps[pcp_index]
    if k.zones[z].flags & ZONE_RECLAIM_ACTIVE:
        return min(pcp.batch << 2, pcp.high)
    return pcp.high


@plain
def nr_pcp_free(k, pcp_index, high):
    """Pages a full list gives back: twice as many each time that nothing was allocated since. Writes: pcps."""
    pcp = k.pcps[pcp_index]
    batch = pcp.batch
    if high < batch:
        return 1
    nr = batch << pcp.free_factor
    if nr < high - batch:
        pcp.free_factor += 1
    return max(min(nr, high - batch), batch)


@plain
def free_unref_page(k, page):
    """Free a page onto this CPU's list of its pageblock's type, or to the buddy lists if that is locked."""
    if k.page_flags[page] & (PG_buddy | PG_pcp):
        kernel_bug(k, BUG_DOUBLE_FREE, page)
        return 0
    z = k.page_zone[page]
    pcp_index = z * k.e[0].ncpus + smp_processor_id(k)
    migratetype = get_pageblock_migratetype(k, page)
    k.vm[0].pgfree += 1
    burn(k, k.costs[C_PCP_FREE])
    zone = k.zones[z]
    if pcp_trylock(k, pcp_index) == 0:
        spin_lock(k, zone.lock)
        __free_one_page(k, page, z, migratetype)
        zone.free += 1
        k.vm[0].nr_free += 1
        burn(k, k.costs[C_BUDDY_PAGE])
        spin_unlock(k, zone.lock)
        return 0
    pcp = k.pcps[pcp_index]
    lst = k.pcp_lists[pcp_index * MIGRATE_PCPTYPES + migratetype]
    k.page_flags[page] = PG_pcp
    k.page_prev[page] = 0
    k.page_next[page] = lst.head
    if lst.nr:
        k.page_prev[lst.head] = page
    else:
        lst.tail = page
    lst.head = page
    lst.nr += 1
    pcp.count += 1
    high = nr_pcp_high(k, z, pcp_index)
    if pcp.count >= high:
        free_pcppages_bulk__v6_1(k, z, pcp_index, nr_pcp_free(k, pcp_index, high), migratetype)
    return 0


@plain
def free_pcppages_bulk__v6_1(k, z, pcp_index, count, first_type):
    """Give pages back to the buddy lists, each list from its cold end, the list of first_type before the others."""
    pcp = k.pcps[pcp_index]
    zone = k.zones[z]
    left = min(count, pcp.count)
    migratetype = first_type
    spin_lock(k, zone.lock)
    burn(k, left * k.costs[C_BUDDY_PAGE])
    zone.free += left
    k.vm[0].nr_free += left
    pcp.count -= left
    while left > 0:
        lst = k.pcp_lists[pcp_index * MIGRATE_PCPTYPES + migratetype]
        while left > 0 and lst.nr > 0:
            page = lst.tail
            lst.tail = k.page_prev[page]
            if lst.tail:
                k.page_next[lst.tail] = 0
            else:
                lst.head = 0
            lst.nr -= 1
            left -= 1
            __free_one_page(k, page, z, migratetype)
        migratetype = (migratetype + 1) % MIGRATE_PCPTYPES
    spin_unlock(k, zone.lock)
    return 0


@plain
def drain_all_pages__v6_1(k):
    """Empty all per-CPU lists into the buddy lists; a CPU whose lists another one drains cannot use them meanwhile."""
    this_cpu = smp_processor_id(k)
    for z in range(1, k.vm[0].nr_zones + 1):
        for other in range(k.e[0].ncpus):
            pcp = k.pcps[z * k.e[0].ncpus + other]
            if pcp.count > 0:
                free_pcppages_bulk__v6_1(k, z, z * k.e[0].ncpus + other, pcp.count, 0)
                burn(k, k.costs[C_DRAIN_CPU])
                if other != this_cpu:
                    pcp.locked_until = local_clock(k)
    return 0
