"""Who writes files does not pay for pages on their way to swap.

balance_dirty_pages() compares NR_FILE_DIRTY + NR_WRITEBACK with its limits, and NR_WRITEBACK counts swap.  The limits
shrink with the page cache, so a storm of swap stops every writer of files, however little of theirs is dirty: the same
counter that put kcryptd to sleep in throttle_vm_writeout() in the debate of July 2016.

Here a writer goes on while what is dirty of files alone is within the free run.  Tasks that clean what others dirty
(PF_LESS_THROTTLE) get `extra_pct` more; v4.7 gives them 25 % on both limits, v5.8 an allowance on their own device.
"""

from gfplab import hookimpl, tunable
from gfplab.kernel.gfp import PF_LESS_THROTTLE

extra_pct = tunable(25, low=0, high=100, help="what PF_LESS_THROTTLE adds, in per cent")


@hookimpl
def balance_dirty_pages(vm, task, dtc, disk, my):
    free_run = (dtc.thresh + dtc.bg_thresh) // 2
    if task.pf_flags & PF_LESS_THROTTLE:
        free_run += free_run * my.extra_pct // 100
    if dtc.freerun or dtc.pause < dtc.min_pause or vm.nr_dirty + disk.wb_writeback <= free_run:
        return 0
    return min(dtc.pause, dtc.max_pause)
