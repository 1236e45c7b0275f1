"""Spin locks: contention is felt as time, and only by those whose local clock falls into a holding."""

import sys

from lab import US, Lab, note

from gfplab.engine.requests import TASK_INTERRUPTIBLE, cond_resched, schedule_timeout
from gfplab.engine.subset import kernel, plain
from gfplab.engine.symbols import burn, call_at_cpu, local_clock, spin_lock, spin_unlock

HERE = sys.modules[__name__]

DELAY = 1_000_000


@plain
def handle_event(k, kind, arg):
    """An interrupt that takes the lock for `arg` ns."""
    spin_lock(k, 1)
    burn(k, arg)
    spin_unlock(k, 1)
    note(k, kind)


@kernel
def holder(k, arg):
    """Sleep `arg` // DELAY us, hold the lock for `arg` % DELAY ns."""
    yield schedule_timeout(0, arg // DELAY * US, TASK_INTERRUPTIBLE)
    spin_lock(k, 1)
    burn(k, arg % DELAY)
    spin_unlock(k, 1)
    note(k, 1)
    yield cond_resched()


@kernel
def late_holder(k, arg):
    """Owe `arg` // DELAY us, then hold the lock for `arg` % DELAY ns."""
    burn(k, arg // DELAY * US)
    spin_lock(k, 1)
    burn(k, arg % DELAY)
    spin_unlock(k, 1)
    note(k, 2)
    yield cond_resched()


@kernel
def interrupted_holder(k, arg):
    """Hold the lock for 10 us while an interrupt on CPU 1 takes it for `arg`."""
    call_at_cpu(k, 1, local_clock(k), 5, arg)
    spin_lock(k, 1)
    burn(k, 10 * US)
    spin_unlock(k, 1)
    yield cond_resched()


def counters(lab):
    """How often and how long somebody spun."""
    return int(lab.arrays["locks"]["contended"][1]), int(lab.arrays["locks"]["wait_ns"][1])


def test_who_comes_while_the_lock_is_held_spins_until_it_is_free(mode):
    # bound to two CPUs: from 0 to 10 us, and from 4 us on
    lab = Lab(HERE, [("holder", 10 * US, 0), ("holder", 4 * DELAY + 3 * US, 1)], cpus=2, transfer_ns=0, mode=mode)
    lab.run()
    assert lab.notes == [(10 * US, 1, 1), (13 * US, 2, 1)]
    assert counters(lab) == (1, 6 * US)
    assert lab.cpu(1, "busy_ns") == 9 * US


def test_who_comes_later_does_not_spin(mode):
    lab = Lab(HERE, [("holder", 10 * US, 0), ("holder", 10 * DELAY + 3 * US, 1)], cpus=2, transfer_ns=0, mode=mode)
    lab.run()
    assert counters(lab) == (0, 0)


def test_a_holder_that_ran_ahead_does_not_delay_one_whose_clock_is_earlier(mode):
    # the first holds from 20 to 30 us by its local clock, the second comes at 1 us by its own
    lab = Lab(
        HERE,
        [("late_holder", 20 * DELAY + 10 * US, 0), ("holder", DELAY + 3 * US, 1)],
        cpus=2,
        transfer_ns=0,
        mode=mode,
    )
    lab.run()
    assert counters(lab) == (0, 0)
    assert lab.notes == [(30 * US, 1, 2), (4 * US, 2, 1)]


def test_the_cache_line_of_a_lock_comes_from_the_last_cpu(mode):
    lab = Lab(HERE, [("holder", US, 0), ("holder", 50 * DELAY + US, 1)], cpus=2, transfer_ns=100, mode=mode)
    lab.run()
    assert lab.notes == [(1 * US, 1, 1), (51 * US + 100, 2, 1)]
    lab = Lab(HERE, [("holder", US, 0), ("holder", 50 * DELAY + US, 0)], cpus=2, transfer_ns=100, mode=mode)
    lab.run()
    assert lab.notes == [(1 * US, 1, 1), (51 * US, 2, 1)]


def test_an_interrupt_does_not_spin(mode):
    lab = Lab(HERE, [("interrupted_holder", 2 * US, 0)], cpus=2, mode=mode)
    lab.run()
    assert lab.notes == [(2 * US, 0, 5)]
    assert counters(lab) == (0, 0)
    assert lab.cpu(1, "irq_ns") == 2 * US


def test_spinners_get_the_lock_one_after_the_other(mode):
    # three CPUs come within 2 us for 10 us each, and each fetches the cache line from the one before
    tasks = [("holder", 10 * US, 0), ("holder", DELAY + 10 * US, 1), ("holder", 2 * DELAY + 10 * US, 2)]
    lab = Lab(HERE, tasks, cpus=3, transfer_ns=1 * US, mode=mode)
    lab.run()
    assert [time for time, _task, _note in lab.notes] == [10 * US, 21 * US, 32 * US]
    assert counters(lab) == (2, 9 * US + 19 * US)


def test_who_comes_while_the_cache_line_is_on_its_way_spins_too(mode):
    tasks = [("holder", US, 0), ("holder", 5 * DELAY + US, 1), ("holder", 6 * DELAY + US, 2)]
    lab = Lab(HERE, tasks, cpus=3, transfer_ns=2 * US, mode=mode)
    lab.run()
    assert [time for time, _task, _note in lab.notes] == [1 * US, 8 * US, 11 * US]
