"""What the measuring rig's patch counts: mempool_alloc() by caller and source, direct reclaim inside and outside of it.

Models no file of Linux: the patch of the rig, the same counters at the same places in both eras.  They cost no
simulated time.

Leaves out: the counters of pools of kmalloc memory, which the rig has and no dm-crypt uses.
"""

from gfplab.engine.subset import plain
from gfplab.engine.symbols import local_clock
from gfplab.kernel.gfp import PF_KSWAPD, PF_MEMALLOC, PF_WQ_WORKER
from gfplab.kernel.instrument_types import CALLS_KEPT, CELLS_PER_CLASS, CELLS_PER_CONTEXT, HIST_BINS
from gfplab.kernel.steps import STEP_ALLOC, STEP_RESERVE
from gfplab.kernel.symbols import hist_add_bin, hist_bin, smp_processor_id
from gfplab.kernel.types import POOL_PAGE


@plain
def mempool_class(k, pool):
    """1 for a pool of pages, which is dm-crypt's ciphertext; 2 for every other."""
    if k.pools[pool].kind == POOL_PAGE:
        return 1
    return 2


@plain
def mempool_context(k, t):
    """0 for a workqueue's worker, 1 for kswapd and direct reclaimers, 2 for every other task."""
    if k.tasks[t].pf_flags & PF_WQ_WORKER:
        return 0
    if k.tasks[t].pf_flags & PF_MEMALLOC:
        return 1
    return 2


@plain
def account_mempool_alloc(k, pool, step, reclaimed, slept, ns):
    """A mempool_alloc() ended with this step after `reclaimed` attempts that could reclaim and `slept` sleeps.

    Writes: hist, mempool_cells, mp_hist, mempool_waits.
    """
    which = mempool_class(k, pool)
    source = 5
    if slept and step == STEP_ALLOC:
        source = 4
        k.mempool_waits[which].after_wait_under += 1
    elif slept and step == STEP_RESERVE:
        source = 4
        k.mempool_waits[which].after_wait_reserve += 1
    elif step == STEP_ALLOC:
        source = 0
        if reclaimed:
            source = 2
    elif step == STEP_RESERVE:
        source = 1
        if reclaimed:
            source = 3
    cell = (which - 1) * CELLS_PER_CLASS + source + 1
    cell += mempool_context(k, k.e[0].cur) * CELLS_PER_CONTEXT
    stat = k.mempool_cells[cell]
    stat.n += 1
    stat.sum_ns += ns
    stat.max_ns = max(stat.max_ns, ns)
    ns_bin = hist_bin(k, ns)
    k.mp_hist[cell * HIST_BINS + ns_bin] += 1
    if slept == 0:
        keep_span(k, cell, ns)
    if k.pools[pool].site:
        hist_add_bin(k, k.pools[pool].site, ns, ns_bin)
    return 0


@plain
def keep_span(k, cell, ns):
    """Note when a call runs that costs nothing before its task pays: an interrupt may still fall into it.

    Writes: alloc_spans, cpus.
    """
    c = smp_processor_id(k)
    rq = k.cpus[c]
    span = k.alloc_spans[c * CALLS_KEPT + rq.next_span + 1]
    rq.next_span = (rq.next_span + 1) % CALLS_KEPT
    span.end = local_clock(k)
    span.begin = span.end - ns
    span.ns = ns
    span.cell = cell
    return 0


@plain
def account_interrupted_alloc(k):
    """An interrupt is over: the mempool_alloc() into which it fell took that much longer.

    Writes: alloc_spans, mempool_cells, mp_hist.
    """
    c = k.e[0].irq_cpu
    now = k.e[0].now
    burnt = local_clock(k) - now
    if k.cpus[c].curr == 0 or burnt == 0:
        return 0
    for i in range(c * CALLS_KEPT + 1, (c + 1) * CALLS_KEPT + 1):
        span = k.alloc_spans[i]
        if span.begin <= now and now < span.end:
            stat = k.mempool_cells[span.cell]
            k.mp_hist[span.cell * HIST_BINS + hist_bin(k, span.ns)] -= 1
            span.ns += burnt
            stat.sum_ns += burnt
            stat.max_ns = max(stat.max_ns, span.ns)
            k.mp_hist[span.cell * HIST_BINS + hist_bin(k, span.ns)] += 1
            break
    return 0


@plain
def account_mempool_wait(k, pool, ns, timed_out):
    """One sleep on pool->wait is over. Writes: mempool_waits, mempool_wait_hist."""
    which = mempool_class(k, pool)
    k.mempool_waits[which].n += 1
    k.mempool_waits[which].timeouts += timed_out
    k.mempool_wait_hist[which * HIST_BINS + hist_bin(k, ns)] += 1
    return 0


@plain
def account_direct_reclaim(k, ns, nr_reclaimed):
    """try_to_free_pages() returns: context_b says whether its task is inside mempool_alloc(). Writes: reclaim_cells."""
    place = 1
    if k.tasks[k.e[0].cur].context_b:
        place = 2
    cell = k.reclaim_cells[place]
    cell.n += 1
    cell.sum_ns += ns
    cell.max_ns = max(cell.max_ns, ns)
    cell.recl += nr_reclaimed
    if nr_reclaimed == 0:
        cell.zero += 1
    k.reclaim_hist[place * HIST_BINS + hist_bin(k, ns)] += 1
    return 0


@plain
def writeout_cell(k):
    """Whom throttle_vm_writeout() stands before: kswapd 1, a direct reclaimer 2, one inside mempool_alloc() 3."""
    t = k.e[0].cur
    if k.tasks[t].pf_flags & PF_KSWAPD:
        return 1
    if k.tasks[t].context_b:
        return 3
    return 2


@plain
def account_writeout_call(k):
    """throttle_vm_writeout() is entered. Writes: writeout_cells."""
    k.writeout_cells[writeout_cell(k)].calls += 1
    return 0


@plain
def account_writeout_nap(k, ns):
    """A nap in throttle_vm_writeout() is over. Writes: writeout_cells."""
    cell = k.writeout_cells[writeout_cell(k)]
    cell.sleeps += 1
    cell.ns += ns
    return 0


@plain
def account_writeout_spared(k, limit):
    """throttle_vm_writeout() lets the caller go on; was writeback above the limit? Writes: writeout_cells."""
    if k.vm[0].nr_writeback > limit:
        k.writeout_cells[writeout_cell(k)].spared += 1
    return 0
