"""CPUs: who runs where and how long, and what switching costs."""

import sys

from lab import MS, US, Lab, note

from gfplab.engine.requests import (
    TASK_INTERRUPTIBLE,
    cond_resched,
    cpu,
    exit_task,
    schedule_timeout,
)
from gfplab.engine.subset import kernel
from gfplab.engine.symbols import (
    burn,
    over_debt,
)

HERE = sys.modules[__name__]


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


def test_two_equal_tasks_get_equal_time(mode):
    lab = Lab(HERE, [("little_by_little", 200 * MS)] * 3, mode=mode)
    lab.run(until=90 * MS)
    assert [lab.task(t, "t_running") for t in (1, 2, 3)] == [30 * MS] * 3
