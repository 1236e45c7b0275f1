"""Grow the nap with the excess, or do not nap."""

from gfplab import hookimpl
from gfplab.units import MSEC


def share(vm, scan):
    if vm.nr_writeback <= scan.limit:
        return 0
    return 1 - scan.limit / vm.nr_writeback


@hookimpl
def throttle_vm_writeout(vm, scan):
    return int(share(vm, scan) * 100 * MSEC)
