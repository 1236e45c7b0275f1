"""Time as kernel code sees it: the time of the event plus the debt of whoever runs.

Code runs at once and in no time; what it costs is a debt that the task pays at its next yield, by keeping its CPU busy.
In interrupt context the debt is that of task 0; after the interrupt it becomes stolen time of the CPU it came to.
"""

from gfplab.engine.events import push_event
from gfplab.engine.subset import plain


@plain
def burn(k, ns):
    """Use up `ns` of CPU."""
    k.tasks[k.e[0].cur].debt += ns


@plain
def local_clock(k):
    """The time here and now."""
    e = k.e[0]
    return e.now + k.tasks[e.cur].debt


@plain
def over_debt(k):
    """1 if a loop should `yield cond_resched()`: it owes much, or a woken task should have the CPU (e.resched_soon)."""
    e = k.e[0]
    task = k.tasks[e.cur]
    if task.debt > e.max_debt:
        return 1
    return e.resched_soon and k.cpus[task.last_cpu].need_resched


@plain
def overtaken(k):
    """1 if an event lies before the local clock: what it changes, the code that looks here should see."""
    e = k.e[0]
    first = 1
    last = 1
    if e.heap_hole:
        first = 2
        last = 3
    clock = local_clock(k)
    for i in range(first, min(last, e.heap_n) + 1):
        if k.heap[i].time < clock:
            return 1
    return 0


@plain
def debt_left(k):
    """How much a loop may burn before over_debt() is true; negative if it is true already."""
    e = k.e[0]
    task = k.tasks[e.cur]
    if e.resched_soon and k.cpus[task.last_cpu].need_resched:
        return -1
    return e.max_debt - task.debt


@plain
def jiffies_to_ns_from_now(k, n):
    """How long a sleep of `n` jiffies lasts from here: it ends on a tick."""
    jiffy_ns = k.e[0].jiffy_ns
    clock = local_clock(k)
    return (clock // jiffy_ns + n) * jiffy_ns - clock


@plain
def call_at(k, time, kind, arg):
    """Let handle_event(k, kind, arg) run at `time`."""
    assert kind >= 1
    push_event(k, time, kind, arg)


@plain
def call_after(k, delay, kind, arg):
    """Let handle_event(k, kind, arg) run `delay` ns from the local clock."""
    assert kind >= 1
    push_event(k, local_clock(k) + delay, kind, arg)


@plain
def call_at_cpu(k, c, time, kind, arg):
    """Like call_at, on CPU `c`: its number + 1 is the high half of the event's kind."""
    assert kind >= 1
    push_event(k, time, kind | (c + 1) << 32, arg)
