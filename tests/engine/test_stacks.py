"""Where tasks sleep: stacks are kept once, stalls are counted with them."""

import sys

from lab import MS, Lab

from gfplab.engine.records import ERROR_STACKS_FULL, TASK_IOWAIT
from gfplab.engine.requests import (
    OP_IO_SCHEDULE,
    OP_SCHEDULE,
    TASK_INTERRUPTIBLE,
    TASK_KILLABLE,
    TASK_UNINTERRUPTIBLE,
    io_schedule_timeout,
    schedule,
    schedule_timeout,
)
from gfplab.engine.stacks import WITH_TIMEOUT
from gfplab.engine.subset import kernel
from gfplab.engine.symbols import wake_up

HERE = sys.modules[__name__]


@kernel
def leaf(k, ns):
    """Sleep in two ways."""
    if ns > 5 * MS:
        yield io_schedule_timeout(0, ns, TASK_KILLABLE)
    else:
        yield schedule_timeout(0, ns, TASK_UNINTERRUPTIBLE)


@kernel
def middle(k, ns):
    """Call leaf from two places."""
    yield from leaf(k, ns)
    yield from leaf(k, ns + MS)


@kernel
def outermost(k, n):
    """Sleep n times 2 ms and 3 ms."""
    for i in range(n):
        k.tasks[k.e[0].cur].context_a = 100 + i
        yield from middle(k, 2 * MS)
    yield schedule_timeout(0, MS, TASK_INTERRUPTIBLE)


@kernel
def in_io(k, ns):
    """Sleep in I/O."""
    yield from leaf(k, ns)


@kernel
def recursive(k, depth):
    """Sleep at a new depth each time."""
    if depth:
        yield schedule_timeout(0, MS, TASK_UNINTERRUPTIBLE)
        yield from recursive(k, depth - 1)


@kernel
def woken(k, a):
    """Sleep until woken."""
    yield schedule(1, TASK_UNINTERRUPTIBLE)


@kernel
def waker(k, ns):
    """Wake queue 1 after ns."""
    yield schedule_timeout(0, ns, TASK_INTERRUPTIBLE)
    wake_up(k, 1)


def names(lab, stack):
    """Function names of a stack, innermost first."""
    by_fid = {lab.build.fid(name): name for name in ("leaf", "middle", "outermost", "woken")}
    row = lab.arrays["stacks"][stack]
    words = lab.arrays["stack_frames"][row["first"] : row["first"] + 2 * row["nframes"] : 2]
    return [by_fid[int(fid)] for fid in words]


def test_each_stack_is_kept_once_with_the_count_and_length_of_its_sleeps(mode):
    lab = Lab(HERE, [("outermost", 3), ("outermost", 2)], cpus=2, mode=mode)
    lab.run()
    stacks = lab.arrays["stacks"][1 : lab.e("n_stacks") + 1]
    assert sorted(zip(stacks["count"], stacks["total_ns"], stacks["max_ns"], strict=True)) == [
        (5, 10 * MS, 2 * MS),
        (5, 15 * MS, 3 * MS),
    ]
    assert names(lab, 1) == names(lab, 2) == ["leaf", "middle", "outermost"]


def test_interruptible_sleep_is_no_stall(mode):
    lab = Lab(HERE, [("outermost", 0)], mode=mode)
    lab.run()
    assert lab.e("n_stalls") == 0
    assert lab.e("n_stacks") == 0


def test_a_stall_tells_who_slept_how_long_and_how_long_at_most(mode):
    lab = Lab(HERE, [("outermost", 1), ("in_io", 6 * MS), ("woken", 0), ("waker", 4 * MS)], cpus=4, mode=mode)
    lab.run()
    rows = lab.sim.drain()["stalls"]
    seen = [tuple(int(r[c]) for c in ("task", "start", "duration", "state", "context_a", "timeout")) for r in rows]
    assert seen == [
        (1, 0, 2 * MS, TASK_UNINTERRUPTIBLE, 100, 2 * MS),
        (3, 0, 4 * MS, TASK_UNINTERRUPTIBLE, 0, -1),
        (1, 2 * MS, 3 * MS, TASK_UNINTERRUPTIBLE, 100, 3 * MS),
        (2, 0, 6 * MS, TASK_KILLABLE + TASK_IOWAIT, 0, 6 * MS),
    ]
    assert names(lab, rows["stack"][1]) == ["woken"]
    ops = [int(lab.arrays["stacks"]["op"][s]) for s in rows["stack"]]
    assert ops == [OP_SCHEDULE + WITH_TIMEOUT, OP_SCHEDULE, OP_SCHEDULE + WITH_TIMEOUT, OP_IO_SCHEDULE + WITH_TIMEOUT]
    assert lab.e("n_stalls") == 0


def test_short_stalls_are_counted_but_get_no_row(mode):
    lab = Lab(HERE, [("outermost", 1)], stall_min_ns=2 * MS + 1, mode=mode)
    lab.run()
    assert [int(d) for d in lab.sim.drain()["stalls"]["duration"]] == [3 * MS]
    assert lab.arrays["stacks"]["count"].sum() == 2


def test_the_longest_sleep_of_a_stack_is_kept(mode):
    lab = Lab(
        HERE, [("in_io", 9 * MS), ("in_io", 6 * MS), ("in_io", 8 * MS)], cpus=3, starts=[0, 20 * MS, 40 * MS], mode=mode
    )
    lab.run()
    assert int(lab.arrays["stacks"]["max_ns"][1]) == 9 * MS


def test_stacks_whose_places_in_the_index_collide_are_kept_apart(mode):
    full = {"stacks": 33, "stack_frames": 2000, "stack_index": 64}
    lab = Lab(HERE, [("recursive", 30)], mode=mode, sizes=full.items())
    assert lab.run() == "idle"
    assert lab.arrays["stacks"]["nframes"][1:31].tolist() == list(range(1, 31))
    assert lab.arrays["stacks"]["count"][1:31].tolist() == [1] * 30


def test_stack_numbers_are_the_same_in_every_mode():
    one, other = (Lab(HERE, [("recursive", 9), ("outermost", 2)], cpus=2, mode=m) for m in ("generators", "steps"))
    one.run()
    other.run()
    assert (one.arrays["stacks"] == other.arrays["stacks"]).all()
    assert (one.arrays["stack_frames"] == other.arrays["stack_frames"]).all()


def test_more_stacks_than_there_is_room_for_is_an_error(mode):
    small = {"stacks": 5, "stack_frames": 100, "stack_index": 16}
    lab = Lab(HERE, [("recursive", 9)], mode=mode, sizes=small.items())
    assert lab.run() == "error"
    assert lab.e("error") == ERROR_STACKS_FULL
