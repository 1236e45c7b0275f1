"""Try only what is cheap: one batch of 32 old, clean, unmapped file pages, and then wait for the pool.

The middle ground that Michal Hocko missed between reclaim in full and none (July 2016), spelt out for this laboratory;
nobody posted it.  The stock program, but its attempts with reclaim look at the tail of the inactive file list once, at
the lowest priority, and neither write nor unmap nor sleep.

It should beat Neil Brown's mask where clean cache abounds and kswapd is stuck, and be as quick where there is none.
"""

from gfplab import ALLOC, FAIL, RESERVE, WAIT, hookimpl, tunable
from gfplab.kernel.steps import STEP_ALLOC, STEP_LIGHT_RECLAIM, STEP_RESERVE
from gfplab.units import MSEC, SEC

timeout = tunable(5 * SEC, low=1 * MSEC, high=10 * SEC, log=True, unit="time", help="longest sleep before the next try")


@hookimpl
def mempool_step(call, my):
    if call.last == STEP_ALLOC:
        return RESERVE
    if call.last == STEP_RESERVE:
        retry_at_once = call.attempts == 1 and call.optimistic != call.full
        if not retry_at_once and not call.may_sleep:
            return FAIL
        if not retry_at_once:
            return WAIT(my.timeout)
    if call.last == 0:
        return ALLOC(call.optimistic)
    return ALLOC(call.full) | STEP_LIGHT_RECLAIM
