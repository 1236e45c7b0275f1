"""A mempool user should wait for its pool, never for reclaim: mask out __GFP_DIRECT_RECLAIM for good.

Neil Brown, 18 July 2016.  The allocator is worth asking while it can answer quickly.  When it cannot, take from the
reserve, and when that is empty, sleep where the next returned element wakes you; kswapd does the reclaiming.  No
attempt ever enters direct reclaim, so none is ever throttled there.

Michal Hocko's doubt: clean page cache that one pass would free stays where it is, and everything rests on kswapd.  The
tunable `keep` asks how much of the caller's rights the attempts should have after all.
"""

from gfplab import ALLOC, FAIL, RESERVE, WAIT, hookimpl, tunable
from gfplab.kernel.gfp import __GFP_DIRECT_RECLAIM, __GFP_HIGH, __GFP_IO, __GFP_KSWAPD_RECLAIM
from gfplab.kernel.steps import STEP_ALLOC, STEP_RESERVE
from gfplab.units import MSEC, SEC

VARYING = __GFP_DIRECT_RECLAIM | __GFP_IO | __GFP_KSWAPD_RECLAIM

keep = tunable(__GFP_KSWAPD_RECLAIM, bits=VARYING, help="flags of its caller's mask that an attempt keeps")
add = tunable(0, bits=__GFP_HIGH, help="flags that every attempt gets: __GFP_HIGH opens half of the min watermark")
timeout = tunable(5 * SEC, low=1 * MSEC, high=10 * SEC, log=True, unit="time", help="longest sleep before the next try")


@hookimpl
def mempool_step(call, my):
    if call.last == STEP_ALLOC:
        return RESERVE
    if call.last == STEP_RESERVE:
        if not call.may_sleep:
            return FAIL
        return WAIT(my.timeout)
    return ALLOC(call.full & ~VARYING | call.full & my.keep | my.add)
