"""Everybody waits in throttle_vm_writeout()."""

from gfplab import hookimpl
from gfplab.units import MSEC


@hookimpl
def throttle_vm_writeout():
    return 100 * MSEC
