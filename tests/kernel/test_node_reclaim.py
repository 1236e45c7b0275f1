"""Reclaim of v6.1 (MODEL 5, 6.4, 14): which pages it takes, keeps, activates or writes, and when it gives up."""

import pytest
from mm_lab import MS, OP_RECLAIM, SEC
from node_lab import SLOW, listed, machine, quiet, under_writeback

from gfplab.kernel.gfp import GFP_KERNEL, GFP_NOFS, GFP_NOIO, PF_KTHREAD, PF_LIGHT_RECLAIM
from gfplab.kernel.node_types import DEACTIVATE_ANON, DEACTIVATE_FILE
from gfplab.kernel.tracepoints import mm_vmscan_lru_shrink_inactive
from gfplab.kernel.types import (
    LRU_ACTIVE_ANON,
    LRU_ACTIVE_FILE,
    LRU_INACTIVE_ANON,
    LRU_INACTIVE_FILE,
    PG_active,
    PG_dirty,
    PG_locked,
    PG_mapped,
    PG_reclaim,
    PG_referenced,
    PG_swapcache,
    PG_workingset,
    PG_writeback,
    PG_young,
)

ZONES = [{"name": "DMA", "managed": "4MiB"}, {"name": "DMA32", "managed": "12MiB"}]
KEEP, FREED, PAGEOUT, KEEP_LOCKED, ACTIVATE = range(5)


def scanning(mask=GFP_KERNEL, kswapd=0, **start):
    """A machine whose task 0 is about to look at pages."""
    m = quiet(machine(check_every=None, **start))
    m.call("init_scan__v6_1", mask, m.vm.nr_zones, 32, kswapd)
    return m


# one page


def test_one_touch_gains_a_page_another_round_and_two_make_it_active():
    m = scanning(inactive_anon="1MiB")
    page = listed(m, LRU_INACTIVE_ANON)[0]
    flags = m.arrays["page_flags"]
    flags[page] |= PG_young
    assert m.call("scan_one_folio", page) == KEEP_LOCKED
    assert flags[page] & PG_referenced and not flags[page] & (PG_young | PG_swapcache)
    m.call("unlock_page", page)
    flags[page] |= PG_young
    assert m.call("scan_one_folio", page) == ACTIVATE


def test_a_touch_that_is_not_repeated_is_forgotten():
    m = scanning(GFP_KERNEL, inactive_anon="1MiB")
    page = listed(m, LRU_INACTIVE_ANON)[0]
    m.arrays["page_flags"][page] |= PG_referenced
    assert m.call("scan_one_folio", page) == PAGEOUT
    assert not m.arrays["page_flags"][page] & (PG_referenced | PG_mapped)


def test_a_caller_without_io_leaves_anonymous_memory_outside_the_swap_cache_alone():
    """Law 13."""
    m = scanning(GFP_NOIO, inactive_anon="1MiB")
    page = listed(m, LRU_INACTIVE_ANON)[0]
    assert m.call("scan_one_folio", page) == KEEP_LOCKED
    assert m.arrays["page_flags"][page] & (PG_mapped | PG_swapcache) == PG_mapped


def test_a_page_under_writeback_is_activated_and_marked():
    """v4.7 kept it on the inactive list."""
    m = scanning(inactive_anon="1MiB")
    page = listed(m, LRU_INACTIVE_ANON)[0]
    under_writeback(m, [page])
    assert m.call("scan_one_folio", page) == ACTIVATE
    assert m.arrays["page_flags"][page] & PG_reclaim and m.k.scans[0].nr_writeback == 1
    assert m.k.scans[0].nr_dirty == 0, "anonymous pages do not count as dirty"


@pytest.mark.parametrize(
    ("kswapd", "marked", "flag", "immediate"), [(1, 1, 2, 1), (1, 0, 2, 0), (1, 1, 0, 0), (0, 1, 2, 0)]
)
def test_only_kswapd_counts_a_marked_page_under_writeback_and_only_in_a_node_full_of_them(
    kswapd, marked, flag, immediate
):
    m = scanning(kswapd=kswapd, inactive_anon="1MiB")
    page = listed(m, LRU_INACTIVE_ANON)[0]
    under_writeback(m, [page], reclaim=marked)
    m.vm.pgdat_flags = flag
    assert m.call("scan_one_folio", page) == ACTIVATE
    assert m.k.scans[0].nr_immediate == immediate and m.k.scans[0].nr_writeback == 1 - immediate


@pytest.mark.parametrize(
    ("kswapd", "marked", "flag", "what"),
    [(1, 1, 1, PAGEOUT), (1, 0, 1, ACTIVATE), (1, 1, 0, ACTIVATE), (0, 1, 1, ACTIVATE)],
)
def test_file_pages_are_written_by_kswapd_alone_in_a_node_of_dirty_ones_on_the_second_visit(kswapd, marked, flag, what):
    """Law 15, v6.1."""
    m = scanning(kswapd=kswapd, inactive_file="1MiB", dirty="1MiB", filesystem="ext4")
    page = listed(m, LRU_INACTIVE_FILE)[0]
    if marked:
        m.arrays["page_flags"][page] |= PG_reclaim
    m.vm.pgdat_flags = flag
    assert m.call("scan_one_folio", page) == what
    assert m.vm.nr_vmscan_immediate_reclaim == (what == ACTIVATE)
    assert m.k.scans[0].nr_unqueued_dirty == 1 and m.arrays["page_flags"][page] & PG_reclaim


def test_a_clean_file_page_is_freed_and_a_locked_one_kept_uncounted():
    m = scanning(inactive_file="1MiB")
    first, second, *_ = listed(m, LRU_INACTIVE_FILE)
    assert m.call("scan_one_folio", first) == FREED and m.k.scans[0].nr_scanned == 1
    m.arrays["page_flags"][second] |= PG_locked
    assert m.call("scan_one_folio", second) == KEEP and m.k.scans[0].nr_scanned == 1


@pytest.mark.parametrize(("free", "kept"), [(3, False), (1, True)])
def test_a_page_that_becomes_active_gives_its_slot_back_when_half_of_swap_is_in_use(free, kept):
    m = scanning(inactive_anon="1MiB")
    page = listed(m, LRU_INACTIVE_ANON)[0]
    flags = m.arrays["page_flags"]
    assert m.call("scan_one_folio", page) == PAGEOUT
    m.arrays["ptes"][m.arrays["page_index"][page]] = page  # a fault has brought it back
    m.call("swap_entry_free", int(m.arrays["page_private"][page]), 1)
    flags[page] |= PG_mapped
    m.vm.nr_swap_pages = m.k.swaps[1].nr_slots // free
    m.call("activate_locked", page)
    assert bool(flags[page] & PG_swapcache) == kept and flags[page] & PG_active


# one batch


def test_pages_of_zones_too_high_are_passed_over_to_the_newest_end_and_counted_as_skipped():
    m = quiet(machine(check_every=None, zones=ZONES, inactive_file="11MiB"))
    zone_of = m.arrays["page_zone"]
    low = [page for page in listed(m, LRU_INACTIVE_FILE) if zone_of[page] == 1]
    assert 0 < len(low) < 2000 and m.k.zones[1].lruvec == m.k.zones[2].lruvec == 1
    m.call("init_scan__v6_1", GFP_KERNEL, 1, 32, 0)
    taken = m.call("isolate_lru_folios", LRU_INACTIVE_FILE, 32)
    mine = [int(page) for page in m.arrays["isolated"][:taken]]
    assert all(zone_of[page] == 1 for page in mine) and taken == min(32, len(low))
    m.call("move_folios_to_lru", taken)
    assert m.vm.pgskip > 0 and len(listed(m, LRU_INACTIVE_FILE)) == m.k.lruvecs[1].nr_inactive_file


def test_the_parts_of_all_zones_make_up_the_lists_of_the_node():
    m = machine(zones=ZONES, inactive_file="6MiB", active_anon="4MiB")
    m.job(OP_RECLAIM, GFP_KERNEL, count=5)
    m.run(SEC)
    lists, zones = m.k.lruvecs[1], [m.k.zones[z] for z in (1, 2)]
    for kind in ("inactive_anon", "active_anon", "inactive_file", "active_file"):
        assert sum(getattr(z, f"lru_{kind}") for z in zones) == getattr(lists, f"nr_{kind}")
    assert (lists.isolated_anon, lists.isolated_file) == (0, 0)


def test_what_leaves_the_active_list_is_marked_as_working_set_touched_or_not():
    m = quiet(machine(active_anon="4MiB"))
    m.job(OP_RECLAIM, GFP_KERNEL)
    m.run(100 * MS)
    assert m.vm.pgdeactivate == m.vm.pgrefill > 0
    moved = m.pages(PG_workingset)
    assert len(moved) >= m.k.lruvecs[1].nr_inactive_anon > 0


def test_written_pages_are_a_cost_of_their_type_that_halves_beyond_a_quarter_of_the_lists():
    m = quiet(machine(inactive_anon="1MiB", inactive_file="1MiB"))
    m.call("lru_note_cost", 1, 0, 100)
    m.call("lru_note_cost", 1, 1, 20)
    assert (m.k.lruvecs[1].anon_cost, m.k.lruvecs[1].file_cost) == (100, 20)
    m.call("lru_note_cost", 1, 0, 9)
    assert (m.k.lruvecs[1].anon_cost, m.k.lruvecs[1].file_cost) == (54, 10)


# one pass


def test_active_lists_are_shrunk_when_inactive_ones_are_short_or_refaulted_pages_were_activated():
    m = scanning(inactive_anon="3MiB", active_anon="1MiB", inactive_file="1MiB", active_file="2MiB")
    m.call("prepare_scan_count")
    assert m.k.scans[0].may_deactivate == DEACTIVATE_FILE
    m.vm.workingset_activate_anon += 1
    m.call("prepare_scan_count")
    assert m.k.scans[0].may_deactivate == DEACTIVATE_FILE | DEACTIVATE_ANON
    m.call("snapshot_refaults")
    m.call("prepare_scan_count")
    assert m.k.scans[0].may_deactivate == DEACTIVATE_FILE


def test_plenty_of_idle_cache_spares_anonymous_memory_and_no_cache_spares_none_of_it():
    m = scanning(inactive_file="4MiB", active_file="1MiB", inactive_anon="1MiB")
    m.k.scans[0].priority = 6
    m.call("prepare_scan_count")
    assert m.k.scans[0].cache_trim_mode and not m.k.scans[0].file_is_tiny
    m = scanning(inactive_anon="4MiB")
    m.lose_free_pages(m.zone.wmark_high)
    m.k.scans[0].priority = 6
    m.call("prepare_scan_count")
    assert m.k.scans[0].file_is_tiny and not m.k.scans[0].cache_trim_mode


def test_targets_count_pages_of_eligible_zones_only():
    m = quiet(machine(check_every=None, zones=ZONES, inactive_file="13MiB"))
    for cls in (1, 2):
        m.call("init_scan__v6_1", GFP_KERNEL, cls, 32, 0)
        m.k.scans[0].priority = 0
        m.call("prepare_scan_count")
        m.call("get_scan_count__v6_1")
        assert m.k.scans[0].scan_if == sum(m.k.zones[z].lru_inactive_file for z in range(1, cls + 1))


# direct reclaim


@pytest.mark.parametrize("mask", [GFP_NOIO, GFP_NOFS, GFP_KERNEL])
def test_everybody_frees_clean_file_pages_a_batch_at_least(mask):
    m = quiet(machine(inactive_file="4MiB"))
    m.job(OP_RECLAIM, mask)
    m.run(SEC)
    assert 32 <= m.results[0] < 64 and m.vm.pgsteal_direct == m.vm.pgsteal_file == m.results[0]


@pytest.mark.parametrize(("mask", "may"), [(GFP_NOIO, False), (GFP_NOFS, True), (GFP_KERNEL, True)])
def test_only_who_may_start_io_swaps_out(mask, may):
    """Law 13."""
    m = quiet(machine(inactive_anon="2MiB"))
    m.job(OP_RECLAIM, mask)
    m.run(SEC)
    assert (m.vm.pswpout > 0) == may and (m.k.swaps[1].used > 0) == may


def test_a_noio_caller_with_nothing_but_anonymous_memory_scans_all_of_it_at_13_priorities_for_nothing():
    m = quiet(machine(inactive_anon="4MiB"))
    m.job(OP_RECLAIM, GFP_NOIO, pf_flags=PF_KTHREAD)
    m.run(SEC)
    scanned = 1024 + sum(
        (1024 >> priority) * 60 // 200 for priority in range(1, 13)
    )  # swappiness 60, but at priority 0
    assert m.results == [0] and m.vm.pgscan_direct == scanned == m.vm.pgscan_anon and m.vm.allocstall == 1


def test_with_active_pages_left_alone_it_goes_round_once_more_and_takes_those_too():
    m = quiet(machine(inactive_anon="4MiB", active_anon="2MiB"))
    m.job(OP_RECLAIM, GFP_NOIO, pf_flags=PF_KTHREAD)
    m.run(SEC)
    assert m.results == [0] and m.vm.allocstall == 2 and m.vm.pgdeactivate > 0


def test_a_page_is_freed_when_it_was_written_and_found_again():
    m = quiet(machine(inactive_anon="2MiB"))
    m.job(OP_RECLAIM, GFP_KERNEL)
    m.run(SEC)
    written = m.vm.pswpout
    assert written >= 32 and m.vm.nr_writeback == 0
    m.job(OP_RECLAIM, GFP_NOIO)
    m.run(2 * SEC)
    assert m.results[1] >= 32 and m.vm.pswpout == written


def test_the_end_of_its_writeback_fetches_a_page_from_the_active_list_to_the_oldest_end():
    m = quiet(machine(inactive_anon="1MiB"))
    page = listed(m, LRU_INACTIVE_ANON)[-1]
    m.call("activate_page", page)
    under_writeback(m, [page], reclaim=True)
    m.call("end_page_writeback", page)
    assert listed(m, LRU_INACTIVE_ANON)[0] == page and listed(m, LRU_ACTIVE_ANON) == []
    assert m.vm.pgrotated == 1 and not m.arrays["page_flags"][page] & (PG_active | PG_reclaim | PG_writeback)


def test_a_page_dirtied_under_writeback_stays_where_it_is():
    m = quiet(machine(inactive_anon="1MiB"))
    page = listed(m, LRU_INACTIVE_ANON)[-1]
    m.call("activate_page", page)
    under_writeback(m, [page], reclaim=True)
    m.arrays["page_flags"][page] |= PG_dirty
    m.call("end_page_writeback", page)
    assert listed(m, LRU_ACTIVE_ANON) == [page] and m.vm.pgrotated == 0


def test_light_reclaim_is_one_batch_of_file_pages():
    m = quiet(machine(inactive_file="1MiB", inactive_anon="1MiB"))
    m.job(OP_RECLAIM, GFP_NOIO, pf_flags=PF_LIGHT_RECLAIM)
    m.run(SEC)
    assert m.results == [32] and m.vm.pgscan_direct == 32
    assert len(m.traced(mm_vmscan_lru_shrink_inactive)) == 1


def test_active_file_pages_wait_their_turn():
    m = quiet(machine(inactive_file="4MiB", active_file="2MiB"))
    m.job(OP_RECLAIM, GFP_KERNEL)
    m.run(SEC)
    assert len(listed(m, LRU_ACTIVE_FILE)) == 512 and m.vm.pgrefill == 0


# waiting for kswapd


def starving(mask, pf_flags=0, boost=0):
    m = machine(inactive_anon="4MiB", disk=SLOW)
    m.zone.boost = boost
    m.lose_free_pages((m.zone.wmark_min + boost) // 2)
    m.job(OP_RECLAIM, mask, pf_flags=pf_flags)
    return m


def test_half_of_the_boosted_min_mark_is_what_direct_reclaimers_wait_for():
    m = quiet(machine(inactive_anon="1MiB"))
    m.zone.boost = 400
    m.vm.kswapd_failures = 0
    m.lose_free_pages((m.zone.wmark_min + 400) // 2 + 1)
    assert m.call("allow_direct_reclaim") == 1
    m.lose_free_pages((m.zone.wmark_min + 400) // 2)
    assert m.call("allow_direct_reclaim") == 0
    m.vm.kswapd_failures = 16
    assert m.call("allow_direct_reclaim") == 1, "a hopeless node lets everybody try"


def test_a_user_waits_for_kswapd_and_without_fs_one_second_at_most():
    m = starving(GFP_KERNEL).run(3 * SEC)
    assert m.vm.pgscan_direct_throttle == 1 and m.vm.pgscan_direct == 0
    m = starving(GFP_NOFS).run(980 * MS)
    assert m.vm.pgscan_direct == 0
    m.run(1100 * MS)
    assert m.vm.pgscan_direct > 0


def test_kernel_threads_do_not_wait_for_kswapd():
    m = starving(GFP_KERNEL, PF_KTHREAD).run(100 * MS)
    assert m.vm.pgscan_direct_throttle == 0 and m.vm.pgscan_direct > 0


def test_the_wait_counts_as_memory_stall():
    m = starving(GFP_NOFS).run(900 * MS)
    assert m.vm.nr_memstall >= 1
