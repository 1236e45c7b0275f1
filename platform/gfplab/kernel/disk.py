"""A disk: one pipe of so many bytes a second, and behind it `parallelism` servers of random service time.

Models no file of Linux: the device below the driver.  A request holds the pipe for per_request_ns and its bytes, then
the server that is free first.  Service times come from the disk's own random stream.  A disk with `fifo` is the memory
of a test rig that plays a disk: its driver copies the data when it takes the request, one server has the requests in
order, and each is complete a constant latency later.

Leaves out: seek distance, caches, garbage collection, reads overtaking writes, bit errors.
"""

from gfplab.engine.subset import plain
from gfplab.engine.symbols import burn, call_at, draw_ns, local_clock, random_below, trace
from gfplab.kernel.costs import C_COPY_PAGE, C_IRQ, C_REQUEST_SUBMIT
from gfplab.kernel.symbols import blk_mq_end_request
from gfplab.kernel.tracepoints import block_rq_complete, block_rq_issue
from gfplab.kernel.types import BIO_READ, EV_DISK, PAGE_SIZE

NSEC_PER_SEC = 1_000_000_000
PERMILLE = 1000
PERCENT = 10  # of a thousand


@plain
def queue_rq(k, request):
    """Give a request to the device, which will interrupt when it is done. Writes: disks, servers."""
    r = k.requests[request]
    disk = r.disk
    d = k.disks[disk]
    burn(k, k.costs[C_REQUEST_SUBMIT])
    if k.disks[disk].fifo:
        burn(k, r.nr_pages * k.costs[C_COPY_PAGE])
    now = local_clock(k)
    trace(k, block_rq_issue, disk, r.rw, r.sector, r.nr_pages)
    r.start = now
    if d.inflight == 0:
        d.busy_since = now
    d.inflight += 1
    d.max_inflight = max(d.max_inflight, d.inflight)
    if d.fifo:
        call_at(k, fifo_completion(k, request, now), EV_DISK, request)
        return 0
    d.bw_busy = max(d.bw_busy, now) + d.per_request_ns + r.nr_pages * PAGE_SIZE * NSEC_PER_SEC // d.bandwidth
    mean = d.write_ns
    if r.rw == BIO_READ:
        mean = d.read_ns
    service = draw_ns(k, d.stream, mean, d.sigma_table)
    begin = d.bw_busy
    if d.tags > d.parallelism:  # else there is a free server for every tag
        server = free_server(k, disk)
        begin = max(begin, k.servers[server].busy_until)
        k.servers[server].busy_until = begin + service
    call_at(k, begin + service, EV_DISK, request)
    return 0


@plain
def fifo_completion(k, request, now):
    """When a FIFO server is done with a request. Writes: disks.

    Its times vary in whole per cent, evenly from the lower end up to one below the upper: half a per cent short of the
    mean, as the generator behind it makes them.
    """
    r = k.requests[request]
    d = k.disks[r.disk]
    steps = max(2 * d.jitter_permille // PERCENT, 1)
    factor = PERMILLE - d.jitter_permille + PERCENT * random_below(k, d.stream, steps)
    busy = (d.per_request_ns + r.nr_pages * PAGE_SIZE * NSEC_PER_SEC // d.bandwidth) * factor // PERMILLE
    d.busy_ns += busy
    d.bw_busy = max(d.bw_busy, now) + busy
    latency = d.write_ns
    if r.rw == BIO_READ:
        latency = d.read_ns
    return d.bw_busy + latency


@plain
def free_server(k, disk):
    """The server of the disk that is free first."""
    first = k.disks[disk].first_server
    best = first
    for s in range(first + 1, first + k.disks[disk].parallelism):
        if k.servers[s].busy_until < k.servers[best].busy_until:
            best = s
    return best


@plain
def disk_event(k, request):
    """The interrupt of a completed request."""
    r = k.requests[request]
    d = k.disks[r.disk]
    burn(k, k.costs[C_IRQ])
    trace(k, block_rq_complete, r.disk, r.rw, r.sector, r.nr_pages)
    d.inflight -= 1
    if d.inflight == 0 and d.fifo == 0:
        d.busy_ns += max(0, k.e[0].now - d.busy_since)
    d.done += 1
    d.sectors += r.nr_pages
    if r.rw == BIO_READ:
        d.read_pages += r.nr_pages
        d.nr_reads += 1
    else:
        d.write_pages += r.nr_pages
        d.nr_writes += 1
    blk_mq_end_request(k, request)
    return 0
