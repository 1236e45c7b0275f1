"""Anonymous memory: what a fault makes present, and what an exit gives back."""

import pytest
from mm_lab import MS, OP_EXIT_MMAP, OP_FAULT, SEC, SmallMachine

from gfplab.kernel.types import PG_active, PG_anon, PG_dirty, PG_lru, PG_mapped, PG_young


def idle(size="1MiB", resident="0B", **machine):
    """A machine with one address space, whose task sleeps."""
    task = {"kind": "anon_toucher", "comm": "idle", "size": size, "resident": resident, "start": "999s"}
    return SmallMachine(machine, task=[task])


def test_a_first_touch_gives_a_zeroed_page_on_the_active_list():
    """New memory is active in v4.7, so reclaim has to make it inactive before it can take it."""
    m = idle()
    vpn = m.k.mms[1].start
    m.job(OP_FAULT, vpn, 1)
    m.run(MS)
    page = int(m.arrays["ptes"][vpn])
    want = PG_anon | PG_mapped | PG_young | PG_active | PG_lru
    assert m.arrays["page_flags"][page] & want == want
    assert (m.k.mms[1].rss, m.vm.pgfault, m.vm.pgmajfault, m.k.lrus[5].nr) == (1, 1, 0, 1)
    assert m.done[0][3] < 5_000  # 0.5 to 1 us, and the first page of a list


def test_a_fault_on_a_present_page_does_nothing():
    m = idle()
    m.job(OP_FAULT, m.k.mms[1].start, 1)
    m.job(OP_FAULT, m.k.mms[1].start, 1, start_ns=MS)
    m.run(2 * MS)
    assert m.k.mms[1].rss == 1 and m.results == [1, 1]


def test_every_page_is_mapped_once():
    m = idle(resident="512KiB")
    m.job(OP_FAULT, m.k.mms[1].start, 1, count=256)
    m.run(SEC)
    pages = [int(p) for p in m.arrays["ptes"] if p > 0]
    assert len(pages) == len(set(pages)) == m.k.mms[1].rss == 256
    assert all(m.arrays["page_index"][p] == vpn for vpn, p in enumerate(m.arrays["ptes"]) if p > 0)


def test_an_exit_gives_all_memory_and_all_slots_back():
    hogs = [{"kind": "anon_toucher", "comm": "hog", "size": "20MiB", "passes": 2, "order": "sequential"}]
    m = SmallMachine(task=hogs, check_every=500).run(20 * SEC)
    assert m.vm.pswpout > 1000 and m.k.workloads[1].finished > 0
    assert (m.k.mms[1].rss, m.k.mms[1].swap, m.k.swaps[1].used) == (0, 0, 0)
    assert sum(m.k.lrus[4 + i].nr for i in range(4)) == 0
    assert m.vm.nr_free + m.call("free_pcp_pages") == m.vm.nr_managed - m.vm.nr_fixed - m.vm.nr_slab


def test_unmapping_a_page_under_writeback_leaves_it_to_reclaim():
    m = idle(resident="64KiB")
    page = m.pages(PG_mapped)[0]
    m.call("trylock_page", page)
    assert m.call("add_to_swap", page)
    m.call("set_page_writeback", page)
    m.call("unlock_page", page)
    m.job(OP_EXIT_MMAP, 1)
    m.run(MS)
    assert m.k.mms[1].rss == 0 and m.pages(PG_anon | PG_lru) == [page]


@pytest.mark.parametrize(("state", "active", "young"), [("touched", 16, 16), ("aged", 8, 0)])
def test_memory_of_the_start_is_as_its_state_says(state, active, young):
    task = {"kind": "anon_toucher", "comm": "idle", "size": "1MiB", "resident": "64KiB", "start": "999s"}
    m = SmallMachine(task=[{**task, "resident_state": state}])
    assert len(m.pages(PG_anon | PG_active)) == active == m.k.lrus[5].nr
    assert len(m.pages(PG_anon | PG_young)) == young and m.pages(PG_dirty) == []


def test_memory_of_nobody_lies_on_the_lists_that_the_scenario_names():
    m = SmallMachine({"start": {"active_anon": "100KiB", "inactive_anon": "300KiB"}})
    assert (m.k.lrus[5].nr, m.k.lrus[4].nr) == (25, 75)
