"""Tasks that write and read files: round and round through a file of their own, no faster than their rate.

Leaves out: what real programs do between their calls.
"""

from gfplab.engine.records import TASK_HRTIMER
from gfplab.engine.requests import TASK_INTERRUPTIBLE, cond_resched, schedule_timeout
from gfplab.engine.subset import kernel, plain
from gfplab.engine.symbols import local_clock, random_below
from gfplab.kernel.symbols import __vfs_read, __vfs_write, hist_add

NSEC_PER_SEC = 1_000_000_000
DEFAULT_CHUNK = 16  # pages a call


@plain
def workload_over(k, w):
    """1 when the workload has reached its end or its task was killed."""
    wl = k.workloads[w]
    if k.tasks[k.e[0].cur].killed:
        return 1
    return wl.stop_ns > 0 and local_clock(k) >= wl.stop_ns


@plain
def workload_chunk(k, w):
    """Pages of the next call: never across the end of the file."""
    wl = k.workloads[w]
    chunk = wl.chunk_pages
    if chunk == 0:
        chunk = DEFAULT_CHUNK
    return min(chunk, k.files[wl.file].nr - wl.pos)


@plain
def workload_advance(k, w, pages):
    """`pages` pages from wl.pos on are done; at the end of the file begin again. Writes: workloads."""
    wl = k.workloads[w]
    wl.done += pages
    wl.pos += pages
    if wl.pos >= k.files[wl.file].nr:
        wl.pos = 0
        wl.pass_nr += 1


@plain
def workload_due(k, w, due, pages):
    """When the call after one of this many pages may begin: on schedule, but what is late by a call is not made up."""
    rate = k.workloads[w].rate
    clock = local_clock(k)
    if rate == 0:
        return clock
    return max(due + pages * NSEC_PER_SEC // rate, clock)


@kernel(inlined=True)
def sleep_until(k, time):
    """clock_nanosleep() of the program, which is not rounded to ticks."""
    if time > local_clock(k):
        yield schedule_timeout(0, time - local_clock(k), TASK_INTERRUPTIBLE | TASK_HRTIMER)
    else:
        yield cond_resched()
    return 0


@kernel
def file_writer(k, w):
    """The task of workload w: write its file in order, a chunk a call."""
    wl = k.workloads[w]
    due = wl.start_ns
    while True:
        yield from sleep_until(k, due)
        if workload_over(k, w):
            break
        due = max(due, wl.start_ns)
        pages = workload_chunk(k, w)
        began = local_clock(k)
        written = yield from __vfs_write(k, wl.file, wl.pos, pages)
        if wl.site:
            hist_add(k, wl.site, local_clock(k) - began)
        workload_advance(k, w, written)
        due = workload_due(k, w, due, pages)
    wl.finished = local_clock(k)
    return 0


@kernel
def file_reader(k, w):
    """The task of workload w: read its file in order, a chunk a call, or single pages at random."""
    wl = k.workloads[w]
    due = wl.start_ns
    while True:
        yield from sleep_until(k, due)
        if workload_over(k, w):
            break
        pages = 1
        if wl.order:
            pages = workload_chunk(k, w)
        else:
            wl.pos = random_below(k, wl.stream, k.files[wl.file].nr)
        began = local_clock(k)
        got = yield from __vfs_read(k, wl.file, wl.pos, pages)
        if wl.site:
            hist_add(k, wl.site, local_clock(k) - began)
        workload_advance(k, w, got)
        due = workload_due(k, w, due, pages)
    wl.finished = local_clock(k)
    return 0
