"""The plug of v6.1: a task's requests are held back, that adjacent bios may join them, and then leave in one batch.

Models struct blk_plug of block/blk-core.c and block/blk-mq.c (v6.1).  A plug lets go when it holds 32 requests, when
its newest has 128 KiB, when its owner ends it, and when its owner falls asleep.

Leaves out: requests allocated in advance (blk_start_plug_nr_ios), callbacks of md, the doubled limit of a plug over
several queues.
"""

from gfplab.engine.subset import plain
from gfplab.engine.symbols import call_at
from gfplab.kernel.symbols import blk_attempt_merge, blk_mq_run_hw_queue, dd_insert_request, queue_rq
from gfplab.kernel.types import EV_KBLOCKD, PAGE_SIZE

BLK_MAX_REQUEST_COUNT__v6_1 = 32
BLK_PLUG_FLUSH_SIZE = 128 * 1024
RUN_INLINE = 0
RUN_ASYNC = 1


@plain
def blk_attempt_plug_merge__v6_1(k, bio):
    """1 if the bio could join the newest request that this task's plug holds for its disk; older ones are not tried."""
    t = k.e[0].cur
    disk = k.bios[bio].dev
    newest = k.tasks[t].plug_tail
    if newest and k.requests[newest].disk != disk:
        newest = 0
        request = k.tasks[t].plug_head
        while request:
            if k.requests[request].disk == disk:
                newest = request
            request = k.requests[request].next
    return newest and blk_attempt_merge(k, newest, bio)


@plain
def blk_add_rq_to_plug(k, request):
    """Hold a request back; the plug first lets go of what it has if it is full or its newest request is long enough."""
    t = k.e[0].cur
    task = k.tasks[t]
    last = task.plug_tail
    if last and (
        task.plug_count >= BLK_MAX_REQUEST_COUNT__v6_1 or k.requests[last].nr_pages * PAGE_SIZE >= BLK_PLUG_FLUSH_SIZE
    ):
        blk_mq_flush_plug_list(k, t)
    if task.plug_tail:
        k.requests[task.plug_tail].next = request
    else:
        task.plug_head = request
    task.plug_tail = request
    task.plug_count += 1
    return 0


@plain
def blk_mq_flush_plug_list(k, task):
    """Let the requests of the current task's plug go, disk by disk, in their order; the task itself runs each queue."""
    t = k.tasks[task]
    request = t.plug_head
    t.plug_head = 0
    t.plug_tail = 0
    t.plug_count = 0
    while request:
        disk = k.requests[request].disk
        others = 0
        last_other = 0
        while request:
            after = k.requests[request].next
            k.requests[request].next = 0
            if k.requests[request].disk != disk:
                if last_other:
                    k.requests[last_other].next = request
                else:
                    others = request
                last_other = request
            elif k.disks[disk].mq_deadline:
                dd_insert_request(k, request)
            else:
                queue_rq(k, request)
            request = after
        blk_mq_run_hw_queue(k, disk, RUN_INLINE)
        request = others
    return 0


@plain
def blk_flush_plug_from_schedule(k, task):
    """Let the requests of a task's plug go, because it falls asleep: into the elevators, whose queues kblockd runs.

    An event of this very moment does that, because nobody can be woken in the middle of a change of task state.
    """
    t = k.tasks[task]
    request = t.plug_head
    t.plug_head = 0
    t.plug_tail = 0
    t.plug_count = 0
    while request:
        after = k.requests[request].next
        k.requests[request].next = 0
        disk = k.requests[request].disk
        d = k.disks[disk]
        if d.mq_deadline == 0:
            queue_rq(k, request)
        elif d.flushed_head:
            k.requests[d.flushed_tail].next = request
            d.flushed_tail = request
        else:
            d.flushed_head = request
            d.flushed_tail = request
            call_at(k, k.e[0].now, EV_KBLOCKD, disk)
        request = after
    return 0


@plain
def blk_mq_insert_flushed(k, disk):
    """What a task plugged that has fallen asleep enters the elevator, and kblockd runs the queue."""
    d = k.disks[disk]
    request = d.flushed_head
    d.flushed_head = 0
    d.flushed_tail = 0
    while request:
        after = k.requests[request].next
        k.requests[request].next = 0
        dd_insert_request(k, request)
        request = after
    blk_mq_run_hw_queue(k, disk, RUN_ASYNC)
    return 0
