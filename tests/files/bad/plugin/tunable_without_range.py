"""Leaves out the range."""

from gfplab import hookimpl, tunable

share = tunable(5)


@hookimpl
def throttle_vm_writeout(my):
    return my.share
