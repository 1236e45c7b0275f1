"""Misspells the range."""

from gfplab import hookimpl, tunable

share = tunable(5, lo=0, high=10)


@hookimpl
def throttle_vm_writeout(my):
    return my.share
