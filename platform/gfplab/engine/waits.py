"""Sleeping and waking: wait queues, time-outs, and no lost wake-ups.

A task goes onto its wait queue at once, in the same event as the code before its yield. If it still owes CPU time it
goes on running to pay for it, as between prepare_to_wait() and schedule(); woken meanwhile, it does not sleep at all.
Time-outs count from the moment that it sleeps; they are jiffies, rounded up, and end on a tick, unless TASK_HRTIMER
is added to the state.

A task has at most one timer event that counts. A sleep that ends early leaves it in the heap; the next sleep uses it
again if it comes early enough (it then goes back for the rest), else a new one is made and the generation makes the
old one harmless.
"""

from gfplab.engine.accounts import set_task_state
from gfplab.engine.cpus import place_task, release_cpu
from gfplab.engine.events import push_event
from gfplab.engine.records import EV_TIMER, TASK_BITS, TASK_HRTIMER, TASK_IOWAIT, TASK_RUNNABLE, TASK_WAIT_HEAD
from gfplab.engine.requests import OP_IO_SCHEDULE, OP_SCHEDULE, TASK_UNINTERRUPTIBLE
from gfplab.engine.stacks import intern_stack, note_stall
from gfplab.engine.subset import plain


@plain
def prepare_to_wait(k, t, q):
    """Put task `t` at the end of wait queue `q`, or before all others if it asks for TASK_WAIT_HEAD."""
    task = k.tasks[t]
    task.woken = 0
    task.wq = q
    if q == 0:
        return
    queue = k.waitqueues[q]
    before = queue.tail
    after = 0
    if task.req_c & TASK_WAIT_HEAD:
        before = 0
        after = queue.head
    task.wq_prev = before
    task.wq_next = after
    if before:
        k.tasks[before].wq_next = t
    else:
        queue.head = t
    if after:
        k.tasks[after].wq_prev = t
    else:
        queue.tail = t


@plain
def finish_wait(k, t):
    """Take task `t` off the wait queue it is on."""
    task = k.tasks[t]
    if task.wq:
        queue = k.waitqueues[task.wq]
        if task.wq_prev:
            k.tasks[task.wq_prev].wq_next = task.wq_next
        else:
            queue.head = task.wq_next
        if task.wq_next:
            k.tasks[task.wq_next].wq_prev = task.wq_prev
        else:
            queue.tail = task.wq_prev
        task.wq = 0


@plain
def fall_asleep(k, c):
    """The current task of CPU `c`, which owes nothing and was not woken, sleeps as it asked to."""
    e = k.e[0]
    t = k.cpus[c].curr
    task = k.tasks[t]
    state = task.req_c & ~(TASK_HRTIMER | TASK_WAIT_HEAD)
    if task.req_op == OP_IO_SCHEDULE:
        state += TASK_IOWAIT
    # what the model does at this change (it may flush a plug) is done by the task
    e.cur = t
    e.irq_cpu = c
    set_task_state(k, t, state)
    e.cur = 0
    k.cpus[c].steal_ns += task.debt
    task.debt = 0
    task.on_cpu = 0
    task.block_start = e.now
    if state & TASK_UNINTERRUPTIBLE:
        task.block_stack = intern_stack(k, t)
    task.deadline = -1
    if task.req_b >= 0:
        arm_timer(k, t, e.now + (task.req_b if task.req_c & TASK_HRTIMER else jiffies_to_sleep(k, task.req_b)))
    release_cpu(k, c)


@plain
def jiffies_to_sleep(k, ns):
    """How long a time-out of `ns` lasts from now: it is rounded up to jiffies, and ends on a tick."""
    e = k.e[0]
    jiffy_ns = e.jiffy_ns
    if jiffy_ns == 1:
        return ns
    return (e.now // jiffy_ns + (ns + jiffy_ns - 1) // jiffy_ns) * jiffy_ns - e.now


@plain
def arm_timer(k, t, deadline):
    """Let the sleep of task `t` end at `deadline` at the latest."""
    task = k.tasks[t]
    task.deadline = deadline
    if task.timer_at == 0 or task.timer_at > deadline:
        task.timer_gen += 1
        task.timer_at = deadline
        push_event(k, deadline, EV_TIMER, task.timer_gen << TASK_BITS | t)


@plain
def timer_event(k, arg):
    """A timer ends: the sleep it was for times out; a later sleep that relies on it gets it again for the rest."""
    e = k.e[0]
    t = arg & ((1 << TASK_BITS) - 1)
    task = k.tasks[t]
    if task.timer_gen != arg >> TASK_BITS:
        return
    task.timer_at = 0
    if task.req_op and task.state & TASK_RUNNABLE == 0 and task.deadline >= 0:
        if task.deadline <= e.now:
            e.irq_cpu = task.last_cpu
            end_sleep(k, t, 0)
        else:
            arm_timer(k, t, task.deadline)


@plain
def end_sleep(k, t, result):
    """Task `t` sleeps no more: 1 = woken, 0 = its time ran out."""
    task = k.tasks[t]
    finish_wait(k, t)
    task.req_op = 0
    task.ret = result
    if task.state & TASK_UNINTERRUPTIBLE:
        note_stall(k, t)
    place_task(k, t)


@plain
def wake_up_process(k, t):
    """Wake task `t`; 1 if it slept or was about to."""
    task = k.tasks[t]
    if task.req_op != OP_SCHEDULE and task.req_op != OP_IO_SCHEDULE:
        return 0
    if task.state & TASK_RUNNABLE:  # runnable, or running: both have this bit
        if task.woken:
            return 0
        finish_wait(k, t)
        task.woken = 1
    else:
        k.tasks[k.e[0].cur].debt += k.e[0].try_to_wake_up_ns
        end_sleep(k, t, 1)
    return 1


@plain
def wake_up(k, q):
    """Wake the task that is first on `q`: as a rule the one that waits longest."""
    t = k.waitqueues[q].head
    if t:
        return wake_up_process(k, t)
    return 0


@plain
def wake_up_all(k, q):
    """Wake all that wait on `q`, in their order."""
    n = 0
    while k.waitqueues[q].head:
        n += wake_up_process(k, k.waitqueues[q].head)
    return n


@plain
def waitqueue_active(k, q):
    """1 if a task waits on `q`."""
    return k.waitqueues[q].head != 0
