"""Let the tasks that the kernel marked go on."""

from gfplab import hookimpl
from gfplab.kernel.gfp import PF_KTHREAD


@hookimpl
def throttle_vm_writeout(task, scan):
    if task.pf_flags & PF_LESS_THROTTLE:
        return 0
    if task.pf_flags & PF_KTHRAED:
        return 0
    return scan.limit > floor
