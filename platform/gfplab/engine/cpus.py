"""CPUs: who runs where, and until when.

A task has its CPU from dispatch() until it sleeps, ends or is preempted. Whatever it does, one event of the CPU
(EV_CPU) is in the heap: its next pay point, where the debt made so far has been worked off. Fair scheduling as CFS
does it: least virtual run time first, sleepers are placed at most a slice behind the others, a woken task preempts
one that is 1 ms ahead, a slice lasts 3 ms when others wait; preemption takes effect at pay points, which are at most
a slice apart. No CPU is idle while a task that may run there waits.
Where a latency is set (e.latency_ns), slices are what the tick makes of them: at the first tick at which a task has
had its share of the latency or more, it gives way to one that has had less.
Leaves out: that latency and granularity grow with the number of CPUs, groups, load balancing other than pulling to an
idle CPU, caches getting cold.
"""

from gfplab.engine.accounts import account_cpu, set_task_state
from gfplab.engine.events import push_event
from gfplab.engine.records import EV_CPU, TASK_RUNNABLE, TASK_RUNNING
from gfplab.engine.runqueue import dequeue_first, enqueue_task, first_queued, longest_queue
from gfplab.engine.subset import plain

NICE_0_LOAD = 1024


@plain
def idle_push(k, c):
    """CPU `c` is idle: it is the first that a woken task is sent to."""
    e = k.e[0]
    rq = k.cpus[c]
    rq.idle_prev = 0
    rq.idle_next = e.idle_head
    if e.idle_head:
        k.cpus[e.idle_head - 1].idle_prev = c + 1
    e.idle_head = c + 1


@plain
def idle_remove(k, c):
    """CPU `c` is idle no more."""
    rq = k.cpus[c]
    if rq.idle_prev:
        k.cpus[rq.idle_prev - 1].idle_next = rq.idle_next
    else:
        k.e[0].idle_head = rq.idle_next
    if rq.idle_next:
        k.cpus[rq.idle_next - 1].idle_prev = rq.idle_prev


@plain
def slice_end(k, c):
    """When the slice of the current task of CPU `c` is over, for those who wait now."""
    e = k.e[0]
    rq = k.cpus[c]
    if e.latency_ns == 0:
        return rq.picked_at + e.slice_ns
    share = max(e.latency_ns // (rq.nr_queued + 1), e.granularity_ns)
    return (max(rq.picked_at + share, e.now) // e.jiffy_ns + 1) * e.jiffy_ns


@plain
def dispatch(k, c, t, ns):
    """Give CPU `c` to task `t`, which goes on after `ns` and, if another ran here before, a context switch."""
    e = k.e[0]
    rq = k.cpus[c]
    task = k.tasks[t]
    if rq.last_task != t:
        rq.last_task = t
        rq.nr_switches += 1
        ns += e.switch_ns
    rq.curr = t
    rq.need_resched = 0
    rq.exec_start = e.now
    rq.picked_at = e.now + ns
    rq.slice_end = slice_end(k, c)
    rq.min_vruntime = max(rq.min_vruntime, task.vruntime)
    task.on_cpu = 1
    task.last_cpu = c
    set_task_state(k, t, TASK_RUNNING)
    push_event(k, e.now + ns, EV_CPU, c)


@plain
def release_cpu(k, c):
    """The current task of CPU `c` has left it: the next one gets it, one from another queue, or none."""
    t = first_queued(k, c)
    if t:
        dequeue_first(k, c, t)
    elif k.e[0].nr_movable:
        busiest = longest_queue(k)
        t = k.cpus[busiest].rq_movable
        dequeue_first(k, busiest, t)
        move_vruntime(k, t, busiest, c)
    if t:
        dispatch(k, c, t, 0)
    else:
        account_cpu(k, c)
        k.cpus[c].curr = 0
        idle_push(k, c)


@plain
def move_vruntime(k, t, source, target):
    """Virtual run time means something only relative to the others of a CPU; take task `t` to those of CPU `target`."""
    k.tasks[t].vruntime += k.cpus[target].min_vruntime - k.cpus[source].min_vruntime


@plain
def weighted(k, t, ns):
    """What `ns` of CPU time count for in virtual run time: less for the weight of a negative nice level."""
    weight = k.tasks[t].weight
    if weight:
        return ns * NICE_0_LOAD // weight
    return ns


@plain
def update_curr(k, c):
    """Bring the virtual run time of the current task up to now, and with it the least of the CPU."""
    e = k.e[0]
    rq = k.cpus[c]
    if e.sched_fifo == 0:
        task = k.tasks[rq.curr]
        task.vruntime += weighted(k, rq.curr, e.now - rq.exec_start)
        rq.exec_start = e.now
        least = task.vruntime
        first = first_queued(k, c)
        if first:
            least = min(least, k.tasks[first].vruntime)
        rq.min_vruntime = max(rq.min_vruntime, least)


@plain
def start_on_idle(k, c, t):
    """Wake idle CPU `c` for task `t`; interrupts that ran on it meanwhile delayed nobody."""
    account_cpu(k, c)
    k.cpus[c].steal_ns = 0
    idle_remove(k, c)
    dispatch(k, c, t, k.e[0].wake_ns)


@plain
def place_task(k, t):
    """Find a CPU for task `t`, which slept: its last if that is idle, else an idle one, else the queue of its last."""
    e = k.e[0]
    task = k.tasks[t]
    c = task.last_cpu
    if task.cpu_allowed >= 0:
        c = task.cpu_allowed
    elif k.cpus[c].curr and e.idle_head:
        c = e.idle_head - 1
    if c != task.last_cpu:
        move_vruntime(k, t, task.last_cpu, c)
    rq = k.cpus[c]
    if rq.curr:
        update_curr(k, c)
    task.vruntime = max(task.vruntime, rq.min_vruntime - e.slice_ns)
    if rq.curr == 0:
        start_on_idle(k, c, t)
        return
    set_task_state(k, t, TASK_RUNNABLE)
    enqueue_task(k, c, t)
    if k.tasks[rq.curr].vruntime - task.vruntime > weighted(k, t, e.preempt_ns):
        rq.need_resched = 1
    if e.latency_ns:
        rq.slice_end = slice_end(k, c)


@plain
def preempt(k, c):
    """Let another task have CPU `c` if it is not behind the current one; 1 if the CPU changed hands."""
    e = k.e[0]
    rq = k.cpus[c]
    t = rq.curr
    task = k.tasks[t]
    best = first_queued(k, c)
    rq.need_resched = 0
    if best == 0 or e.sched_fifo or k.tasks[best].vruntime > task.vruntime:
        if e.latency_ns:
            rq.slice_end = slice_end(k, c)
        else:
            rq.slice_end = e.now + e.slice_ns
        return 0
    dequeue_first(k, c, best)
    task.on_cpu = 0
    set_task_state(k, t, TASK_RUNNABLE)
    if e.idle_head and task.cpu_allowed < 0:
        # it was first here among tasks bound to this CPU, and need not wait for them
        idle = e.idle_head - 1
        dispatch(k, c, best, 0)
        move_vruntime(k, t, c, idle)
        start_on_idle(k, idle, t)
    else:
        enqueue_task(k, c, t)
        dispatch(k, c, best, 0)
    return 1
