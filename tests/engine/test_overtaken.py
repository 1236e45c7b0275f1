"""Code runs ahead of the clock by what it owes; it can ask whether something happens in between."""

import sys

import pytest
from lab import US, Lab, note

from gfplab.engine.events import push_event
from gfplab.engine.records import EV_START
from gfplab.engine.requests import cond_resched
from gfplab.engine.subset import kernel
from gfplab.engine.symbols import burn, overtaken

HERE = sys.modules[__name__]


@kernel
def ahead(k, later):
    """Owe 1 us, then 10 us, then nothing; each time note whether that is beyond an event."""
    if later:
        push_event(k, 900_000, EV_START, 3)  # takes the place at the top that the event of this moment left
    burn(k, 1_000)
    note(k, overtaken(k))
    burn(k, 9_000)
    note(k, overtaken(k))
    yield cond_resched()
    note(k, overtaken(k))
    return 0


@kernel
def other(k, n):
    """Be an event."""
    yield cond_resched()
    return 0


@pytest.mark.parametrize("later", [0, 1])
@pytest.mark.parametrize("starts", [[0, 5 * US, 100 * US], [0, 100 * US, 5 * US], [0, 5 * US, 5 * US]])
def test_an_event_is_overtaken_once_the_local_clock_is_beyond_it(later, starts):
    lab = Lab(HERE, [("ahead", later), ("other", 0), ("other", 0)], cpus=3, starts=starts)
    lab.run(50 * US)
    assert [what for _, task, what in lab.notes if task == 1] == [0, 1, 0]
