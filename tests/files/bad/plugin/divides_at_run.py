"""Nap in proportion to the excess over the limit."""

from gfplab import hookimpl
from gfplab.units import MSEC


@hookimpl
def throttle_vm_writeout(vm, scan):
    return min(100, vm.nr_writeback // scan.limit) * MSEC
