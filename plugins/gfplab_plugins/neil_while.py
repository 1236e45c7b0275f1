"""Wait before the first reclaim: whoever finds the reserve empty sleeps once, and reclaims only when that was in vain.

Neil Brown, 23 July 2016, a day after he had to grant Michal Hocko that freeing clean cache is a fair thing for a
mempool to try.  His loop asks the allocator once without reclaim; then it takes from the reserve, or sleeps until an
element comes back, and only after that enters reclaim.  A woken task finds the element that woke it only if reclaim
fails, so half of the old complaint stays.

The tunable `reserve_first` takes the other half away: look into the reserve when woken, reclaim when that is empty.
"""

from gfplab import ALLOC, FAIL, RESERVE, WAIT, hookimpl, tunable
from gfplab.kernel.steps import STEP_ALLOC, STEP_RESERVE
from gfplab.units import MSEC, SEC

reserve_first = tunable(False, help="a woken task looks into the reserve before it reclaims")
timeout = tunable(5 * SEC, low=1 * MSEC, high=10 * SEC, log=True, unit="time", help="longest sleep before the next try")


@hookimpl
def mempool_step(call, my):
    if call.last == 0:
        return ALLOC(call.optimistic)
    if call.last == STEP_ALLOC:
        return RESERVE
    if call.last == STEP_RESERVE:
        if not call.may_sleep:
            return FAIL
        if my.reserve_first and call.attempts <= call.waits:
            return ALLOC(call.full)
        return WAIT(my.timeout)
    if my.reserve_first:
        return RESERVE
    return ALLOC(call.full)
