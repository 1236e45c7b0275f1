"""Follows a pointer, as in C."""

from gfplab import hookimpl


@hookimpl
def throttle_vm_writeout(vm, task):
    return task.mm.rss > vm.zones[0].nr_free
