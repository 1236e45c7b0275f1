"""Where reclaim would put a mempool user to sleep, let it fail instead: its caller has something better to wait for.

Michal Hocko's own alternative (July 2016), if mempool users must not be throttled: the stock program, but an attempt
ends at the first throttle point with what it has freed by then.  Cheap clean cache is still harvested, as with the
stock kernel; nobody naps, as with Neil Brown's mask; and the task sleeps on the pool, where an element wakes it.

The price is more failures and therefore more waits, and scans broken off that others must begin again.
"""

from gfplab import ALLOC, FAIL, RESERVE, WAIT, hookimpl, tunable
from gfplab.kernel.steps import STEP_ALLOC, STEP_BAIL_OUT, STEP_RESERVE
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
    mask = call.optimistic if call.last == 0 else call.full
    return ALLOC(mask) | STEP_BAIL_OUT
