"""Bring throttle_vm_writeout() back for everybody but those who are inside mempool_alloc().

Michal Hocko's second RFC patch of 18 July 2016 as one can measure it on a later kernel: what the throttle waits for is
written by tasks that allocate from mempools, so these pass.  There the mark was PF_LESS_THROTTLE; here it is the pool
that the task allocates from, so that nothing else which heeds the flag changes.

All others, kswapd first, sleep 100 ms at a time while pages under writeback exceed 1.1 dirty limits.
"""

from gfplab import hookimpl, tunable
from gfplab.units import MSEC

nap = tunable(100 * MSEC, low=1 * MSEC, high=200 * MSEC, log=True, unit="time", help="length of one sleep")


@hookimpl
def throttle_vm_writeout(vm, task, scan, my):
    if task.context_b:
        return 0
    return my.nap if vm.nr_writeback + vm.nr_unstable > scan.limit else 0
