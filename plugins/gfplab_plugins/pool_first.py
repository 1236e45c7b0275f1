"""Use the reserve first: memory set aside should not sit idle, and a pool that is always in use is known to work.

What Neil Brown "used to think" was the most logical course (18 July 2016), before Nick Piggin told him the price: the
allocator hands out objects from a per-CPU list without a lock, the reserve always takes pool->lock.  The second price
shows in a storm: the reserve is already out when it begins, so the guarantee rests on elements coming back, and they go
to the reserve before the allocator sees any.
"""

from gfplab import ALLOC, FAIL, RESERVE, WAIT, hookimpl, tunable
from gfplab.kernel.steps import STEP_ALLOC, STEP_RESERVE, STEP_WAIT
from gfplab.units import MSEC, SEC

spare = tunable(0, low=0, high=256, help="elements left in the reserve until the allocator has failed")
timeout = tunable(5 * SEC, low=1 * MSEC, high=10 * SEC, log=True, unit="time", help="longest sleep before the next try")


@hookimpl
def mempool_step(pool, call, my):
    if call.last == 0 and my.spare and pool.curr_nr <= my.spare:
        return ALLOC(call.optimistic)
    if call.last == 0 or call.last == STEP_WAIT:
        return RESERVE
    if call.last == STEP_ALLOC and call.steps == 1:
        return RESERVE  # the spare elements
    if call.last == STEP_RESERVE and call.attempts <= call.waits:
        return ALLOC(call.optimistic)
    if not call.may_sleep:
        return FAIL
    return WAIT(my.timeout)
