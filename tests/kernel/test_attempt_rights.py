"""Rights that Linux does not have, lent to a task while a mempool's allocator runs: no throttle, bail out, light."""

import pytest
from mm_lab import MS, OP_MEMPOOL_ALLOC, OP_RECLAIM, SEC, SmallMachine

from gfplab.kernel.gfp import GFP_KERNEL, GFP_NOIO, PF_BAIL_OUT, PF_LIGHT_RECLAIM, PF_NO_THROTTLE
from gfplab.kernel.steps import (
    ALLOC,
    FAIL,
    STEP_ALLOC,
    STEP_BAIL_OUT,
    STEP_LESS_THROTTLE,
    STEP_LIGHT_RECLAIM,
    STEP_NO_THROTTLE,
)

NAP = 100 * MS
FLAGS = {"no throttle": PF_NO_THROTTLE, "bail out": PF_BAIL_OUT, "light": PF_LIGHT_RECLAIM}
STEPS = {"no throttle": STEP_NO_THROTTLE, "bail out": STEP_BAIL_OUT, "light": STEP_LIGHT_RECLAIM}
# throttle points of v4.7's reclaim, made to say yes (T2: every other time)
POINTS = {
    "T1": {"throttle_direct_reclaim": lambda vm, task, scan, my: NAP},
    "T2": {},
    "T3 and T4": {"wait_iff_congested": lambda vm, zone, task, scan, my: NAP},
    "T5": {"throttle_vm_writeout": lambda vm, task, scan, my: NAP if scan.throttled == 0 else 0},
}
MEMORY = {"start": {"inactive_file": "2MiB", "inactive_anon": "2MiB"}}


def machine(point):
    """A machine with something to reclaim, in which this throttle point always says yes."""
    answers = dict(POINTS[point])
    if point == "T2":
        asked = []
        answers["too_many_isolated"] = lambda lruvec, task, scan, my: asked.append(0) or len(asked) % 2
    m = SmallMachine(machine=MEMORY, answers=answers)
    if point == "T3 and T4":
        m.vm.nr_bdi_congested = 1
        m.zone.flags |= 1
    return m


def reclaim(m, flags):
    """(pages freed, ns it took) of one direct reclaim, and the machine's scan record of it."""
    task = m.job(OP_RECLAIM, GFP_KERNEL, pf_flags=flags)
    m.run(60 * SEC)
    ((_, _, freed, took),) = m.done
    return freed, took, m.k.scans[task]


@pytest.mark.parametrize("point", POINTS)
def test_a_task_that_may_not_be_throttled_sleeps_at_no_throttle_point(point):
    """Without the flag it sleeps at each; with it, reclaim goes on and frees as much."""
    freed, took, _ = reclaim(machine(point), 0)
    assert took >= NAP - MS
    free, quick, scan = reclaim(machine(point), PF_NO_THROTTLE)
    assert quick < 10 * MS and free >= 32 and scan.bail == 0
    assert freed >= 32


@pytest.mark.parametrize("point", POINTS)
def test_a_task_that_bails_out_ends_its_reclaim_where_it_would_have_slept(point):
    """With what it has freed by then: T5 comes even after a shrink that had no page to look at."""
    freed, took, scan = reclaim(machine(point), PF_BAIL_OUT)
    assert took < 10 * MS and scan.bail == 1
    assert (freed > 0) == (point == "T3 and T4")


def test_a_reclaim_that_meets_no_throttle_is_the_same_with_and_without_the_flags():
    """The flags change what happens at throttle points and nothing else."""
    plain = reclaim(SmallMachine(machine=MEMORY), 0)
    for flags in (PF_NO_THROTTLE, PF_BAIL_OUT):
        freed, took, scan = reclaim(SmallMachine(machine=MEMORY), flags)
        assert (freed, took, scan.bail) == (*plain[:2], 0)


def test_light_reclaim_looks_at_32_file_pages_once():
    """It neither swaps nor scans anon, nor goes on to the next priority."""
    m = SmallMachine(machine=MEMORY)
    file = m.k.lruvecs[m.zone.lruvec].nr_inactive_file
    freed, took, scan = reclaim(m, PF_LIGHT_RECLAIM)
    lruvec = m.k.lruvecs[m.zone.lruvec]
    assert freed == 32 and lruvec.nr_inactive_file == file - 32
    assert (scan.nr_scanned, scan.priority, m.vm.nr_vmscan_write, m.vm.pswpout) == (32, 12, 0, 0)
    assert took < MS


def test_light_reclaim_finds_nothing_where_there_is_no_page_cache():
    """Anonymous memory is not its business."""
    freed, _, scan = reclaim(SmallMachine(machine={"start": {"inactive_anon": "2MiB"}}), PF_LIGHT_RECLAIM)
    assert (freed, scan.nr_scanned) == (0, 0)


@pytest.mark.parametrize("right", STEPS)
def test_a_right_is_lent_for_the_attempt_only(right):
    """While the allocator runs the task has the flag; before and after it has not."""
    seen = []

    def step(pool, zone, task, call, my):
        seen.append(task.pf_flags)
        return FAIL if call.last == STEP_ALLOC else ALLOC(call.full) | STEPS[right]

    def during(vm, task, scan, my):
        seen.append(("inside", task.pf_flags))
        return 0

    loop = {"kind": "mempool_loop", "comm": "pool", "pool": "page", "min_nr": 2, "start": "999s"}
    m = SmallMachine(
        task=[{**loop, "hold": "1us", "count": 1}],
        swap=None,
        answers={"mempool_step": step, "throttle_direct_reclaim": during},
    )
    m.lose_free_pages(0)
    m.job(OP_MEMPOOL_ALLOC, m.pool("pool")[1], GFP_NOIO)
    m.run(20 * MS)
    assert ("inside", FLAGS[right]) in seen
    assert {flags for flags in seen if not isinstance(flags, tuple)} == {0}


def test_the_steps_flags_leave_room_for_the_mask():
    """Bits 3 to 6 are flags; an ALLOC's mask begins at bit 8."""
    flags = STEP_LESS_THROTTLE | STEP_NO_THROTTLE | STEP_BAIL_OUT | STEP_LIGHT_RECLAIM
    assert (ALLOC(GFP_KERNEL) | flags) >> 8 == GFP_KERNEL and ALLOC(GFP_KERNEL) & flags == 0
