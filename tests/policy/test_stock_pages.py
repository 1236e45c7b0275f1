"""What do both kernels answer about pages, zones, writers of files and works?"""

import pytest

from gfplab.boot.watermarks import pcp_batch_high, pcp_batch_high_v6_1, zone_watermarks
from gfplab.kernel.answers import (
    PAGE_ACTIVATE,
    PAGE_KEEP,
    PAGE_PAGEOUT,
    PAGE_SOON,
    PAGEREF_ACTIVATE,
    PAGEREF_KEEP,
    PAGEREF_RECLAIM_CLEAN,
    SLOWPATH_OOM,
    SLOWPATH_RETRY,
    WQ_ENDED,
    WQ_HOLD,
    WQ_NO_WORKER,
    WQ_QUEUED,
    WQ_RESCUE,
    WQ_RUN,
)
from gfplab.kernel.node_types import PGDAT_DIRTY
from gfplab.kernel.types import ZONE_DIRTY, PG_anon, PG_dirty, PG_reclaim, PG_swapcache, PG_writeback
from gfplab.units import MSEC

BOTH = ("linux_4_7", "linux_6_1")
ANON = PG_anon | PG_swapcache


@pytest.mark.parametrize("flags", [ANON | PG_writeback, PG_writeback, PG_writeback | PG_dirty])
def test_a_page_under_writeback_is_kept_and_since_v6_1_out_of_the_way(answer, flags):
    assert answer("linux_4_7", "shrink_page_list")(page=dict(flags=flags)) == PAGE_KEEP
    assert answer("linux_6_1", "shrink_page_list")(page=dict(flags=flags)) == PAGE_ACTIVATE


@pytest.mark.parametrize("stock", BOTH)
def test_a_touched_page_stays_and_an_untouched_one_goes(answer, stock):
    ask = answer(stock, "shrink_page_list")
    assert ask(page=dict(flags=ANON, references=PAGEREF_ACTIVATE)) == PAGE_ACTIVATE
    for flags in (0, ANON, ANON | PG_dirty):
        assert ask(page=dict(flags=flags)) == PAGE_PAGEOUT
    assert answer("linux_6_1", "shrink_page_list")(page=dict(flags=ANON, references=PAGEREF_KEEP)) == PAGE_KEEP


def test_a_dirty_file_page_is_the_flushers_until_kswapd_meets_nothing_else(answer):
    """v4.7 looks at the zone; v6.1 at the node, and at whether the page has come round before."""
    first, again = dict(flags=PG_dirty), dict(flags=PG_dirty | PG_reclaim)
    clean_only = again | dict(references=PAGEREF_RECLAIM_CLEAN)
    old, new = answer("linux_4_7", "shrink_page_list"), answer("linux_6_1", "shrink_page_list")
    kswapd, zone, node = dict(kswapd=1), dict(flags=ZONE_DIRTY), dict(pgdat_flags=PGDAT_DIRTY)
    assert old(page=again, zone=zone) == old(page=again, scan=kswapd) == PAGE_KEEP | PAGE_SOON
    assert old(page=first, zone=zone, scan=kswapd) == PAGE_PAGEOUT
    assert old(page=clean_only, zone=zone, scan=kswapd) == PAGE_KEEP
    assert new(page=again, vm=node) == new(page=again, scan=kswapd) == PAGE_ACTIVATE | PAGE_SOON
    assert new(page=first, vm=node, scan=kswapd) == PAGE_ACTIVATE | PAGE_SOON
    assert new(page=again, vm=node, scan=kswapd) == PAGE_PAGEOUT
    assert new(page=clean_only, vm=node, scan=kswapd) == PAGE_KEEP


def test_kswapd_is_woken_when_a_zone_is_short_and_there_is_hope(answer):
    for stock in BOTH:
        assert answer(stock, "wakeup_kswapd")(vm=dict(kswapd_balanced=0)) == 1
        assert answer(stock, "wakeup_kswapd")(vm=dict(kswapd_balanced=1)) == 0
    ask = answer("linux_6_1", "wakeup_kswapd")
    assert ask(vm=dict(kswapd_balanced=1, kswapd_boosted=1)) == 1
    assert [ask(vm=dict(kswapd_failures=n)) for n in (15, 16)] == [1, 0]


@pytest.mark.parametrize("stock", BOTH)
def test_a_zone_is_balanced_above_its_mark(answer, stock):
    ask = answer(stock, "zone_balanced")
    assert [ask(zone=dict(free=free, balance_mark=100)) for free in (99, 100, 101)] == [0, 0, 1]


@pytest.mark.parametrize("stock", BOTH)
def test_a_writer_pauses_for_what_it_owes_if_that_is_worth_a_pause(answer, stock):
    ask = answer(stock, "balance_dirty_pages")
    limits = dict(min_pause=12 * MSEC, max_pause=100 * MSEC)
    pauses = [ask(dtc=limits | dict(pause=ms * MSEC)) // MSEC for ms in (-40, 8, 12, 60, 300)]
    assert pauses == [0, 0, 12, 60, 100]
    assert ask(dtc=limits | dict(pause=60 * MSEC, freerun=1)) == 0


@pytest.mark.parametrize("stock", BOTH)
def test_the_allocator_tries_again_while_there_is_something_to_reclaim(answer, stock):
    ask = answer(stock, "should_reclaim_retry")
    assert ask(request=dict(loops=16, may_pass=1)) == SLOWPATH_RETRY
    assert ask(request=dict(loops=17, may_pass=1)) == ask(request=dict(loops=1, may_pass=0)) == SLOWPATH_OOM
    waits = dict(loops=1, may_pass=1, congested=1)
    assert ask(request=waits) == (100 * MSEC if stock == "linux_4_7" else SLOWPATH_RETRY)
    assert ask(request=waits | dict(reclaimed=1)) == SLOWPATH_RETRY


@pytest.mark.parametrize("pages", [100, 3977, 62_500, 250_315, 4_000_000])
def test_the_figures_of_a_zone_are_those_that_boot_computes(answer, pages):
    """Nothing changes at the start of a run that no policy wants to change."""
    ((low, mark, high),) = zone_watermarks([pages], 3828)
    zone, vm = dict(managed=pages, wmark_min=low, wmark_low=mark), dict(watermark_scale_factor=10, nr_cpus=2)
    for stock in BOTH:
        gap = answer(stock, "setup_per_zone_wmarks")(zone=zone, vm=vm)
        assert (low + gap, low + 2 * gap) == (mark, high)
    batch = answer("linux_4_7", "zone_batchsize")(zone=zone, vm=vm)
    assert (max(batch, 1), answer("linux_4_7", "zone_highsize")(pcp=dict(batch=batch))) == pcp_batch_high(pages)
    batch = answer("linux_6_1", "zone_batchsize")(zone=zone, vm=vm)
    limit = answer("linux_6_1", "zone_highsize")(pcp=dict(batch=batch), zone=zone, vm=vm)
    assert (batch, limit) == pcp_batch_high_v6_1(pages, mark, 2)


@pytest.mark.parametrize("stock", BOTH)
def test_works_run_up_to_max_active_and_are_rescued_when_there_is_no_worker(answer, stock):
    ask = answer(stock, "wq_dispatch")
    for reason in (WQ_QUEUED, WQ_ENDED):
        answers = [ask(wq=dict(reason=reason, nr_active=n, max_active=2)) for n in (0, 1, 2)]
        assert answers == [WQ_RUN, WQ_RUN, WQ_HOLD]
    assert ask(wq=dict(reason=WQ_NO_WORKER, nr_active=2, max_active=2)) == WQ_RESCUE
