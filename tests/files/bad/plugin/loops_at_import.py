"""Computes at import what could be written down."""

from gfplab import hookimpl

LIMIT = 1
while LIMIT < 1000:
    LIMIT *= 2


@hookimpl
def throttle_vm_writeout():
    return LIMIT
