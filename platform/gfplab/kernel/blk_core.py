"""The way into the block layer: submit_bio(), generic_make_request(), plugs and the merging in them.

Models block/blk-core.c (v4.7 and, in submit_bio_noacct_nocheck(), v6.1, which takes the bios that a driver submits in
another order).  The plug of v6.1 is in blk_plug.py.

Leaves out: partitions, flushes, discards, request timeouts, merging after the plug; a plug counts its requests over all
queues, not for each.
"""

from gfplab.engine.subset import kernel, plain
from gfplab.engine.symbols import burn
from gfplab.kernel.bugs import BUG_REQUEST_SLOTS
from gfplab.kernel.costs import C_BIO_SUBMIT
from gfplab.kernel.symbols import (
    bio_list_add,
    bio_list_pop,
    blk_flush_plug_from_schedule,
    blk_mq_flush_plug_list,
    blk_mq_submit_bio,
    blk_queue_bio,
    blk_sq_make_request,
    dm_make_request,
    dm_submit_bio,
    elv_insert,
    kernel_bug,
    queue_rq,
)
from gfplab.kernel.types import BIO_READ, DEV_CRYPT

BLK_MAX_REQUEST_COUNT = 16
ERA_V6_1 = 61


@kernel
def submit_bio(k, bio):
    """Start the I/O of a bio, which its end_io hears about. Writes: vm.pgpgin, vm.pgpgout."""
    if k.vm[0].era >= ERA_V6_1:
        yield from submit_bio__v6_1(k, bio)
        return 0
    if k.bios[bio].rw == BIO_READ:
        k.vm[0].pgpgin += k.bios[bio].nr_pages * 4
    else:
        k.vm[0].pgpgout += k.bios[bio].nr_pages * 4
    yield from generic_make_request(k, bio)
    return 0


@kernel(inlined=True)
def submit_bio__v6_1(k, bio):
    """Start the I/O of a bio, which its end_io hears about. Its last call leaves no frame. Writes: pgpgin, pgpgout."""
    if k.bios[bio].rw == BIO_READ:
        k.vm[0].pgpgin += k.bios[bio].nr_pages * 4
    else:
        k.vm[0].pgpgout += k.bios[bio].nr_pages * 4
    yield from submit_bio_noacct_nocheck(k, bio)
    return 0


@kernel
def generic_make_request(k, bio):
    """Hand a bio to its driver; inside a driver, park it until that has returned.

    So a stack of drivers never grows the task's stack.  v4.7 takes parked bios in the order of their coming.
    """
    t = k.e[0].cur
    if k.tasks[t].bio_list:
        bio_list_add(k, t, bio)
        return 0
    k.tasks[t].bio_list = 1
    while bio:
        burn(k, k.costs[C_BIO_SUBMIT])
        if k.bios[bio].dev_kind == DEV_CRYPT:
            yield from dm_make_request(k, bio)
        elif k.disks[k.bios[bio].dev].congestion:
            yield from blk_queue_bio(k, bio)
        else:
            yield from blk_sq_make_request(k, bio)
        bio = bio_list_pop(k, t)
    k.tasks[t].bio_list = 0
    return 0


@kernel
def submit_bio_noacct_nocheck(k, bio):
    """Hand a bio to its driver; inside a driver, park it until that has returned.

    Depth first: what a driver has submitted for the devices below it goes before anything that was parked earlier.
    """
    t = k.e[0].cur
    if k.tasks[t].bio_list:
        bio_list_add(k, t, bio)
        return 0
    k.tasks[t].bio_list = 1
    while bio:
        kind = k.bios[bio].dev_kind
        dev = k.bios[bio].dev
        older = k.tasks[t].bio_head
        oldest = k.tasks[t].bio_tail
        k.tasks[t].bio_head = 0
        k.tasks[t].bio_tail = 0
        burn(k, k.costs[C_BIO_SUBMIT])
        yield from __submit_bio(k, bio)
        bio_list_lower_first(k, t, kind, dev, older, oldest)
        bio = bio_list_pop(k, t)
    k.tasks[t].bio_list = 0
    return 0


@kernel
def __submit_bio(k, bio):
    """Call the device's own submission: device mapper's, or that of its request queue."""
    if k.bios[bio].dev_kind == DEV_CRYPT:
        yield from dm_submit_bio(k, bio)
    else:
        yield from blk_mq_submit_bio(k, bio)
    return 0


@plain
def bio_list_lower_first(k, t, kind, dev, older, oldest):
    """Order the list: new bios for other (lower) devices, new ones for this device, then those parked before."""
    task = k.tasks[t]
    bio = task.bio_head
    task.bio_head = 0
    task.bio_tail = 0
    same = 0
    same_tail = 0
    while bio:
        after = k.bios[bio].next
        if k.bios[bio].dev_kind != kind or k.bios[bio].dev != dev:
            bio_list_add(k, t, bio)
        else:
            k.bios[bio].next = 0
            if same_tail:
                k.bios[same_tail].next = bio
            else:
                same = bio
            same_tail = bio
        bio = after
    bio_list_append(k, t, same, same_tail)
    bio_list_append(k, t, older, oldest)
    return 0


@plain
def bio_list_append(k, t, head, tail):
    """Append a chain of bios to task t's list."""
    task = k.tasks[t]
    if head:
        if task.bio_tail:
            k.bios[task.bio_tail].next = head
        else:
            task.bio_head = head
        task.bio_tail = tail
    return 0


@plain
def blk_start_plug(k):
    """Hold back this task's requests, that adjacent ones may merge; nested plugs count as one."""
    k.tasks[k.e[0].cur].plug += 1
    return 0


@plain
def blk_finish_plug(k):
    """End a plug; the outermost lets the requests go."""
    t = k.e[0].cur
    if k.tasks[t].plug == 1:
        if k.vm[0].era >= ERA_V6_1:
            blk_mq_flush_plug_list(k, t)
        else:
            blk_flush_plug_list(k, t)
    k.tasks[t].plug -= 1
    return 0


@plain
def blk_flush_plug_list(k, task):
    """Send a task's held-back requests to their queues.

    A task that falls asleep does so too, or it could wait for what it holds back itself.  Wakes nobody, because it runs
    in the middle of a change of task state.
    """
    if k.vm[0].era >= ERA_V6_1:
        blk_flush_plug_from_schedule(k, task)
        return 0
    t = k.tasks[task]
    request = t.plug_head
    t.plug_head = 0
    t.plug_tail = 0
    t.plug_count = 0
    while request:
        after = k.requests[request].next
        k.requests[request].next = 0
        blk_insert_request(k, request)
        request = after
    return 0


@plain
def blk_insert_request(k, request):
    """Send a request on its way: blk-mq's has its tag and goes straight to the driver, a legacy one queues for one."""
    if k.disks[k.requests[request].disk].congestion:
        elv_insert(k, request)
    else:
        queue_rq(k, request)
    return 0


@plain
def blk_add_plugged(k, request):
    """Hold a request back in the current task's plug, which is flushed first if it is full."""
    t = k.e[0].cur
    task = k.tasks[t]
    if task.plug_count >= BLK_MAX_REQUEST_COUNT:
        blk_flush_plug_list(k, t)
    if task.plug_tail:
        k.requests[task.plug_tail].next = request
    else:
        task.plug_head = request
    task.plug_tail = request
    task.plug_count += 1
    return 0


@plain
def blk_attempt_plug_merge(k, bio):
    """1 if the bio could join a request of this task's plug that it is adjacent to."""
    request = k.tasks[k.e[0].cur].plug_head
    while request:
        if blk_attempt_merge(k, request, bio):
            return 1
        request = k.requests[request].next
    return 0


@plain
def blk_attempt_merge(k, request, bio):
    """1 if the bio continues the request, or precedes it, on the same disk in the same direction, and there is room."""
    r = k.requests[request]
    b = k.bios[bio]
    if r.disk != b.dev or r.rw != b.rw or r.nr_pages + b.nr_pages > k.disks[r.disk].max_pages:
        return 0
    if r.sector + r.nr_pages == b.sector:
        k.bios[r.bio_tail].next = bio
        b.next = 0
        r.bio_tail = bio
    elif b.sector + b.nr_pages == r.sector:
        b.next = r.bio_head
        r.bio_head = bio
        r.sector = b.sector
    else:
        return 0
    r.nr_pages += b.nr_pages
    return 1


@plain
def blk_rq_init(k, bio):
    """A request record for one bio. Slot 0 keeps the free list (next) and the highest slot used (used)."""
    null = k.requests[0]
    r = null.next
    if r:
        null.next = k.requests[r].next
    else:
        r = null.used + 1
        if r >= len(k.requests):
            kernel_bug(k, BUG_REQUEST_SLOTS, r - 1)
            return 0
        null.used = r
    request = k.requests[r]
    request.next = 0
    request.used = 1
    request.disk = k.bios[bio].dev
    request.rw = k.bios[bio].rw
    request.bio_head = bio
    request.bio_tail = bio
    request.sector = k.bios[bio].sector
    request.nr_pages = k.bios[bio].nr_pages
    k.bios[bio].next = 0
    return r


@plain
def blk_rq_free(k, request):
    """Give a request record back."""
    k.requests[request].used = 0
    k.requests[request].next = k.requests[0].next
    k.requests[0].next = request
    return 0
