"""Where the time went: of tasks by state, of CPUs by busy, idle and interrupts. The sums are the time that passed."""

from gfplab.engine.records import TASK_DEAD, TASK_IOWAIT, TASK_RUNNABLE, TASK_RUNNING
from gfplab.engine.requests import TASK_INTERRUPTIBLE
from gfplab.engine.subset import plain
from gfplab.engine.symbols import state_change


@plain
def set_task_state(k, t, new):
    """Move task `t` to state `new`: tell the model, account the time in the old one, correct the counts."""
    task = k.tasks[t]
    old = task.state
    state_change(k, t, old, new)
    account_task(k, t)
    e = k.e[0]
    e.nr_running += ((new >> 2) & 1) - ((old >> 2) & 1)
    e.nr_iowait += ((new >> 3) & 1) - ((old >> 3) & 1)
    task.state = new


@plain
def account_task(k, t):
    """Bring the times of task `t` up to now."""
    task = k.tasks[t]
    now = k.e[0].now
    ns = now - task.state_since
    task.state_since = now
    state = task.state
    if state == TASK_RUNNING:
        task.t_running += ns
    elif state == TASK_RUNNABLE:
        task.t_runnable += ns
    elif state & TASK_IOWAIT:
        task.t_iowait += ns
    elif state == TASK_INTERRUPTIBLE:
        task.t_s += ns
    elif state != TASK_DEAD:
        task.t_d += ns


@plain
def account_cpu(k, c):
    """Bring the times of CPU `c` up to now; what interrupts took comes first, and is at most the time there was."""
    rq = k.cpus[c]
    now = k.e[0].now
    ns = now - rq.since
    rq.since = now
    if rq.curr:
        irq = min(rq.irq_left, ns)
        rq.irq_left -= irq
        rq.busy_ns += ns - irq
    else:
        irq = min(rq.steal_ns, ns)
        rq.steal_ns -= irq
        rq.idle_ns += ns - irq
    rq.irq_ns += irq


@plain
def settle(k):
    """Bring the times of all tasks and CPUs up to now."""
    for t in range(1, len(k.tasks)):
        account_task(k, t)
    for c in range(k.e[0].ncpus):
        account_cpu(k, c)
