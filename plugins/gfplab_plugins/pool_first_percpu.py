"""The reserve first, but without its lock: a few elements of it lie with every CPU.

The answer to Nick Piggin's objection to pool_first, which Neil Brown passed on (18 July 2016): the allocator has a
per-CPU list and the reserve a spinlock, so a pool that is always in use does not scale.  Here each CPU keeps a magazine
of elements, refilled and flushed by halves under the lock.

The price is a reserve in pieces: what lies with other CPUs has to be fetched from there, cache line by cache line, when
the rest is empty; if it could not be, an element would be missing from the guarantee without being in use.
"""

from gfplab import ALLOC, FAIL, RESERVE, WAIT, hookimpl, tunable
from gfplab.kernel.steps import STEP_RESERVE, STEP_WAIT
from gfplab.units import MSEC, SEC

elements = tunable(8, low=0, high=16, help="elements of the reserve that each CPU may keep")
timeout = tunable(5 * SEC, low=1 * MSEC, high=10 * SEC, log=True, unit="time", help="longest sleep before the next try")


@hookimpl
def mempool_step(call, my):
    if call.last == 0 or call.last == STEP_WAIT:
        return RESERVE
    if call.last == STEP_RESERVE:
        return ALLOC(call.optimistic)
    if not call.may_sleep:
        return FAIL
    return WAIT(my.timeout)


@hookimpl
def mempool_magazine(pool, my):
    return min(my.elements, pool.min_nr // 2)
