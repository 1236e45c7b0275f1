"""Workqueues: a work waits until it is its turn, then a worker runs it.

Models queue_work(), process_one_work() and pwq_dec_nr_in_flight() of kernel/workqueue.c (v4.7), one unbound worker pool
(worker_pool.py) with per-workqueue max_active.  Which works go to the pool, which wait, and when a rescuer is called is
the decision `wq_dispatch`.

Leaves out: bound pools and their concurrency management (kcryptd_io and the bio sets' queues run on this pool too),
NUMA, delayed and linked works, flushing.
"""

from gfplab.engine.requests import cond_resched
from gfplab.engine.subset import kernel, plain
from gfplab.engine.symbols import burn, over_debt, trace, wake_up_process
from gfplab.kernel.answers import WQ_ENDED, WQ_HOLD, WQ_QUEUED, WQ_RESCUE, WQ_RUN
from gfplab.kernel.bugs import BUG_WORK_FUNCTION, BUG_WORK_SLOTS
from gfplab.kernel.costs import C_PROCESS_WORK, C_QUEUE_WORK
from gfplab.kernel.symbols import (
    bio_alloc_rescue,
    decide_wq_dispatch,
    kcryptd_crypt,
    kcryptd_io_read_work,
    kernel_bug,
)
from gfplab.kernel.tracepoints import workqueue_execute_end, workqueue_execute_start
from gfplab.kernel.types import WORK_BIO_ALLOC_RESCUE, WORK_KCRYPTD_CRYPT, WORK_KCRYPTD_IO_READ


@plain
def queue_work(k, wq, func, arg):
    """Queue a work; returns its record. Above max_active it waits, inactive, for one of its workqueue to finish.

    Waking looks at the first idle worker only, and that one may have been woken already: it will wake the next when it
    takes its work.
    """
    burn(k, k.costs[C_QUEUE_WORK])
    w = k.wqs[wq]
    work = work_init(k, wq, func, arg)
    if w.inactive_tail:
        k.works[w.inactive_tail].next = work
    else:
        w.inactive_head = work
    w.inactive_tail = work
    w.nr_inactive += 1
    answer = dispatch_work(k, wq, WQ_QUEUED)
    if answer != WQ_HOLD:
        activate_first_inactive(k, wq)
        wake_up_worker(k, w.pool)
        if answer == WQ_RESCUE:
            call_rescuer(k, wq)
    return work


@plain
def dispatch_work(k, wq, reason):
    """Ask what becomes of a workqueue's next work; one is always active. Writes: wqs.reason."""
    w = k.wqs[wq]
    w.reason = reason
    answer = decide_wq_dispatch(k, 0, wq, w.pool)
    if answer == WQ_HOLD and w.nr_active == 0:
        return WQ_RUN
    return answer


@plain
def activate_first_inactive(k, wq):
    """The longest waiting work of a workqueue goes to its pool. Writes: wqs, works, worker_pools."""
    w = k.wqs[wq]
    work = w.inactive_head
    w.inactive_head = k.works[work].next
    if w.inactive_head == 0:
        w.inactive_tail = 0
    k.works[work].next = 0
    w.nr_inactive -= 1
    w.nr_active += 1
    insert_work(k, w.pool, work)
    return 0


@plain
def call_rescuer(k, wq):
    """Raise mayday for a workqueue, if it has a rescuer and that is not up already."""
    w = k.wqs[wq]
    if w.rescuer and w.mayday == 0:
        w.mayday = 1
        wake_up_process(k, w.rescuer)
    return 0


@plain
def work_init(k, wq, func, arg):
    """A work record. Slot 0 keeps the free list (next) and the highest slot used (used)."""
    null = k.works[0]
    i = null.next
    if i:
        null.next = k.works[i].next
    else:
        i = null.used + 1
        if i >= len(k.works):
            kernel_bug(k, BUG_WORK_SLOTS, i - 1)
            return 0
        null.used = i
    work = k.works[i]
    work.used = 1
    work.next = 0
    work.wq = wq
    work.func = func
    work.arg = arg
    return i


@plain
def insert_work(k, pool, work):
    """Append an active work to its pool's list."""
    p = k.worker_pools[pool]
    if p.tail:
        k.works[p.tail].next = work
    else:
        p.head = work
    p.tail = work
    p.nr_pending += 1
    return 0


@plain
def wake_up_worker(k, pool):
    """Wake the worker that went idle last, if one is idle."""
    t = k.worker_pools[pool].idle_head
    if t:
        wake_up_process(k, t)
    return 0


@plain
def need_more_worker(k, pool):
    """1 if works are pending; an unbound pool does not ask whether a worker runs already."""
    return k.worker_pools[pool].head != 0


@plain
def unlink_work(k, pool, work):
    """Take a work off the pool's list, or (a rescuer's) off its workqueue's. Writes: worker_pools, wqs, works."""
    if k.works[work].rescued:
        w = k.wqs[k.works[work].wq]
        w.head = k.works[work].next
        if w.head == 0:
            w.tail = 0
        return 0
    p = k.worker_pools[pool]
    p.head = k.works[work].next
    if p.head == 0:
        p.tail = 0
    p.nr_pending -= 1
    return 0


@kernel
def process_one_work(k, work):
    """Run a work that is first on its list; then one more of its workqueue may become active.

    Others get the CPU before that: a worker that runs then finds nothing pending, and makes no further worker for it.
    """
    t = k.e[0].cur
    wq = k.works[work].wq
    func = k.works[work].func
    arg = k.works[work].arg
    pool = k.wqs[wq].pool
    unlink_work(k, pool, work)
    k.works[work].used = 0
    k.works[work].rescued = 0
    k.works[work].next = k.works[0].next
    k.works[0].next = work
    if need_more_worker(k, pool):
        wake_up_worker(k, pool)
    burn(k, k.costs[C_PROCESS_WORK])
    k.tasks[t].wq_work = wq
    trace(k, workqueue_execute_start, work, func, 0, 0)
    if func == WORK_KCRYPTD_CRYPT:
        yield from kcryptd_crypt(k, arg)
    elif func == WORK_KCRYPTD_IO_READ:
        yield from kcryptd_io_read_work(k, arg)
    elif func == WORK_BIO_ALLOC_RESCUE:
        yield from bio_alloc_rescue(k, arg)
    else:
        kernel_bug(k, BUG_WORK_FUNCTION, func)
    trace(k, workqueue_execute_end, work, 0, 0, 0)
    if over_debt(k):
        yield cond_resched()
    k.tasks[t].wq_work = 0
    k.tasks[t].last_work = func
    pwq_dec_nr_in_flight(k, wq)
    return 0


@plain
def pwq_dec_nr_in_flight(k, wq):
    """A work is done: the longest waiting inactive one of its workqueue becomes pending. No worker is woken for it."""
    w = k.wqs[wq]
    w.nr_active -= 1
    while w.inactive_head:
        answer = dispatch_work(k, wq, WQ_ENDED)
        if answer == WQ_HOLD:
            break
        activate_first_inactive(k, wq)
        if answer == WQ_RESCUE:
            call_rescuer(k, wq)
    return 0
