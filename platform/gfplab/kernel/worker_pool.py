"""Worker pools: workers that are idle or work, the manager that makes more of them, and rescuers that step in.

Models worker_thread(), manage_workers(), create_worker(), pool_mayday_timeout() and rescuer_thread() of
kernel/workqueue.c (v4.7).

Leaves out: the death of workers idle for 300 s; kthreadd (the manager itself allocates the new worker's stack).
"""

from gfplab.engine.requests import TASK_INTERRUPTIBLE, schedule, schedule_timeout
from gfplab.engine.subset import kernel, plain
from gfplab.engine.symbols import burn, call_after, jiffies_to_ns_from_now, start_task
from gfplab.kernel.answers import WQ_NO_WORKER, WQ_RESCUE
from gfplab.kernel.bugs import BUG_WORKER_SLOTS
from gfplab.kernel.costs import C_KWORKER_CREATE
from gfplab.kernel.gfp import GFP_KERNEL
from gfplab.kernel.symbols import (
    alloc_pages_current,
    call_rescuer,
    dispatch_work,
    free_hot_cold_page,
    insert_work,
    kernel_bug,
    need_more_worker,
    process_one_work,
    wake_up_worker,
)
from gfplab.kernel.types import EV_MAYDAY

MAYDAY_INITIAL_NS = 10_000_000  # but at least two jiffies
MAYDAY_INTERVAL_NS = 100_000_000
CREATE_COOLDOWN_NS = 1_000_000_000
STACK_PAGES = 4  # THREAD_SIZE; in v4.7 one allocation of order 2
POOL_BITS = 8  # of the argument of EV_MAYDAY, the rest is a generation


@plain
def need_to_create_worker(k, pool):
    """1 if works are pending and no worker is idle."""
    return k.worker_pools[pool].head != 0 and k.worker_pools[pool].nr_idle == 0


@plain
def worker_enter_idle(k, t):
    """Put worker t at the head of its pool's idle list: the last to go idle is the first to be woken."""
    p = k.worker_pools[k.tasks[t].pool_id]
    k.tasks[t].worker_idle = 1
    k.tasks[t].idle_next = p.idle_head
    p.idle_head = t
    p.nr_idle += 1
    return 0


@plain
def worker_leave_idle(k, t):
    """Take worker t off the idle list, if it is on it."""
    if k.tasks[t].worker_idle == 0:
        return 0
    p = k.worker_pools[k.tasks[t].pool_id]
    k.tasks[t].worker_idle = 0
    p.nr_idle -= 1
    if p.idle_head == t:
        p.idle_head = k.tasks[t].idle_next
        return 0
    before = p.idle_head
    while k.tasks[before].idle_next != t:
        before = k.tasks[before].idle_next
    k.tasks[before].idle_next = k.tasks[t].idle_next
    return 0


@kernel
def worker_thread(k, pool):
    """A worker: make sure that somebody is idle, then work until nothing is pending, then be idle."""
    t = k.e[0].cur
    k.tasks[t].pool_id = pool
    while True:
        worker_leave_idle(k, t)
        while need_more_worker(k, pool):
            if k.worker_pools[pool].nr_idle == 0:
                managed = yield from manage_workers(k, pool)
                if managed:
                    continue
            while need_more_worker(k, pool):
                work = k.worker_pools[pool].head
                yield from process_one_work(k, work)
        worker_enter_idle(k, t)
        yield schedule(k.tasks[t].worker_wait, TASK_INTERRUPTIBLE)


@kernel
def manage_workers(k, pool):
    """Be the manager and create workers; 0 if another worker is the manager already."""
    if k.worker_pools[pool].manager:
        return 0
    k.worker_pools[pool].manager = k.e[0].cur
    yield from maybe_create_worker(k, pool)
    k.worker_pools[pool].manager = 0
    return 1


@kernel(inlined=True)
def maybe_create_worker(k, pool):
    """Create workers until one is idle or nothing is pending; mayday is raised when that takes longer than 10 ms."""
    while True:
        k.worker_pools[pool].mayday_gen += 1
        arm_mayday(k, pool, max(jiffies_to_ns_from_now(k, 2), MAYDAY_INITIAL_NS))
        while True:
            created = yield from create_worker(k, pool)
            if created or need_to_create_worker(k, pool) == 0:
                break
            yield schedule_timeout(0, CREATE_COOLDOWN_NS, TASK_INTERRUPTIBLE)
            if need_to_create_worker(k, pool) == 0:
                break
        k.worker_pools[pool].mayday_gen += 1  # the timer that is still armed comes to nothing
        if need_to_create_worker(k, pool) == 0:
            return 0


@kernel
def create_worker(k, pool):
    """Start a worker on a dormant task, after allocating its stack with GFP_KERNEL; 0 if there was no memory for it."""
    burn(k, k.costs[C_KWORKER_CREATE])
    k.worker_pools[pool].creating = 1
    stack = 0
    missing = STACK_PAGES
    while missing:
        page = yield from alloc_pages_current(k, GFP_KERNEL)
        if page == 0:
            break
        k.page_next[page] = stack
        stack = page
        k.vm[0].nr_kernel_stack += 1
        missing -= 1
    k.worker_pools[pool].creating = 0
    if missing:
        while stack:
            after = k.page_next[stack]
            k.page_next[stack] = 0
            free_hot_cold_page(k, stack)
            stack = after
            k.vm[0].nr_kernel_stack -= 1
        return 0
    t = k.worker_pools[pool].next_create
    if t == 0 or t > k.worker_pools[pool].last_task:
        kernel_bug(k, BUG_WORKER_SLOTS, pool)
        return 0
    k.worker_pools[pool].next_create = t + 1
    k.worker_pools[pool].nr_workers += 1
    k.tasks[t].pool_id = pool
    worker_enter_idle(k, t)
    start_task(k, t, FN_worker_thread, pool)  # noqa: F821 -- the linker knows function ids
    return 1


@plain
def arm_mayday(k, pool, delay):
    """Let mayday_event() look at the pool after `delay`, unless its generation has passed by then."""
    call_after(k, delay, EV_MAYDAY, k.worker_pools[pool].mayday_gen << POOL_BITS | pool)
    return 0


@plain
def mayday_event(k, arg):
    """The manager is late: call the rescuer of every workqueue with a work pending, and look again in 100 ms."""
    pool = arg & ((1 << POOL_BITS) - 1)
    if k.worker_pools[pool].mayday_gen != arg >> POOL_BITS:
        return 0
    if need_to_create_worker(k, pool):
        work = k.worker_pools[pool].head
        while work:
            w = k.wqs[k.works[work].wq]
            if w.rescuer and w.mayday == 0 and dispatch_work(k, k.works[work].wq, WQ_NO_WORKER) == WQ_RESCUE:
                call_rescuer(k, k.works[work].wq)
            work = k.works[work].next
    arm_mayday(k, pool, MAYDAY_INTERVAL_NS)
    return 0


@kernel
def rescuer_thread(k, wq):
    """Run the pending works of this one workqueue, one after the other, whenever mayday is raised for it."""
    pool = k.wqs[wq].pool
    while True:
        while k.wqs[wq].mayday:
            k.wqs[wq].mayday = 0
            if slurp_works(k, wq):
                while k.wqs[wq].head:
                    work = k.wqs[wq].head
                    yield from process_one_work(k, work)
                if need_to_create_worker(k, pool):
                    k.wqs[wq].mayday = 1  # works that became active meanwhile need not wait for the next mayday
            if need_more_worker(k, pool):
                wake_up_worker(k, pool)
        yield schedule(k.wqs[wq].rescuer_wait, TASK_INTERRUPTIBLE)


@plain
def slurp_works(k, wq):
    """Move the pool's pending works of this workqueue to the workqueue's own list; returns how many."""
    w = k.wqs[wq]
    p = k.worker_pools[w.pool]
    n = 0
    work = p.head
    p.head = 0
    p.tail = 0
    p.nr_pending = 0
    while work:
        after = k.works[work].next
        k.works[work].next = 0
        if k.works[work].wq == wq:
            k.works[work].rescued = 1
            if w.tail:
                k.works[w.tail].next = work
            else:
                w.head = work
            w.tail = work
            n += 1
        else:
            insert_work(k, w.pool, work)
        work = after
    return n
