"""Remember the last four answers."""

from gfplab import hookimpl, state

recent = state(0, length=4)


@hookimpl
def throttle_vm_writeout(vm, my):
    my.recent[4] = vm.nr_writeback
    return my.recent[-5]
