"""Back off by powers of two."""

from gfplab import hookimpl


@hookimpl
def throttle_vm_writeout(scan):
    return 1000 * 2**scan.priority
