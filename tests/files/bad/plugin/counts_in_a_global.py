"""Counts beside the simulation."""

from gfplab import hookimpl

naps = 0


@hookimpl
def throttle_vm_writeout(vm):
    global naps
    naps += 1
    return naps
