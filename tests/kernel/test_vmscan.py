"""Reclaim: how much of which list is scanned, what a caller's mask allows, when it stops, and what it waits for."""

from math import isqrt

import pytest
from mm_lab import MS, OP_RECLAIM, OP_SHRINK_ZONE, OP_SLAB_ALLOC, SEC, SmallMachine, stock

from gfplab.kernel.gfp import GFP_KERNEL, GFP_NOFS, GFP_NOIO, PF_KTHREAD
from gfplab.kernel.tracepoints import mm_vmscan_direct_reclaim_end
from gfplab.kernel.types import PG_active, PG_anon, PG_dirty, PG_lru, PG_slab, PG_swapcache, PG_writeback, PG_young

SLOW = {"name": "vda", "read": "10s", "write": "10s", "bandwidth": "100MB/s", "parallelism": 1, "tags": 1}


def machine(check_every=1, disk=None, swap=True, **start):
    """Memory as the test says; start=... as in [machine.start]."""
    options = {"disk": [disk]} if disk else {}
    if not swap:
        options["swap"] = None
    return SmallMachine(machine={"start": start}, check_every=check_every, **options)


def test_the_target_of_a_list_is_its_size_halved_as_often_as_the_priority_says():
    m = machine()
    m.k.scans[0].kswapd = 0
    targets = [m.call("scan_target", 1, 105_955, priority, 65_536) for priority in (12, 10, 8, 6, 4, 2, 0)]
    assert targets == [25, 103, 413, 1655, 6622, 26_488, 105_955]


def test_kswapd_scans_at_least_a_batch_of_a_zone_that_looks_unreclaimable():
    m = machine(swap=False)
    m.k.scans[0].kswapd = 1
    assert m.call("scan_target", 1, 100, 12, 65_536) == 32 and m.call("scan_target", 1, 5, 12, 65_536) == 5
    m.k.scans[0].kswapd = 0
    assert m.call("scan_target", 1, 100, 12, 65_536) == 0


@pytest.mark.parametrize(("gib", "ratio"), [(0.5, 1), (1, 3), (5, 7), (10, 10), (50, 22), (100, 31), (1000, 100)])
def test_the_larger_the_lists_the_smaller_the_part_that_is_inactive(gib, ratio):
    m = machine(check_every=0)
    pages = int(gib * (1 << 18))
    lists = m.k.lruvecs[1]
    inactive = pages // (ratio + 1)
    for extra, low in ((-1, 1), (1, 0)):
        lists.nr_inactive_anon, lists.nr_active_anon = inactive + extra, pages - inactive - extra
        assert m.call("inactive_list_is_low", 1, 0) == low


@pytest.mark.parametrize("x", [0, 1, 3, 10, 99, 100, 10_000, (1 << 31) - 1])
def test_no_step_of_the_square_root_leaves_64_bits(x):
    """Compiled code wraps where Python does not: the first square is the largest."""
    m = machine()
    assert m.call("int_sqrt", x) == isqrt(x)
    assert (2 * (1 << 30)) ** 2 < 1 << 63


def test_direct_reclaim_stops_when_it_has_freed_a_batch():
    m = machine(inactive_file="4MiB")
    m.job(OP_RECLAIM, GFP_KERNEL)
    m.run(SEC)
    assert 32 <= m.results[0] < 64 and m.vm.pgsteal_direct == m.results[0]


def test_a_noio_caller_frees_clean_file_pages():
    m = machine(inactive_file="4MiB")
    m.job(OP_RECLAIM, GFP_NOIO)
    m.run(SEC)
    assert 32 <= m.results[0] < 64


@pytest.mark.parametrize(("mask", "may"), [(GFP_NOIO, False), (GFP_NOFS, True), (GFP_KERNEL, True)])
def test_only_who_may_start_io_swaps_out(mask, may):
    m = machine(inactive_anon="2MiB")
    m.job(OP_RECLAIM, mask)
    m.run(SEC)
    assert (m.vm.pswpout > 0) == may and (m.k.swaps[1].used > 0) == may


def test_a_noio_caller_may_free_what_others_have_written():
    m = machine(inactive_anon="2MiB")
    m.job(OP_RECLAIM, GFP_KERNEL)
    m.run(SEC)
    written = m.vm.pswpout
    assert written > 32
    m.job(OP_RECLAIM, GFP_NOIO)
    m.run(2 * SEC)
    assert m.results[1] >= 32 and m.vm.pswpout == written


def test_direct_reclaim_does_not_write_file_pages():
    """It leaves them to the flusher and to kswapd, marked to be freed once they are written."""
    fs = {"filesystem": [{"name": "ext4", "device": "vda"}]}
    start = {"inactive_file": "1MiB", "dirty": "1MiB", "filesystem": "ext4"}
    m = SmallMachine(machine={"start": start}, disk=[SLOW], **fs)
    m.job(OP_RECLAIM, GFP_KERNEL)
    m.run(500 * MS)
    assert m.vm.nr_vmscan_immediate_reclaim > 0 and m.vm.nr_vmscan_write == 0


def test_reclaim_ends_even_when_nothing_can_be_freed():
    """13 priorities, twice, and then it says so."""
    m = machine(inactive_anon="2MiB", swap=False)
    m.job(OP_RECLAIM, GFP_KERNEL)
    m.run(SEC)
    assert m.results == [0] and m.k.scans[int(m.traced(mm_vmscan_direct_reclaim_end)[0]["task"])].priority == -1


def test_a_touched_page_gets_another_turn_on_the_active_list():
    m = machine(inactive_anon="1MiB")
    first = int(m.k.lrus[4].tail)
    m.arrays["page_flags"][first] |= PG_young
    m.job(OP_RECLAIM, GFP_KERNEL)
    m.run(200 * MS)
    flags = int(m.arrays["page_flags"][first])
    assert flags & PG_active and not flags & (PG_young | PG_swapcache)


def test_new_memory_is_not_low_on_inactive_pages_for_long():
    """All of it is active and touched; reclaim makes half of it inactive before it can free any."""
    m = machine(active_anon="4MiB")
    flags = m.arrays["page_flags"]
    flags[flags & PG_anon != 0] |= PG_young
    m.job(OP_RECLAIM, GFP_KERNEL)
    m.run(2 * SEC)
    assert m.vm.pgdeactivate >= 512


def test_a_page_that_reclaim_writes_is_dirty_then_under_writeback_then_clean_and_never_two_of_them():
    m = machine(inactive_anon="1MiB", disk={**SLOW, "write": "1ms"})
    m.job(OP_RECLAIM, GFP_KERNEL)
    for ms in range(1, 300, 7):
        m.run(ms * MS)
        assert not m.pages(PG_dirty | PG_writeback)
        assert len(m.pages(PG_writeback)) == m.vm.nr_writeback


# too many isolated (T2)


def isolating(mask):
    m = machine(check_every=0, inactive_anon="1MiB")
    lists = m.k.lruvecs[1]
    lists.isolated_anon = lists.nr_inactive_anon // 2
    m.job(OP_RECLAIM, mask)
    m.run(950 * MS)
    return m


def test_an_ordinary_reclaimer_sleeps_100_ms_at_a_time_while_an_eighth_of_the_inactive_pages_is_in_other_hands():
    m = isolating(GFP_KERNEL)
    assert not m.done and m.vm.pgscan_direct == 0
    m.k.lruvecs[1].isolated_anon = 0
    m.run(2 * SEC)
    assert m.done and m.vm.pgscan_direct > 0


def test_a_noio_reclaimer_never_queues_behind_the_ordinary_ones():
    assert isolating(GFP_NOIO).done


def test_kswapd_is_never_held_up_by_what_others_isolated():
    scan, lists = machine().k.scans[0], machine().k.lruvecs[1]
    lists.isolated_anon, scan.kswapd = 10_000, 1
    assert stock("too_many_isolated")(lists, None, scan, None) == 0


# too little for anybody (T1)


def starving(mask, pf_flags=0, write="10s"):
    m = machine(inactive_anon="2MiB", disk={**SLOW, "write": write})
    m.job(OP_SLAB_ALLOC, m.k.swaps[1].node_cache, GFP_KERNEL)
    m.run(MS // 10)  # a slab of radix-tree nodes: below half of min there would be no page for one
    m.lose_free_pages(m.zone.wmark_min // 2)
    m.job(OP_RECLAIM, mask, pf_flags=pf_flags)
    return m


def test_without_a_node_of_the_swap_cache_nothing_can_be_swapped_out_below_half_of_min():
    m = machine(inactive_anon="2MiB")
    m.lose_free_pages(m.zone.wmark_min // 2)
    m.run(5 * SEC)
    assert m.vm.pswpout == 0 and m.vm.pgscan_kswapd > 512


def test_with_half_of_min_left_a_user_waits_for_kswapd_before_reclaiming():
    m = starving(GFP_KERNEL).run(5 * SEC)
    assert m.vm.pgscan_direct_throttle == 1 and m.vm.pgscan_direct == 0 and len(m.done) == 1


def test_without_fs_the_wait_is_one_second_at_most():
    m = starving(GFP_NOFS).run(990 * MS)
    assert m.vm.pgscan_direct == 0
    m.run(1100 * MS)
    assert m.vm.pgscan_direct > 0


def test_the_waiting_go_on_when_kswapd_has_freed_enough():
    m = starving(GFP_KERNEL, write="1ms").run(5 * SEC)
    assert m.vm.pgscan_direct_throttle == 1 and len(m.done) == 2 and m.vm.pgsteal_kswapd > 0


def test_kernel_threads_do_not_wait_for_kswapd():
    m = starving(GFP_KERNEL, PF_KTHREAD).run(100 * MS)
    assert m.vm.pgscan_direct_throttle == 0 and m.vm.pgscan_direct > 0


def test_nobody_waits_when_there_is_nothing_to_reclaim():
    m = machine(swap=False)
    m.lose_free_pages(0)
    m.job(OP_RECLAIM, GFP_KERNEL)
    m.run(SEC)
    assert m.results == [0] and m.vm.pgscan_direct_throttle == 0


def test_shrinking_a_zone_leaves_no_page_in_anybodys_hands():
    m = machine(inactive_file="1MiB", inactive_anon="1MiB", active_anon="1MiB")
    m.job(OP_SHRINK_ZONE, 1, count=4)
    m.run(SEC)
    lists = m.k.lruvecs[1]
    assert (lists.isolated_anon, lists.isolated_file) == (0, 0)
    assert len(m.pages(PG_lru | PG_slab, PG_lru)) == sum(m.k.lrus[4 + i].nr for i in range(4))
