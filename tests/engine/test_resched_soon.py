"""When a task gives way: to one that it has woken at once, to others on a tick, where the engine is told so."""

import sys

import pytest
from lab import MS, US, Lab, note

from gfplab.engine.requests import TASK_INTERRUPTIBLE, cond_resched, cpu, schedule
from gfplab.engine.subset import kernel
from gfplab.engine.symbols import burn, over_debt, wake_up

HERE = sys.modules[__name__]


@kernel
def waker(k, n):
    """Run 10 ms, wake the sleeper, and go on in steps of 1 us."""
    for i in range(n):
        burn(k, 1_000)
        if i == 10_000:
            k.words[1].value = wake_up(k, 1)
        if over_debt(k):
            yield cond_resched()


@kernel
def sleeper(k, n):
    """Sleep until woken, then be there."""
    yield schedule(1, TASK_INTERRUPTIBLE)
    note(k, 1)


@pytest.mark.parametrize("soon, latest", [(0, 50 * US), (1, 2 * US)])
def test_a_loop_gives_way_to_a_woken_task_when_its_debt_is_paid_or_at_once(soon, latest):
    lab = Lab(HERE, [("sleeper", 0), ("waker", 20_000)], resched_soon=soon, slice_ns=100 * MS)
    lab.run()
    [(time, task, _)] = lab.notes
    assert task == 1
    assert 10 * MS + US <= time <= 10 * MS + US + latest
    assert (time > 10 * MS + 10 * US) == (soon == 0)


@kernel
def runner(k, n):
    """Run on, 100 us at a time, and note when it got the CPU from another."""
    for _ in range(n):
        if k.words[2].value != k.e[0].cur:
            k.words[2].value = k.e[0].cur
            note(k, 1)
        yield cpu(100_000)


@pytest.mark.parametrize("tasks, turns", [(2, [0, 4, 8, 12]), (3, [0, 4, 8, 12]), (12, [0, 4, 8, 12])])
def test_a_slice_ends_at_the_first_tick_by_which_a_task_has_had_its_share_of_the_latency(tasks, turns):
    """Six milliseconds are shared; ticks are 4 ms apart, so no share that fits into one is any shorter."""
    lab = Lab(HERE, [("runner", 200)] * tasks, jiffy_ns=4 * MS, latency_ns=6 * MS, granularity_ns=750 * US)
    lab.run(14 * MS)
    assert [time // (100 * US) * (100 * US) for time, _, _ in lab.notes] == [at * MS for at in turns]


def test_a_share_that_reaches_beyond_a_tick_lasts_until_the_next():
    """Two tasks, shares of 5 ms."""
    lab = Lab(HERE, [("runner", 200)] * 2, jiffy_ns=4 * MS, latency_ns=10 * MS)
    lab.run(20 * MS)
    assert [time // (100 * US) * (100 * US) for time, _, _ in lab.notes] == [0, 8 * MS, 16 * MS]


def test_a_task_alone_is_never_interrupted_and_one_that_comes_shortens_its_slice():
    lab = Lab(HERE, [("runner", 200)] * 2, starts=[0, 9 * MS], jiffy_ns=4 * MS, latency_ns=6 * MS, preempt_ns=100 * MS)
    lab.run(14 * MS)
    assert [(time // MS, task) for time, task, _ in lab.notes] == [(0, 1), (12, 2)]
