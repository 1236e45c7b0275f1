"""The legacy request queue: requests counted by direction, a bdi that gets congested, and a queue for the device.

Models block/blk-core.c (get_request, v4.7), block/elevator.c as noop, and the congestion state of mm/backing-dev.c.

Leaves out: I/O schedulers (first come, first served; a bio merges with the last request only, by q->last_merge); the
right of a task woken for a request to take 32 more; synchronous writes, which v4.7 counts with the reads.
"""

from gfplab.engine.requests import TASK_UNINTERRUPTIBLE, io_schedule
from gfplab.engine.subset import kernel, plain
from gfplab.engine.symbols import wake_up, wake_up_all
from gfplab.kernel.symbols import (
    blk_add_plugged,
    blk_attempt_merge,
    blk_attempt_plug_merge,
    blk_rq_init,
    queue_rq,
)
from gfplab.kernel.types import BIO_READ, DEV_CRYPT

# disks[d].congested
CONGESTED_ASYNC = 1  # writes: what reclaim asks about
CONGESTED_SYNC = 2  # reads


@kernel
def blk_queue_bio(k, bio):
    """Queue a bio on a legacy request queue: merge it, or take a request for it."""
    t = k.e[0].cur
    disk = k.bios[bio].dev
    if blk_attempt_plug_merge(k, bio):
        return 0
    last = k.disks[disk].queue_tail
    if last:
        if blk_attempt_merge(k, last, bio):
            return 0
    yield from get_request(k, disk, k.bios[bio].rw)
    request = blk_rq_init(k, bio)
    if k.tasks[t].plug:
        blk_add_plugged(k, request)
    else:
        elv_insert(k, request)
    return 0


@kernel
def get_request(k, disk, rw):
    """Count a request of this direction, sleeping while there are nr_requests; at 7/8 of them the bdi is congested."""
    d = k.disks[disk]
    wait = d.tag_wait
    if rw == BIO_READ:
        wait = d.read_wait
    while blk_allocated(k, disk, rw) >= d.nr_requests:
        yield io_schedule(wait, TASK_UNINTERRUPTIBLE)
    blk_count_request(k, disk, rw, 1)
    return 0


@plain
def blk_allocated(k, disk, rw):
    """Requests of this direction that are allocated on a legacy queue."""
    if rw == BIO_READ:
        return k.disks[disk].rq_read
    return k.disks[disk].rq_write


@plain
def blk_count_request(k, disk, rw, change):
    """Count an allocated (+1) or freed (-1) request and set or clear congestion: of 128, on at 113 and off below 103.

    The end of write congestion is what wakes congestion_wait(); the completion of I/O as such never does.
    """
    d = k.disks[disk]
    bit = CONGESTED_ASYNC
    if rw == BIO_READ:
        bit = CONGESTED_SYNC
        d.rq_read += change
    else:
        d.rq_write += change
    count = blk_allocated(k, disk, rw)
    nr = d.nr_requests
    if change > 0 and count >= nr - nr // 8 + 1 and d.congested & bit == 0:
        d.congested |= bit
        if bit == CONGESTED_ASYNC:
            k.vm[0].nr_bdi_congested += 1
    elif change < 0 and count < nr - nr // 8 - nr // 16 - 1 and d.congested & bit:
        d.congested &= ~bit
        if bit == CONGESTED_ASYNC:
            k.vm[0].nr_bdi_congested -= 1
            wake_up_all(k, k.vm[0].congestion_wqh)
    return 0


@plain
def freed_request(k, disk, rw):
    """A legacy request is free: the task that waits longest for one of its direction wakes."""
    blk_count_request(k, disk, rw, -1)
    if rw == BIO_READ:
        wake_up(k, k.disks[disk].read_wait)
    else:
        wake_up(k, k.disks[disk].tag_wait)
    return 0


@plain
def elv_insert(k, request):
    """Put a request at the end of its queue and dispatch what the device takes."""
    disk = k.requests[request].disk
    d = k.disks[disk]
    if d.queue_tail:
        k.requests[d.queue_tail].next = request
    else:
        d.queue_head = request
    d.queue_tail = request
    blk_run_queue(k, disk)
    return 0


@plain
def blk_run_queue(k, disk):
    """Dispatch from a legacy queue while the device has tags."""
    d = k.disks[disk]
    while d.queue_head and d.in_use < d.tags:
        request = d.queue_head
        d.queue_head = k.requests[request].next
        if d.queue_head == 0:
            d.queue_tail = 0
        k.requests[request].next = 0
        d.in_use += 1
        queue_rq(k, request)
    return 0


@plain
def bdi_congested(k, dev_kind, dev):
    """1 if writes to the device are congested; a dm device is if the one below is, and has no state of its own."""
    while dev_kind == DEV_CRYPT:
        dev_kind = k.crypts[dev].lower_kind
        dev = k.crypts[dev].lower
    return k.disks[dev].congested & CONGESTED_ASYNC
