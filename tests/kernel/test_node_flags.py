"""What a pass of v6.1 says about the node (MODEL 5.5, 6.4), what a batch counts, and what becomes of single pages."""

import pytest
from mm_lab import OP_RECLAIM, OP_SHRINK_NODE, SEC
from node_lab import SLOW, listed, machine, quiet, under_writeback

from gfplab.kernel.gfp import GFP_KERNEL, PF_KSWAPD, PF_MEMALLOC
from gfplab.kernel.node_types import LRUVEC_CONGESTED, PGDAT_DIRTY, PGDAT_WRITEBACK
from gfplab.kernel.types import (
    LRU_INACTIVE_ANON,
    LRU_INACTIVE_FILE,
    PG_active,
    PG_dirty,
    PG_locked,
    PG_mapped,
    PG_reclaim,
    PG_swapcache,
)

ALL, HALF, NONE = 1, 2, 0


def passed(written, marked, dirty=NONE):
    """The node's flags after one pass of kswapd over 1 MiB of file pages, each or every other one under writeback."""
    file = {"inactive_file": "1MiB"} | ({"dirty": "1MiB", "filesystem": "ext4"} if dirty else {})
    m = quiet(machine(check_every=None, disk=SLOW, **file))
    pages = listed(m, LRU_INACTIVE_FILE)
    if written:
        under_writeback(m, pages[::written], reclaim=marked)
    m.job(OP_SHRINK_NODE, 0, pf_flags=PF_KSWAPD | PF_MEMALLOC)
    m.run(SEC)
    assert m.vm.pgscan_kswapd >= 32
    return m.results[0]


@pytest.mark.parametrize(
    ("written", "marked", "flags"),
    [
        (ALL, True, LRUVEC_CONGESTED | PGDAT_WRITEBACK),
        (ALL, False, PGDAT_WRITEBACK),
        (HALF, True, LRUVEC_CONGESTED),
        (HALF, False, 0),
        (NONE, False, 0),
    ],
)
def test_a_node_is_full_of_writeback_if_all_pages_met_are_and_congested_if_all_dirty_ones_were_met_before(
    written, marked, flags
):
    """A pass by kswapd, that is."""
    assert passed(written, marked) & (LRUVEC_CONGESTED | PGDAT_WRITEBACK) == flags


@pytest.mark.parametrize(("dirty", "flags"), [(ALL, PGDAT_DIRTY), (NONE, 0)])
def test_a_node_is_dirty_if_all_file_pages_met_wait_for_a_flusher(dirty, flags):
    assert passed(NONE, False, dirty) & PGDAT_DIRTY == flags


def test_every_page_written_is_a_cost_of_its_type():
    m = quiet(machine(inactive_anon="2MiB"))
    m.job(OP_RECLAIM, GFP_KERNEL)
    m.run(SEC)
    assert 0 < m.k.lruvecs[1].anon_cost <= m.vm.nr_vmscan_write == m.vm.pswpout
    assert m.k.lruvecs[1].file_cost == 0


@pytest.mark.parametrize(("target", "left", "percent", "rest"), [(100, 60, 25, 35), (100, 0, 0, 0), (100, 90, 100, 0)])
def test_the_larger_type_is_scanned_as_far_as_the_smaller_was_less_what_it_has_been_scanned(
    target, left, percent, rest
):
    assert machine().call("rest_of_target", target, left, percent) == rest


def test_pages_put_back_as_active_age_what_has_been_evicted():
    m = quiet(machine(check_every=None, inactive_anon="1MiB"))
    m.call("init_scan__v6_1", GFP_KERNEL, m.vm.nr_zones, 32, 0)
    taken = m.call("isolate_lru_folios", LRU_INACTIVE_ANON, 8)
    for page in m.arrays["isolated"][:3]:
        m.arrays["page_flags"][page] |= PG_active
    before = m.k.lruvecs[1].nonresident_age
    m.call("move_folios_to_lru", taken)
    assert taken == 8 and m.k.lruvecs[1].nonresident_age - before == 3


def test_a_page_that_somebody_else_holds_is_not_freed_whether_mapped_by_none_or_clean():
    m = quiet(machine(check_every=None, inactive_anon="1MiB", inactive_file="1MiB"))
    m.call("init_scan__v6_1", GFP_KERNEL, m.vm.nr_zones, 32, 0)
    for lru in (LRU_INACTIVE_ANON, LRU_INACTIVE_FILE):
        pinned, free = listed(m, lru)[:2]
        for page in (pinned, free):
            m.arrays["page_flags"][page] &= ~PG_mapped & 0xFFFF
        m.arrays["page_pins"][pinned] = 1
        kept, freed = m.call("scan_one_folio", pinned), m.call("scan_one_folio", free)
        assert (kept, freed) == (3, 1), lru
        assert bool(m.arrays["page_flags"][pinned] & PG_locked) and not m.arrays["page_flags"][free] & PG_locked


@pytest.mark.parametrize(("flags", "what"), [(0, 1), (PG_dirty, 0), (PG_locked, 0)])
def test_a_write_that_is_over_when_its_submitter_returns_frees_the_page_unless_it_was_touched(flags, what):
    m = quiet(machine(check_every=None, inactive_anon="1MiB"))
    m.call("init_scan__v6_1", GFP_KERNEL, m.vm.nr_zones, 32, 0)
    page = listed(m, LRU_INACTIVE_ANON)[0]
    assert m.call("scan_one_folio", page) == 2
    m.call("clear_page_dirty_for_io", page)
    m.call("unlock_page", page)
    m.arrays["page_flags"][page] |= flags
    assert m.call("reclaim_written", page) == what
    assert bool(m.arrays["page_flags"][page] & PG_swapcache) == (what == 0)
    assert not m.arrays["page_flags"][page] & PG_reclaim


def test_a_first_gentle_pass_of_direct_reclaim_works_off_its_targets_though_it_has_enough():
    """At priority 12, 64 pages of a list of 262144; a reclaimer that has its 32 breaks off later only."""
    memory = [{"name": "DMA32", "managed": "1100MiB"}]
    m = quiet(machine(check_every=None, zones=memory, inactive_file="1024MiB"))
    m.job(OP_RECLAIM, GFP_KERNEL)
    m.run(SEC)
    assert m.results == [64] and m.vm.pgscan_direct == 64
