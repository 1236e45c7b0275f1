"""Throttle on what is under writeback."""

from gfplab import hookimpl
from gfplab.units import MSEC


@hookimpl
def throttle_vm_writeout(vm, scan):
    return 100 * MSEC if vm.nr_writebck > scan.limt else 0
