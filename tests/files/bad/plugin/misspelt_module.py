"""Looks for the flags in the wrong place."""

from gfplab import hookimpl
from gfplab.kernel.gpf import PF_LESS_THROTTLE


@hookimpl
def throttle_vm_writeout(task):
    return task.pf_flags & PF_LESS_THROTTLE
