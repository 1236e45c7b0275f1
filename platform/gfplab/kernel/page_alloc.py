"""The page allocator: per-CPU lists, the fast and the slow path.

Models mm/page_alloc.c (v4.7; of v6.1 the zone walk and the entry points: its free blocks are in buddy.py and
fallback.py, its per-CPU lists in pcplist.py, its slow path in slowpath.py).  The marks are in watermarks.py.  Order 0
only.

Leaves out: orders above 0 and compaction, cpusets, the fair-zone batch, high-atomic pageblocks, NUMA, per-CPU drift of
NR_FREE_PAGES, CMA; in v4.7 page mobility, which costs nothing there.
"""

from gfplab.engine.requests import TASK_UNINTERRUPTIBLE, cond_resched, schedule_timeout
from gfplab.engine.subset import kernel, plain
from gfplab.engine.symbols import burn, jiffies_to_ns_from_now, spin_lock, spin_unlock
from gfplab.kernel.answers import SLOWPATH_FAIL, SLOWPATH_RETRY
from gfplab.kernel.bugs import BUG_DOUBLE_FREE
from gfplab.kernel.costs import (
    C_ALLOC_FAIL,
    C_DRAIN_ALL_PAGES,
    C_DRAIN_CPU,
    C_PCP_ALLOC,
    C_PCP_FREE,
    C_PCP_REFILL,
)
from gfplab.kernel.gfp import (
    __GFP_DIRECT_RECLAIM,
    __GFP_DMA,
    __GFP_FS,
    __GFP_KSWAPD_RECLAIM,
    __GFP_NOFAIL,
    __GFP_NORETRY,
    __GFP_WRITE,
    ALLOC_NO_WATERMARKS,
    ALLOC_WMARK_HIGH,
    ALLOC_WMARK_LOW,
    PF_MEMALLOC,
    PF_WQ_WORKER,
    TIF_MEMDIE,
)
from gfplab.kernel.symbols import (
    __alloc_pages,
    __folio_alloc,
    congestion_wait,
    decide_gfp_to_alloc_flags,
    decide_should_reclaim_retry,
    drain_all_pages__v6_1,
    free_unref_page,
    kernel_bug,
    lowmem_reserve,
    node_dirty_ok,
    out_of_memory,
    rmqueue,
    smp_processor_id,
    throttle_nap,
    try_to_free_pages,
    wake_all_kswapds,
    wmark_pages,
    zone_dirty_ok,
    zone_reclaimable_pages,
    zone_watermark_fast,
    zone_watermark_ok,
)
from gfplab.kernel.types import PG_buddy, PG_pcp

MAX_RECLAIM_RETRIES = 16


@plain
def gfp_zone(k, gfp_mask):
    """The highest zone this mask may use (x86-64: all of memory unless DMA is asked for)."""
    if gfp_mask & __GFP_DMA:
        return 1
    return k.vm[0].nr_zones


@plain
def get_page_from_freelist(k, gfp_mask, alloc_flags, cls):
    """A page from the highest zone that passes its watermark, or 0.

    The test looks at NR_FREE_PAGES before the per-CPU list: cached pages are no emergency reserve.
    """
    if k.vm[0].era >= 61:
        return get_page_from_freelist__v6_1(k, gfp_mask, alloc_flags, cls)
    z = cls
    while z > 0:
        ok = 1
        if gfp_mask & __GFP_WRITE and alloc_flags & ALLOC_WMARK_LOW:
            ok = zone_dirty_ok(k, z)
        if ok and alloc_flags & ALLOC_NO_WATERMARKS == 0:
            ok = zone_watermark_ok(k, z, wmark_pages(k, z, alloc_flags), cls, alloc_flags)
        if ok:
            page = buffered_rmqueue(k, z)
            if page:
                k.vm[0].pgalloc += 1
                return page
        z -= 1
    return 0


@plain
def get_page_from_freelist__v6_1(k, gfp_mask, alloc_flags, cls):
    """The same in v6.1: dirty pages are spread by node, and a zone above DMA32 lets that one go first.

    (ALLOC_NOFRAGMENT: in the fast path such a zone splits another type's block only when no zone has one of its own.)
    """
    fast = alloc_flags & ALLOC_WMARK_LOW
    if fast and gfp_mask & __GFP_WRITE and node_dirty_ok(k) == 0:
        return 0
    no_fragment = 0
    if fast:
        no_fragment = k.zones[cls].nofragment
    while True:
        z = cls
        while z > 0:
            if alloc_flags & ALLOC_NO_WATERMARKS or zone_watermark_fast(k, z, gfp_mask, cls, alloc_flags):
                page = rmqueue(k, z, gfp_mask, no_fragment)
                if page:
                    k.vm[0].pgalloc += 1
                    return page
            z -= 1
        if no_fragment == 0:
            return 0
        no_fragment = 0


@plain
def buffered_rmqueue(k, z):
    """Take a page off this CPU's list of the zone, refilling it by a batch under zone->lock; 0 if the zone is bare."""
    pcp = k.pcps[z * k.e[0].ncpus + smp_processor_id(k)]
    if pcp.count == 0:
        zone = k.zones[z]
        spin_lock(k, zone.lock)
        n = pcp.batch
        if zone.free < n:
            n = zone.free
        for i in range(n):
            page = zone.free_head
            zone.free_head = k.page_next[page]
            k.page_flags[page] = PG_pcp
            k.page_next[page] = pcp.head
            pcp.head = page
        pcp.count = n
        zone.free -= n
        assert zone.free >= 0  # law 9: at worst a batch below the mark, never below nothing
        k.vm[0].nr_free -= n
        if k.vm[0].nr_free < k.vm[0].min_free:
            k.vm[0].min_free = k.vm[0].nr_free
        burn(k, k.costs[C_PCP_REFILL])
        spin_unlock(k, zone.lock)
        if n == 0:
            return 0
    page = pcp.head
    pcp.head = k.page_next[page]
    pcp.count -= 1
    k.page_flags[page] = 0
    k.page_next[page] = 0
    burn(k, k.costs[C_PCP_ALLOC])
    return page


@plain
def free_hot_cold_page(k, page):
    """Free a page onto this CPU's list; past its high mark a batch goes back to the buddy lists."""
    if k.vm[0].era >= 61:
        return free_unref_page(k, page)
    if k.page_flags[page] & (PG_buddy | PG_pcp):
        kernel_bug(k, BUG_DOUBLE_FREE, page)
        return 0
    z = k.page_zone[page]
    this_cpu = smp_processor_id(k)
    pcp = k.pcps[z * k.e[0].ncpus + this_cpu]
    k.page_flags[page] = PG_pcp
    k.page_prev[page] = 0
    k.page_next[page] = pcp.head
    pcp.head = page
    pcp.count += 1
    k.vm[0].pgfree += 1
    burn(k, k.costs[C_PCP_FREE])
    if pcp.count >= pcp.high:
        free_pcppages_bulk(k, z, this_cpu, pcp.batch)
    return 0


@plain
def free_pcppages_bulk(k, z, this_cpu, nr):
    """Move nr pages from a per-CPU list to the buddy list; a freed page makes the zone reclaimable again."""
    pcp = k.pcps[z * k.e[0].ncpus + this_cpu]
    zone = k.zones[z]
    if nr > pcp.count:
        nr = pcp.count
    spin_lock(k, zone.lock)
    zone.pages_scanned = 0
    for i in range(nr):
        page = pcp.head
        pcp.head = k.page_next[page]
        k.page_flags[page] = PG_buddy
        k.page_next[page] = zone.free_head
        zone.free_head = page
    pcp.count -= nr
    zone.free += nr
    k.vm[0].nr_free += nr
    burn(k, k.costs[C_PCP_REFILL])
    spin_unlock(k, zone.lock)
    return 0


@plain
def drain_all_pages(k):
    """Empty every CPU's lists into the buddy lists."""
    if k.vm[0].era >= 61:
        return drain_all_pages__v6_1(k)
    burn(k, k.costs[C_DRAIN_ALL_PAGES] + k.costs[C_DRAIN_CPU] * k.e[0].ncpus)
    for z in range(1, k.vm[0].nr_zones + 1):
        for this_cpu in range(k.e[0].ncpus):
            pcp = k.pcps[z * k.e[0].ncpus + this_cpu]
            if pcp.count > 0:
                free_pcppages_bulk(k, z, this_cpu, pcp.count)
    return 0


@kernel
def alloc_pages_current(k, gfp_mask):
    """A page for the kernel itself, or 0."""
    if k.vm[0].era >= 61:
        page = yield from __alloc_pages(k, gfp_mask)
        return page
    page = yield from __alloc_pages_nodemask(k, gfp_mask, gfp_zone(k, gfp_mask))
    return page


@kernel
def alloc_pages_vma(k, gfp_mask):
    """A page for user memory, or 0."""
    if k.vm[0].era >= 61:
        page = yield from __folio_alloc(k, gfp_mask)
        return page
    page = yield from __alloc_pages_nodemask(k, gfp_mask, gfp_zone(k, gfp_mask))
    return page


@kernel
def __alloc_pages_nodemask(k, gfp_mask, cls):
    """A page or 0: the fast path at the low watermark, then kswapd, rights, direct reclaim, retries, the OOM killer."""
    page = get_page_from_freelist(k, gfp_mask, ALLOC_WMARK_LOW, cls)
    if page:
        return page
    t = k.e[0].cur
    r = 2 * t
    if k.tasks[t].pf_flags & PF_MEMALLOC:
        r += 1  # an allocation from inside direct reclaim, which may itself serve an allocation
    request = k.alloc_requests[r]
    request.gfp_mask = gfp_mask
    request.cls = cls
    request.loops = 0
    while True:
        if gfp_mask & __GFP_KSWAPD_RECLAIM:
            wake_all_kswapds(k, 0, cls)
        alloc_flags = decide_gfp_to_alloc_flags(k, t, r)
        page = get_page_from_freelist(k, gfp_mask, alloc_flags & ~ALLOC_NO_WATERMARKS, cls)
        if page == 0 and alloc_flags & ALLOC_NO_WATERMARKS:
            page = get_page_from_freelist(k, gfp_mask, alloc_flags, cls)
        if page:
            return page
        burn(k, k.costs[C_ALLOC_FAIL])
        if gfp_mask & __GFP_DIRECT_RECLAIM == 0:
            return 0
        if k.tasks[t].pf_flags & PF_MEMALLOC:
            if gfp_mask & __GFP_NOFAIL == 0:
                return 0
            yield cond_resched()
            continue
        if k.tasks[t].pf_flags & TIF_MEMDIE and gfp_mask & __GFP_NOFAIL == 0:
            return 0
        assert gfp_mask & __GFP_NORETRY == 0 or request.loops == 0  # law 14: one round
        progress = yield from try_to_free_pages(k, gfp_mask, cls)
        request = k.alloc_requests[r]
        request.reclaimed = progress
        if progress:
            page = get_page_from_freelist(k, gfp_mask, alloc_flags & ~ALLOC_NO_WATERMARKS, cls)
            if page == 0:
                drain_all_pages(k)
                page = get_page_from_freelist(k, gfp_mask, alloc_flags & ~ALLOC_NO_WATERMARKS, cls)
            if page:
                return page
        if gfp_mask & __GFP_NORETRY:
            return 0
        if progress:
            request.loops = 0
        else:
            request.loops += 1
        retry = yield from should_reclaim_retry(k, r)
        if retry > 0 or (retry < 0 and gfp_mask & __GFP_NOFAIL):
            continue
        if retry < 0:
            return 0
        killed = yield from __alloc_pages_may_oom(k, gfp_mask, cls)
        if killed < 0:
            return -killed
        if killed == 0:
            return 0
        request.loops = 0


@plain
def look_for_reclaimable(k, r):
    """See if what is reclaimable, less with each fruitless round, would pass some zone's min mark.

    Writes: alloc_requests[r].may_pass and .congested.
    """
    request = k.alloc_requests[r]
    request.may_pass = 0
    request.congested = 0
    z = request.cls
    while z > 0 and request.may_pass == 0:
        reclaimable = zone_reclaimable_pages(k, z)
        available = reclaimable - (request.loops * reclaimable + MAX_RECLAIM_RETRIES - 1) // MAX_RECLAIM_RETRIES
        zone = k.zones[z]
        if zone.free + available > zone.wmark_min + lowmem_reserve(k, z, request.cls):
            request.may_pass = 1
            request.congested = 2 * (zone.nr_writeback + zone.nr_dirty) > reclaimable
        z -= 1
    return 0


@kernel(inlined=True)
def should_reclaim_retry(k, r):
    """1 if reclaim may still pay, after a pause; 0: kill; -1: fail."""
    t = k.e[0].cur
    look_for_reclaimable(k, r)
    answer = decide_should_reclaim_retry(k, 0, t, r)
    if answer <= SLOWPATH_FAIL:
        return -1
    if answer < SLOWPATH_RETRY:
        return 0
    if answer > SLOWPATH_RETRY:
        if throttle_nap(k, answer):
            yield from congestion_wait(k, answer)
    elif k.tasks[t].pf_flags & PF_WQ_WORKER:
        yield schedule_timeout(0, jiffies_to_ns_from_now(k, 1), TASK_UNINTERRUPTIBLE)
    else:
        yield cond_resched()
    return 1


@kernel(inlined=True)
def __alloc_pages_may_oom(k, gfp_mask, cls):
    """Kill, or wait for somebody else's kill. 1: retry; 0: give up; -page: a page turned up."""
    t = k.e[0].cur
    assert gfp_mask & __GFP_NORETRY == 0  # law 14
    if k.vm[0].oom_lock:
        yield schedule_timeout(0, jiffies_to_ns_from_now(k, 1), TASK_UNINTERRUPTIBLE)
        return 1
    k.vm[0].oom_lock = t
    page = get_page_from_freelist(k, gfp_mask, ALLOC_WMARK_HIGH, cls)
    if page:
        k.vm[0].oom_lock = 0
        return -page
    progress = 0
    if cls > 1 or k.vm[0].nr_zones == 1:
        if gfp_mask & (__GFP_FS | __GFP_NOFAIL) == 0:
            progress = 1  # the OOM killer does not make up for reclaim that may not do I/O
        else:
            progress = out_of_memory(k, t)
    k.vm[0].oom_lock = 0
    if progress:
        # schedule_timeout_killable(1): let the victim run
        yield schedule_timeout(0, jiffies_to_ns_from_now(k, 1), TASK_UNINTERRUPTIBLE)
    return progress
