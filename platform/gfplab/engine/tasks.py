"""The beginning and the end of a task."""

from gfplab.engine.accounts import set_task_state
from gfplab.engine.cpus import place_task, release_cpu
from gfplab.engine.events import push_event
from gfplab.engine.frames import new_frame
from gfplab.engine.records import ERROR_TASK_ALIVE, EV_START, TASK_DEAD
from gfplab.engine.subset import plain


@plain
def start_task(k, t, fid, a0):
    """Let task slot `t` run function `fid` with argument a0."""
    e = k.e[0]
    task = k.tasks[t]
    if task.state != TASK_DEAD:
        e.error = ERROR_TASK_ALIVE
        e.error_task = e.cur
        e.error_info = t
        return
    if task.cpu_allowed >= 0:
        task.last_cpu = task.cpu_allowed
    task.vruntime = k.cpus[task.last_cpu].min_vruntime
    task.debt = 0
    task.ret = 0
    task.req_op = 0
    new_frame(k, t, fid, a0)
    place_task(k, t)


@plain
def plan_task(k, t, fid, a0, time):
    """Let start_task(k, t, fid, a0) happen at `time`."""
    k.tasks[t].start_fid = fid
    k.tasks[t].start_arg = a0
    push_event(k, time, EV_START, t)


@plain
def end_task(k, c):
    """The current task of CPU `c` ends."""
    e = k.e[0]
    t = k.cpus[c].curr
    e.cur = t
    e.irq_cpu = c
    set_task_state(k, t, TASK_DEAD)
    e.cur = 0
    task = k.tasks[t]
    k.cpus[c].steal_ns += task.debt
    task.debt = 0
    task.fp = 0
    task.req_op = 0
    task.on_cpu = 0
    release_cpu(k, c)
