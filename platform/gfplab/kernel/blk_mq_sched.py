"""blk-mq of v6.1: a request is a scheduler tag first and a driver tag when it goes to the device.

Models block/blk-mq.c, block/blk-mq-sched.c and block/blk-mq-tag.c (v6.1) for one hardware queue, and kblockd, the
per-CPU high-priority workqueue on which a queue runs when its own task does not run it.

Leaves out: several hardware queues, flushes, the splitting of a bio that is larger than a request may be, writeback
throttling (blk-wbt), batched completion, the eight wait queues of a tag map (one here, whose longest sleeper wakes),
dispatch_busy (with a scheduler it changes no order).
"""

from gfplab.engine.requests import TASK_INTERRUPTIBLE, TASK_UNINTERRUPTIBLE, cond_resched, io_schedule, schedule
from gfplab.engine.subset import kernel, plain
from gfplab.engine.symbols import burn, over_debt, waitqueue_active, wake_up
from gfplab.kernel.bugs import BUG_TAGS
from gfplab.kernel.costs import C_KBLOCKD
from gfplab.kernel.symbols import (
    blk_add_rq_to_plug,
    blk_attempt_plug_merge__v6_1,
    blk_rq_init,
    dd_bio_merge,
    dd_dispatch_request,
    dd_has_work,
    dd_insert_request,
    kernel_bug,
    queue_rq,
)
from gfplab.kernel.types import BIO_READ

RUN_INLINE = 0
RUN_ASYNC = 1
BLK_MQ_CPU_WORK_BATCH = 8


@kernel
def blk_mq_submit_bio(k, bio):
    """Let a bio join a request of the plug or the elevator, or give it one, which the plug or the elevator takes.

    A request that no plug holds goes to the device from kblockd: only the end of a plug runs the queue at once.
    """
    disk = k.bios[bio].dev
    if blk_mq_attempt_bio_merge(k, bio):
        return 0
    request = yield from __blk_mq_alloc_requests(k, bio)
    if k.tasks[k.e[0].cur].plug:
        blk_add_rq_to_plug(k, request)
    elif k.disks[disk].mq_deadline:
        dd_insert_request(k, request)
        blk_mq_run_hw_queue(k, disk, RUN_ASYNC)
    else:
        queue_rq(k, request)
    return 0


@plain
def blk_mq_attempt_bio_merge(k, bio):
    """1 if the bio has joined a request that is still held back."""
    if blk_attempt_plug_merge__v6_1(k, bio):
        return 1
    return k.disks[k.bios[bio].dev].mq_deadline and dd_bio_merge(k, k.bios[bio].dev, bio)


@kernel
def __blk_mq_alloc_requests(k, bio):
    """A tag, then the request that belongs to it."""
    disk = k.bios[bio].dev
    rw = k.bios[bio].rw
    if __blk_mq_get_tag(k, disk, rw) == 0:
        yield from blk_mq_get_tag__v6_1(k, disk, rw)
    return blk_rq_init(k, bio)


@plain
def __blk_mq_get_tag(k, disk, rw):
    """1 if a tag was free, which is taken now: a scheduler's, or without a scheduler the driver's."""
    d = k.disks[disk]
    if d.mq_deadline == 0:
        return blk_mq_get_driver_tag(k, disk)
    depth = d.nr_requests
    if rw != BIO_READ:
        depth = d.async_depth
    if d.sched_in_use >= depth:
        return 0
    d.sched_in_use += 1
    return 1


@kernel
def blk_mq_get_tag__v6_1(k, disk, rw):
    """Run the queue, which may free tags by merging, and sleep until one is free. Falling asleep flushes the plug."""
    wait = k.disks[disk].tag_wait
    if k.disks[disk].mq_deadline:
        wait = k.disks[disk].sched_wait
    while True:
        blk_mq_run_hw_queue(k, disk, RUN_INLINE)
        if __blk_mq_get_tag(k, disk, rw):
            return 0
        yield io_schedule(wait, TASK_UNINTERRUPTIBLE)


@plain
def blk_mq_free_sched_tag(k, disk):
    """Free a scheduler tag; once a batch has been freed, as many sleepers wake."""
    d = k.disks[disk]
    d.sched_in_use -= 1
    if d.sched_in_use < 0:
        kernel_bug(k, BUG_TAGS, disk)
    if waitqueue_active(k, d.sched_wait):
        d.sched_wake_count += 1
        if d.sched_wake_count >= d.sched_wake_batch:
            d.sched_wake_count = 0
            for _ in range(d.sched_wake_batch):
                wake_up(k, d.sched_wait)
    return 0


@plain
def blk_mq_free_request(k, disk):
    """A request of a disk with a scheduler is complete: both its tags are free, and a queue that wanted one runs."""
    d = k.disks[disk]
    d.in_use -= 1
    if d.in_use < 0:
        kernel_bug(k, BUG_TAGS, disk)
    blk_mq_free_sched_tag(k, disk)
    if d.restart:
        d.restart = 0
        blk_mq_run_hw_queue(k, disk, RUN_ASYNC)
    return 0


@plain
def blk_mq_run_hw_queue(k, disk, how):
    """Run a queue if anything is pending: here and now, or on kblockd."""
    if k.disks[disk].dispatch == 0 and dd_has_work(k, disk) == 0:
        return 0
    if how == RUN_INLINE:
        blk_mq_sched_dispatch_requests(k, disk)
    else:
        kblockd_mod_delayed_work_on(k, disk)
    return 0


@plain
def blk_mq_sched_dispatch_requests(k, disk):
    """Give the device requests while there are driver tags.

    A request is out of the elevator before it is known whether there is a tag for it.  The one that finds none waits
    by itself, merges with nothing any more, and goes first when a completion runs the queue again.
    """
    d = k.disks[disk]
    request = d.dispatch
    if request:
        d.restart = 1
        if blk_mq_get_driver_tag(k, disk) == 0:
            return 0
        d.dispatch = 0
        queue_rq(k, request)
    while dd_has_work(k, disk):
        request = dd_dispatch_request(k, disk)
        if blk_mq_get_driver_tag(k, disk) == 0:
            d.restart = 1
            d.dispatch = request
            return 0
        queue_rq(k, request)
    return 0


@plain
def blk_mq_get_driver_tag(k, disk):
    """1 if a driver tag was free, which is taken now."""
    if k.disks[disk].in_use >= k.disks[disk].tags:
        return 0
    k.disks[disk].in_use += 1
    return 1


@plain
def kblockd_mod_delayed_work_on(k, disk):
    """Put a queue on kblockd's list of a CPU, if it is on none, and wake the worker there."""
    d = k.disks[disk]
    if d.run_pending:
        return 0
    d.run_pending = 1
    d.run_next = 0
    c = blk_mq_hctx_next_cpu(k, disk)
    w = k.kblockds[c + 1]
    if w.tail:
        k.disks[w.tail].run_next = disk
    else:
        w.head = disk
    w.tail = disk
    wake_up(k, w.wait)
    return 0


@plain
def blk_mq_hctx_next_cpu(k, disk):
    """The CPU on which the queue runs: eight runs on each in turn."""
    d = k.disks[disk]
    c = d.run_cpu // BLK_MQ_CPU_WORK_BATCH
    d.run_cpu = (d.run_cpu + 1) % (BLK_MQ_CPU_WORK_BATCH * k.e[0].ncpus)
    return c


@kernel
def kblockd_worker(k, c):
    """A high-priority worker of one CPU: run the queues on kblockd's list, then sleep."""
    while True:
        while k.kblockds[c + 1].head:
            blk_mq_run_work_fn(k, c)
            if over_debt(k):
                yield cond_resched()
        yield schedule(k.kblockds[c + 1].wait, TASK_INTERRUPTIBLE)


@plain
def blk_mq_run_work_fn(k, c):
    """Take the first queue off the list and run it; a completion may put it there again."""
    w = k.kblockds[c + 1]
    disk = w.head
    w.head = k.disks[disk].run_next
    if w.head == 0:
        w.tail = 0
    k.disks[disk].run_next = 0
    k.disks[disk].run_pending = 0
    burn(k, k.costs[C_KBLOCKD])
    blk_mq_sched_dispatch_requests(k, disk)
    return 0
