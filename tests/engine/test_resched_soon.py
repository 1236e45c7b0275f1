"""A loop that asks over_debt() gives way to a woken task at once, where the engine is told so."""

import sys

import pytest
from lab import MS, US, Lab, note

from gfplab.engine.requests import TASK_INTERRUPTIBLE, cond_resched, schedule
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
