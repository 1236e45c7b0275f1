"""CPUs: who runs where and how long, what switching costs, and that no nanosecond is lost."""

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
    exit_task,
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
KIND_NOTHING = 2
KIND_WAKE = 3


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
def burner(k, ns):
    """Use the CPU in one piece."""
    yield cpu(ns)
    note(k, 1)


@kernel
def little_by_little(k, ns):
    """Use the CPU in steps of 50 us until `ns` are used up."""
    used = 0
    while used < ns:
        yield cpu(50 * US)
        used += 50 * US
    note(k, 1)


@kernel
def sleeper(k, ns):
    """Sleep, then use 10 us."""
    yield schedule_timeout(0, ns, TASK_INTERRUPTIBLE)
    note(k, 1)
    yield cpu(10 * US)
    note(k, 2)


@kernel
def debtor(k, ns):
    """Owe ns, pay it at a preemption point."""
    burn(k, ns)
    note(k, over_debt(k))
    yield cond_resched()
    note(k, over_debt(k))


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
def quitter(k, ns):
    """End in the middle, owing time."""
    burn(k, ns)
    note(k, 1)
    if ns:
        yield exit_task()
    note(k, 2)


def test_burning_keeps_the_cpu_busy_and_the_debt_is_paid_at_the_next_yield(mode):
    lab = Lab(HERE, [("debtor", 60 * US), ("burner", 5 * US)], mode=mode)
    lab.run()
    assert lab.notes == [(60 * US, 1, 1), (60 * US, 1, 0), (65 * US, 2, 1)]


def test_a_task_that_ends_pays_first(mode):
    lab = Lab(HERE, [("quitter", 30 * US), ("burner", 5 * US)], mode=mode)
    lab.run()
    assert lab.notes == [(30 * US, 1, 1), (35 * US, 2, 1)]
    assert lab.task(1, "state") == 0


def test_a_switch_costs_only_when_another_task_ran_before(mode):
    lab = Lab(HERE, [("sleeper", 100 * US)], switch_ns=1500, mode=mode)
    lab.run()
    # one switch from idle at the start; after the sleep the CPU still holds the task's state
    assert lab.notes == [(101_500, 1, 1), (111_500, 1, 2)]
    assert lab.cpu(0, "nr_switches") == 1


def test_an_idle_cpu_takes_time_to_wake(mode):
    lab = Lab(HERE, [("sleeper", 100 * US)], wake_ns=2000, mode=mode)
    lab.run()
    assert lab.notes[0] == (104_000, 1, 1)


def test_a_task_woken_goes_to_its_last_cpu_if_that_is_idle(mode):
    lab = Lab(HERE, [("sleeper", 100 * US), ("sleeper", 200 * US)], cpus=3, mode=mode)
    lab.run()
    assert lab.where == [(1, 0), (1, 0), (2, 1), (2, 1)]


def test_a_task_woken_goes_to_an_idle_cpu_if_its_last_one_is_busy(mode):
    lab = Lab(HERE, [("sleeper", 100 * US), ("burner", 500 * US, 0)], cpus=2, starts=[0, 1], mode=mode)
    lab.run()
    assert lab.where[:2] == [(1, 1), (1, 1)]


def test_a_task_bound_to_a_cpu_waits_for_it(mode):
    lab = Lab(HERE, [("sleeper", 100 * US, 0), ("burner", 500 * US, 0)], cpus=2, starts=[0, 1], mode=mode)
    lab.run()
    assert lab.notes == [(500_001, 2, 1), (500_001, 1, 1), (510_001, 1, 2)]


def test_an_idle_cpu_pulls_from_the_longest_queue(mode):
    # CPU 2 is free first; CPU 0 has one task waiting, CPU 1 two
    tasks = [("burner", 900 * US, 0), ("burner", 900 * US, 1), ("burner", 100 * US, 2)]
    tasks += [("burner", 10 * US), ("burner", 20 * US), ("burner", 30 * US)]
    lab = Lab(HERE, tasks, cpus=3, starts=[0, 0, 0, 1, 2, 3], mode=mode)
    lab.k.tasks[4].last_cpu = 0
    lab.k.tasks[5].last_cpu = 1
    lab.k.tasks[6].last_cpu = 1
    lab.run()
    assert lab.where[:4] == [(3, 2), (5, 2), (4, 2), (6, 2)]


def test_pinned_tasks_are_not_pulled(mode):
    lab = Lab(HERE, [("burner", 100 * US, 0), ("burner", 100 * US, 0), ("burner", 10 * US, 1)], cpus=2, mode=mode)
    lab.run()
    assert lab.where == [(3, 1), (1, 0), (2, 0)]


def test_tasks_of_one_cpu_share_it_in_slices_of_3_ms(mode):
    lab = Lab(HERE, [("little_by_little", 9 * MS), ("little_by_little", 9 * MS)], mode=mode)
    lab.run()
    # at 15 ms the first has used its 9 ms, but its slice ends there as well
    assert lab.notes == [(18 * MS, 1, 1), (18 * MS, 2, 1)]
    assert lab.cpu(0, "nr_switches") == 8


def test_a_long_burn_is_cut_into_slices_too(mode):
    lab = Lab(HERE, [("burner", 10 * MS), ("burner", 10 * MS)], mode=mode)
    lab.run()
    assert lab.notes == [(19 * MS, 1, 1), (20 * MS, 2, 1)]


def test_a_task_alone_keeps_its_cpu(mode):
    lab = Lab(HERE, [("burner", 100 * MS)], mode=mode)
    lab.run()
    assert lab.cpu(0, "nr_switches") == 1


def test_a_task_woken_preempts_one_that_is_1_ms_ahead_at_its_next_pay_point(mode):
    lab = Lab(HERE, [("sleeper", 2_010 * US), ("little_by_little", 9 * MS)], mode=mode)
    lab.run()
    assert lab.notes[:2] == [(2_050 * US, 1, 1), (2_060 * US, 1, 2)]


def test_a_task_woken_does_not_preempt_one_that_is_less_ahead(mode):
    lab = Lab(HERE, [("sleeper", 510 * US), ("little_by_little", 9 * MS)], mode=mode)
    lab.run()
    assert lab.notes[0] == (3 * MS, 1, 1)


def test_a_task_that_is_behind_keeps_its_cpu_at_the_end_of_its_slice(mode):
    lab = Lab(HERE, [("little_by_little", 90 * MS), ("burner", 10 * MS)], mode=mode)
    lab.run(max_events=3)
    lab.k.tasks[2].vruntime = 50 * MS
    lab.run(until=49 * MS)
    assert lab.cpu(0, "nr_switches") == 1
    lab.run(until=53 * MS)
    assert lab.cpu(0, "nr_switches") == 2


def test_a_task_that_starts_late_is_neither_ahead_nor_behind(mode):
    lab = Lab(HERE, [("little_by_little", 90 * MS), ("burner", 10 * MS)], starts=[0, 50 * MS + 1], mode=mode)
    lab.run(until=52 * MS)
    assert lab.task(2, "vruntime") == 50 * MS


def test_a_task_preempted_for_one_bound_to_its_cpu_goes_on_at_an_idle_cpu(mode):
    lab = Lab(HERE, [("burner", 5 * MS), ("burner", 4 * MS, 0)], cpus=2, starts=[0, 1], mode=mode)
    lab.k.tasks[1].last_cpu = 0
    lab.run()
    assert lab.notes == [(5 * MS, 1, 1), (7 * MS, 2, 1)]
    assert lab.where == [(1, 1), (2, 0)]


def test_a_task_that_changes_cpus_is_as_far_behind_there_as_it_was(mode):
    lab = Lab(HERE, [("sleeper", 10 * US), ("burner", 5 * MS, 0)], cpus=2, starts=[0, 1], mode=mode)
    lab.run(until=5 * US)
    lab.k.cpus[1].min_vruntime = 80 * MS
    lab.k.tasks[1].vruntime = lab.k.cpus[0].min_vruntime + 2 * MS
    lab.run(until=15 * US)
    assert lab.where == [(1, 1)]
    assert lab.task(1, "vruntime") - 80 * MS == 2 * MS


def test_first_come_first_served_when_asked_for(mode):
    tasks = [("sleeper", 4 * MS), ("burner", 10 * MS), ("burner", 1 * MS), ("burner", 2 * MS)]
    lab = Lab(HERE, tasks, sched_fifo=1, mode=mode)
    lab.run()
    assert [n for n in lab.notes if n[2] == 1] == [(10 * MS, 2, 1), (11 * MS, 3, 1), (13 * MS, 4, 1), (13 * MS, 1, 1)]


def test_a_long_sleeper_gets_no_more_than_a_slice_of_advance(mode):
    lab = Lab(HERE, [("sleeper_then_greedy", 30 * MS), ("little_by_little", 60 * MS)], mode=mode)
    lab.run(until=45 * MS)
    # 30 ms behind, it may catch up 3 ms and go on to the end of its slice, not for 30
    assert 7 * MS < lab.task(1, "t_running") <= 10 * MS + 500 * US


@kernel
def sleeper_then_greedy(k, ns):
    """Sleep long, then want the CPU for long."""
    yield schedule_timeout(0, ns, TASK_INTERRUPTIBLE)
    for _ in range(1000):
        yield cpu(50 * US)


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


def test_two_equal_tasks_get_equal_time(mode):
    lab = Lab(HERE, [("little_by_little", 200 * MS)] * 3, mode=mode)
    lab.run(until=90 * MS)
    assert [lab.task(t, "t_running") for t in (1, 2, 3)] == [30 * MS] * 3
