"""Count how often a task was asked, by the number of its CPU."""

from gfplab import hookimpl, state

asked = state(0, length=8)


@hookimpl
def throttle_vm_writeout(task, my):
    my.asked[task.last_cpu] += 1
    return my.asked[0]
