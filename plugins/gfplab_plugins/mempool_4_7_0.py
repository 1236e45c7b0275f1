"""Let mempool users dig into the page allocator's last reserve, but only when their own pool has run dry.

David Rientjes, March 2016 (f9054c70d28b, v4.6-rc1 to v4.7.0): an OOM victim that waits for a mempool element may wait
for a task that waits for the victim's memory.  So __GFP_NOMEMALLOC is set only while elements are free: with an empty
pool, a caller with PF_MEMALLOC takes the last free pages instead of waiting.

What came of it: swap on dm-crypt submits its writes with PF_MEMALLOC, empties every pool, and then every zone.  The
machine runs out of memory before it has swapped (Kozina and Patocka, July 2016).  Reverted in v4.8-rc1 and v4.7.y.
"""

from gfplab import ALLOC, FAIL, RESERVE, WAIT, hookimpl
from gfplab.kernel.gfp import __GFP_NOMEMALLOC
from gfplab.kernel.steps import STEP_ALLOC, STEP_RESERVE
from gfplab.units import SEC


@hookimpl
def mempool_step(pool, call):
    if call.last == STEP_ALLOC:
        return RESERVE
    if call.last == STEP_RESERVE:
        retry_at_once = call.attempts == 1 and call.optimistic != call.full
        if not retry_at_once and not call.may_sleep:
            return FAIL
        if not retry_at_once:
            return WAIT(5 * SEC)
    mask = call.optimistic if call.last == 0 else call.full
    if pool.curr_nr == 0:
        mask &= ~__GFP_NOMEMALLOC
    return ALLOC(mask)
