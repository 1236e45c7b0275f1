"""Changes its mind."""

from gfplab import hookimpl


@hookimpl
def throttle_vm_writeout():
    return 0


@hookimpl
def throttle_vm_writeout():
    return 1
