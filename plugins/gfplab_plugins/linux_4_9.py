"""No task waits in reclaim for the total of pages under writeback: throttle_vm_writeout() is gone.

Michal Hocko, 14 August 2016 ("get rid of throttle_vm_writeout", bf48438354a79, v4.9-rc1).  The number of pages under
writeback says nothing about whether this caller's zone can make progress, and wait_iff_congested() and
congestion_wait() in shrink_inactive_list() slow a reclaimer down where it matters.  All else is v4.7.

Mikulas Patocka measured little change in speed without it once the mempool change of v4.6 was reverted, and asked for a
limit on writes in flight instead: without this throttle nothing bounds what swapping has under writeback.
"""

from gfplab import hookimpl


@hookimpl
def throttle_vm_writeout():
    return 0
