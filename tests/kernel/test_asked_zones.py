"""What the kernel makes of the answers about zones, retries and works."""

import pytest
from mm_lab import MS, OP_ALLOC_PAGE, SmallMachine

from gfplab.kernel.answers import SLOWPATH_FAIL, WQ_HOLD, WQ_QUEUED, WQ_RESCUE, WQ_RUN
from gfplab.kernel.gfp import __GFP_NOFAIL, GFP_KERNEL
from gfplab.kernel.types import WORK_BIO_ALLOC_RESCUE

BOTH = pytest.mark.parametrize("kernel", ["v4.7", "v6.1"])
BIOSET_WQ = 1


def always(answer):
    return lambda *records: answer


def machine(kernel="v4.7", **answers):
    return SmallMachine(kernel=kernel, answers=answers, check_every=None)


@BOTH
def test_marks_and_lists_are_as_the_policy_wants_them(kernel):
    m = machine(kernel, setup_per_zone_wmarks=always(50), zone_batchsize=always(7), zone_highsize=always(21))
    zone = m.zone
    assert (zone.wmark_low, zone.wmark_high) == (zone.wmark_min + 50, zone.wmark_min + 100)
    assert m.vm.totalreserve == zone.wmark_high
    assert (m.k.pcps[1].batch, m.k.pcps[1].high) == (7, 21)


@BOTH
def test_a_list_without_a_batch_moves_single_pages(kernel):
    m = machine(kernel, zone_batchsize=always(0), zone_highsize=lambda vm, zone, pcp, my: 6 * pcp.batch)
    assert (m.k.pcps[1].batch, m.k.pcps[1].high) == (1, 0)


@BOTH
def test_an_allocation_fails_when_the_policy_says_so_unless_it_must_not(kernel):
    """__GFP_NOFAIL tries on."""
    m = machine(kernel, should_reclaim_retry=always(SLOWPATH_FAIL))
    m.run(MS)
    m.lose_free_pages(0)
    m.vm.kswapd_wait = 0
    m.job(OP_ALLOC_PAGE, GFP_KERNEL, start_ns=2 * MS)
    m.job(OP_ALLOC_PAGE, GFP_KERNEL | __GFP_NOFAIL, start_ns=2 * MS)
    m.run(4 * MS)
    assert m.results == [0] and m.vm.oom_kill == 0


@BOTH
def test_kswapd_sleeps_as_long_as_the_policy_lets_it(kernel):
    m = machine(kernel, wakeup_kswapd=always(0))
    m.run(300 * MS)
    m.lose_free_pages(0)
    assert m.call("wake_all_kswapds", 0, 1) == 0
    m = machine(kernel, wakeup_kswapd=always(1))
    m.run(300 * MS)
    assert m.call("wake_all_kswapds", 0, 1) == 1


@BOTH
def test_a_zone_is_balanced_when_the_policy_says_so(kernel):
    symbol, args = ("zone_balanced", (1, 0, 0)) if kernel == "v4.7" else ("pgdat_balanced__v6_1", (0, 1))
    for answer in (0, 1):
        m = machine(kernel, zone_balanced=always(answer))
        assert m.call(symbol, *args) == answer
        assert m.zone.balance_mark == m.zone.wmark_high


def queue(answer, times):
    """A workqueue after so many works were queued, and what was asked."""
    asked = []

    def wq_dispatch(vm, wq, worker_pool, my):
        asked.append(int(wq.reason))
        return answer

    m = machine(wq_dispatch=wq_dispatch)
    for _ in range(times):
        m.call("queue_work", BIOSET_WQ, WORK_BIO_ALLOC_RESCUE, 1)
    return m.k.wqs[BIOSET_WQ], asked


def test_one_work_of_a_workqueue_is_always_active():
    wq, asked = queue(WQ_HOLD, 3)
    assert (wq.nr_active, wq.nr_inactive, wq.mayday) == (1, 2, 0) and asked == [WQ_QUEUED] * 3


def test_works_run_without_a_limit_where_none_is_held():
    wq, _ = queue(WQ_RUN, 300)
    assert (wq.nr_active, wq.nr_inactive, wq.mayday) == (300, 0, 0)


def test_the_rescuer_is_called_at_once_where_that_is_the_answer():
    wq, _ = queue(WQ_RESCUE, 2)
    assert (wq.nr_active, wq.mayday) == (2, 1)
