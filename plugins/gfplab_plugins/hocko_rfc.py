"""Never throttle a task that performs the writeback which the throttle waits for.

Michal Hocko's two RFC patches of 18 July 2016.  (1) mempool_alloc() forbids the page allocator's reserves always,
except to an OOM victim that finds the pool empty.  (2) While a mempool allocation that may sleep tries the allocator,
its task has PF_LESS_THROTTLE, and throttle_vm_writeout() lets tasks with that flag pass.

Neil Brown's objections: the flag means less throttling, not none; it grants an extra quarter of dirty page cache, which
dm-crypt does not use, because its pages are transient; and a mempool user should wait for the pool, not for reclaim.
"""

from gfplab import ALLOC, FAIL, RESERVE, WAIT, hookimpl, tunable
from gfplab.kernel.gfp import __GFP_NOMEMALLOC, PF_LESS_THROTTLE, TIF_MEMDIE
from gfplab.kernel.steps import STEP_ALLOC, STEP_LESS_THROTTLE, STEP_RESERVE
from gfplab.units import MSEC, SEC

victim_reserves = tunable(True, help="patch 1: an OOM victim that finds the pool empty may use the reserves")
timeout = tunable(5 * SEC, low=1 * MSEC, high=10 * SEC, log=True, unit="time", help="longest sleep before the next try")
nap = tunable(100 * MSEC, low=1 * MSEC, high=200 * MSEC, log=True, unit="time", help="nap of the tasks still throttled")


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


@hookimpl
def throttle_vm_writeout(vm, task, scan, my):
    if task.pf_flags & PF_LESS_THROTTLE:
        return 0
    return my.nap if vm.nr_writeback + vm.nr_unstable > scan.limit else 0
