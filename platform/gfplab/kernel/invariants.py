"""Laws that must hold between any two events; a check build calls check_invariants() as it runs.

Models nothing of Linux. The numbers are those of the model reference's list of invariants: 1 to 7, 30, 32 and 33 are
looked at here. Others are asserted where the deed is done: 9 in buffered_rmqueue(), 11 and 12 in try_to_free_pages(),
13 and 15 in pageout(), 14 in __alloc_pages_nodemask(), should_reclaim_retry() and __alloc_pages_may_oom(), 16 in
mempool_free(), 25 in balance_dirty_pages(), 26 in update_dirty_limit(), 28 in reclaim_throttle().

Leaves out: what is a policy's to keep (10, 36: rights are an answer of gfp_to_alloc_flags) and what no moment shows
(17 to 24, 27, 31, 34, 35: tests hold those).
"""

from gfplab.engine.subset import plain
from gfplab.kernel.fault_types import ZERO_PTE
from gfplab.kernel.mobility_types import BUDDY_TYPE_SHIFT, MAX_ORDER, MIGRATE_PCPTYPES
from gfplab.kernel.symbols import free_area, free_pcp_pages
from gfplab.kernel.types import (
    POOL_PAGE,
    PG_buddy,
    PG_lru,
    PG_mempool,
    PG_pcp,
    PG_slab,
    PG_swapcache,
    PG_writeback,
)

FULL_EVERY = 200_000  # events between two walks over all pages
SWAP_PTE = 1
SWAP_HAS_CACHE = 2


@plain
def check_invariants(k):
    """0, or the number of the first law that is broken."""
    vm = k.vm[0]
    free = 0
    slab = 0
    writeback = 0
    for z in range(1, vm.nr_zones + 1):
        zone = k.zones[z]
        if zone.free < 0 or zone.nr_slab < 0 or zone.nr_writeback < 0 or zone.nr_dirty < 0 or zone.boost < 0:
            return 2
        if vm.era >= 61 and free_area_pages(k, z) != zone.free:
            return 2
        free += zone.free
        slab += zone.nr_slab
        writeback += zone.nr_writeback
    if free != vm.nr_free or slab != vm.nr_slab or writeback != vm.nr_writeback:
        return 2
    lru = 0
    isolated = 0
    for lv in range(1, len(k.lruvecs)):
        lruvec = k.lruvecs[lv]
        if lruvec.isolated_anon < 0 or lruvec.isolated_file < 0:
            return 5
        isolated += lruvec.isolated_anon + lruvec.isolated_file
        for i in range(4):
            lru += k.lrus[lv * 4 + i].nr
        sizes = lruvec.nr_inactive_anon + lruvec.nr_active_anon + lruvec.nr_inactive_file + lruvec.nr_active_file
        mine = k.lrus[lv * 4].nr + k.lrus[lv * 4 + 1].nr + k.lrus[lv * 4 + 2].nr + k.lrus[lv * 4 + 3].nr
        if sizes != mine:
            return 2
    n = 0
    ciphertext = 0
    for p in range(1, len(k.pools)):
        pool = k.pools[p]
        if pool.curr_nr < 0 or pool.curr_nr > max(pool.min_nr, 1):
            return 4
        if pool.in_magazines < 0 or pool.in_magazines > pool.curr_nr:
            return 4
        if pool.outstanding < 0 or pool.curr_nr + pool.outstanding < pool.min_nr:
            return 4
        if pool.kind == POOL_PAGE:
            n += pool.curr_nr + pool.outstanding
    if n != vm.nr_mempool:
        return 4
    for c in range(1, len(k.crypts)):
        if k.crypts[c].page_pool:
            ciphertext += k.pools[k.crypts[c].page_pool].outstanding
    if ciphertext != vm.crypt_pages:
        return 7
    transit = vm.nr_managed - (free + free_pcp_pages(k) + lru + isolated + slab + vm.nr_mempool + vm.nr_fixed)
    transit -= vm.nr_page_table_pages
    # a task that sleeps between alloc_pages() and giving the page an owner holds it meanwhile
    if transit < 0 or transit > 2 * len(k.tasks) + vm.nr_kernel_stack:
        return 1
    for d in range(1, len(k.disks)):
        if k.disks[d].in_use > k.disks[d].tags or k.disks[d].in_use < 0:
            return 30
        if k.disks[d].mq_deadline and (k.disks[d].sched_in_use > k.disks[d].nr_requests or k.disks[d].sched_in_use < 0):
            return 30
    if k.swaps[1].used + vm.nr_swap_pages != k.swaps[1].nr_slots:
        return 6
    if vm.psi_full > vm.psi_some:
        return 33
    for c in range(k.e[0].ncpus):
        rq = k.cpus[c]
        if rq.busy_ns + rq.idle_ns + rq.irq_ns != rq.since:
            return 32
    if vm.last_full_check + FULL_EVERY < k.e[0].nr_events:
        vm.last_full_check = k.e[0].nr_events
        return check_pages(k)
    return 0


@plain
def free_area_pages(k, z):
    """Pages on the free lists of all types and orders of a zone; -1 if its per-CPU lists are not what they count."""
    for i in range(z * k.e[0].ncpus, (z + 1) * k.e[0].ncpus):
        nr = 0
        for migratetype in range(MIGRATE_PCPTYPES):
            nr += k.pcp_lists[i * MIGRATE_PCPTYPES + migratetype].nr
        if nr != k.pcps[i].count:
            return -1
    pages = 0
    for migratetype in range(MIGRATE_PCPTYPES):
        for order in range(MAX_ORDER):
            pages += k.free_areas[free_area(k, z, migratetype, order)].nr << order
    return pages


@plain
def check_free_areas(k):
    """Walk the free lists: every block is aligned, as large as it says, all its pages free, and on one list only."""
    blocks = 0
    for z in range(1, k.vm[0].nr_zones + 1):
        for migratetype in range(MIGRATE_PCPTYPES):
            for order in range(MAX_ORDER):
                area = k.free_areas[free_area(k, z, migratetype, order)]
                before = 0
                page = area.head
                for _ in range(area.nr):
                    if k.page_buddy[page] != 1 + order + (migratetype << BUDDY_TYPE_SHIFT):
                        return 3
                    if k.page_prev[page] != before or (page - k.zones[z].start_pfn) & ((1 << order) - 1):
                        return 3
                    for i in range(1 << order):
                        if k.page_flags[page + i] & PG_buddy == 0 or (i > 0 and k.page_buddy[page + i]):
                            return 3
                    before = page
                    page = k.page_next[page]
                if page or area.tail != before:
                    return 3
                blocks += area.nr
    for page in range(1, len(k.page_buddy)):
        if k.page_buddy[page]:
            blocks -= 1
    if blocks:
        return 3
    return 0


@plain
def check_pages(k):
    """Walk all pages: each has one owner, and the counters are the sums of the flags."""
    vm = k.vm[0]
    buddy = 0
    pcp = 0
    lru = 0
    slab = 0
    pool = 0
    objects = 0
    writeback = 0
    for page in range(1, len(k.page_flags)):
        flags = k.page_flags[page]
        owners = 0
        if flags & PG_buddy:
            buddy += 1
            owners += 1
        if flags & PG_pcp:
            pcp += 1
            owners += 1
        if flags & PG_slab:
            slab += 1
            objects += k.page_private[page]
            owners += 1
        elif flags & PG_mempool:
            pool += 1
            owners += 1
        elif flags & PG_lru and flags & (PG_buddy | PG_pcp) == 0:
            lru += 1
        if owners > 1:
            return 3
        if flags & PG_writeback:
            writeback += 1
    if buddy != vm.nr_free or pcp != free_pcp_pages(k) or slab != vm.nr_slab or writeback != vm.nr_writeback:
        return 3
    n = 0
    for i in range(4, len(k.lrus)):
        n += k.lrus[i].nr
    if lru != n or pool != vm.nr_mempool:
        return 3
    for c in range(1, len(k.caches)):
        cache = k.caches[c]
        objects += cache.nr_active - (cache.nr_slabs - cache.nr_high) * cache.objs - cache.nr_high * cache.objs_high
    for c in range(k.e[0].ncpus, len(k.cpu_slabs)):
        objects += k.cpu_slabs[c].freelist
    if objects != 0:
        return 3
    return check_swap(k)


@plain
def check_swap(k):
    """Law 6: the slots in use are those of PTEs, of the swap cache and, in v6.1, of the per-CPU slot caches."""
    used = 0
    of_ptes = 0
    between = 0  # they have SWAP_HAS_CACHE, but the swap cache has no page for them
    cached = 0
    in_nodes = 0
    for slot in range(1, k.swaps[1].nr_slots + 1):
        page = k.swap_cache[slot]
        if page or k.swap_shadow[slot]:
            in_nodes += 1
        if page and k.swap_shadow[slot]:
            return 6
        if k.swap_map[slot]:
            used += 1
            if page and (k.page_private[page] != slot or k.page_flags[page] & PG_swapcache == 0):
                return 6
            if page and k.swap_map[slot] & SWAP_HAS_CACHE == 0:
                return 6
            if page:
                cached += 1
            elif k.swap_map[slot] & SWAP_HAS_CACHE:
                between += 1
            of_ptes += k.swap_map[slot] & SWAP_PTE
        elif page or k.swap_shadow[slot]:
            return 6
    if used != k.swaps[1].used:
        return 6
    for vpn in range(1, len(k.ptes)):
        if k.ptes[vpn] < 0 and k.ptes[vpn] != ZERO_PTE:
            of_ptes -= 1
            if k.swap_map[-k.ptes[vpn]] & SWAP_PTE == 0:
                return 6
    if of_ptes != 0:
        return 6
    for node in range(len(k.node_count)):
        in_nodes -= k.node_count[node]
        if (k.node_count[node] > 0) != (k.node_object[node] > 0):
            return 6
    if in_nodes != 0:
        return 6
    if k.vm[0].era < 61:
        return 0
    for this_cpu in range(k.e[0].ncpus):
        cache = k.swap_slots_caches[this_cpu]
        between -= cache.nr + cache.n_ret
    # a task that sleeps for the memory of a node has taken its slot already
    if between < 0 or between > len(k.tasks) or cached != k.vm[0].nr_swapcached:
        return 6
    return 0
