"""What a measuring rig runs: hogs that read a page before they write it, direct I/O one at a time, and the parent.

The parent reads /proc/vmstat at its period and looks for ended children when it does, so it notices the end of the last
one up to a period late; that ends a run whose length is "until the tasks are done".

Leaves out: fork() and what the processes of the rig do before their first touch; the content of pages, which the rig
checks; the parent's own memory, which is locked.
"""

from gfplab.engine.records import TASK_HRTIMER
from gfplab.engine.requests import (
    TASK_INTERRUPTIBLE,
    TASK_UNINTERRUPTIBLE,
    cond_resched,
    exit_task,
    io_schedule,
    schedule,
    schedule_timeout,
)
from gfplab.engine.subset import kernel, plain
from gfplab.engine.symbols import burn, local_clock, over_debt, wake_up_all
from gfplab.kernel.costs import C_DIRECT_IO, C_FREE_PAGE, C_READ_VMSTAT
from gfplab.kernel.gfp import GFP_KERNEL
from gfplab.kernel.rig_types import END_DIRECT_IO, PHASE_POOL_COUNTERS
from gfplab.kernel.symbols import (
    bio_init,
    exit_mmap,
    free_hot_cold_page,
    handle_mm_fault,
    hist_add,
    next_touch,
    pte_allows,
    submit_bio,
    touch_page,
    vmstat_sample,
)

BIO_FREE = 0
BIO_LIVE = 1
TIMER_SLACK_NS = 50_000  # of a nanosleep() by an ordinary task


@kernel
def read_first_toucher(k, w):
    """Every touch reads the page's word and writes a new one: two accesses, the first may map the zero page."""
    load = k.workloads[w]
    t = k.e[0].cur
    if load.start_ns > local_clock(k):
        yield schedule_timeout(0, load.start_ns - local_clock(k), TASK_INTERRUPTIBLE)
    first = k.mms[load.mm].start
    while k.tasks[t].killed == 0:
        vpn = first + next_touch(k, w)
        site = load.site if load.pass_nr else load.site_first
        began = local_clock(k)
        burn(k, load.touch_ns)
        yield from access_page(k, vpn, 0)
        yield from access_page(k, vpn, 1)
        if k.tasks[t].killed:
            break
        hist_add(k, site, local_clock(k) - began)
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


@kernel(inlined=True)
def access_page(k, vpn, write):
    """One load or store: faults until the page is there and allows it. Reclaim may take it again in between."""
    t = k.e[0].cur
    while k.tasks[t].killed == 0:
        if pte_allows(k, vpn, write):
            if k.ptes[vpn] > 0:
                touch_page(k, k.ptes[vpn], write)
            return 1
        yield from handle_mm_fault(k, vpn, write)
    return 0


@kernel
def direct_io(k, w):
    """`passes` times pread() or pwrite() with O_DIRECT on a block device: submit a bio, sleep until it has ended."""
    load = k.workloads[w]
    if load.after:
        while k.workloads[load.after].finished == 0:
            yield schedule(k.workloads[load.after].wait, TASK_INTERRUPTIBLE)
    if load.start_ns > local_clock(k):
        yield schedule_timeout(0, load.start_ns - local_clock(k), TASK_INTERRUPTIBLE)
    load.began = local_clock(k)
    while load.done < load.passes:
        began = local_clock(k)
        burn(k, k.costs[C_DIRECT_IO])
        yield from __blkdev_direct_IO_simple(k, w)
        hist_add(k, load.site, local_clock(k) - began)
        load.done += 1
        load.pos += load.chunk_pages
        if load.pos + load.chunk_pages > load.bytes:
            load.pos = 0
        if over_debt(k):
            yield cond_resched()
    load.finished = local_clock(k)
    keep_phase(k, load.phase)
    wake_up_all(k, load.wait)
    task_done(k)
    yield exit_task()


@kernel
def __blkdev_direct_IO_simple(k, w):
    """Synchronous: the bio is on the caller's stack, no mempool is asked for it; its pages are the caller's own."""
    load = k.workloads[w]
    bio = bio_init(k, 0, 0, GFP_KERNEL)
    b = k.bios[bio]
    b.rw = load.rw
    b.dev_kind = load.dev_kind
    b.dev = load.dev
    b.sector = load.pos
    b.nr_pages = load.chunk_pages
    b.end_io = END_DIRECT_IO
    b.parent = w
    yield from submit_bio(k, bio)
    while k.bios[bio].used == BIO_LIVE:
        yield io_schedule(load.wait, TASK_UNINTERRUPTIBLE)
    k.bios[bio].used = BIO_FREE
    k.bios[bio].next = k.bios[0].next
    k.bios[0].next = bio
    return 0


@plain
def keep_phase(k, phase):
    """Copy all histograms and the pools' counters as they stand at the end of a phase. Writes: phase_*."""
    n = len(k.hist)
    for i in range(n):
        k.phase_hist[phase * n + i] = k.hist[i]
    n = len(k.hist_sum)
    for i in range(n):
        k.phase_hist_sum[phase * n + i] = k.hist_sum[i]
    row = phase * len(k.pools) * PHASE_POOL_COUNTERS
    for p in range(len(k.pools)):
        k.phase_pools[row] = k.pools[p].n_alloc
        k.phase_pools[row + 1] = k.pools[p].n_first
        k.phase_pools[row + 2] = k.pools[p].n_reserve
        k.phase_pools[row + 3] = k.pools[p].n_second
        row += PHASE_POOL_COUNTERS
    return 0


@kernel
def exit_locked(k, mm):
    """Free the locked memory of a process that ends."""
    page = k.mms[mm].locked
    k.mms[mm].locked = 0
    while page:
        after = k.page_next[page]
        k.page_next[page] = 0
        k.page_flags[page] = 0
        k.vm[0].nr_fixed -= 1
        burn(k, k.costs[C_FREE_PAGE])
        free_hot_cold_page(k, page)
        page = after
        if over_debt(k):
            yield cond_resched()
    return 0


@plain
def task_done(k):
    """A task that the run waits for has ended; where no parent looks for that, the last one ends the run itself."""
    vm = k.vm[0]
    vm.running_tasks -= 1
    if vm.running_tasks == 0 and vm.until_done and vm.sampler == 0:
        end_of_run(k)
    return 0


@plain
def end_of_run(k):
    """Ask for the logs to be emptied: whoever does that sees that the run is over. Writes: vm.done."""
    k.vm[0].done = local_clock(k)
    k.e[0].drain = 1
    return 0


@kernel
def vmstat_sampler(k, w):
    """PID 1 of the rig: sleep for a period, read /proc/vmstat, look whether the children have ended."""
    vm = k.vm[0]
    while True:
        yield schedule_timeout(0, vm.sample_ns + TIMER_SLACK_NS, TASK_INTERRUPTIBLE | TASK_HRTIMER)
        burn(k, k.costs[C_READ_VMSTAT])
        yield cond_resched()
        vmstat_sample(k)
        if vm.until_done and vm.running_tasks == 0:
            break
    end_of_run(k)
    yield exit_task()
