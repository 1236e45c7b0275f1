"""Reclaim or wait, whichever has been quicker of late: nobody has to know beforehand which of them is right.

Not from the debate, but about it.  Neil Brown was right where elements come back within microseconds and reclaim naps,
Michal Hocko where clean cache lies at hand and the device is slow.  A pool can measure both: what an attempt with
reclaim took and how often it paid, and how long elements take to come back, times the tasks that wait for them too.

With nothing outstanding nothing will come back, so then it reclaims.  Now and then it does what looks worse, to learn
whether it still is; and it never sleeps much longer than it expects to.
"""

from gfplab import ALLOC, FAIL, RESERVE, WAIT, hookimpl, state, tunable
from gfplab.kernel.steps import STEP_ALLOC, STEP_WAIT
from gfplab.units import MSEC, SEC

bias = tunable(1.0, low=0.1, high=10.0, log=True, help="how many ns of reclaim are worth a ns of waiting")
explore = tunable(32, low=2, high=1024, log=True, help="every so many choices, take the one that looks worse")
patience = tunable(8, low=1, high=64, log=True, help="longest sleep, as a multiple of the expected one")
longest = tunable(5 * SEC, low=10 * MSEC, high=10 * SEC, log=True, unit="time", help="never sleep longer")
choices = state(0, help="how often there was a choice")


@hookimpl
def mempool_step(pool, call, my):
    if call.last == 0:
        return ALLOC(call.optimistic)
    if call.last == STEP_ALLOC or call.last == STEP_WAIT:
        return RESERVE
    may_retry = call.optimistic != call.full and call.attempts <= call.waits + 1
    if not call.may_sleep:
        return ALLOC(call.full) if may_retry else FAIL
    refill = pool.return_interval * (pool.nr_waiters + 1)
    if may_retry:
        my.choices += 1
        reclaim_first = pool.outstanding == 0 or my.bias * refill > reclaim_cost(pool)
        if my.choices % my.explore == 0 and pool.outstanding:
            reclaim_first = not reclaim_first
        if reclaim_first:
            return ALLOC(call.full)
    return WAIT(min(my.longest, max(1 * MSEC, my.patience * refill)))


def reclaim_cost(pool):
    """Nanoseconds of reclaim for each element that it has brought."""
    return pool.reclaim_ns * 1000 // max(pool.reclaim_yield, 1)
