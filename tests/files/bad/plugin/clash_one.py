"""Nobody waits in throttle_vm_writeout()."""

from gfplab import hookimpl


@hookimpl
def throttle_vm_writeout():
    return 0
