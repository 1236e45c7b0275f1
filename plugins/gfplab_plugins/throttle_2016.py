"""Bring throttle_vm_writeout() back: every reclaimer sleeps while more is under writeback than 1.1 dirty limits.

What v4.9 took out (bf48438354a79), put into a later kernel to see what it did there: after each shrink, kswapd's too,
100 ms at a time while pages under writeback exceed the limit.  A caller without both __GFP_IO and __GFP_FS sleeps once.
No device reports congestion any more, so nothing ends the sleep early, as nothing did on blk-mq in 2016.

Swap pages count as writeback and the limit is a share of free memory and page cache, so that a machine full of
anonymous memory is throttled although nothing dirties files.
"""

from gfplab import hookimpl, tunable
from gfplab.units import MSEC

nap = tunable(100 * MSEC, low=1 * MSEC, high=200 * MSEC, log=True, unit="time", help="length of one sleep")


@hookimpl
def throttle_vm_writeout(vm, scan, my):
    return my.nap if vm.nr_writeback + vm.nr_unstable > scan.limit else 0
