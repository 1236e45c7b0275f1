"""A tiny engine for tests of the transformer: one clock, one sorted list of wake-ups, no CPUs.

Every request takes time: cpu(ns) ns, cond_resched() 1 ns, a sleep its time-out or, on a queue, 7 ns times its number;
the result of a wait is what the seed says.
"""

from gfplab.engine.arith import add64, lsr64, mul64
from gfplab.engine.frames import new_frame
from gfplab.engine.requests import OP_CPU, OP_EXIT, OP_IO_SCHEDULE, OP_SCHEDULE
from gfplab.engine.subset import plain, prototype

REASONS = ("until", "idle", "drain", "events", "error")


@prototype(blocking=False)
def resume(k, t):
    """Run task t until its next request."""


@plain
def note(k, a, b):
    """Mix two numbers into the hash and write them to the log."""
    e = k.e[0]
    e.log_hash = add64(mul64(e.log_hash, 6364136223846793005), add64(mul64(a, 31), add64(b, mul64(e.cur, 77))))
    if e.n_notes < len(k.notes):
        row = k.notes[e.n_notes]
        row.time = e.now
        row.task = e.cur
        row.a = a
        row.b = b
    e.n_notes += 1


@plain
def begin(k, t, fid, a0):
    """Make task t runnable now."""
    new_frame(k, t, fid, a0)
    k.tasks[t].wake = k.e[0].now
    k.tasks[t].state = 1


@plain
def draw(k, n):
    """A number below n."""
    e = k.e[0]
    e.random = add64(mul64(e.random, 6364136223846793005), 1442695040888963407)
    return lsr64(e.random, 33) % n


@plain
def next_task(k):
    """The task that wakes first, 0 if none."""
    best = 0
    for t in range(1, len(k.tasks)):
        if k.tasks[t].state == 1:
            if best == 0 or k.tasks[t].wake < k.tasks[best].wake:
                best = t
    return best


@plain
def run(k, until_ns, max_events):
    """The event loop."""
    e = k.e[0]
    end = e.nr_events + max_events
    while max_events < 0 or e.nr_events < end:
        t = next_task(k)
        if t == 0:
            return 1
        if k.tasks[t].wake > until_ns:
            return 0
        e.now = k.tasks[t].wake
        e.cur = t
        e.nr_events += 1
        resume(k, t)
        if e.error != 0:
            return 4
        task = k.tasks[t]
        op = task.req_op
        note(k, op, task.req_a)
        note(k, task.req_b, task.req_c)
        ns = 1
        if op == OP_EXIT:
            task.state = 0
        elif op == OP_CPU:
            ns = task.req_a
        elif op == OP_SCHEDULE or op == OP_IO_SCHEDULE:
            ns = task.req_b if task.req_b >= 0 else 7 * task.req_a
        task.wake = e.now + max(ns, 1)
        task.ret = draw(k, 5)
    return 3
