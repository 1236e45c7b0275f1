"""Computes a constant that does not exist."""

from gfplab import hookimpl

CPUS = 0
SHARE = 100 // CPUS


@hookimpl
def throttle_vm_writeout():
    return SHARE
