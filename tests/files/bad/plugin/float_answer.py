"""Nap in proportion to the excess."""

from gfplab import hookimpl, state, tunable
from gfplab.units import MSEC

share = tunable(0.5, low=0.1, high=0.9)
total = state(0)


@hookimpl
def throttle_vm_writeout(vm, scan, my):
    nap = 0
    if vm.nr_writeback > scan.limit:
        nap = my.share * 100 * MSEC
    my.total += my.share
    return my.share * MSEC
