"""Compares a record with a number, and a number with a text."""

from gfplab import hookimpl, state

last = state(0)


@hookimpl
def throttle_vm_writeout(vm, task, scan, my):
    if 0 <= task <= 3:
        return 1
    if vm.nr_free < "10":
        return 2
    if task is None or vm.nr_dirty not in (1, 2):
        return 3
    my.last = task
    return scan.limit < my.last < vm
