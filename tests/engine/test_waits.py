"""Sleeping and waking: who sleeps, who does not, and when they go on."""

import sys

from hypothesis import given, settings
from hypothesis import strategies as st
from lab import MS, US, Lab, note

from gfplab.engine.records import TASK_HRTIMER, TASK_WAIT_HEAD
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
    random_below,
    waitqueue_active,
    wake_up,
    wake_up_all,
    wake_up_process,
)

HERE = sys.modules[__name__]

KIND_WAKE_ONE = 1
KIND_WAKE_ALL = 2
KIND_WAKE_PROCESS = 3
KIND_PRODUCE = 4


@plain
def handle_event(k, kind, arg):
    """Interrupts of these tests wake people."""
    if kind == KIND_WAKE_ONE:
        wake_up(k, arg)
    elif kind == KIND_WAKE_ALL:
        wake_up_all(k, arg)
    elif kind == KIND_WAKE_PROCESS:
        note(k, wake_up_process(k, arg))
    else:
        k.words[1].value += 1
        wake_up(k, arg)


@kernel
def sleeper(k, q):
    """Sleep once on q without a time-out."""
    x = yield schedule(q, TASK_UNINTERRUPTIBLE)
    note(k, 10 + x)


@kernel
def sleeper_at_the_head(k, q):
    """Sleep once on q, before those who are there."""
    x = yield schedule(q, TASK_UNINTERRUPTIBLE | TASK_WAIT_HEAD)
    note(k, 10 + x)


@kernel
def sleeper_in_debt(k, ns):
    """Owe `ns`, then sleep on queue 1 for at most 100 us."""
    burn(k, ns)
    note(k, 1)
    x = yield schedule_timeout(1, 100 * US, TASK_UNINTERRUPTIBLE)
    note(k, 10 + x)


@kernel
def waker(k, ns):
    """After `ns` wake the first of queue 1."""
    yield schedule_timeout(0, ns, TASK_INTERRUPTIBLE)
    note(k, 20 + wake_up(k, 1))


@kernel
def waker_of_all(k, ns):
    """After `ns` wake all of queue 1."""
    yield schedule_timeout(0, ns, TASK_INTERRUPTIBLE)
    note(k, 20 + wake_up_all(k, 1))


@kernel
def waker_of_first_task(k, ns):
    """After `ns` wake task 1."""
    yield schedule_timeout(0, ns, TASK_INTERRUPTIBLE)
    note(k, 20 + wake_up_process(k, 1))


@kernel
def short_then_long(k, a):
    """Two sleeps on queue 1; the first is ended early, the second must not end by the first one's time-out."""
    x = yield schedule_timeout(1, 50 * US, TASK_UNINTERRUPTIBLE)
    note(k, 10 + x)
    x = yield schedule_timeout(1, 500 * US, TASK_UNINTERRUPTIBLE)
    note(k, 10 + x)


@kernel
def long_then_short(k, a):
    """Two sleeps on queue 1; the first is ended early, the second has the shorter time-out."""
    x = yield schedule_timeout(1, 500 * US, TASK_UNINTERRUPTIBLE)
    note(k, 10 + x)
    x = yield schedule_timeout(1, 50 * US, TASK_UNINTERRUPTIBLE)
    note(k, 10 + x)
    x = yield schedule_timeout(1, 1000 * US, TASK_UNINTERRUPTIBLE)
    note(k, 10 + x)


def test_a_task_woken_goes_on_with_1_and_one_whose_time_ran_out_with_0(mode):
    lab = Lab(HERE, [("sleeper_in_debt", 0), ("waker", 30 * US)], cpus=2, mode=mode)
    assert lab.run() == "idle"
    assert lab.notes == [(0, 1, 1), (30 * US, 2, 21), (30 * US, 1, 11)]
    lab = Lab(HERE, [("sleeper_in_debt", 0)], mode=mode)
    lab.run()
    assert lab.notes == [(0, 1, 1), (100 * US, 1, 10)]


def test_a_task_in_debt_is_on_the_queue_at_once_and_if_woken_meanwhile_never_sleeps(mode):
    lab = Lab(HERE, [("sleeper_in_debt", 40 * US), ("waker", 30 * US)], cpus=2, mode=mode)
    lab.run()
    assert lab.notes == [(40 * US, 1, 1), (30 * US, 2, 21), (40 * US, 1, 11)]
    assert lab.task(1, "t_d") == 0
    assert lab.arrays["stacks"]["count"].sum() == 0


def test_a_time_out_counts_from_when_the_debt_is_paid(mode):
    lab = Lab(HERE, [("sleeper_in_debt", 40 * US)], mode=mode)
    lab.run()
    assert lab.notes[-1] == (140 * US, 1, 10)
    assert lab.task(1, "t_d") == 100 * US
    assert lab.task(1, "t_running") == 40 * US


def test_the_cpu_is_busy_until_the_debt_is_paid(mode):
    lab = Lab(HERE, [("sleeper_in_debt", 40 * US), ("sleeper", 2)], mode=mode)
    lab.run(until=200 * US)
    assert lab.cpu(0, "busy_ns") == 40 * US
    assert lab.task(2, "t_runnable") == 40 * US


def test_wake_up_wakes_the_first_and_wake_up_all_all_in_their_order(mode):
    lab = Lab(HERE, [("sleeper", 1), ("sleeper", 1), ("sleeper", 1), ("waker", 5 * US)], mode=mode)
    lab.run()
    assert lab.notes == [(5 * US, 4, 21), (5 * US, 1, 11)]
    lab = Lab(HERE, [("sleeper", 1), ("sleeper", 1), ("sleeper", 1), ("waker_of_all", 5 * US)], mode=mode)
    lab.run()
    assert lab.notes == [(5 * US, 4, 23), (5 * US, 1, 11), (5 * US, 2, 11), (5 * US, 3, 11)]


def test_who_asks_for_the_head_of_a_queue_is_woken_before_those_who_were_there(mode):
    kinds = ["sleeper", "sleeper_at_the_head", "sleeper_at_the_head", "sleeper"]
    lab = Lab(HERE, [*((kind, 1) for kind in kinds), ("waker_of_all", 5 * US)], mode=mode)
    lab.run()
    assert [task for _, task, _ in lab.notes] == [5, 3, 2, 1, 4]
    assert lab.task(2, "state") == lab.task(3, "state") == 0


def test_waking_a_task_that_neither_sleeps_nor_is_about_to_does_nothing(mode):
    lab = Lab(
        HERE, [("sleeper", 1), ("waker_of_first_task", 5 * US), ("waker_of_first_task", 6 * US)], cpus=3, mode=mode
    )
    lab.run()
    assert lab.notes == [(5 * US, 2, 21), (5 * US, 1, 11), (6 * US, 3, 20)]


def test_a_process_woken_leaves_its_queue(mode):
    lab = Lab(HERE, [("sleeper", 1), ("waker_of_first_task", 5 * US), ("waker", 6 * US)], cpus=3, mode=mode)
    lab.run()
    assert lab.notes == [(5 * US, 2, 21), (5 * US, 1, 11), (6 * US, 3, 20)]


def test_a_second_wake_up_of_a_task_about_to_sleep_goes_to_the_next(mode):
    tasks = [("sleeper_in_debt", 40 * US), ("sleeper", 1), ("waker", 10 * US), ("waker", 20 * US)]
    lab = Lab(HERE, tasks, cpus=4, mode=mode)
    lab.run()
    assert [n for n in lab.notes if n[2] == 11] == [(20 * US, 2, 11), (40 * US, 1, 11)]


def test_the_time_out_of_an_earlier_sleep_is_harmless_to_a_later_one(mode):
    lab = Lab(HERE, [("short_then_long", 0), ("waker", 20 * US)], cpus=2, mode=mode)
    lab.run()
    assert [n for n in lab.notes if n[1] == 1] == [(20 * US, 1, 11), (520 * US, 1, 10)]


def test_a_sleep_that_follows_may_have_the_shorter_time_out(mode):
    lab = Lab(HERE, [("long_then_short", 0), ("waker", 20 * US)], cpus=2, mode=mode)
    lab.run()
    assert [n for n in lab.notes if n[1] == 1] == [(20 * US, 1, 11), (70 * US, 1, 10), (1070 * US, 1, 10)]


@kernel
def short_then_for_ever(k, a):
    """Two sleeps on queue 1; the first is ended early, the second has no time-out."""
    x = yield schedule_timeout(1, 50 * US, TASK_UNINTERRUPTIBLE)
    note(k, 10 + x)
    x = yield schedule(1, TASK_UNINTERRUPTIBLE)
    note(k, 10 + x)


def test_a_sleep_without_time_out_does_not_end_by_the_one_of_the_sleep_before(mode):
    lab = Lab(HERE, [("short_then_for_ever", 0), ("waker", 20 * US)], cpus=2, mode=mode)
    assert lab.run() == "idle"
    assert [n for n in lab.notes if n[1] == 1] == [(20 * US, 1, 11)]


def test_a_timer_that_another_has_replaced_makes_no_more_events(mode):
    # 2 starts; the sleeper's dispatch, wake-up, three timers that count, one replaced at 500 us; the waker's three
    lab = Lab(HERE, [("long_then_short", 0), ("waker", 20 * US)], cpus=2, mode=mode)
    lab.run()
    timers = lab.e("nr_events") - 2 - 4 - 2
    assert timers == 1 + 1 + 2


def test_a_debt_longer_than_a_slice_is_paid_before_the_sleep(mode):
    lab = Lab(HERE, [("sleeper_in_debt", 5 * MS), ("sleeper", 2)], mode=mode)
    lab.run()
    assert lab.task(1, "t_running") == 5 * MS
    assert lab.notes[-1] == (5100 * US, 1, 10)


@kernel
def jiffy_sleeper(k, how):
    """From 1.5 ms on, sleep 2.3 ms; `how` is added to the state."""
    yield cpu(700 * US)
    burn(k, 800 * US)
    yield schedule_timeout(0, 2300 * US, TASK_INTERRUPTIBLE + how)
    note(k, how)


def test_time_outs_are_rounded_up_to_jiffies_and_end_on_a_tick_unless_exact_ones_are_asked_for(mode):
    lab = Lab(HERE, [("jiffy_sleeper", 0), ("jiffy_sleeper", TASK_HRTIMER)], cpus=2, jiffy_ns=MS, mode=mode)
    lab.run()
    assert lab.notes == [(3800 * US, 2, TASK_HRTIMER), (4 * MS, 1, 0)]
    assert lab.task(2, "t_s") == 2300 * US


@kernel
def often_woken(k, a):
    """Sleep with a long time-out and be woken, a hundred times."""
    for _ in range(100):
        call_after(k, 10 * US, KIND_WAKE_ONE, 1)
        yield schedule_timeout(1, 5000 * MS, TASK_KILLABLE)


def test_time_outs_that_do_not_happen_do_not_pile_up_in_the_heap(mode):
    lab = Lab(HERE, [("often_woken", 0)], mode=mode)
    lab.run(until=100 * MS)
    assert lab.e("heap_n") <= 2


@kernel
def napper(k, state):
    """Sleep on no queue for 1 ms in the given state, and once more in I/O."""
    yield schedule_timeout(0, MS, state)
    yield io_schedule_timeout(1, 5 * MS, TASK_UNINTERRUPTIBLE)


def test_states_are_accounted_apart(mode):
    lab = Lab(HERE, [("napper", 1), ("napper", 2), ("napper", 3)], cpus=3, mode=mode)
    lab.run(until=3 * MS)
    assert [lab.task(t, "t_s") for t in (1, 2, 3)] == [MS, 0, 0]
    assert [lab.task(t, "t_d") for t in (1, 2, 3)] == [0, MS, MS]
    assert [lab.task(t, "t_iowait") for t in (1, 2, 3)] == [2 * MS] * 3
    assert lab.e("nr_iowait") == 3
    assert lab.e("nr_running") == 0


@plain
def take(k):
    """Take an item if there is one."""
    if k.words[1].value == 0:
        return 0
    k.words[1].value -= 1
    return 1


@kernel
def consumer(k, n):
    """Take n items, sleeping while there is none, with debts in between."""
    for _ in range(n):
        while take(k) == 0:
            burn(k, random_below(k, 2, 30) * US)
            if k.words[1].value == 0:
                yield schedule(1, TASK_UNINTERRUPTIBLE)
            else:
                yield cond_resched()
        burn(k, random_below(k, 2, 20) * US)
        # the item may be there while others sleep: pass the wake-up on
        if k.words[1].value and waitqueue_active(k, 1):
            wake_up(k, 1)
        yield cond_resched()
    note(k, 99)


@kernel
def producer(k, n):
    """Make n items, from the task or from an interrupt, at random times."""
    for _ in range(n):
        if random_below(k, 3, 2):
            call_after(k, random_below(k, 3, 40) * US, KIND_PRODUCE, 1)
        else:
            k.words[1].value += 1
            wake_up(k, 1)
        burn(k, random_below(k, 3, 30) * US)
        if random_below(k, 3, 3):
            yield schedule_timeout(0, random_below(k, 3, 50) * US, TASK_INTERRUPTIBLE)
        else:
            yield cpu(random_below(k, 3, 10) * US)


@given(seed=st.integers(0, 10**6), cpus=st.integers(1, 4), consumers=st.integers(1, 4), costs=st.booleans())
@settings(max_examples=40, deadline=None)
def test_no_wake_up_is_lost_in_any_interleaving(seed, cpus, consumers, costs):
    constants = {"switch_ns": 1500, "wake_ns": 2000} if costs else {}
    tasks = [("consumer", 6)] * consumers + [("producer", 3 * consumers)] * 2
    lab = Lab(HERE, tasks, cpus, seed=seed, fixed_order=False, **constants)
    assert lab.run() == "idle"
    assert [n[2] for n in lab.notes] == [99] * consumers
    assert lab.k.words[1].value == 0
