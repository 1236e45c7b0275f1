"""Throttle user tasks only."""

from gfplab import hookimpl


@hookimpl
def throttle_vm_writeout(vm, tsk):
    return tsk.kind == 2 and vm.nr_writeback > 0
