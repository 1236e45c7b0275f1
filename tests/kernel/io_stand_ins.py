"""Simulated code around the I/O path under test: stand-ins for the memory core, and what the tasks of a test do.

The stand-in allocator succeeds, or for pools marked `allocator_fails` never does, so that only the reserve circulates.
Jobs submit bios; log `ended` says when each was done.
"""

from gfplab.engine.requests import (
    TASK_INTERRUPTIBLE,
    TASK_UNINTERRUPTIBLE,
    cond_resched,
    io_schedule_timeout,
    schedule_timeout,
)
from gfplab.engine.subset import kernel, plain
from gfplab.engine.symbols import over_debt, wake_up_all
from gfplab.kernel.answers import WQ_HOLD, WQ_NO_WORKER, WQ_RESCUE, WQ_RUN
from gfplab.kernel.gfp import __GFP_DIRECT_RECLAIM, __GFP_NORETRY, GFP_NOIO
from gfplab.kernel.symbols import (
    bio_alloc_bioset,
    bio_put,
    blk_finish_plug,
    blk_flush_plug_list,
    blk_mq_insert_flushed,
    blk_start_plug,
    crypt_page_refused,
    disk_event,
    mayday_event,
    mutex_lock,
    mutex_unlock,
    submit_bio,
)
from gfplab.kernel.types import BIO_READ, END_SWAP_READ, END_SWAP_WRITE, EV_DISK, EV_KBLOCKD, EV_MAYDAY

SECOND = 1_000_000_000
FS_BIO_SET = 1
ERROR_KERNEL_BUG = 100


@kernel
def mempool_alloc(k, pool, gfp_mask):
    """Allocator, then reserve, then sleep: the classic order without reclaim."""
    p = k.pools[pool]
    while True:
        element = 0
        if p.allocator_fails == 0 and crypt_page_refused(k, pool, gfp_mask | __GFP_NORETRY) == 0:
            element = take_page(k)
        elif p.curr_nr:
            p.curr_nr -= 1
            p.lowest = min(p.lowest, p.curr_nr)
            element = k.pool_elems[p.base + p.curr_nr]
        if element:
            p.outstanding += 1
            return element
        if gfp_mask & __GFP_DIRECT_RECLAIM == 0:
            p.n_fail += 1
            return 0
        p.n_wait += 1
        yield io_schedule_timeout(p.wait, 5 * SECOND, TASK_UNINTERRUPTIBLE)


@plain
def mempool_free(k, pool, element):
    """To the reserve while that is short, else to the allocator; waiters wake."""
    p = k.pools[pool]
    p.outstanding -= 1
    if p.curr_nr < p.min_nr:
        k.pool_elems[p.base + p.curr_nr] = element
        p.curr_nr += 1
        wake_up_all(k, p.wait)
    else:
        free_hot_cold_page(k, element)
    return 0


@plain
def take_page(k):
    """A page of the stand-in allocator, 0 if all are out."""
    page = k.bench[0].free_page
    if page:
        k.bench[0].free_page = k.page_next[page]
        k.page_next[page] = 0
        k.bench[0].nr_free -= 1
    return page


@kernel
def alloc_pages_current(k, gfp_mask):
    """A page, after as long as the test says; or none."""
    if k.bench[0].alloc_stall_ns:
        yield schedule_timeout(0, k.bench[0].alloc_stall_ns, TASK_UNINTERRUPTIBLE)
    if k.bench[0].alloc_fails:
        return 0
    return take_page(k)


@plain
def free_hot_cold_page(k, page):
    """Give a page back to the stand-in allocator."""
    k.page_next[page] = k.bench[0].free_page
    k.bench[0].free_page = page
    k.bench[0].nr_free += 1
    return 0


@plain
def note_end(k, bio):
    """Write down that a bio is done."""
    b = k.bios[bio]
    n = k.e[0].n_ended
    row = k.ended[n]
    row.time = k.e[0].now
    row.sector = b.sector
    row.rw = b.rw
    row.nr_pages = b.nr_pages
    row.file = b.file
    k.e[0].n_ended = n + 1
    bio_put(k, bio)
    return 0


@plain
def end_swap_bio_write(k, bio):
    """A job's write is done."""
    note_end(k, bio)
    return 0


@plain
def end_swap_bio_read(k, bio):
    """A job's read is done."""
    note_end(k, bio)
    return 0


@plain
def end_file_bio_write(k, bio):
    """No job writes files."""
    note_end(k, bio)
    return 0


@plain
def end_file_bio_read(k, bio):
    """No job reads files."""
    note_end(k, bio)
    return 0


@plain
def kernel_bug(k, code, argument):
    """Stop the simulation."""
    if k.e[0].error == 0:
        k.e[0].error = ERROR_KERNEL_BUG + code
        k.e[0].error_info = argument
    return 0


@plain
def handle_event(k, kind, arg):
    """The interrupts of this bench."""
    if kind == EV_DISK:
        disk_event(k, arg)
    elif kind == EV_MAYDAY:
        mayday_event(k, arg)
    elif kind == EV_KBLOCKD:
        blk_mq_insert_flushed(k, arg)
    return 0


@plain
def state_change(k, t, old, new):
    """A task that falls asleep lets its plugged requests go."""
    if new & 4 == 0 and new and k.tasks[t].plug:
        blk_flush_plug_list(k, t)
    return 0


@plain
def check_invariants(k):
    """What must hold between any two events; 0, or the number of the broken law in MODEL.md."""
    for d in range(1, len(k.disks)):
        if k.disks[d].in_use > k.disks[d].tags or k.disks[d].in_use < 0:
            return 30
        if k.disks[d].sched_in_use > k.disks[d].nr_requests or k.disks[d].sched_in_use < 0:
            return 30
        if k.disks[d].congestion == 0 and k.waitqueues[k.disks[d].tag_wait].head:
            if k.disks[d].in_use <= k.disks[d].tags - max(1, min(8, k.disks[d].tags // 8)):
                return 30
    for p in range(1, len(k.pools)):
        if k.pools[p].curr_nr + k.pools[p].outstanding < k.pools[p].min_nr:
            return 4
    for w in range(1, len(k.wqs)):
        if k.wqs[w].nr_active > k.wqs[w].max_active:
            return 9
        if k.wqs[w].nr_inactive and k.wqs[w].nr_active < k.wqs[w].max_active:
            return 9
    return 0


@kernel
def submit_job(k, j):
    """Submit the bios of one job, one after the other."""
    job = k.jobs[j]
    if job.start_ns:
        yield schedule_timeout(0, job.start_ns, TASK_INTERRUPTIBLE)
    if job.plug:
        blk_start_plug(k)
    for i in range(job.count):
        b = yield from bio_alloc_bioset(k, FS_BIO_SET, GFP_NOIO)
        new = k.bios[b]
        new.dev_kind = job.dev_kind
        new.dev = job.dev
        new.rw = job.rw ^ (job.alternate & i & 1)
        new.sector = job.sector + i * job.stride
        new.nr_pages = job.nr_pages
        new.file = j
        new.end_io = END_SWAP_WRITE
        if new.rw == BIO_READ:
            new.end_io = END_SWAP_READ
        yield from submit_bio(k, b)
        job.submitted += 1
        if job.pause_ns:
            yield schedule_timeout(0, job.pause_ns, TASK_INTERRUPTIBLE)
        if over_debt(k):
            yield cond_resched()
    if job.plug:
        blk_finish_plug(k)
    return 0


@kernel
def hold_mutex(k, j):
    """Take mutex 1, sleep, give it back; log `ended` has one row for each time the mutex was got."""
    job = k.jobs[j]
    for _ in range(job.count):
        yield from mutex_lock(k, 1)
        row = k.ended[k.e[0].n_ended]
        row.time = k.e[0].now
        row.file = j
        k.e[0].n_ended += 1
        yield schedule_timeout(0, job.pause_ns, TASK_INTERRUPTIBLE)
        mutex_unlock(k, 1)
    return 0


@plain
def decide_inflight_gate(k, i_vm, i_crypt, i_task):
    """As the stock kernels answer."""
    c = k.crypts[i_crypt]
    if c.swap_bios == 0 or c.swap_bios_out < c.swap_bios:
        return 1
    return 0


@plain
def decide_wq_dispatch(k, i_vm, i_wq, i_worker_pool):
    """As the stock kernels answer."""
    w = k.wqs[i_wq]
    if w.reason == WQ_NO_WORKER:
        return WQ_RESCUE
    if w.nr_active < w.max_active:
        return WQ_RUN
    return WQ_HOLD
