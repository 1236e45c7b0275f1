"""Forgets that an array has a length."""

from gfplab import hookimpl, state

recent = state(0)
ring = state(0, length=4)


@hookimpl
def throttle_vm_writeout(vm, my):
    my.recent[0] = vm.nr_free
    return my.ring + vm[0]
