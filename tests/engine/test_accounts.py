"""Interrupts and accounts: whose time is taken, and that no nanosecond is lost."""

import sys

from hypothesis import given, settings
from hypothesis import strategies as st
from lab import MS, US, Lab, note

from gfplab.engine.records import TASK_RUNNABLE, TASK_RUNNING
from gfplab.engine.requests import (
    TASK_INTERRUPTIBLE,
    TASK_KILLABLE,
    TASK_UNINTERRUPTIBLE,
    cond_resched,
    cpu,
    io_schedule_timeout,
    schedule,
    schedule_timeout,
)
from gfplab.engine.subset import kernel, plain
from gfplab.engine.symbols import (
    burn,
    call_after,
    call_at_cpu,
    local_clock,
    over_debt,
    random_below,
    spin_lock,
    spin_unlock,
    trace,
    wake_up,
    wake_up_all,
)

HERE = sys.modules[__name__]

KIND_BURN = 1
KIND_WAKE = 2


@plain
def handle_event(k, kind, arg):
    """Interrupts of these tests take time or wake the first two queues."""
    if kind == KIND_BURN:
        note(k, 7)
        burn(k, arg)
    elif kind == KIND_WAKE:
        burn(k, 2 * US)
        wake_up(k, arg)
        wake_up_all(k, arg + 1)


@plain
def check_invariants(k):
    """1: an idle CPU while a task that may run there waits; 2, 3: counts that do not fit the states."""
    e = k.e[0]
    running = 0
    iowait = 0
    queued = 0
    for t in range(1, len(k.tasks)):
        task = k.tasks[t]
        running += task.state == TASK_RUNNABLE or task.state == TASK_RUNNING
        iowait += task.state > 8
        queued += task.state == TASK_RUNNABLE
        if task.state == TASK_RUNNABLE:
            if e.idle_head and task.cpu_allowed < 0:
                return 1
            if task.cpu_allowed >= 0 and k.cpus[task.cpu_allowed].curr == 0:
                return 1
        if task.on_cpu != (task.state == TASK_RUNNING):
            return 4
        if task.on_cpu and k.cpus[task.last_cpu].curr != t:
            return 5
    for c in range(e.ncpus):
        queued -= k.cpus[c].nr_queued
    if running != e.nr_running or iowait != e.nr_iowait:
        return 2
    if queued:
        return 3
    return 0


@kernel
def interrupter(k, ns):
    """Send an interrupt of `ns` to CPU 0 in 10 us, then use 100 us."""
    call_at_cpu(k, 0, local_clock(k) + 10 * US, KIND_BURN, ns)
    yield cpu(100 * US)
    note(k, 1)


@kernel
def three_interrupts(k, ns):
    """Three interrupts at once."""
    for i in range(3):
        call_after(k, 10 * US, KIND_BURN, ns + i)
    yield schedule_timeout(0, 100 * US, TASK_INTERRUPTIBLE)


@kernel
def sleeper(k, ns):
    """Sleep, then use 10 us."""
    yield schedule_timeout(0, ns, TASK_INTERRUPTIBLE)
    note(k, 1)
    yield cpu(10 * US)
    note(k, 2)


def test_an_interrupt_takes_its_time_from_the_task_that_has_the_cpu(mode):
    lab = Lab(HERE, [("interrupter", 5 * US)], mode=mode)
    lab.run()
    assert lab.notes == [(10 * US, 0, 7), (105 * US, 1, 1)]
    assert (lab.cpu(0, "busy_ns"), lab.cpu(0, "irq_ns")) == (100 * US, 5 * US)


def test_an_interrupt_on_an_idle_cpu_delays_nobody(mode):
    lab = Lab(HERE, [("interrupter", 5 * US, 1)], cpus=2, mode=mode)
    lab.run()
    assert lab.notes == [(10 * US, 0, 7), (100 * US, 1, 1)]
    assert (lab.cpu(0, "idle_ns"), lab.cpu(0, "irq_ns")) == (95 * US, 5 * US)


def test_interrupts_of_an_idle_cpu_are_over_when_a_task_comes(mode):
    # 50 us of interrupt begin at 10 us, the task is there at 30 us and does not wait for the rest
    lab = Lab(HERE, [("interrupter", 50 * US, 1), ("sleeper", 30 * US, 0)], cpus=2, mode=mode)
    lab.run()
    assert (40 * US, 2, 2) in lab.notes
    assert (lab.cpu(0, "idle_ns"), lab.cpu(0, "irq_ns"), lab.cpu(0, "busy_ns")) == (70 * US, 20 * US, 10 * US)


def test_interrupts_come_to_the_cpus_in_turn(mode):
    lab = Lab(HERE, [("three_interrupts", 100)], cpus=2, mode=mode)
    lab.run()
    assert lab.where == [(0, 0), (0, 1), (0, 0)]


@kernel
def mixed(k, n):
    """A bit of everything, at random."""
    for i in range(n):
        what = random_below(k, 2, 10)
        ns = random_below(k, 2, 200) * US + i
        if what == 0:
            yield cpu(ns * 20)
        elif what == 1:
            burn(k, ns)
            yield schedule_timeout(1, ns, TASK_UNINTERRUPTIBLE)
        elif what == 2:
            yield io_schedule_timeout(2, ns, TASK_KILLABLE)
        elif what == 3:
            yield schedule_timeout(0, ns, TASK_INTERRUPTIBLE)
        elif what == 4:
            burn(k, ns // 10)
            call_after(k, ns, KIND_WAKE, 1)
        elif what == 5:
            wake_up_all(k, 1)
            burn(k, 3 * US)
        elif what == 6:
            call_after(k, ns, KIND_BURN, ns // 20)
            yield schedule_timeout(2, 3 * ns, TASK_UNINTERRUPTIBLE)
        elif what == 7:
            spin_lock(k, 1)
            burn(k, ns // 50)
            spin_unlock(k, 1)
            if over_debt(k):
                yield cond_resched()
        elif what == 8:
            trace(k, 1, i, ns, -i, i * ns)
            wake_up(k, 2)
        else:
            call_after(k, ns, KIND_WAKE, 3)
            yield schedule(3, TASK_UNINTERRUPTIBLE)


def sums(lab):
    """Elapsed time of every task and CPU, added up from its accounts."""
    tasks, cpus = lab.arrays["tasks"][1:], lab.arrays["cpus"]
    task = sum(tasks[f] for f in ("t_running", "t_runnable", "t_d", "t_iowait", "t_s"))
    return task, cpus["busy_ns"] + cpus["idle_ns"] + cpus["irq_ns"]


@given(
    seed=st.integers(0, 10**6),
    cpus=st.integers(1, 4),
    pins=st.lists(st.integers(-1, 3), min_size=1, max_size=9),
    cut=st.lists(st.integers(1, 400), max_size=3),
    fifo=st.booleans(),
)
@settings(max_examples=25, deadline=None)
def test_every_nanosecond_is_accounted_and_no_cpu_idles_while_work_waits(seed, cpus, pins, cut, fifo):
    tasks = [("mixed", 40, p) if p < cpus else ("mixed", 40) for p in pins]
    costs = {"switch_ns": 1500, "wake_ns": 2000, "sched_fifo": int(fifo), "check_every": 1}
    lab = Lab(HERE, tasks, cpus, seed=seed, fixed_order=False, **costs)
    for events in cut:
        assert lab.run(30 * MS, events) in ("events", "until", "idle")
    assert lab.run(until=30 * MS) in ("until", "idle")
    task, cpu_ = sums(lab)
    now = lab.e("now")
    alive = lab.arrays["tasks"]["state"][1:] != 0
    started = lab.arrays["tasks"]["start_fid"][1:] != 0
    assert (task[alive] == now).all()
    assert (task[started] <= now).all()
    assert (cpu_ == now).all()
    assert (lab.arrays["cpus"]["busy_ns"] >= 0).all() and (lab.arrays["cpus"]["idle_ns"] >= 0).all()
    whole = Lab(HERE, tasks, cpus, seed=seed, fixed_order=False, **costs)
    whole.run(until=30 * MS)
    assert whole.e("log_hash") == lab.e("log_hash")
    for name in ("busy_ns", "idle_ns", "irq_ns", "nr_switches"):
        assert (whole.arrays["cpus"][name] == lab.arrays["cpus"][name]).all()
