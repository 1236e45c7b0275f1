"""Counts what it never declared."""

from gfplab import hookimpl


@hookimpl
def throttle_vm_writeout(vm, my):
    my.naps += 1
    return my.naps if vm.nr_free else 0


@hookimpl
def too_many_isolated():
    return my.naps
