"""Divides by what somebody set to 0."""

from gfplab import hookimpl

PARTS = 0


@hookimpl
def throttle_vm_writeout(vm):
    return vm.nr_writeback // PARTS
