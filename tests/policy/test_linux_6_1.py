"""What does the kernel of the 6.1 series answer? Rules and numbers of the stock plugin of era v6.1."""

import pytest

from gfplab.kernel.decisions import DECISIONS
from gfplab.kernel.gfp import (
    __GFP_HIGH,
    __GFP_IO,
    __GFP_MEMALLOC,
    __GFP_NOMEMALLOC,
    ALLOC_MIN_RESERVE,
    ALLOC_NO_WATERMARKS,
    ALLOC_NON_BLOCK,
    ALLOC_OOM,
    ALLOC_WMARK_MIN,
    GFP_ATOMIC,
    GFP_KERNEL,
    GFP_NOFS,
    GFP_NOIO,
    GFP_NOWAIT,
    MEMPOOL_EXTRA,
    PF_KSWAPD,
    PF_KTHREAD,
    PF_MEMALLOC,
    TIF_MEMDIE,
)
from gfplab.kernel.types import (
    VMSCAN_THROTTLE_CONGESTED,
    VMSCAN_THROTTLE_ISOLATED,
    VMSCAN_THROTTLE_NOPROGRESS,
    VMSCAN_THROTTLE_WRITEBACK,
)
from gfplab.units import MSEC, SEC

REASONS = (
    VMSCAN_THROTTLE_WRITEBACK,
    VMSCAN_THROTTLE_ISOLATED,
    VMSCAN_THROTTLE_NOPROGRESS,
    VMSCAN_THROTTLE_CONGESTED,
)


def test_it_answers_every_question(plugins):
    """It is the stock kernel of its era."""
    assert plugins["linux_6_1"].decisions == tuple(decision.name for decision in DECISIONS)


@pytest.mark.parametrize("mask", [GFP_KERNEL, GFP_NOFS, GFP_NOIO, GFP_NOWAIT, GFP_ATOMIC, GFP_NOWAIT | __GFP_IO])
@pytest.mark.parametrize("reserve", [0, 1])
def test_the_program_of_mempool_alloc_has_not_changed_since_v4_7(steps_of, mask, reserve):
    """MODEL 1.2: classic in every era but v4.6 to v4.7.0."""
    assert steps_of("linux_6_1", mask, reserve=reserve) == steps_of("linux_4_7", mask, reserve=reserve)


def test_the_program_in_full(steps_of):
    """Attempt, reserve, attempt with reclaim; then wait, reclaim, and only then the reserve."""
    assert steps_of("linux_6_1", GFP_NOIO, limit=9) == "A(T) R A(F) R W A(F) R W A(F)"


@pytest.mark.parametrize(
    ("mask", "task", "in_irq", "flags"),
    [
        (GFP_KERNEL, 0, 0, 0),
        (GFP_KERNEL | __GFP_HIGH, 0, 0, ALLOC_MIN_RESERVE),
        (GFP_ATOMIC, 0, 1, ALLOC_MIN_RESERVE | ALLOC_NON_BLOCK),
        (GFP_ATOMIC | __GFP_NOMEMALLOC, 0, 0, ALLOC_MIN_RESERVE),
        (GFP_NOWAIT, 0, 0, ALLOC_NON_BLOCK),
        (GFP_NOWAIT | MEMPOOL_EXTRA, PF_MEMALLOC, 0, 0),
        (GFP_NOIO, PF_MEMALLOC, 0, ALLOC_NO_WATERMARKS),
        (GFP_NOIO, PF_MEMALLOC, 1, 0),
        (GFP_KERNEL, TIF_MEMDIE, 0, ALLOC_OOM),
        (GFP_KERNEL, TIF_MEMDIE | PF_MEMALLOC, 0, ALLOC_NO_WATERMARKS),
        (GFP_KERNEL | __GFP_MEMALLOC, 0, 1, ALLOC_NO_WATERMARKS),
    ],
)
def test_rights_below_the_watermarks(answer, mask, task, in_irq, flags):
    """MODEL 2.4, column of 6.1.192: an OOM victim gets half of min, no longer all; NOMEMALLOC takes all but HIGH."""
    ask = answer("linux_6_1", "gfp_to_alloc_flags")
    assert ask(task=dict(pf_flags=task), request=dict(gfp_mask=mask, in_irq=in_irq)) == flags | ALLOC_WMARK_MIN


def scan_count(answer, lruvec=(), **scan):
    scan = dict(may_swap=1, vm_swap_pages=1000, priority=12, swappiness=60) | scan
    return answer("linux_6_1", "get_scan_count")(lruvec=dict(lruvec), scan=scan)


@pytest.mark.parametrize(
    ("swappiness", "anon_cost", "file_cost", "share"),
    [
        (60, 0, 0, 0.300),
        (60, 1000, 0, 0.175),
        (60, 0, 1000, 0.461),
        (100, 500, 500, 0.500),
        (10, 1000, 0, 0.024),
        (200, 0, 1000, 1.0),
    ],
)
def test_the_shares_follow_swappiness_and_cost(answer, swappiness, anon_cost, file_cost, share):
    """MODEL 19, FRACT of v6.1."""
    lruvec = dict(anon_cost=anon_cost, file_cost=file_cost)
    assert scan_count(answer, lruvec, swappiness=swappiness) / 65536 == pytest.approx(share, abs=0.001)


def test_what_comes_before_the_shares(answer):
    """No swap: file. Priority 0: both in full, unless swappiness is 0. Tiny cache: anon. Idle cache: file."""
    assert scan_count(answer, may_swap=0) == 0
    assert scan_count(answer, vm_swap_pages=0, file_is_tiny=1) == 0
    assert scan_count(answer, priority=0, cache_trim_mode=1) == -1
    assert scan_count(answer, priority=0, swappiness=0) == 0
    assert scan_count(answer, file_is_tiny=1, cache_trim_mode=1) == 65536
    assert scan_count(answer, cache_trim_mode=1) == 0


def test_reclaimers_queue_behind_an_eighth_of_the_inactive_list(answer):
    """As in v4.7: callers with both IO and FS; the others may isolate as much as there is; kswapd whatever it likes."""
    ask = answer("linux_6_1", "too_many_isolated")
    lruvec = dict(isolated_anon=101, nr_inactive_anon=800)
    assert ask(lruvec=lruvec, scan=dict(gfp_mask=GFP_KERNEL)) == 1
    assert ask(lruvec=lruvec, scan=dict(gfp_mask=GFP_NOIO)) == 0
    assert ask(lruvec=lruvec, scan=dict(gfp_mask=GFP_KERNEL, kswapd=1)) == 0


def test_direct_reclaim_waits_for_kswapd_as_it_did(answer):
    """T1 of MODEL 6.2: kernel threads never."""
    ask = answer("linux_6_1", "throttle_direct_reclaim")
    short = dict(pfmemalloc_free=50, pfmemalloc_reserve=100)
    assert ask(scan=short | dict(gfp_mask=GFP_KERNEL)) == -1
    assert ask(scan=short | dict(gfp_mask=GFP_NOIO)) == SEC
    assert ask(scan=short | dict(gfp_mask=GFP_KERNEL), task=dict(pf_flags=PF_KTHREAD)) == 0
    assert ask(scan=short | dict(pfmemalloc_free=51)) == 0


@pytest.mark.parametrize("jiffy_ns", [1 * MSEC, 4 * MSEC, 10 * MSEC])
def test_each_reason_has_its_time_out(answer, jiffy_ns):
    """MODEL 6.4: 100 ms, 20 ms, and one jiffy, however long that is, for the other two."""
    ask = answer("linux_6_1", "reclaim_throttle")
    naps = [ask(scan=dict(reason=reason, jiffy_ns=jiffy_ns)) for reason in REASONS]
    assert naps == [100 * MSEC, 20 * MSEC, jiffy_ns, jiffy_ns]


def test_no_kernel_thread_but_kswapd_is_throttled(answer):
    """Neil Brown's goal of 2016, reached by another way (MODEL 14, law 28)."""
    ask = answer("linux_6_1", "reclaim_throttle")
    for reason in REASONS:
        scan = dict(reason=reason, jiffy_ns=4 * MSEC)
        assert ask(task=dict(pf_flags=PF_KTHREAD), scan=scan) == 0
        assert ask(task=dict(pf_flags=PF_KTHREAD | PF_KSWAPD), scan=scan | dict(kswapd=1)) > 0


def test_the_throttles_of_v4_7_are_gone(answer):
    """throttle_vm_writeout since v4.9, wait_iff_congested since v5.16."""
    assert answer("linux_6_1", "throttle_vm_writeout")(vm=dict(nr_writeback=1 << 30)) == 0
    assert answer("linux_6_1", "wait_iff_congested")(scan=dict(point=3, nr_immediate=5)) == 0


def test_swap_bios_in_flight_are_limited(answer):
    """MODEL 1.6: 2048 a device; 0 is no limit."""
    ask = answer("linux_6_1", "inflight_gate")
    assert [ask(crypt=dict(swap_bios=2048, swap_bios_out=n)) for n in (0, 2047, 2048, 2049)] == [1, 1, 0, 0]
    assert ask(crypt=dict(swap_bios=0, swap_bios_out=9000)) == 1


def test_a_returned_element_goes_to_the_reserve_and_there_are_no_magazines(answer):
    """As ever."""
    ask = answer("linux_6_1", "mempool_free")
    assert [ask(pool=dict(curr_nr=n, min_nr=64)) for n in (0, 63, 64)] == [1, 1, 0]
    assert answer("linux_6_1", "mempool_magazine")() == 0
