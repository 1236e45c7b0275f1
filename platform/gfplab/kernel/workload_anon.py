"""The world's tasks that live on anonymous memory: touchers, which visit each page once in a pass, in an order drawn
for that pass or in sequence.

Leaves out: everything a real program does between two touches, but for the time that it takes.
"""

from gfplab.engine.requests import TASK_INTERRUPTIBLE, cond_resched, exit_task, schedule_timeout
from gfplab.engine.subset import kernel, plain
from gfplab.engine.symbols import burn, local_clock, over_debt, random_below, random_permille
from gfplab.kernel.symbols import exit_locked, exit_mmap, handle_mm_fault, hist_add, pte_allows, task_done, touch_page
from gfplab.kernel.types import ORDER_SEQUENTIAL


@plain
def next_touch(k, w):
    """Offset of the next page to touch; each page comes once in a pass. Writes: the workload's position."""
    load = k.workloads[w]
    if load.order == ORDER_SEQUENTIAL or (load.pass_nr == 0 and load.first_random == 0):
        return load.in_pass
    if load.chunk_left == 0:
        load.chunk = next_chunk(k, w)
        load.chunk_left = min(load.chunk_pages, load.bytes - load.chunk * load.chunk_pages)
        load.chunk_done = 0
    load.chunk_left -= 1
    load.chunk_done += 1
    return load.chunk * load.chunk_pages + load.chunk_done - 1


@plain
def next_chunk(k, w):
    """A chunk not yet visited in this pass: Fisher-Yates in the workload's part of chunk_order. Writes: chunk_order."""
    load = k.workloads[w]
    n = (load.bytes + load.chunk_pages - 1) // load.chunk_pages
    i = load.chunks_done
    j = i + random_below(k, load.stream, n - i)
    base = load.chunk_base
    chunk = k.chunk_order[base + j]
    k.chunk_order[base + j] = k.chunk_order[base + i]
    k.chunk_order[base + i] = chunk
    load.chunks_done = i + 1
    if load.chunks_done == n:
        load.chunks_done = 0
    return chunk


@kernel
def anon_toucher(k, w):
    """Touch pages until the passes are done, the time is up or the OOM killer comes; then give the memory back."""
    load = k.workloads[w]
    t = k.e[0].cur
    if load.start_ns > local_clock(k):
        yield schedule_timeout(0, load.start_ns - local_clock(k), TASK_INTERRUPTIBLE)
    first = k.mms[load.mm].start
    while k.tasks[t].killed == 0:
        vpn = first + next_touch(k, w)
        write = 1
        if load.write_permille < 1000:
            write = random_permille(k, load.stream, load.write_permille)
        began = local_clock(k)
        burn(k, load.touch_ns)
        if pte_allows(k, vpn, write):
            if k.ptes[vpn] > 0:
                touch_page(k, k.ptes[vpn], write)
        else:
            ok = 0
            while ok == 0 and k.tasks[t].killed == 0:
                ok = yield from handle_mm_fault(k, vpn, write)
            if load.site:
                hist_add(k, load.site, local_clock(k) - began)
        load.done += 1
        k.vm[0].touched += 1
        load.last_touch = local_clock(k)
        load.in_pass += 1
        if load.in_pass == load.bytes:
            load.in_pass = 0
            load.pass_nr += 1
            if load.pass_nr == 1:
                load.first_pass_end = local_clock(k)
            if load.passes and load.pass_nr >= load.passes:
                break
        if over_debt(k):
            yield cond_resched()
    load.finished = local_clock(k)
    yield from exit_mmap(k, load.mm, 0)
    yield from exit_locked(k, load.mm)
    task_done(k)
    yield exit_task()
