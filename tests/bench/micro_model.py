"""The micro-model "mempool under pressure", written as kernel code.

64 tasks on 4 CPUs, first come first served: think; allocate (1,000 ns; the fuller, the likelier it fails: then take
from a reserve of 4 under a lock, or wait at most 20,000 ns for an element to come back, and try again); write to a
disk of 16 slots; free. The same model in SimPy and in cimba is in micro_simpy.py and micro_cimba.py.
"""

from gfplab.engine import boot
from gfplab.engine.build import Model
from gfplab.engine.records import FIRST_STREAM, engine_schema
from gfplab.engine.requests import (
    TASK_INTERRUPTIBLE,
    TASK_UNINTERRUPTIBLE,
    cond_resched,
    cpu,
    schedule,
    schedule_timeout,
)
from gfplab.engine.rng import QUANTILE_EXPONENTIAL
from gfplab.engine.state import PyState
from gfplab.engine.subset import kernel, plain
from gfplab.engine.symbols import (
    burn,
    call_after,
    draw_ns,
    random_below,
    spin_lock,
    spin_unlock,
    wake_up,
    wake_up_process,
)
from gfplab.engine.tasks import plan_task

NR_TASKS = 64
NR_CPUS = 4
CAP = 64
RESERVE = 4
DISK_SLOTS = 16

ALLOC_NS = 1_000
LOCK_NS = 200
THINK_NS = 20_000
TIMEOUT_NS = 20_000

POOL_LOCK = 1
POOL_WAIT = 1
DISK_DONE = 1
RANDOM = FIRST_STREAM


@kernel
def mempool_task(k, a):
    """Think, allocate, write, free, for ever."""
    me = k.e[0].cur
    m = k.micro[0]
    while True:
        yield schedule_timeout(0, exponential(k, THINK_NS), TASK_INTERRUPTIBLE)
        began = k.e[0].now
        yield from mempool_alloc(k, me)
        yield cpu(300)
        m.latency_ns += k.e[0].now - began
        disk_submit(k, me)
        yield schedule(0, TASK_INTERRUPTIBLE)
        yield cpu(500)
        yield from lock_for_a_while(k)
        mempool_free(k)
        m.cycles += 1


@kernel
def mempool_alloc(k, me):
    """Take an element from the allocator, or from the reserve; wait if there is none."""
    m = k.micro[0]
    while True:
        yield cpu(ALLOC_NS)
        if not allocator_fails(k):
            m.used += 1
            return
        m.failed += 1
        yield from lock_for_a_while(k)
        if m.curr_nr:
            m.curr_nr -= 1
            m.reserve_hits += 1
            return
        m.waits += 1
        k.waiters[me].since = k.e[0].now
        woken = yield schedule_timeout(POOL_WAIT, TIMEOUT_NS, TASK_UNINTERRUPTIBLE)
        if not woken:
            m.timeouts += 1
            m.wait_ns += TIMEOUT_NS


@kernel
def lock_for_a_while(k):
    """Hold the lock of the pool for 200 ns, after those who have it."""
    spin_lock(k, POOL_LOCK)
    burn(k, LOCK_NS)
    spin_unlock(k, POOL_LOCK)
    yield cond_resched()


@plain
def mempool_free(k):
    """Put an element into the reserve and wake the first who waits, or give it back to the allocator."""
    m = k.micro[0]
    if m.curr_nr >= RESERVE:
        m.used -= 1
        return
    m.curr_nr += 1
    first = k.waitqueues[POOL_WAIT].head
    if first:
        m.wait_ns += k.e[0].now - k.waiters[first].since
        wake_up(k, POOL_WAIT)


@plain
def allocator_fails(k):
    """1 with probability 1.6 (u - 0.25), where u is the part of the capacity in use."""
    parts = k.micro[0].used * 262_144 - CAP * 65_536  # of 10 * 2**20
    return random_below(k, RANDOM, 10 << 20) < parts


@plain
def exponential(k, mean):
    """A truncated exponential time, plus 1."""
    return draw_ns(k, RANDOM, mean, QUANTILE_EXPONENTIAL) + 1


@plain
def disk_submit(k, t):
    """Let the disk begin the request of task `t`, or queue it."""
    m = k.micro[0]
    if m.in_flight < DISK_SLOTS:
        m.in_flight += 1
        call_after(k, 5_000 + exponential(k, 30_000), DISK_DONE, t)
        return
    k.waiters[t].next = 0
    if m.disk_head:
        k.waiters[m.disk_tail].next = t
    else:
        m.disk_head = t
    m.disk_tail = t


@plain
def handle_event(k, kind, arg):
    """The disk has done the request of task `arg`: begin the next one, wake the task."""
    m = k.micro[0]
    m.in_flight -= 1
    first = m.disk_head
    if first:
        m.disk_head = k.waiters[first].next
        disk_submit(k, first)
    wake_up_process(k, arg)


def schema():
    """The engine's records and the model's."""
    s = engine_schema()
    counters = ("cycles", "failed", "reserve_hits", "waits", "timeouts", "wait_ns", "latency_ns")
    s.records("micro", used="", curr_nr="", in_flight="", disk_head="", disk_tail="", **dict.fromkeys(counters, ""))
    s.records("waiters", since="", next="")
    return s


def build(mode="compiled"):
    """The model in one mode."""
    import micro_model

    return Model(schema(), [micro_model]).build(mode)


def start(b, seed):
    """One simulation, ready to run."""
    arrays = b.arrays(
        {**boot.sizes(NR_TASKS, NR_CPUS, waitqueues=1, locks=1, streams=1), "micro": 1, "waiters": NR_TASKS + 1}
    )
    boot.prepare(arrays, seed, ("micro",), switch_ns=0, wake_ns=0, transfer_ns=0, jiffy_ns=1, sched_fifo=1)
    arrays["micro"]["used"] = arrays["micro"]["curr_nr"] = RESERVE
    k = PyState(b.schema, arrays)
    for t in range(1, NR_TASKS + 1):
        k.tasks[t].cpu_allowed = t % NR_CPUS
        plan_task(k, t, b.fid("mempool_task"), 0, 0)
    return b.start(arrays)


def figures(sim, seconds):
    """What the engines are compared by: per simulated second, per cycle, in us."""
    m = sim.arrays["micro"][0]
    cycles = int(m["cycles"])
    return {
        "cycles": cycles,
        "cycles/s": cycles / seconds,
        "fail": m["failed"] / cycles,
        "reserve": m["reserve_hits"] / cycles,
        "waits": m["waits"] / cycles,
        "timeouts": m["timeouts"] / cycles,
        "wait us": m["wait_ns"] / m["waits"] / 1000,
    }
