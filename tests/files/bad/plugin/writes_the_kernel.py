"""Lower the limit a little at every nap."""

from gfplab import hookimpl, state, tunable
from gfplab.units import MSEC

step = tunable(10, low=1, high=100)
naps = state(0)


@hookimpl
def throttle_vm_writeout(vm, scan, my):
    if vm.nr_writeback <= scan.limit:
        return 0
    my.naps += 1
    my.step *= 2
    scan.limit -= my.step
    vm.nr_writeback = my.naps
    return 100 * MSEC
