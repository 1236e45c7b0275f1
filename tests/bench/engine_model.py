"""Tiny models that each show the cost of one thing; engine_bench.py runs them."""

from gfplab.engine.records import FIRST_STREAM
from gfplab.engine.requests import TASK_INTERRUPTIBLE, TASK_UNINTERRUPTIBLE, cpu, schedule, schedule_timeout
from gfplab.engine.subset import kernel, plain
from gfplab.engine.symbols import burn, call_after, random_below, spin_lock, spin_unlock, trace, wake_up

RANDOM = FIRST_STREAM
CALLS = 1000


@plain
def handle_event(k, kind, arg):
    """Interrupt: wake the queue, ask for the next interrupt."""
    wake_up(k, arg)
    call_after(k, 900 + random_below(k, RANDOM, 200), kind, arg)


@kernel
def ping(k, a):
    """Use the CPU, sleep, and again."""
    while True:
        yield cpu(1000 + random_below(k, RANDOM, 100))
        yield schedule_timeout(0, 5000, TASK_INTERRUPTIBLE)


@kernel
def burner(k, a):
    """Use the CPU in small pieces."""
    while True:
        yield cpu(1000 + random_below(k, RANDOM, 100))


@kernel
def waits_for_interrupts(k, q):
    """Be woken by an interrupt, uninterruptibly."""
    call_after(k, 1000, 1, q)
    while True:
        yield schedule(q, TASK_UNINTERRUPTIBLE)


@kernel
def caller(k, a):
    """A thousand calls of a blocking function that does not block, then a yield."""
    while True:
        n = 0
        for i in range(CALLS):
            n = yield from callee(k, n, i)
        yield cpu(n)


@kernel
def callee(k, n, i):
    """Block only when asked to, which never happens."""
    if i < 0:
        yield cpu(1)
    return (n + i) & 1023


@kernel
def locker(k, a):
    """A thousand critical sections, then a yield."""
    while True:
        for _ in range(CALLS):
            spin_lock(k, 1)
            burn(k, 10)
            spin_unlock(k, 1)
        yield cpu(1)


@kernel
def tracer(k, a):
    """A hundred trace rows, then a yield."""
    while True:
        for i in range(100):
            trace(k, 1, i, a, 0, 0)
        yield cpu(1000)
