"""mq-deadline: batches in order of sectors, reads before writes, and a deadline for whoever waits too long.

Models block/mq-deadline.c (v6.1.192).  Its limit on the tags of writes holds nobody back unless somebody lowers
async_depth in sysfs: first three quarters of the requests, which the tag map by mistake took for a limit on each of its
words, then, in the 6.1 series too, all of them.

Leaves out: priority classes (all is best effort) and so the ageing between them, zoned devices, insertion at the head.
The red-black trees are sorted lists here.
"""

from gfplab.engine.subset import plain
from gfplab.engine.symbols import burn
from gfplab.kernel.costs import C_ELEVATOR_DISPATCH, C_ELEVATOR_INSERT
from gfplab.kernel.symbols import HZ, blk_mq_sched_try_merge, elv_attempt_insert_merge, jiffies
from gfplab.kernel.types import BIO_READ, BIO_WRITE

FIFO_BATCH = 16
WRITES_STARVED = 2
READ_EXPIRE_MS = 500
WRITE_EXPIRE_MS = 5000


@plain
def dd_bio_merge(k, disk, bio):
    """1 if the bio has joined a request that waits in the elevator."""
    return blk_mq_sched_try_merge(k, disk, bio)


@plain
def dd_insert_request(k, request):
    """Take a request in: merged, or into the sort and the FIFO of its direction. Writes: disks, requests."""
    r = k.requests[request]
    disk = r.disk
    d = k.disks[disk]
    burn(k, k.costs[C_ELEVATOR_INSERT])
    if d.sched_queued and elv_attempt_insert_merge(k, disk, request):
        return 0
    r.queued = 1
    d.sched_queued += 1
    deadline_add_rq_rb(k, disk, request)
    if d.last_merge == 0:
        d.last_merge = request
    expire = WRITE_EXPIRE_MS
    if r.rw == BIO_READ:
        expire = READ_EXPIRE_MS
    r.fifo_time = jiffies(k) + expire * HZ(k) // 1000
    deadline_add_fifo(k, disk, request)
    return 0


@plain
def deadline_add_rq_rb(k, disk, request):
    """Sort a request in by its sector, behind others of the same."""
    r = k.requests[request]
    before = 0
    after = dd_first_sorted(k, disk, r.rw)
    while after and k.requests[after].sector <= r.sector:
        before = after
        after = k.requests[after].sort_next
    r.sort_prev = before
    r.sort_next = after
    if after:
        k.requests[after].sort_prev = request
    if before:
        k.requests[before].sort_next = request
    elif r.rw == BIO_READ:
        k.disks[disk].sort_read = request
    else:
        k.disks[disk].sort_write = request
    return 0


@plain
def deadline_add_fifo(k, disk, request):
    """Append a request to the FIFO of its direction."""
    r = k.requests[request]
    d = k.disks[disk]
    last = d.fifo_write_tail
    if r.rw == BIO_READ:
        last = d.fifo_read_tail
        d.fifo_read_tail = request
    else:
        d.fifo_write_tail = request
    r.fifo_prev = last
    r.fifo_next = 0
    if last:
        k.requests[last].fifo_next = request
    elif r.rw == BIO_READ:
        d.fifo_read_head = request
    else:
        d.fifo_write_head = request
    return 0


@plain
def deadline_remove_request(k, disk, request):
    """Take a request out of sort, FIFO and merging."""
    r = k.requests[request]
    d = k.disks[disk]
    if r.queued == 0:
        return 0
    r.queued = 0
    d.sched_queued -= 1
    if d.last_merge == request:
        d.last_merge = 0
    if d.next_read == request:
        d.next_read = r.sort_next
    if d.next_write == request:
        d.next_write = r.sort_next
    if r.sort_next:
        k.requests[r.sort_next].sort_prev = r.sort_prev
    if r.sort_prev:
        k.requests[r.sort_prev].sort_next = r.sort_next
    elif r.rw == BIO_READ:
        d.sort_read = r.sort_next
    else:
        d.sort_write = r.sort_next
    deadline_remove_fifo(k, disk, request)
    r.sort_next = 0
    r.sort_prev = 0
    return 0


@plain
def deadline_remove_fifo(k, disk, request):
    """Take a request out of the FIFO of its direction."""
    r = k.requests[request]
    d = k.disks[disk]
    if r.fifo_prev:
        k.requests[r.fifo_prev].fifo_next = r.fifo_next
    elif r.rw == BIO_READ:
        d.fifo_read_head = r.fifo_next
    else:
        d.fifo_write_head = r.fifo_next
    if r.fifo_next:
        k.requests[r.fifo_next].fifo_prev = r.fifo_prev
    elif r.rw == BIO_READ:
        d.fifo_read_tail = r.fifo_prev
    else:
        d.fifo_write_tail = r.fifo_prev
    r.fifo_next = 0
    r.fifo_prev = 0
    return 0


@plain
def dd_merged_requests(k, disk, request, following):
    """A request has swallowed the following one, and inherits its place in the FIFO if its deadline was earlier."""
    r = k.requests[request]
    f = k.requests[following]
    if r.queued and f.queued and f.fifo_time < r.fifo_time:
        r.fifo_time = f.fifo_time
        deadline_remove_fifo(k, disk, request)
        r.fifo_prev = f.fifo_prev
        r.fifo_next = following
        f.fifo_prev = request
        if r.fifo_prev:
            k.requests[r.fifo_prev].fifo_next = request
        elif r.rw == BIO_READ:
            k.disks[disk].fifo_read_head = request
        else:
            k.disks[disk].fifo_write_head = request
    deadline_remove_request(k, disk, following)
    return 0


@plain
def dd_first_sorted(k, disk, rw):
    """The waiting request of the lowest sector of a direction, or 0."""
    if rw == BIO_READ:
        return k.disks[disk].sort_read
    return k.disks[disk].sort_write


@plain
def deadline_next_request(k, disk, rw):
    """The request behind the one of this direction that was dispatched last, or 0."""
    if rw == BIO_READ:
        return k.disks[disk].next_read
    return k.disks[disk].next_write


@plain
def deadline_fifo_request(k, disk, rw):
    """The request of this direction that has waited longest, or 0."""
    if rw == BIO_READ:
        return k.disks[disk].fifo_read_head
    return k.disks[disk].fifo_write_head


@plain
def dd_has_work(k, disk):
    """1 if requests wait in the elevator."""
    return k.disks[disk].sched_queued > 0


@plain
def dd_dispatch_request(k, disk):
    """The request that goes to the device next, out of the elevator now; 0 if none waits.

    A batch goes on upwards through the sectors for 16 requests.  Then reads come first, but after two such choices with
    writes waiting it is their turn; an expired deadline, or the end of the sort, starts again at the oldest request.
    """
    d = k.disks[disk]
    burn(k, k.costs[C_ELEVATOR_DISPATCH])
    request = deadline_next_request(k, disk, d.last_dir)
    if request == 0 or d.batching >= FIFO_BATCH:
        rw = BIO_WRITE
        if d.fifo_read_head:
            rw = BIO_READ
            if d.fifo_write_head:
                if d.starved >= WRITES_STARVED:
                    rw = BIO_WRITE
                d.starved += 1
        if rw == BIO_WRITE:
            if d.fifo_write_head == 0:
                return 0
            d.starved = 0
        request = deadline_next_request(k, disk, rw)
        oldest = deadline_fifo_request(k, disk, rw)
        if request == 0 or jiffies(k) >= k.requests[oldest].fifo_time:
            request = oldest
        d.last_dir = rw
        d.batching = 0
    d.batching += 1
    after = k.requests[request].sort_next
    if k.requests[request].rw == BIO_READ:
        d.next_read = after
    else:
        d.next_write = after
    deadline_remove_request(k, disk, request)
    return request
