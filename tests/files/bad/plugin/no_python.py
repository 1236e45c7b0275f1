"""Forgets a colon."""

from gfplab import hookimpl


@hookimpl
def throttle_vm_writeout(vm)
    return 0
