"""Mark mempool users as the ones to throttle less, and trust the throttle to act on it.

Michal Hocko's first attempt, 13 and 14 July 2016: PF_LESS_THROTTLE around the allocator's part of mempool_alloc(), with
throttle_vm_writeout() as it was.  There the flag only raises the dirty threshold by a quarter.  Ondrej Kozina tried it
on swap over dm-crypt: "froze as well", for pages under writeback exceed the raised limit too.
"""

from gfplab import ALLOC, FAIL, RESERVE, WAIT, hookimpl, tunable
from gfplab.kernel.gfp import __GFP_NOMEMALLOC, TIF_MEMDIE
from gfplab.kernel.steps import STEP_ALLOC, STEP_LESS_THROTTLE, STEP_RESERVE
from gfplab.units import MSEC, SEC

victim_reserves = tunable(True, help="an OOM victim that finds the pool empty may use the page allocator's reserves")
timeout = tunable(5 * SEC, low=1 * MSEC, high=10 * SEC, log=True, unit="time", help="longest sleep before the next try")


@hookimpl
def mempool_step(pool, task, call, my):
    if call.last == STEP_ALLOC:
        return RESERVE
    if call.last == STEP_RESERVE:
        retry_at_once = call.attempts == 1 and call.optimistic != call.full
        if not retry_at_once and not call.may_sleep:
            return FAIL
        if not retry_at_once:
            return WAIT(my.timeout)
    mask = call.optimistic if call.last == 0 else call.full
    if my.victim_reserves and task.pf_flags & TIF_MEMDIE and pool.curr_nr == 0:
        mask &= ~__GFP_NOMEMALLOC
    if call.may_sleep:
        return ALLOC(mask) | STEP_LESS_THROTTLE
    return ALLOC(mask)
