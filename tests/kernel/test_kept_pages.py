"""Reclaim of a zone that leaves its pages where they are (MODEL 5, law 13, v4.7): in batches and one by one."""

from itertools import combinations

import pytest
from mm_lab import SmallMachine
from node_lab import listed

from gfplab.kernel.gfp import GFP_KERNEL, GFP_NOIO
from gfplab.kernel.outcome_types import KEEP, KEEP_LOCKED
from gfplab.kernel.types import (
    LRU_INACTIVE_ANON,
    LRU_INACTIVE_FILE,
    ZONE_WRITEBACK,
    PG_active,
    PG_anon,
    PG_dirty,
    PG_locked,
    PG_lru,
    PG_mapped,
    PG_reclaim,
    PG_referenced,
    PG_swapcache,
    PG_waiters,
    PG_writeback,
    PG_young,
)

ZONE = 1
STAYS, STAYS_LOCKED, STAYS_WRITEBACK = 1, 2, 3
MAY_KEEP, MAY_MARK = 1, 2
BITS = (
    *(PG_locked, PG_dirty, PG_writeback, PG_reclaim, PG_referenced, PG_active, PG_swapcache, PG_young, PG_mapped),
    *(PG_waiters, PG_anon),
)
STATE = "tasks", "scans", "lrus", "lruvecs", "zones", "page_flags"
MASKS = pytest.mark.parametrize("mask", [GFP_NOIO, GFP_KERNEL])


def scanning(mask=GFP_NOIO, kswapd=0, **start):
    m = SmallMachine(machine={"start": start or {"inactive_anon": "1MiB"}}, check_every=0)
    m.call("init_scan", mask, ZONE, 32, kswapd)
    return m


def look(m, page):
    """One page the usual way: (outcome, what it adds to nr_writeback), its lock dropped again."""
    scan = m.k.scans[0]
    before = scan.nr_writeback
    what = m.call("scan_one_page", 0, ZONE, page, 0)
    if what == KEEP_LOCKED:
        m.call("unlock_page", page)
    return what, scan.nr_writeback - before


def usual_way(m, nr):
    """Isolate a batch, look at one page after the other, put it back."""
    nr = m.call("isolate_lru_pages", ZONE, LRU_INACTIVE_ANON, nr)
    m.call("clear_batch_counts")
    for page in list(m.arrays["isolated"][:nr]):
        look(m, int(page))
    m.call("putback_lru_pages", ZONE, nr)
    m.k.scans[0].nr_taken = nr


@MASKS
@pytest.mark.parametrize("kswapd", [0, 1])
def test_a_page_that_is_said_to_stay_is_left_by_reclaim_as_it_is_but_for_its_mark(mask, kswapd):
    """All sets of flags that a page in a reclaimer's hands may have."""
    m = scanning(mask, kswapd)
    m.k.zones[ZONE].flags = ZONE_WRITEBACK
    page = listed(m, LRU_INACTIVE_ANON)[0]
    m.call("isolate_lru_pages", ZONE, LRU_INACTIVE_ANON, 1)
    may = m.call("batch_may", ZONE)
    array, scan, seen = m.arrays["page_flags"], m.k.scans[0], set()
    for n in range(len(BITS) + 1):
        for some in combinations(BITS, n):
            flags = sum(some)
            stays = m.call("page_stays", flags, may)
            if stays == 0:
                continue
            array[page] = flags
            before, marked = scan.nr_scanned, stays == STAYS_WRITEBACK
            assert look(m, page) == (KEEP if stays == STAYS_LOCKED else KEEP_LOCKED, marked)
            assert scan.nr_scanned - before == 1
            assert array[page] == flags | (PG_reclaim if marked else 0)
            seen.add(stays)
    kept = {STAYS} if mask == GFP_NOIO else set()
    assert seen == {STAYS_LOCKED} | kept | (set() if kswapd else {STAYS_WRITEBACK})


@pytest.mark.parametrize(
    ("flags", "stays"),
    [
        (PG_mapped, STAYS),
        (PG_mapped | PG_dirty | PG_referenced, STAYS),
        (PG_swapcache | PG_dirty, STAYS),
        (PG_swapcache, 0),  # clean: it is freed
        (PG_swapcache | PG_mapped, 0),  # it is unmapped
        (PG_mapped | PG_young, 0),  # it is activated
        (0, 0),  # nobody's any more: it is freed
        (PG_mapped | PG_waiters, 0),  # dropping its lock wakes somebody
        (PG_locked | PG_swapcache, STAYS_LOCKED),
        (PG_swapcache | PG_writeback | PG_young, STAYS_WRITEBACK),
        (PG_swapcache | PG_writeback | PG_waiters, 0),
        (PG_writeback, 0),
    ],
)
def test_which_anonymous_pages_stay(flags, stays):
    assert scanning().call("page_stays", PG_anon | flags, MAY_KEEP | MAY_MARK) == stays


def test_pages_that_nobody_may_keep_or_mark_unasked_do_not_stay():
    m = scanning(GFP_KERNEL)
    m.vm.pages_one_by_one = 1
    assert m.call("batch_may", ZONE) == 0
    assert m.call("pass_over_pages", ZONE, LRU_INACTIVE_ANON, 32) == 0
    assert m.call("page_stays", PG_anon | PG_mapped, MAY_MARK) == 0
    assert m.call("page_stays", PG_anon | PG_mapped | PG_writeback, MAY_KEEP) == 0
    assert m.call("page_stays", PG_mapped | PG_writeback, MAY_KEEP | MAY_MARK) == 0, "a file page is counted as dirty"


@pytest.mark.parametrize("nr", [1, 31, 32])
@MASKS
def test_a_batch_that_stays_is_passed_over_to_the_effect_that_the_usual_way_has(nr, mask):
    quick, usual = scanning(mask), scanning(mask)
    for m in (quick, usual):
        pages, flags = listed(m, LRU_INACTIVE_ANON), m.arrays["page_flags"]
        if mask == GFP_KERNEL:
            flags[pages] |= PG_writeback
        flags[pages[0]] |= PG_writeback
        flags[pages[3:9]] |= PG_writeback
        flags[pages[5]] |= PG_locked
        flags[pages[7]] |= PG_reclaim
    assert quick.call("pass_over_pages", ZONE, LRU_INACTIVE_ANON, nr) == nr
    usual_way(usual, nr)
    for name in STATE:
        assert (quick.arrays[name] == usual.arrays[name]).all(), name
    assert listed(quick, LRU_INACTIVE_ANON) == listed(usual, LRU_INACTIVE_ANON)
    assert quick.k.scans[0].nr_writeback > 0
    assert quick.arrays["page_flags"][listed(quick, LRU_INACTIVE_ANON)[-1]] & PG_lru


def test_a_whole_list_that_is_passed_over_keeps_its_order():
    m = scanning(inactive_anon="64KiB")
    order = listed(m, LRU_INACTIVE_ANON)
    assert m.call("pass_over_pages", ZONE, LRU_INACTIVE_ANON, 32) == 16
    assert listed(m, LRU_INACTIVE_ANON) == order


def test_a_batch_is_not_passed_over_and_not_marked_if_a_page_of_it_might_change():
    m = scanning()
    order = listed(m, LRU_INACTIVE_ANON)
    m.arrays["page_flags"][order[:20]] |= PG_writeback
    m.arrays["page_flags"][order[20]] |= PG_young
    assert m.call("pass_over_pages", ZONE, LRU_INACTIVE_ANON, 32) == 0
    assert not m.pages(PG_reclaim) and listed(m, LRU_INACTIVE_ANON) == order
    assert m.call("pass_over_pages", ZONE, LRU_INACTIVE_ANON, 20) == 20
    assert scanning(GFP_KERNEL).call("pass_over_pages", ZONE, LRU_INACTIVE_ANON, 32) == 0
    assert scanning(inactive_file="1MiB").call("pass_over_pages", ZONE, LRU_INACTIVE_FILE, 32) == 0


@pytest.mark.parametrize(("debt", "passed"), [(0, 0), (1, 32)])
def test_a_batch_whose_scan_would_be_interrupted_is_not_passed_over(debt, passed):
    """over_debt() is asked before each page, the last time with all but its own cost on the account."""
    m = scanning()
    costs, task = m.arrays["costs"], m.k.tasks[0]
    isolate, scan = 15, 14
    task.debt = m.k.e[0].max_debt + 1 - debt - 32 * int(costs[isolate]) - 31 * int(costs[scan])
    assert m.call("pass_over_pages", ZONE, LRU_INACTIVE_ANON, 32) == passed


def test_pages_that_stay_are_kept_up_to_the_first_that_might_not_and_to_where_the_loop_yields():
    m = scanning()
    nr = m.call("isolate_lru_pages", ZONE, LRU_INACTIVE_ANON, 32)
    held = [int(page) for page in m.arrays["isolated"][:nr]]
    task, scan, cost = m.k.tasks[0], m.k.scans[0], int(m.arrays["costs"][14])
    m.arrays["page_flags"][held[3]] |= PG_writeback
    task.debt = m.k.e[0].max_debt - 3 * cost
    assert m.call("keep_pages", ZONE, 2, 0, nr) == 4, "debt is at its limit after three, above it after four"
    assert list(m.arrays["isolated"][:4]) == held[2:6] and scan.nr_scanned == 4
    assert scan.nr_writeback == 1 and m.pages(PG_reclaim) == [held[3]]
    assert m.call("over_debt") and m.call("keep_pages", ZONE, 6, 4, nr) == 0
    task.debt = 0
    m.arrays["page_flags"][held[10]] |= PG_young
    assert m.call("keep_pages", ZONE, 6, 4, nr) == 4 and task.debt == 4 * cost


def test_a_batch_goes_back_by_its_flags_and_is_counted_once():
    m, one = scanning(), scanning()
    for machine in (m, one):
        nr = machine.call("isolate_lru_pages", ZONE, LRU_INACTIVE_ANON, 32)
        machine.arrays["page_flags"][machine.arrays["isolated"][2:nr:3]] |= PG_active
    for page in one.arrays["isolated"][:nr].copy():
        one.call("putback_lru_page", int(page))
    one.arrays["isolated"][:nr] = 0
    m.call("putback_lru_pages", ZONE, nr)
    for name in (*STATE, "isolated"):
        assert (m.arrays[name] == one.arrays[name]).all(), name
    for lru in (LRU_INACTIVE_ANON, LRU_INACTIVE_ANON + 1):
        assert listed(m, lru) == listed(one, lru)
