"""blk-mq: a request is a tag, and whoever finds none sleeps until a batch of them is free.

Models block/blk-mq.c and block/blk-mq-tag.c (v4.7), one hardware queue without an I/O scheduler, as virtio-blk has it.
What v6.1 does before that, and with a scheduler, is in blk_mq_sched.py.

Leaves out: several hardware queues, software queues (a request that leaves the plug goes straight to the driver, which
has room for every tag), shared tags, reserved tags, and the spreading of sleepers over eight wait queues: here is one.
"""

from gfplab.engine.requests import TASK_UNINTERRUPTIBLE, io_schedule_timeout
from gfplab.engine.subset import kernel, plain
from gfplab.engine.symbols import waitqueue_active, wake_up_all
from gfplab.kernel.bugs import BUG_TAGS
from gfplab.kernel.symbols import (
    bio_endio,
    blk_add_plugged,
    blk_attempt_plug_merge,
    blk_mq_free_request,
    blk_rq_free,
    blk_rq_init,
    blk_run_queue,
    freed_request,
    kernel_bug,
    queue_rq,
)

BT_WAIT_QUEUES = 8
BT_WAIT_BATCH = 8


@kernel
def blk_sq_make_request(k, bio):
    """Merge the bio into the plug, or give it a request, which needs a tag even while it is only held back."""
    t = k.e[0].cur
    if blk_attempt_plug_merge(k, bio):
        return 0
    request = yield from blk_mq_map_request(k, bio)
    if k.tasks[t].plug:
        blk_add_plugged(k, request)
    else:
        queue_rq(k, request)
    return 0


@kernel
def blk_mq_map_request(k, bio):
    """A request for this bio."""
    request = yield from __blk_mq_alloc_request(k, bio)
    return request


@kernel
def __blk_mq_alloc_request(k, bio):
    """A tag, then the request that belongs to it."""
    yield from blk_mq_get_tag(k, k.bios[bio].dev)
    return blk_rq_init(k, bio)


@kernel
def blk_mq_get_tag(k, disk):
    """Take a tag of the disk."""
    yield from bt_get(k, disk)
    return 0


@kernel
def bt_get(k, disk):
    """Sleep until one of the disk's tags can be taken, and take it. Falling asleep flushes the plug."""
    while k.disks[disk].in_use >= k.disks[disk].tags:
        yield io_schedule_timeout(k.disks[disk].tag_wait, -1, TASK_UNINTERRUPTIBLE)
    k.disks[disk].in_use += 1
    return 0


@plain
def bt_clear_tag(k, disk):
    """Free a tag; all sleepers wake once a batch has been freed: 8, or an eighth of the tags if that is less."""
    d = k.disks[disk]
    d.in_use -= 1
    if d.in_use < 0:
        kernel_bug(k, BUG_TAGS, disk)
    if waitqueue_active(k, d.tag_wait):
        d.wake_count += 1
        if d.wake_count >= max(1, min(BT_WAIT_BATCH, d.tags // BT_WAIT_QUEUES)):
            d.wake_count = 0
            wake_up_all(k, d.tag_wait)
    return 0


@plain
def blk_mq_end_request(k, request):
    """A request is done: its bios end in order, then its tag (or its place in a legacy queue) is free."""
    r = k.requests[request]
    disk = r.disk
    rw = r.rw
    bio = r.bio_head
    while bio:
        after = k.bios[bio].next
        k.bios[bio].next = 0
        bio_endio(k, bio)
        bio = after
    blk_rq_free(k, request)
    if k.disks[disk].mq_deadline:
        blk_mq_free_request(k, disk)
    elif k.disks[disk].congestion:
        k.disks[disk].in_use -= 1
        freed_request(k, disk, rw)
        blk_run_queue(k, disk)
    else:
        bt_clear_tag(k, disk)
    return 0
