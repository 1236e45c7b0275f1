"""What an allocation does when the low watermark fails: kswapd, rights, direct reclaim, retries, the OOM killer.

Models __alloc_pages(), __alloc_pages_slowpath() and their helpers of mm/page_alloc.c (v6.1).

Leaves out: orders above 0 and direct compaction, cpusets and nodes, task flags that change the mask
(PF_MEMALLOC_NOFS, PF_MEMALLOC_NOIO), the high-atomic reserve.
"""

from gfplab.engine.requests import TASK_UNINTERRUPTIBLE, cond_resched, schedule_timeout
from gfplab.engine.subset import kernel, plain
from gfplab.engine.symbols import burn
from gfplab.kernel.answers import SLOWPATH_FAIL, SLOWPATH_RETRY
from gfplab.kernel.costs import C_ALLOC_FAIL
from gfplab.kernel.gfp import (
    __GFP_DIRECT_RECLAIM,
    __GFP_KSWAPD_RECLAIM,
    __GFP_NOFAIL,
    __GFP_NOMEMALLOC,
    __GFP_NORETRY,
    __GFP_REPEAT,
    ALLOC_MIN_RESERVE,
    ALLOC_NO_WATERMARKS,
    ALLOC_OOM,
    ALLOC_WMARK_HIGH,
    ALLOC_WMARK_LOW,
    PF_MEMALLOC,
    PF_WQ_WORKER,
    TIF_MEMDIE,
)
from gfplab.kernel.symbols import (
    congestion_wait,
    decide_gfp_to_alloc_flags,
    decide_should_reclaim_retry,
    drain_all_pages,
    get_page_from_freelist,
    gfp_zone,
    min_wmark_pages,
    out_of_memory__v6_1,
    throttle_nap,
    timer_wheel_ns,
    try_to_free_pages__v6_1,
    wake_all_kswapds,
    watermark_ok,
    zone_reclaimable_pages,
)

MAX_RECLAIM_RETRIES = 16


@kernel
def __folio_alloc(k, gfp_mask):
    """A page for user memory or the page cache, or 0."""
    page = yield from __alloc_pages(k, gfp_mask)
    return page


@kernel
def __alloc_pages(k, gfp_mask):
    """A page or 0: the fast path at the low watermark, then the slow path."""
    page = get_page_from_freelist(k, gfp_mask, ALLOC_WMARK_LOW, gfp_zone(k, gfp_mask))
    if page == 0:
        page = yield from __alloc_pages_slowpath(k, gfp_mask, gfp_zone(k, gfp_mask))
    return page


@plain
def request_of(k):
    """The current task's alloc_requests record: a reclaimer has a second one, for what it allocates itself."""
    t = k.e[0].cur
    if k.tasks[t].pf_flags & PF_MEMALLOC:
        return 2 * t + 1
    return 2 * t


@kernel
def __alloc_pages_slowpath(k, gfp_mask, cls):
    """A page or 0, by whatever the mask and the task allow."""
    t = k.e[0].cur
    r = request_of(k)
    request = k.alloc_requests[r]
    request.gfp_mask = gfp_mask
    request.cls = cls
    request.loops = 0
    while True:
        if gfp_mask & __GFP_KSWAPD_RECLAIM:
            wake_all_kswapds(k, 0, cls)
        rights = decide_gfp_to_alloc_flags(k, t, r)
        reserve_flags = rights & (ALLOC_NO_WATERMARKS | ALLOC_OOM)
        alloc_flags = rights & ~(ALLOC_NO_WATERMARKS | ALLOC_OOM)
        page = get_page_from_freelist(k, gfp_mask, alloc_flags, cls)
        if page == 0 and reserve_flags:
            alloc_flags = reserve_flags  # instead of the other rights, not on top of them
            page = get_page_from_freelist(k, gfp_mask, alloc_flags, cls)
        if page:
            return page
        burn(k, k.costs[C_ALLOC_FAIL])
        if gfp_mask & __GFP_DIRECT_RECLAIM == 0:
            return 0
        if k.tasks[t].pf_flags & PF_MEMALLOC == 0:
            page = yield from __alloc_pages_direct_reclaim(k, gfp_mask, alloc_flags, cls, r)
            if page:
                return page
            if gfp_mask & __GFP_NORETRY:
                return 0
            retry = yield from should_reclaim_retry__v6_1(k, r, alloc_flags)
            if retry > 0 or (retry < 0 and gfp_mask & __GFP_NOFAIL):
                continue
            if retry < 0:
                return 0
            killed = yield from __alloc_pages_may_oom__v6_1(k, gfp_mask, cls)
            if killed < 0:
                return -killed
            victim_gives_up = k.tasks[t].pf_flags & TIF_MEMDIE and (
                alloc_flags & ALLOC_OOM or gfp_mask & __GFP_NOMEMALLOC
            )
            if killed and victim_gives_up == 0:
                request.loops = 0
                continue
        if gfp_mask & __GFP_NOFAIL == 0:
            return 0
        page = get_page_from_freelist(k, gfp_mask, ALLOC_MIN_RESERVE, cls)
        if page:
            return page
        yield cond_resched()


@kernel(inlined=True)
def __alloc_pages_direct_reclaim(k, gfp_mask, alloc_flags, cls, r):
    """One round of reclaim; if that freed anything, a look at the lists, and one more when all lists are drained."""
    yield cond_resched()
    progress = yield from try_to_free_pages__v6_1(k, gfp_mask, cls)
    k.alloc_requests[r].reclaimed = progress
    yield cond_resched()
    if progress == 0:
        return 0
    page = get_page_from_freelist(k, gfp_mask, alloc_flags, cls)
    if page == 0:
        drain_all_pages(k)
        page = get_page_from_freelist(k, gfp_mask, alloc_flags, cls)
    return page


@plain
def look_for_reclaimable__v6_1(k, r, alloc_flags):
    """See if all that is reclaimable would pass some zone's min mark. Writes: alloc_requests[r]."""
    request = k.alloc_requests[r]
    request.may_pass = 0
    request.congested = 0
    z = request.cls
    while z > 0 and request.may_pass == 0:
        reclaimable = zone_reclaimable_pages(k, z)
        zone = k.zones[z]
        if watermark_ok(k, z, 0, min_wmark_pages(k, z), request.cls, alloc_flags, reclaimable + zone.free):
            request.may_pass = 1
            request.congested = 2 * (zone.nr_writeback + zone.nr_dirty) > reclaimable
        z -= 1
    return 0


@kernel(inlined=True)
def should_reclaim_retry__v6_1(k, r, alloc_flags):
    """1 if reclaim may still pay; 0: kill; -1: fail. A kworker sleeps a jiffy over it, kill or not."""
    t = k.e[0].cur
    request = k.alloc_requests[r]
    assert request.gfp_mask & __GFP_NORETRY == 0  # law 14: one round
    if request.reclaimed:
        request.loops = 0
    else:
        request.loops += 1
    look_for_reclaimable__v6_1(k, r, alloc_flags)
    answer = decide_should_reclaim_retry(k, 0, t, r)
    if answer <= SLOWPATH_FAIL:
        return -1
    if answer > SLOWPATH_RETRY:
        if throttle_nap(k, answer):
            yield from congestion_wait(k, answer)
    elif request.loops <= MAX_RECLAIM_RETRIES or answer == SLOWPATH_RETRY:
        if k.tasks[t].pf_flags & PF_WQ_WORKER:
            yield schedule_timeout(0, timer_wheel_ns(k, 1), TASK_UNINTERRUPTIBLE)
        else:
            yield cond_resched()
    return answer >= SLOWPATH_RETRY


@kernel(inlined=True)
def __alloc_pages_may_oom__v6_1(k, gfp_mask, cls):
    """Kill, or wait for somebody else's kill. 1: retry; 0: give up; -page: a page turned up."""
    assert gfp_mask & __GFP_NORETRY == 0  # law 14
    if k.vm[0].oom_lock:
        yield schedule_timeout(0, timer_wheel_ns(k, 1), TASK_UNINTERRUPTIBLE)
        return 1
    # what a parallel kill has freed; the mark is high, so as not to kill on and on
    page = get_page_from_freelist(k, gfp_mask & ~__GFP_KSWAPD_RECLAIM, ALLOC_WMARK_HIGH, cls)
    if page:
        return -page
    if gfp_mask & __GFP_REPEAT or (cls == 1 and k.vm[0].nr_zones > 1):
        return 0
    # the lock is never held across a sleep here: the killer does not wait for its victim
    progress = out_of_memory__v6_1(k, k.e[0].cur, gfp_mask)
    if gfp_mask & __GFP_NOFAIL:
        page = get_page_from_freelist(k, gfp_mask, ALLOC_NO_WATERMARKS, cls)
        if page:
            return -page
        return 1
    return progress
