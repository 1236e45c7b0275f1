"""Nice levels: a heavier task counts its CPU time for less, and preempts a lighter one sooner."""

import sys

from lab import MS, Lab, note

from gfplab.engine.requests import TASK_INTERRUPTIBLE, cond_resched, cpu, schedule
from gfplab.engine.subset import kernel
from gfplab.engine.symbols import burn, over_debt, wake_up

HERE = sys.modules[__name__]
NICE_MINUS_20 = 88761


@kernel
def waker(k, n):
    """Steps of 1 us; the sleeper is woken at every 100th."""
    for i in range(n):
        burn(k, 1_000)
        if i % 100 == 0:
            wake_up(k, 1)
        if over_debt(k):
            yield cond_resched()


@kernel
def sleeper(k, n):
    """Three times as long at work as the waker is between two wake-ups."""
    for i in range(n):
        yield schedule(1, TASK_INTERRUPTIBLE)
        note(k, i)
        burn(k, 300_000)


@kernel
def hog(k, ms):
    """Work."""
    yield cpu(ms * 1_000_000)
    note(k, ms)


def served(weight):
    """How often the sleeper runs in 13 ms, woken after each 100 us of the waker's work, which first has 3 ms."""
    lab = Lab(HERE, [("waker", 10_000), ("sleeper", 200)], resched_soon=1)
    lab.k.tasks[2].weight = weight
    lab.run(13 * MS)
    return len(lab.notes)


def test_a_task_of_nice_minus_20_preempts_whoever_is_hardly_ahead_of_it():
    at_once = served(NICE_MINUS_20)
    assert at_once >= 24  # each time: 10 ms after the waker's first slice are 25 times 100 us and 300 us
    assert served(0) <= at_once - 5


def test_two_tasks_share_a_cpu_by_their_weights():
    lab = Lab(HERE, [("hog", 30), ("hog", 30)])
    lab.k.tasks[2].weight = 2 * 1024
    lab.run(50 * MS)
    [(first, task, _)] = lab.notes
    assert task == 2 and 42 * MS <= first <= 48 * MS
