"""Give every task the right that a worker has."""

from gfplab import hookimpl, state
from gfplab.kernel.gfp import PF_LESS_THROTTLE

seen = state(0)


@hookimpl
def throttle_vm_writeout(vm, task, scan, my):
    task.pf_flags |= PF_LESS_THROTTLE
    vm = scan
    my = my.seen + 1
    my.seen.total = 1
    return 0
