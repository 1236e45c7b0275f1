"""Memory that comes back soon should not be throttled for: no throttle point stops an attempt of a mempool.

Neil Brown, 22 July 2016, as a GFP flag for transient allocations; Mikulas Patocka, 27 July and 13 August, as a flag of
the task.  The program is the stock one: reclaim may still free clean cache, which is worth trying, but it sleeps
nowhere, for what a pool hands out is returned when the write ends that reclaim is waiting for.

Michal Hocko refused: whoever is never throttled scans the lists for free, turns them over faster and evicts cache that
others use.  No such flag was ever merged; since v5.16 kernel threads are exempt, which serves kcryptd the same way.
"""

from gfplab import ALLOC, FAIL, RESERVE, WAIT, hookimpl, tunable
from gfplab.kernel.steps import STEP_ALLOC, STEP_NO_THROTTLE, STEP_RESERVE
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
    return ALLOC(mask) | STEP_NO_THROTTLE
