"""What did the kernel of July 2016 answer? Rules and numbers of the stock plugin, one at a time."""

import pytest

from gfplab.kernel.gfp import (
    __GFP_FS,
    __GFP_HIGH,
    __GFP_IO,
    __GFP_MEMALLOC,
    __GFP_NOMEMALLOC,
    ALLOC_HARDER,
    ALLOC_HIGH,
    ALLOC_NO_WATERMARKS,
    ALLOC_WMARK_MIN,
    GFP_ATOMIC,
    GFP_HIGHUSER_MOVABLE,
    GFP_KERNEL,
    GFP_NOFS,
    GFP_NOIO,
    GFP_NOWAIT,
    PF_KTHREAD,
    PF_LESS_THROTTLE,
    PF_MEMALLOC,
    TIF_MEMDIE,
)
from gfplab.kernel.types import ZONE_CONGESTED, ZONE_WRITEBACK
from gfplab.units import MSEC, SEC

MIB = 256  # pages


# mempool_step


def test_an_empty_pool_is_tried_again_with_reclaim_before_the_caller_sleeps(steps_of):
    """The second attempt follows at once; after every wake-up the allocator comes before the reserve."""
    assert steps_of("linux_4_7", GFP_NOIO, limit=9) == "A(T) R A(F) R W A(F) R W A(F)"


def test_the_reserve_is_used_when_the_first_attempt_fails(steps_of):
    """One element in the reserve ends the call, without reclaim."""
    assert steps_of("linux_4_7", GFP_NOIO, reserve=1) == "A(T) R"


def test_a_fast_success_takes_no_lock(steps_of):
    """The reserve is not looked at."""
    assert steps_of("linux_4_7", GFP_KERNEL, allocator_succeeds=lambda attempt: True) == "A(T)"


def test_the_element_that_woke_the_caller_is_its_second_choice(steps_of):
    """Woken with an element in the reserve, the caller enters reclaim first: the complaint of the whole debate."""
    assert steps_of("linux_4_7", GFP_NOIO, returned=lambda wait: 1) == "A(T) R A(F) R W A(F) R"


def test_mempool_alloc_never_fails_when_it_may_sleep(steps_of):
    """A caller with __GFP_DIRECT_RECLAIM waits for ever."""
    for mask in (GFP_KERNEL, GFP_NOFS, GFP_NOIO):
        assert "FAIL" not in steps_of("linux_4_7", mask, limit=100)


@pytest.mark.parametrize(
    ("mask", "steps"),
    [
        (GFP_NOWAIT, "A(T) R FAIL"),
        (GFP_ATOMIC, "A(T) R FAIL"),
        (GFP_NOWAIT | __GFP_IO, "A(T) R A(F) R FAIL"),
    ],
    ids=["nowait", "atomic", "nowait with io"],
)
def test_a_caller_that_may_not_sleep_gets_one_attempt_or_two(steps_of, mask, steps):
    """Two only if the optimistic mask took something away."""
    assert steps_of("linux_4_7", mask) == steps


def test_the_wait_is_five_seconds_at_most(answer):
    """The time-out of 2.6.18's workaround is still there."""
    step = answer("linux_4_7", "mempool_step")(call=dict(last=2, attempts=2, may_sleep=1, full=GFP_NOIO))
    assert step == 3 | 5 * SEC << 8


# mempool_free


def test_an_element_goes_to_the_reserve_before_anything_else(answer):
    """As long as the reserve is short; then to the allocator."""
    ask = answer("linux_4_7", "mempool_free")
    assert [ask(pool=dict(curr_nr=n, min_nr=16)) for n in (0, 15, 16)] == [1, 1, 0]


# gfp_to_alloc_flags


@pytest.mark.parametrize(
    ("mask", "task", "in_irq", "flags"),
    [
        (GFP_HIGHUSER_MOVABLE, 0, 0, ALLOC_WMARK_MIN),
        (GFP_NOIO, 0, 0, ALLOC_WMARK_MIN),
        (GFP_NOWAIT, 0, 0, ALLOC_WMARK_MIN),
        (GFP_KERNEL | __GFP_HIGH, 0, 0, ALLOC_HIGH),
        (GFP_ATOMIC, 0, 1, ALLOC_HIGH | ALLOC_HARDER),
        (GFP_ATOMIC | __GFP_NOMEMALLOC, 0, 0, ALLOC_HIGH),
        (GFP_NOIO, PF_MEMALLOC, 0, ALLOC_NO_WATERMARKS),
        (GFP_NOIO, TIF_MEMDIE, 0, ALLOC_NO_WATERMARKS),
        (GFP_NOWAIT, PF_MEMALLOC, 1, ALLOC_WMARK_MIN),
        (GFP_NOIO | __GFP_NOMEMALLOC, PF_MEMALLOC | TIF_MEMDIE, 0, ALLOC_WMARK_MIN),
        (GFP_NOIO | __GFP_MEMALLOC, 0, 0, ALLOC_NO_WATERMARKS),
        (GFP_NOIO | __GFP_MEMALLOC | __GFP_NOMEMALLOC, 0, 0, ALLOC_WMARK_MIN),
    ],
)
def test_rights_follow_from_the_mask_and_the_task(answer, mask, task, in_irq, flags):
    """__GFP_NOMEMALLOC wins over everything; an interrupt has no task whose rights it could use."""
    ask = answer("linux_4_7", "gfp_to_alloc_flags")
    assert ask(task=dict(pf_flags=task), request=dict(gfp_mask=mask, in_irq=in_irq)) == flags


# get_scan_count


def scan_count(answer, zone=(), lruvec=(), scan=()):
    """The anon share of a zone with plenty of both kinds, changed as the arguments say."""
    scan = dict(may_swap=1, vm_swap_pages=1000, priority=12, swappiness=60) | dict(scan)
    lruvec = dict(nr_active_file=8000, nr_inactive_file=2000) | dict(lruvec)
    zone = dict(free=1000, wmark_high=1500) | dict(zone)
    return answer("linux_4_7", "get_scan_count")(zone=zone, lruvec=lruvec, scan=scan)


@pytest.mark.parametrize(
    ("anon", "file", "share"),
    [((1000, 100), (1000, 100), 0.300), ((1000, 900), (1000, 10), 0.005)],
)
def test_the_shares_follow_swappiness_and_rotation(answer, anon, file, share):
    """Two vectors (scanned, rotated) worked out by hand from the formula of v4.7."""
    lruvec = dict(zip(("scanned_anon", "rotated_anon", "scanned_file", "rotated_file"), anon + file, strict=True))
    assert scan_count(answer, lruvec=lruvec) / 65536 == pytest.approx(share, abs=0.0005)


def test_without_swap_only_file_pages_are_scanned(answer):
    """No slot left, or a pass that may not swap."""
    assert scan_count(answer, scan=dict(vm_swap_pages=0)) == 0
    assert scan_count(answer, scan=dict(may_swap=0)) == 0
    assert scan_count(answer, scan=dict(vm_swap_pages=1)) > 0


def test_at_priority_zero_everything_is_scanned_in_full(answer):
    """Unless swappiness is 0, which even then keeps away from anon."""
    assert scan_count(answer, scan=dict(priority=0)) == -1
    assert scan_count(answer, scan=dict(priority=0, swappiness=0)) == 0


def test_when_file_is_nearly_gone_only_anon_is_scanned(answer):
    """Free and file pages together no longer exceed the high mark."""
    assert scan_count(answer, lruvec=dict(nr_active_file=300, nr_inactive_file=200)) == 65536


def test_a_long_inactive_file_list_spares_anon(answer):
    """While it is no shorter than its share and has a page to scan at this priority."""
    assert scan_count(answer, lruvec=dict(nr_active_file=8000, nr_inactive_file=8000), scan=dict(priority=12)) == 0
    assert scan_count(answer, lruvec=dict(nr_active_file=800, nr_inactive_file=4000), scan=dict(priority=12)) > 0


@pytest.mark.parametrize(("gib", "ratio"), [(0, 1), (1, 3), (5, 7), (10, 10), (50, 22), (100, 31), (1000, 100)])
def test_the_inactive_list_may_be_shorter_on_larger_machines(answer, gib, ratio):
    """int_sqrt(10 * GiB): a list that is one page short of active / ratio is low."""
    total = gib * 262144 or 200 * MIB
    inactive = total // (ratio + 1)
    active = inactive * ratio
    enough = dict(nr_inactive_file=inactive + total % (ratio + 1), nr_active_file=active)
    short = dict(nr_inactive_file=inactive - 1, nr_active_file=active + 1 + total % (ratio + 1))
    assert scan_count(answer, lruvec=enough, scan=dict(priority=1)) == 0
    assert scan_count(answer, lruvec=short, scan=dict(priority=1)) > 0


# too_many_isolated


def test_reclaimers_queue_behind_an_eighth_of_the_inactive_list(answer):
    """Callers with both IO and FS; the others may isolate as much as there is, so they never queue behind the first."""
    ask = answer("linux_4_7", "too_many_isolated")
    lruvec = dict(isolated_file=101, nr_inactive_file=800)
    assert ask(lruvec=lruvec, scan=dict(file=1, gfp_mask=GFP_KERNEL)) == 1
    assert ask(lruvec=lruvec | dict(isolated_file=100), scan=dict(file=1, gfp_mask=GFP_KERNEL)) == 0
    for mask in (GFP_NOIO, GFP_NOFS, GFP_NOIO | __GFP_FS):
        assert ask(lruvec=lruvec, scan=dict(file=1, gfp_mask=mask)) == 0
        assert ask(lruvec=lruvec | dict(isolated_file=801), scan=dict(file=1, gfp_mask=mask)) == 1


def test_each_type_is_counted_for_itself_and_kswapd_not_at_all(answer):
    """Isolated anon pages say nothing about file."""
    ask = answer("linux_4_7", "too_many_isolated")
    lruvec = dict(isolated_anon=50, nr_inactive_anon=8, isolated_file=0, nr_inactive_file=8)
    assert ask(lruvec=lruvec, scan=dict(file=0, gfp_mask=GFP_KERNEL)) == 1
    assert ask(lruvec=lruvec, scan=dict(file=1, gfp_mask=GFP_KERNEL)) == 0
    assert ask(lruvec=lruvec, scan=dict(file=0, gfp_mask=GFP_KERNEL, kswapd=1)) == 0


# throttle_direct_reclaim


def test_direct_reclaim_waits_while_half_of_the_reserve_is_gone(answer):
    """A caller without __GFP_FS a second at most, since it may hold what kswapd needs; others until woken."""
    ask = answer("linux_4_7", "throttle_direct_reclaim")
    low = dict(pfmemalloc_free=500, pfmemalloc_reserve=1000)
    assert ask(scan=low | dict(gfp_mask=GFP_KERNEL)) == -1
    assert ask(scan=low | dict(gfp_mask=GFP_NOFS)) == 1 * SEC
    assert ask(scan=low | dict(gfp_mask=GFP_KERNEL, pfmemalloc_free=501)) == 0


def test_kernel_threads_and_the_dying_never_wait_for_kswapd(answer):
    """Nor does anybody when no zone has anything to reclaim."""
    ask = answer("linux_4_7", "throttle_direct_reclaim")
    low = dict(pfmemalloc_free=0, pfmemalloc_reserve=1000, gfp_mask=GFP_KERNEL)
    assert ask(scan=low, task=dict(pf_flags=PF_KTHREAD)) == 0
    assert ask(scan=low, task=dict(killed=1)) == 0
    assert ask(scan=low | dict(pfmemalloc_reserve=0)) == 0


# throttle_vm_writeout


def test_writeback_above_the_limit_costs_a_nap_of_100_ms(answer):
    """The numbers of the thread's dump: 13 652 pages under writeback, a limit of 2 215."""
    ask = answer("linux_4_7", "throttle_vm_writeout")
    assert ask(vm=dict(nr_writeback=13652), scan=dict(limit=2215)) == 100 * MSEC
    assert ask(vm=dict(nr_writeback=2215), scan=dict(limit=2215)) == 0
    assert ask(vm=dict(nr_writeback=2000, nr_unstable=216), scan=dict(limit=2215)) == 100 * MSEC


def test_the_flag_alone_spares_nobody_from_throttle_vm_writeout(answer):
    """PF_LESS_THROTTLE raises the threshold by a quarter, elsewhere; it is no exemption, not even for kswapd."""
    ask = answer("linux_4_7", "throttle_vm_writeout")
    for flags in (PF_LESS_THROTTLE, PF_KTHREAD, PF_MEMALLOC):
        assert ask(vm=dict(nr_writeback=13652), scan=dict(limit=2215), task=dict(pf_flags=flags)) == 100 * MSEC


# wait_iff_congested


def test_pages_that_come_round_again_under_writeback_cost_a_nap(answer):
    """Point 3: nr_immediate is enough, whatever the devices say."""
    ask = answer("linux_4_7", "wait_iff_congested")
    assert ask(scan=dict(point=3, nr_immediate=1)) == 100 * MSEC
    assert ask(scan=dict(point=3, nr_immediate=0), zone=dict(flags=ZONE_CONGESTED), vm=dict(nr_bdi_congested=1)) == 0


def test_a_congested_zone_costs_a_nap_while_some_device_is_congested(answer):
    """Point 4 needs both; devices that never report congestion (virtio, NVMe) make it a mere yield."""
    ask = answer("linux_4_7", "wait_iff_congested")
    assert ask(scan=dict(point=4), zone=dict(flags=ZONE_CONGESTED), vm=dict(nr_bdi_congested=1)) == 100 * MSEC
    assert ask(scan=dict(point=4), zone=dict(flags=ZONE_CONGESTED), vm=dict(nr_bdi_congested=0)) == 0
    assert ask(scan=dict(point=4), zone=dict(flags=ZONE_WRITEBACK), vm=dict(nr_bdi_congested=1)) == 0


def test_the_flag_protects_only_tasks_with_a_device_of_their_own(answer):
    """A kworker has no backing device, so PF_LESS_THROTTLE in kcryptd would not spare it these naps."""
    ask = answer("linux_4_7", "wait_iff_congested")
    immediate = dict(point=3, nr_immediate=1)
    assert ask(scan=immediate, task=dict(pf_flags=PF_LESS_THROTTLE, bdi=0)) == 100 * MSEC
    assert ask(scan=immediate, task=dict(pf_flags=PF_LESS_THROTTLE, bdi=1)) == 0
    assert ask(scan=immediate, task=dict(pf_flags=PF_KTHREAD, bdi=1)) == 100 * MSEC
    assert ask(scan=immediate | dict(bdi_congested=1), task=dict(pf_flags=PF_LESS_THROTTLE, bdi=1)) == 100 * MSEC


# what later kernels and no kernel ask


def test_v4_7_has_no_magazines_and_no_reclaim_throttle(answer):
    """The first exists in no Linux, the second since v5.16."""
    assert answer("linux_4_7", "mempool_magazine")() == 0
    assert answer("linux_4_7", "reclaim_throttle")(scan=dict(reason=1, jiffy_ns=4 * MSEC)) == 0


def test_v4_7_lets_any_number_of_swap_bios_into_a_device_unless_a_limit_is_set(answer):
    """dm has had one since v5.12; a scenario may give v4.7 the same."""
    ask = answer("linux_4_7", "inflight_gate")
    assert ask(crypt=dict(swap_bios_out=1_000_000)) == 1
    assert [ask(crypt=dict(swap_bios=8, swap_bios_out=n)) for n in (7, 8)] == [1, 0]
