"""Pressure-stall times: who counts as stalled and productive, and that the integrals are right to the nanosecond."""

import sys

from hypothesis import given, settings
from hypothesis import strategies as st
from wb_lab import MS, SEC, WritebackLab

from gfplab.engine.requests import (
    TASK_INTERRUPTIBLE,
    TASK_KILLABLE,
    TASK_UNINTERRUPTIBLE,
    cpu,
    io_schedule_timeout,
    schedule_timeout,
)
from gfplab.engine.subset import kernel
from gfplab.engine.symbols import burn, random_below
from gfplab.kernel.symbols import psi_memstall_enter, psi_memstall_leave

HERE = sys.modules[__name__]


@kernel
def stall_asleep(k, ms):
    """In memstall for so many ms, asleep."""
    psi_memstall_enter(k, k.e[0].cur)
    yield schedule_timeout(0, ms * 1_000_000, TASK_UNINTERRUPTIBLE)
    psi_memstall_leave(k, k.e[0].cur)
    return 0


@kernel
def stall_running(k, ms):
    """In memstall for so many ms, working."""
    psi_memstall_enter(k, k.e[0].cur)
    yield cpu(ms * 1_000_000)
    psi_memstall_leave(k, k.e[0].cur)
    return 0


@kernel
def work(k, ms):
    """Work."""
    yield cpu(ms * 1_000_000)
    return 0


@kernel
def wait_for_disk(k, ms):
    """Wait for I/O that has nothing to do with memory."""
    yield io_schedule_timeout(0, ms * 1_000_000, TASK_UNINTERRUPTIBLE)
    return 0


@kernel
def sleep(k, ms):
    """Be idle."""
    yield schedule_timeout(0, ms * 1_000_000, TASK_INTERRUPTIBLE)
    return 0


def psi(tasks, cpus=1, until=SEC):
    """(some, full) in ms."""
    lab = WritebackLab(HERE, tasks, cpus=cpus, flushers=False, jiffy_ns=1 * MS).run(until)
    lab.call("psi_update")
    assert lab.vm.nr_memstall == lab.vm.nr_memstall_running == lab.vm.psi_nonidle == lab.vm.psi_productive == 0
    return round(lab.vm.psi_some / MS), round(lab.vm.psi_full / MS)


def test_a_lone_task_stalled_is_some_and_full_pressure():
    assert psi([("stall_asleep", 100)]) == (100, 100)
    assert psi([("stall_running", 100)]) == (100, 100)


def test_no_memstall_no_pressure_whatever_else_is_waited_for():
    assert psi([("work", 100), ("wait_for_disk", 200), ("sleep", 50)]) == (0, 0)


def test_while_somebody_works_there_is_some_but_not_full_pressure():
    assert psi([("stall_asleep", 100), ("work", 60)]) == (100, 40)


def test_an_idle_sleeper_does_not_count():
    assert psi([("stall_asleep", 100), ("sleep", 300)]) == (100, 100)


def test_one_of_two_tasks_stalled_on_two_cpus_is_half_the_pressure():
    # one CPU's worth of work is lost, of two while both tasks are there, of one when the other has ended
    assert psi([("stall_asleep", 100), ("work", 100)], cpus=2) == (50, 50)
    assert psi([("stall_asleep", 100), ("work", 50)], cpus=2) == (25 + 50, 25 + 50)
    assert psi([("stall_asleep", 100), ("stall_asleep", 100)], cpus=2) == (100, 100)


def test_more_stalled_tasks_than_cpus_count_as_many_as_there_are_cpus():
    assert psi([("stall_asleep", 100)] * 5, cpus=2) == (100, 100)
    assert psi([("stall_asleep", 100)] * 5 + [("work", 100)], cpus=2) == (100, 50)


def test_a_task_waiting_for_a_disk_makes_full_no_larger_than_some():
    assert psi([("stall_asleep", 100), ("wait_for_disk", 100)], cpus=2) == (50, 50)


@kernel
def short_stall(k, ns):
    """In memstall for ns of work, ten times, without a yield between entering and leaving."""
    left = 10
    while left:
        left -= 1
        burn(k, 20_000)
        psi_memstall_enter(k, k.e[0].cur)
        burn(k, ns)
        psi_memstall_enter(k, k.e[0].cur)
        psi_memstall_leave(k, k.e[0].cur)
        psi_memstall_leave(k, k.e[0].cur)
        yield cpu(1_000)
    return 0


def test_a_stall_shorter_than_the_time_debt_is_counted_and_nesting_is_not():
    lab = WritebackLab(HERE, [("short_stall", 30_000)], flushers=False).run(SEC)
    assert lab.vm.psi_some == lab.vm.psi_full == 300_000


@kernel
def enter_then_sleep(k, ns):
    """Enter memstall with a debt, pay it, sleep 10 ms, leave with another debt."""
    burn(k, ns)
    psi_memstall_enter(k, k.e[0].cur)
    burn(k, 5_000)
    yield schedule_timeout(0, 10_000_000, TASK_UNINTERRUPTIBLE)
    burn(k, 7_000)
    psi_memstall_leave(k, k.e[0].cur)
    yield cpu(1_000_000)
    return 0


def test_debts_at_the_edges_of_a_stall_are_neither_lost_nor_added():
    lab = WritebackLab(HERE, [("enter_then_sleep", 40_000)], flushers=False, jiffy_ns=1)
    lab.k.e[0].switch_ns = lab.k.e[0].wake_ns = 0
    lab.run(SEC)
    assert lab.vm.psi_some == 10_000_000 + 5_000 + 7_000


@kernel
def wander(k, n):
    """n random stretches of work, sleep, I/O, in and out of memstall."""
    while n:
        n -= 1
        what = random_below(k, 2, 5)
        ns = 1 + random_below(k, 2, 3_000_000)
        inside = random_below(k, 2, 2)
        if inside:
            burn(k, random_below(k, 2, 40_000))
            psi_memstall_enter(k, k.e[0].cur)
        if what == 0:
            yield cpu(ns)
        elif what == 1:
            yield schedule_timeout(0, ns, TASK_UNINTERRUPTIBLE)
        elif what == 2:
            yield io_schedule_timeout(0, ns, TASK_KILLABLE)
        elif what == 3:
            yield schedule_timeout(0, ns, TASK_INTERRUPTIBLE)
        else:
            burn(k, ns // 100)
        if inside:
            psi_memstall_leave(k, k.e[0].cur)
    return 0


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 1 << 30), st.integers(1, 6), st.integers(1, 3))
def test_full_never_exceeds_some_nor_some_the_time_and_both_only_grow(seed, tasks, cpus):
    lab = WritebackLab(HERE, [("wander", 30)] * tasks, cpus=cpus, seed=seed, flushers=False, jiffy_ns=1)
    some = full = 0
    for ms in range(1, 200, 3):
        lab.run(ms * MS)
        lab.call("psi_update")
        assert some <= lab.vm.psi_some <= ms * MS and full <= lab.vm.psi_full
        assert lab.vm.psi_full <= lab.vm.psi_some
        some, full = lab.vm.psi_some, lab.vm.psi_full
    assert lab.vm.psi_nonidle == lab.vm.nr_memstall == lab.vm.psi_productive == 0


@kernel
def sleep_with_plug(k, request):
    """Fall asleep with a request still in the plug."""
    k.tasks[k.e[0].cur].plug_head = request
    yield cpu(1_000_000)
    k.workloads[1].pos = k.tasks[k.e[0].cur].plug_count
    yield io_schedule_timeout(0, 1_000_000, TASK_UNINTERRUPTIBLE)
    return 0


def test_a_task_that_falls_asleep_flushes_its_plug_first_and_one_that_only_works_does_not():
    lab = WritebackLab(HERE, [("sleep_with_plug", 5)], flushers=False).run(SEC)
    assert lab.k.workloads[1].pos == 0
    assert lab.k.tasks[2].plug_count == 1 and lab.k.tasks[2].plug_head == 0


def test_a_reclaiming_cpu_counts_into_full_from_v5_12_on_though_others_wait_for_it():
    """MODEL 11; psi_group_change() looks at the current task: nothing productive could run there."""
    full = {}
    for era in (47, 61):
        lab = WritebackLab(HERE, [("stall_running", 100), ("work", 100)], cpus=1, flushers=False, jiffy_ns=1)
        lab.k.vm[0].era = era
        lab.run(SEC)
        full[era] = lab.vm.psi_full
    assert full[47] < 10 * MS  # all but the last slice has a worker waiting for the CPU
    assert 99 * MS < full[61] < 102 * MS
