"""Needs what is not there."""

from gfplab import hookimpl
from gfplab.kernel.gfp import PF_LESS_THROTLE


@hookimpl
def throttle_vm_writeout(task):
    return task.pf_flags & PF_LESS_THROTLE
