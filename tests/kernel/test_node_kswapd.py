"""kswapd of v6.1 (MODEL 3.1, 5.2): when it is woken, when it is content, and how it works off a boost."""

import pytest
from mm_lab import MS, OP_ALLOC_PAGE, OP_RECLAIM, SEC
from node_lab import SLOW, machine, quiet

from gfplab.kernel.gfp import GFP_KERNEL, GFP_NOWAIT
from gfplab.kernel.node_types import LRUVEC_CONGESTED, PGDAT_DIRTY, PGDAT_WRITEBACK
from gfplab.kernel.tracepoints import mm_vmscan_kswapd_sleep, mm_vmscan_wakeup_kswapd

ZONES = [{"name": "DMA", "managed": "4MiB"}, {"name": "DMA32", "managed": "12MiB"}]


def asleep(**start):
    """A machine whose kswapd has gone to sleep for good."""
    m = machine(check_every=None, **start).run(150 * MS)
    assert len(m.traced(mm_vmscan_kswapd_sleep)) == 1
    return m


def test_a_machine_with_plenty_free_sends_kswapd_to_sleep_after_a_nap_of_100_ms():
    m = machine(inactive_file="1MiB").run(99 * MS)
    assert not m.traced(mm_vmscan_kswapd_sleep)
    m.run(110 * MS)
    assert len(m.traced(mm_vmscan_kswapd_sleep)) == 1 and m.vm.pageoutrun == 0


def test_any_one_eligible_zone_at_its_high_mark_makes_the_node_balanced():
    """v4.7 wanted all of them."""
    m = quiet(machine(check_every=None, zones=ZONES))
    m.lose_free_pages(0, z=2)
    assert m.call("pgdat_balanced__v6_1", 0, 2) == 1
    mark = m.k.zones[1].wmark_high + m.k.zones[1].reserve_2
    m.lose_free_pages(mark + 1, z=1)
    assert m.call("pgdat_balanced__v6_1", 0, 2) == 1
    m.lose_free_pages(mark, z=1)
    assert m.call("pgdat_balanced__v6_1", 0, 2) == 0
    assert m.call("pgdat_balanced__v6_1", 0, 1) == int(mark > m.k.zones[1].wmark_high)


def test_it_is_woken_below_the_high_mark_or_for_a_boost_but_not_without_hope():
    m = asleep(inactive_file="1MiB")
    assert m.call("wakeup_kswapd__v6_1", 0, 0, 1) == 0
    m.zone.boost = 256
    m.vm.kswapd_failures = 16
    assert m.call("wakeup_kswapd__v6_1", 0, 0, 1) == 0
    m.vm.kswapd_failures = 0
    assert m.call("wakeup_kswapd__v6_1", 0, 0, 1) == 1
    m = asleep(inactive_file="1MiB").lose_free_pages(100)
    assert m.call("wakeup_kswapd__v6_1", 0, 0, 1) == 1 and len(m.traced(mm_vmscan_wakeup_kswapd)) == 1


def test_it_reclaims_up_to_the_high_mark():
    m = asleep(inactive_file="8MiB")
    m.lose_free_pages(m.zone.wmark_low)
    m.job(OP_ALLOC_PAGE, GFP_NOWAIT)
    m.run(300 * MS)
    assert m.zone.free > m.zone.wmark_high and m.vm.pgsteal_kswapd > 0 and m.vm.pageoutrun == 1


def test_a_boost_is_worked_off_without_swap_and_is_over_afterwards():
    """May_swap and may_writepage are 0: clean page cache only, as many pages as the boost had."""
    zone = [{"name": "DMA32", "managed": "64MiB"}]
    m = asleep(zones=zone, inactive_file="40MiB", inactive_anon="4MiB")
    m.zone.boost = 256
    m.call("wakeup_kswapd__v6_1", 0, 0, 1)
    m.run(300 * MS)
    assert m.zone.boost == 0 and m.vm.pswpout == 0 and m.vm.pgscan_anon == 0
    assert 256 <= m.vm.pgsteal_file < 256 + 32


def test_a_boost_is_dropped_where_the_page_cache_is_too_small_for_a_first_gentle_pass():
    """Less than 2^12 pages: nothing to scan at priority 12, no progress, the end."""
    m = asleep(inactive_file="6MiB", inactive_anon="4MiB")
    m.zone.boost = 256
    m.call("wakeup_kswapd__v6_1", 0, 0, 1)
    m.run(300 * MS)
    assert m.zone.boost == 0 and m.vm.pgscan_kswapd == 0 and m.vm.kswapd_failures == 1


def test_a_boost_that_only_swap_could_serve_is_dropped():
    m = asleep(inactive_anon="4MiB")
    m.zone.boost = 256
    m.call("wakeup_kswapd__v6_1", 0, 0, 1)
    m.run(300 * MS)
    assert m.zone.boost == 0 and m.vm.pswpout == 0 and m.vm.pageoutrun == 1


def test_marks_come_before_the_boost():
    """Below the boosted high mark kswapd swaps as ever, to the boosted mark, and the boost is over all the same."""
    m = asleep(inactive_anon="8MiB")
    m.zone.boost = 256
    high = m.zone.wmark_high + 256
    m.lose_free_pages(high - 100)
    m.call("wakeup_kswapd__v6_1", 0, 0, 1)
    m.run(SEC)
    assert m.vm.pswpout > 0 and m.zone.boost == 0


def test_a_boost_that_came_during_the_run_stays():
    m = quiet(machine(check_every=None))
    m.zone.boost = 256
    assert m.call("note_boosts", 1) == 256
    m.zone.boost = 512
    m.call("settle_boosts", 1)
    assert m.zone.boost == 256


def test_sixteen_runs_for_nothing_make_the_node_hopeless_and_any_page_freed_gives_hope_back():
    """Law 20: it sleeps only when balanced or hopeless."""
    m = machine(check_every=None, swap=False)
    m.lose_free_pages(m.zone.wmark_min)
    m.run(SEC)
    assert m.vm.kswapd_failures == 16 == m.vm.pageoutrun and len(m.traced(mm_vmscan_kswapd_sleep)) == 1
    m = quiet(machine(inactive_file="1MiB"))
    m.job(OP_RECLAIM, GFP_KERNEL)
    m.run(SEC)
    assert m.results[0] >= 32 and m.vm.kswapd_failures == 0


def test_a_balanced_node_is_neither_congested_nor_full_of_dirty_pages():
    m = quiet(machine(check_every=None))
    m.vm.kswapd_failures = 0
    m.vm.pgdat_flags = PGDAT_DIRTY | PGDAT_WRITEBACK | LRUVEC_CONGESTED
    assert m.call("prepare_kswapd_sleep__v6_1", 0, 1) == 1 and m.vm.pgdat_flags == 0


@pytest.mark.parametrize("boost", [0, 300])
def test_its_goal_is_the_sum_of_the_high_marks_boost_included(boost):
    m = machine(check_every=None, inactive_file="4MiB", zones=ZONES)
    m.zone.boost = boost
    m.lose_free_pages(10)
    m.lose_free_pages(10, z=1)
    m.run(5 * MS)
    goal = m.k.zones[1].wmark_high + m.k.zones[2].wmark_high
    assert goal <= m.k.scans[1].nr_to_reclaim <= goal + boost


def test_its_work_is_memory_stall():
    m = machine(check_every=None, inactive_anon="4MiB", disk={**SLOW, "tags": 1})
    m.lose_free_pages(m.zone.wmark_min)
    m.run(20 * MS)
    assert m.vm.nr_memstall == 1 and m.vm.psi_some > 0


def checkered(m, leave):
    """Every other page of the zone is free, so no two that are could merge, until `leave` are."""
    m.lose_free_pages(0)
    first = int(m.zone.start_pfn)
    free = [page for page in range(first, first + 2 * leave, 2) if m.arrays["page_flags"][page] == 0]
    return m.give_free_pages(free)


def test_woken_for_a_block_it_is_content_only_with_a_block_of_that_order():
    """Twice the high mark free, and no two pages side by side."""
    m = quiet(machine(check_every=None))
    checkered(m, 4 * m.zone.wmark_high)
    assert m.zone.free > 2 * m.zone.wmark_high
    assert m.call("pgdat_balanced__v6_1", 0, 1) == 1
    assert m.call("pgdat_balanced__v6_1", 1, 1) == 0


def test_having_freed_twice_the_pages_of_the_order_it_looks_for_single_pages_only():
    """It would never end otherwise: what it frees need not be side by side."""
    m = asleep(inactive_file="4MiB")
    checkered(m, 4 * m.zone.wmark_high)
    assert m.call("wakeup_kswapd__v6_1", 0, 2, 1) == 1
    m.run(300 * MS)
    assert 8 <= m.vm.pgsteal_kswapd <= 8 + 2 * 32
    assert m.vm.kswapd_order == 0 and m.vm.pageoutrun == 1
    assert len(m.traced(mm_vmscan_kswapd_sleep)) == 2
