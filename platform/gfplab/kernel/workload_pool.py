"""The world's tasks that only take elements from a pool, hold them and give them back: the fast path under no pressure.

Leaves out: what an element would be good for.
"""

from gfplab.engine.requests import TASK_INTERRUPTIBLE, cond_resched, cpu, schedule_timeout
from gfplab.engine.subset import kernel, plain
from gfplab.engine.symbols import burn, local_clock, over_debt
from gfplab.kernel.gfp import GFP_NOIO
from gfplab.kernel.symbols import hist_add, mempool_alloc, mempool_free


@plain
def reserve_in_use(k, pool):
    """1 if elements of the reserve are out, so that whoever takes or returns one meets the others at pool->lock."""
    p = k.pools[pool]
    if p.curr_nr < p.min_nr and k.e[0].ncpus > 1:
        return 1
    return 0


@kernel
def mempool_loop(k, w):
    """mempool_alloc(GFP_NOIO), hold, mempool_free, think; each pair's latency goes into the workload's histogram."""
    load = k.workloads[w]
    if load.start_ns > local_clock(k):
        yield schedule_timeout(0, load.start_ns - local_clock(k), TASK_INTERRUPTIBLE)
    while True:
        if reserve_in_use(k, load.pool):
            yield cond_resched()  # pool->lock will be taken: now, and not 50 us of debt ahead of the other CPUs
        began = local_clock(k)
        element = yield from mempool_alloc(k, load.pool, GFP_NOIO)
        spent = local_clock(k) - began
        if load.hold_ns > 20_000:
            yield cpu(load.hold_ns)
        else:
            burn(k, load.hold_ns)
        if reserve_in_use(k, load.pool):
            yield cond_resched()
        began = local_clock(k)
        mempool_free(k, load.pool, element)
        spent += local_clock(k) - began
        burn(k, load.pause_ns)
        load.done += 1
        load.busy_ns += spent
        hist_add(k, load.site, spent)
        if over_debt(k):
            yield cond_resched()
