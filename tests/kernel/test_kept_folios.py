"""Reclaim that may not write (MODEL 5, law 13, v6.1): pages that stay as they are, in batches and one by one."""

from itertools import combinations

import pytest
from node_lab import listed, machine, quiet

from gfplab.kernel.gfp import GFP_KERNEL, GFP_NOFS, GFP_NOIO
from gfplab.kernel.types import (
    LRU_INACTIVE_ANON,
    LRU_INACTIVE_FILE,
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
    PG_workingset,
    PG_writeback,
    PG_young,
)

KEEP, KEEP_LOCKED = 0, 3
STAYS, STAYS_LOCKED = 1, 2
BITS = (
    *(PG_locked, PG_dirty, PG_writeback, PG_reclaim, PG_referenced, PG_active, PG_swapcache, PG_young, PG_mapped),
    *(PG_waiters, PG_workingset),
)
STATE = "tasks", "scans", "lrus", "lruvecs", "zones", "page_flags"


def scanning(mask=GFP_NOIO, **start):
    m = quiet(machine(check_every=None, **start or {"inactive_anon": "1MiB"}))
    m.call("init_scan__v6_1", mask, m.vm.nr_zones, 32, 0)
    return m


def usual_way(m, nr):
    """Isolate a batch, look at one page after the other, put it back."""
    nr = m.call("isolate_lru_folios", LRU_INACTIVE_ANON, nr)
    for page in list(m.arrays["isolated"][:nr]):
        if m.call("scan_one_folio", int(page)) == KEEP_LOCKED:
            m.call("unlock_page", int(page))
    m.call("move_folios_to_lru", nr)


def test_a_page_that_is_said_to_stay_is_kept_by_reclaim_without_a_change():
    """All sets of flags that a page in a reclaimer's hands may have."""
    m = scanning()
    page = listed(m, LRU_INACTIVE_ANON)[0]
    m.call("isolate_lru_folios", LRU_INACTIVE_ANON, 1)
    array, scan, stay = m.arrays["page_flags"], m.k.scans[0], 0
    for n in range(len(BITS) + 1):
        for some in combinations(BITS, n):
            flags = PG_anon | sum(some)
            stays = m.call("folio_stays", flags)
            if stays == 0:
                continue
            array[page] = flags
            before = scan.nr_scanned
            what = m.call("scan_one_folio", page)
            assert what == (KEEP_LOCKED if stays == STAYS else KEEP)
            assert scan.nr_scanned - before == (stays == STAYS)
            if what == KEEP_LOCKED:
                m.call("unlock_page", page)
            assert array[page] == flags
            stay += 1
    assert stay > 100


@pytest.mark.parametrize(
    ("flags", "stays"),
    [
        (PG_mapped, STAYS),
        (PG_mapped | PG_dirty | PG_workingset, STAYS),
        (PG_swapcache | PG_dirty, STAYS),
        (PG_swapcache, 0),  # clean: it is freed
        (PG_swapcache | PG_mapped, 0),  # it is unmapped
        (PG_mapped | PG_young, 0),
        (PG_mapped | PG_referenced, 0),
        (PG_mapped | PG_writeback, 0),  # it is activated
        (0, 0),  # nobody's any more: it is freed
        (PG_locked | PG_swapcache, STAYS_LOCKED),
        (PG_locked | PG_active, 0),  # it goes back to another list
    ],
)
def test_which_anonymous_pages_stay_as_they_are(flags, stays):
    assert scanning().call("folio_stays", PG_anon | flags) == stays


@pytest.mark.parametrize("nr", [1, 31, 32])
def test_a_batch_that_stays_is_passed_over_to_the_effect_that_the_usual_way_has(nr):
    quick, usual = scanning(), scanning()
    for m in (quick, usual):
        m.arrays["page_flags"][listed(m, LRU_INACTIVE_ANON)[5]] |= PG_locked
    assert quick.call("pass_over_folios", LRU_INACTIVE_ANON, nr) == nr
    usual_way(usual, nr)
    usual.k.scans[0].nr_taken = nr
    for name in STATE:
        assert (quick.arrays[name] == usual.arrays[name]).all(), name
    assert listed(quick, LRU_INACTIVE_ANON) == listed(usual, LRU_INACTIVE_ANON)
    assert quick.arrays["page_flags"][listed(quick, LRU_INACTIVE_ANON)[-1]] & PG_lru


def test_a_whole_list_that_is_passed_over_keeps_its_order():
    m = scanning(inactive_anon="64KiB")
    order = listed(m, LRU_INACTIVE_ANON)
    assert m.call("pass_over_folios", LRU_INACTIVE_ANON, 32) == 16
    assert listed(m, LRU_INACTIVE_ANON) == order


def test_a_batch_is_not_passed_over_if_a_page_of_it_might_change_or_the_caller_may_write():
    m = scanning()
    order = listed(m, LRU_INACTIVE_ANON)
    m.arrays["page_flags"][order[20]] |= PG_young
    assert m.call("pass_over_folios", LRU_INACTIVE_ANON, 32) == 0
    assert m.call("pass_over_folios", LRU_INACTIVE_ANON, 20) == 20
    for mask in (GFP_NOFS, GFP_KERNEL):
        assert scanning(mask).call("pass_over_folios", LRU_INACTIVE_ANON, 32) == 0
    assert scanning(inactive_file="1MiB").call("pass_over_folios", LRU_INACTIVE_FILE, 32) == 0


@pytest.mark.parametrize(("debt", "passed"), [(0, 0), (1, 32)])
def test_a_batch_whose_scan_would_be_interrupted_is_not_passed_over(debt, passed):
    """over_debt() is asked before each page, the last time with all but its own cost on the account."""
    m = scanning()
    costs, task = m.arrays["costs"], m.k.tasks[0]
    isolate, scan = 15, 14
    task.debt = m.k.e[0].max_debt + 1 - debt - 32 * int(costs[isolate]) - 31 * int(costs[scan])
    assert m.call("pass_over_folios", LRU_INACTIVE_ANON, 32) == passed


def test_pages_that_stay_are_kept_up_to_the_first_that_might_not_and_to_where_the_loop_yields():
    m = scanning()
    nr = m.call("isolate_lru_folios", LRU_INACTIVE_ANON, 32)
    held = [int(page) for page in m.arrays["isolated"][:nr]]
    task, scan, cost = m.k.tasks[0], m.k.scans[0], int(m.arrays["costs"][14])
    task.debt = m.k.e[0].max_debt - 3 * cost
    assert m.call("keep_folios", 2, 0, nr) == 4, "debt is at its limit after three, above it after four"
    assert list(m.arrays["isolated"][:4]) == held[2:6] and scan.nr_scanned == 4
    assert m.call("over_debt") and m.call("keep_folios", 6, 4, nr) == 0
    task.debt = 0
    m.arrays["page_flags"][held[10]] |= PG_referenced
    assert m.call("keep_folios", 6, 4, nr) == 4 and task.debt == 4 * cost
