"""kswapd: when it wakes, how far it goes, when it sleeps again."""

from mm_lab import MS, OP_ALLOC_PAGE, SEC, SmallMachine

from gfplab.kernel.gfp import GFP_NOWAIT
from gfplab.kernel.tracepoints import mm_vmscan_kswapd_sleep, mm_vmscan_kswapd_wake, mm_vmscan_wakeup_kswapd


def machine(free_above_low, **start):
    """Clean page cache, and so many free pages more than the low mark; kswapd sleeps."""
    m = SmallMachine({"start": {"inactive_file": "4MiB", **start}}).run(300 * MS)
    m.lose_free_pages(m.zone.wmark_low + free_above_low)
    m.asleep = len(m.traced(mm_vmscan_kswapd_sleep))
    return m


def test_on_an_idle_machine_it_naps_100_ms_and_then_sleeps_for_good():
    m = SmallMachine().run(10 * SEC)
    (slept,) = m.traced(mm_vmscan_kswapd_sleep)
    assert 99 * MS <= slept["time"] <= 101 * MS and not m.traced(mm_vmscan_kswapd_wake)


def test_above_the_low_mark_it_sleeps_though_the_high_mark_is_not_met():
    m = machine(10)
    m.job(OP_ALLOC_PAGE, GFP_NOWAIT, count=5, start_ns=400 * MS)
    m.run(SEC)
    assert m.vm.pgscan_kswapd == 0 and m.zone.free < m.zone.wmark_high


def test_below_the_low_mark_it_is_woken_and_reclaims_to_the_high_mark():
    m = machine(4)
    m.job(OP_ALLOC_PAGE, GFP_NOWAIT, count=5, start_ns=400 * MS)
    m.run(402 * MS)
    assert len(m.traced(mm_vmscan_wakeup_kswapd)) == 1
    m.run(SEC)
    assert m.zone.wmark_high < m.zone.free < m.zone.wmark_high + 200
    assert m.vm.pgsteal_kswapd > 0 and m.vm.pageoutrun >= 1 and m.vm.allocstall == 0


def test_when_it_is_done_it_naps_and_sleeps_again():
    m = machine(0)
    m.job(OP_ALLOC_PAGE, GFP_NOWAIT, start_ns=400 * MS)
    m.run(2 * SEC)
    assert len(m.traced(mm_vmscan_kswapd_sleep)) == m.asleep + 1


def test_woken_during_its_nap_it_counts_a_low_mark_hit_quickly():
    m = machine(0)
    m.job(OP_ALLOC_PAGE, GFP_NOWAIT, start_ns=400 * MS)
    m.run(440 * MS)
    m.lose_free_pages(m.zone.wmark_low)
    m.job(OP_ALLOC_PAGE, GFP_NOWAIT)
    m.run(500 * MS)
    assert m.vm.kswapd_low_wmark_hit_quickly == 1


def test_with_nothing_to_reclaim_it_gives_the_zone_up_and_sleeps():
    m = SmallMachine(swap=None).run(300 * MS)
    m.lose_free_pages(0)
    m.job(OP_ALLOC_PAGE, GFP_NOWAIT, count=3, pause_ns=10 * MS)
    m.run(2 * SEC)
    assert m.k.tasks[1].t_running < 10 * MS and m.results == [0, 0, 0]


def test_a_zone_scanned_six_times_over_without_a_page_freed_is_left_alone_until_one_is():
    m = SmallMachine({"start": {"inactive_anon": "1MiB"}})
    m.zone.pages_scanned = 6 * 256 - 1
    assert m.call("zone_reclaimable", 1) == 1
    m.zone.pages_scanned += 1
    assert m.call("zone_reclaimable", 1) == 0 and m.call("pgdat_balanced", 1) == 1
    page = m.zone.free_head
    m.arrays["e"]["check_every"] = 1 << 40
    m.arrays["page_flags"][page] = 0
    m.k.pcps[1].high = 1
    m.call("free_hot_cold_page", page)
    assert m.call("zone_reclaimable", 1) == 1


def test_every_zone_has_to_be_balanced():
    zones = [{"name": "DMA", "managed": "4MiB"}, {"name": "DMA32", "managed": "16MiB"}]
    m = SmallMachine({"zone": zones, "start": {"inactive_file": "1MiB"}})
    for z in (1, 2):
        m.k.lruvecs[z].nr_inactive_file = 100
    assert m.call("pgdat_balanced", 2) == 1
    m.k.zones[1].free = m.k.zones[1].wmark_high
    assert m.call("pgdat_balanced", 2) == 0 and m.call("pgdat_balanced", 1) == 0
