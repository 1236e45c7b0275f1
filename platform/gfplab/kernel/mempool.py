"""Memory pools: a guaranteed reserve in front of an allocator, and the program that chooses between them.

Models mm/mempool.c (v4.7.y, v4.8 and later: the order of steps itself is the decision `mempool_step`).

Leaves out: mempool_resize() while running (a scenario sets min_nr), mempool_destroy(), the fault injection of later
eras.
"""

from gfplab.engine.records import TASK_WAIT_HEAD
from gfplab.engine.requests import TASK_UNINTERRUPTIBLE, cond_resched, io_schedule_timeout
from gfplab.engine.subset import kernel, plain
from gfplab.engine.symbols import (
    burn,
    local_clock,
    over_debt,
    overtaken,
    spin_lock,
    spin_unlock,
    waitqueue_active,
    wake_up_all,
)
from gfplab.kernel.bugs import BUG_MEMPOOL_LOOP, BUG_MEMPOOL_STEP
from gfplab.kernel.costs import C_MEMPOOL_RESERVE
from gfplab.kernel.gfp import (
    __GFP_DIRECT_RECLAIM,
    __GFP_IO,
    MEMPOOL_EXTRA,
    PF_BAIL_OUT,
    PF_LESS_THROTTLE,
    PF_LIGHT_RECLAIM,
    PF_MEMALLOC,
    PF_NO_THROTTLE,
)
from gfplab.kernel.steps import (
    STEP_ALLOC,
    STEP_BAIL_OUT,
    STEP_FAIL,
    STEP_LESS_THROTTLE,
    STEP_LIGHT_RECLAIM,
    STEP_MASK,
    STEP_NO_THROTTLE,
    STEP_RESERVE,
    STEP_SHIFT,
    STEP_WAIT,
)
from gfplab.kernel.symbols import (
    account_mempool_alloc,
    account_mempool_wait,
    alloc_pages_current,
    crypt_page_refused,
    decide_mempool_free,
    decide_mempool_step,
    free_hot_cold_page,
    get_page_from_freelist,
    gfp_zone,
    kernel_bug,
    kmem_cache_alloc,
    kmem_cache_alloc_fastpath,
    kmem_cache_free,
    magazine_refill,
    magazine_return,
    magazine_rounds,
    magazine_steal,
    magazine_take,
    smp_processor_id,
)
from gfplab.kernel.types import POOL_SLAB, PG_mempool

ALLOC_WMARK_LOW = 0x01
ERA_RESCHED = 61  # the first era whose machines look at need_resched at once (e.resched_soon)
STEPS_LIMIT = 1_000_000  # a policy that answers for ever without an element


@kernel
def mempool_alloc(k, pool, gfp_mask):
    """An element of the pool; 0 only if the mask may not sleep or the policy says FAIL.

    Never holds pool->lock across a sleep.  A WAIT that follows an empty RESERVE is on the queue before the lock is
    dropped, because nothing runs between the two: no wake-up is lost.
    Writes: the pool's counters, the caller's mempool_calls record.
    """
    t = k.e[0].cur
    c = 2 * t
    if k.tasks[t].pf_flags & PF_MEMALLOC:
        c += 1  # a direct reclaimer may already be inside an outer mempool_alloc()
    call = k.mempool_calls[c]
    p = k.pools[pool]
    call.pool = pool
    call.gfp_mask = gfp_mask
    call.full = gfp_mask | MEMPOOL_EXTRA
    call.optimistic = (gfp_mask | MEMPOOL_EXTRA) & ~(__GFP_DIRECT_RECLAIM | __GFP_IO)
    call.may_sleep = 0
    if gfp_mask & __GFP_DIRECT_RECLAIM:
        call.may_sleep = 1
    call.last = 0
    call.last_mask = 0
    call.steps = 0
    call.waits = 0
    call.attempts = 0
    call.t_alloc = 0
    call.start = local_clock(k)
    p.n_alloc += 1
    outer_gfp = k.tasks[t].context_a
    outer_pool = k.tasks[t].context_b
    k.tasks[t].context_a = gfp_mask
    k.tasks[t].context_b = pool
    zone = k.vm[0].nr_zones
    if call.may_sleep and k.vm[0].era >= ERA_RESCHED and (over_debt(k) or overtaken(k)):
        queued = k.tasks[t].t_runnable
        yield cond_resched()  # might_sleep(): where kcryptd gives way to those it or an interrupt has woken
        call.start = local_clock(k) - (k.tasks[t].t_runnable - queued)  # what was owed before is no part of this call
    element = 0
    what = 0
    reclaimed = 0
    slept = 0
    while element == 0:
        step = decide_mempool_step(k, pool, zone, t, c)
        what = step & STEP_MASK
        call.steps += 1
        if what == STEP_ALLOC:
            mask = step >> STEP_SHIFT
            lent = attempt_flags(k, step) & ~k.tasks[t].pf_flags
            k.tasks[t].pf_flags |= lent
            began = local_clock(k)
            if p.kind == POOL_SLAB:
                element = kmem_cache_alloc_fastpath(k, p.cache)
                if element == 0:
                    element = yield from mempool_alloc_slab(k, pool, mask)
            elif crypt_page_refused(k, pool, mask) == 0:
                element = get_page_from_freelist(k, mask, ALLOC_WMARK_LOW, gfp_zone(k, mask))
                if element == 0:
                    element = yield from mempool_alloc_pages(k, mask)
                if element > 0:
                    mempool_page_out(k, element)
            spent = local_clock(k) - began
            call.t_alloc += spent
            p.t_alloc += spent
            call.attempts += 1
            call.last_mask = mask
            k.tasks[t].pf_flags &= ~lent
            if mask & __GFP_DIRECT_RECLAIM:
                reclaimed += 1
                account_reclaiming_attempt(k, pool, spent, element)
            if element > 0:
                if call.attempts == 1:
                    p.n_first += 1
                else:
                    p.n_second += 1
        elif what == STEP_RESERVE:
            if k.tasks[t].debt > 0 and k.e[0].ncpus > 2:
                yield cond_resched()  # contention on pool->lock is felt at the exact time
            element = mempool_take(k, pool)
            if element > 0:
                p.n_reserve += 1
        elif what == STEP_WAIT:
            call.waits += 1
            # an element that came back since the last look at the reserve must not be slept upon
            if p.curr_nr == 0:
                p.n_wait += 1
                p.nr_waiters += 1
                began = local_clock(k)
                left = yield io_schedule_timeout(p.wait, step >> STEP_SHIFT, TASK_UNINTERRUPTIBLE | TASK_WAIT_HEAD)
                p.nr_waiters -= 1
                p.t_wait += local_clock(k) - began
                slept += 1
                timed_out = 0
                if left == 0:
                    p.n_timeout += 1
                    timed_out = 1
                account_mempool_wait(k, pool, local_clock(k) - began, timed_out)
        elif what == STEP_FAIL:
            p.n_fail += 1
            break
        else:
            kernel_bug(k, BUG_MEMPOOL_STEP, step)
            break
        call.last = what
        if call.steps > STEPS_LIMIT:
            kernel_bug(k, BUG_MEMPOOL_LOOP, call.steps)
            break
    if element > 0:
        p.outstanding += 1
    k.tasks[t].context_a = outer_gfp
    k.tasks[t].context_b = outer_pool
    account_mempool_alloc(k, pool, what, reclaimed, slept, local_clock(k) - call.start)
    return element


@plain
def attempt_flags(k, step):
    """The task flags that an ALLOC step asks for."""
    flags = 0
    if step & STEP_LESS_THROTTLE:
        flags |= PF_LESS_THROTTLE
    if step & STEP_NO_THROTTLE:
        flags |= PF_NO_THROTTLE
    if step & STEP_BAIL_OUT:
        flags |= PF_BAIL_OUT
    if step & STEP_LIGHT_RECLAIM:
        flags |= PF_LIGHT_RECLAIM
    return flags


@plain
def account_reclaiming_attempt(k, pool, ns, element):
    """What an attempt that may reclaim took and whether it paid, for policies that learn. Writes: pools."""
    p = k.pools[pool]
    paid = 0
    if element > 0:
        paid = 1000
    p.reclaim_ns += (ns - p.reclaim_ns) // 8
    p.reclaim_yield += (paid - p.reclaim_yield) // 8
    return 0


@kernel
def mempool_alloc_slab(k, pool, gfp_mask):
    """The underlying allocator of a slab-backed pool."""
    element = yield from kmem_cache_alloc(k, k.pools[pool].cache, gfp_mask)
    return element


@kernel
def mempool_alloc_pages(k, gfp_mask):
    """The underlying allocator of a page-backed pool."""
    page = yield from alloc_pages_current(k, gfp_mask)
    return page


@plain
def mempool_page_out(k, page):
    """Mark a page as owned by a pool. Writes: page_flags, vm.nr_mempool."""
    k.page_flags[page] = PG_mempool
    k.vm[0].nr_mempool += 1


@plain
def mempool_take(k, pool):
    """Pop an element of the reserve, under pool->lock unless this CPU has a magazine of them; or 0. Writes: pool."""
    p = k.pools[pool]
    rounds = magazine_rounds(k, pool)
    element = 0
    if rounds > 0:
        element = magazine_take(k, pool)
    if element > 0:
        reserve_shrinks(k, pool)
        return element
    spin_lock(k, p.lock)
    burn(k, k.costs[C_MEMPOOL_RESERVE])
    if p.in_magazines < p.curr_nr:
        reserve_shrinks(k, pool)
        place = p.base + p.curr_nr - p.in_magazines
        element = k.pool_elems[place]
        k.pool_elems[place] = 0
        if rounds > 0:
            magazine_refill(k, pool, rounds)
    elif p.in_magazines > 0:
        element = magazine_steal(k, pool)
        reserve_shrinks(k, pool)
    spin_unlock(k, p.lock)
    return element


@plain
def reserve_shrinks(k, pool):
    """One element of the reserve fewer. Writes: pools."""
    p = k.pools[pool]
    if p.curr_nr == p.min_nr:
        p.t_full += k.e[0].now - p.full_since
    p.curr_nr -= 1
    if p.curr_nr < p.lowest:
        p.lowest = p.curr_nr
    if p.curr_nr == 0:
        p.empty_since = k.e[0].now
    return 0


@plain
def mempool_free(k, pool, element):
    """Give an element back: to the reserve while that is short of min_nr, else to the allocator; all waiters wake.

    Waiters are not exclusive: every returned element wakes them all, one finds it, the others sleep again.
    """
    p = k.pools[pool]
    p.outstanding -= 1
    now = k.e[0].now
    if p.last_return > 0:
        p.return_interval += (now - p.last_return - p.return_interval) // 8
    p.last_return = now
    to_reserve = 0
    if p.curr_nr < p.min_nr:
        to_reserve = decide_mempool_free(k, pool, k.vm[0].nr_zones)
    if to_reserve:
        if p.curr_nr == 0:
            p.t_empty += now - p.empty_since
        rounds = magazine_rounds(k, pool)
        if rounds > 0:
            magazine_return(k, pool, element, rounds)
            p.curr_nr += 1
        else:
            spin_lock(k, p.lock)
            burn(k, k.costs[C_MEMPOOL_RESERVE])
            k.pool_elems[p.base + p.curr_nr - p.in_magazines] = element
            p.curr_nr += 1
            spin_unlock(k, p.lock)
        if p.curr_nr == p.min_nr:
            p.full_since = now
        wake_up_all(k, p.wait)
        assert waitqueue_active(k, p.wait) == 0  # law 16
    elif p.kind == POOL_SLAB:
        kmem_cache_free(k, p.cache, element, smp_processor_id(k))
    else:
        k.vm[0].nr_mempool -= 1
        free_hot_cold_page(k, element)
    return 0


@plain
def pool_full_ns(k, pool):
    """Nanoseconds so far during which the reserve was full."""
    p = k.pools[pool]
    full = p.t_full
    if p.curr_nr >= p.min_nr:
        full += k.e[0].now - p.full_since
    return full
