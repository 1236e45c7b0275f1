"""Swap: the life of a page on its way out and back, slots, and how far a fault reads ahead."""

import pytest
from mm_lab import MS, OP_FAULT, OP_RECLAIM, SEC, SmallMachine

from gfplab.kernel.gfp import GFP_KERNEL
from gfplab.kernel.types import (
    PG_buddy,
    PG_dirty,
    PG_locked,
    PG_lru,
    PG_mapped,
    PG_pcp,
    PG_reclaim,
    PG_swapcache,
    PG_writeback,
)

DISK = {"name": "vda", "read": "20ms", "write": "20ms", "bandwidth": "100MB/s", "parallelism": 64, "tags": 64}


def machine(anon="512KiB", cpus=1, **tables):
    """A sleeper's memory, all of it inactive; a disk that takes 20 ms a page and 64 pages at a time."""
    return SmallMachine({"start": {"inactive_anon": anon}, "cpus": cpus}, disk=[DISK], **tables)


def swapped(m, start_ns=0):
    """One round of reclaim, and the first page that it took to write: its virtual page, page and slot."""
    page = int(m.k.lrus[4].tail)
    vpn = int(m.arrays["page_index"][page])
    m.job(OP_RECLAIM, GFP_KERNEL, start_ns=start_ns)
    return vpn, page


def flags(m, page):
    return int(m.arrays["page_flags"][page])


def test_the_life_of_a_page_that_is_swapped_out():
    """Mapped; then unmapped and under writeback; then clean in the swap cache; then, at another scan, free."""
    m = machine()
    vpn, page = swapped(m)
    assert flags(m, page) & PG_mapped and m.arrays["ptes"][vpn] == page

    m.run(5 * MS)
    slot = -int(m.arrays["ptes"][vpn])
    assert slot > 0 and m.arrays["swap_cache"][slot] == page and m.arrays["swap_map"][slot] == 3
    assert flags(m, page) & (PG_writeback | PG_swapcache | PG_reclaim | PG_mapped | PG_dirty) == (
        PG_writeback | PG_swapcache | PG_reclaim
    )

    m.run(300 * MS)  # the write is over, and so is the round of reclaim
    if not flags(m, page) & (PG_buddy | PG_pcp):
        assert flags(m, page) & (PG_writeback | PG_swapcache | PG_lru) == PG_swapcache | PG_lru
    m.job(OP_RECLAIM, GFP_KERNEL, count=6)
    m.run(900 * MS)
    assert flags(m, page) & (PG_buddy | PG_pcp)
    assert m.arrays["swap_map"][slot] == 1 and m.arrays["swap_cache"][slot] == 0


def test_a_page_is_not_free_when_its_write_completes():
    m = machine()
    free = m.vm.nr_free + m.call("free_pcp_pages")
    page = m.pages(PG_mapped)[0]
    m.k.tasks[0].pf_flags = 0
    assert m.call("trylock_page", page) and m.call("add_to_swap", page)
    m.call("try_to_unmap", page)
    m.call("set_page_writeback", page)
    m.call("unlock_page", page)
    m.arrays["page_flags"][page] |= PG_reclaim
    slabs = m.vm.nr_slab
    m.call("end_page_writeback", page)
    assert m.k.lrus[4].tail == page and flags(m, page) & PG_swapcache  # but next in line
    assert m.vm.nr_free + m.call("free_pcp_pages") == free - (slabs - 1)


def test_a_fault_on_a_page_under_writeback_is_a_minor_one():
    m = machine()
    vpn, page = swapped(m)
    m.run(5 * MS)
    assert flags(m, page) & PG_writeback
    m.job(OP_FAULT, vpn, 1)
    m.run(6 * MS)
    assert m.arrays["ptes"][vpn] == page and (m.vm.pgmajfault, m.vm.pswpin) == (0, 0)
    assert flags(m, page) & (PG_writeback | PG_mapped | PG_dirty) == PG_writeback | PG_mapped | PG_dirty


def test_a_page_that_was_taken_back_while_it_was_written_is_not_freed():
    m = machine()
    vpn, page = swapped(m)
    m.run(5 * MS)
    m.job(OP_FAULT, vpn, 1)
    m.run(SEC)
    assert m.arrays["ptes"][vpn] == page and flags(m, page) & PG_lru


def test_a_fault_on_a_freed_page_reads_it_and_sleeps_until_it_is_there():
    m = machine()
    vpn, page = swapped(m)
    m.run(300 * MS)
    m.job(OP_RECLAIM, GFP_KERNEL, count=6)
    m.run(900 * MS)
    assert m.arrays["ptes"][vpn] < 0 and flags(m, page) & (PG_buddy | PG_pcp)
    m.job(OP_FAULT, vpn, 0)
    m.run(2 * SEC)
    new = int(m.arrays["ptes"][vpn])
    assert new > 0 and m.vm.pgmajfault == 1 and m.vm.pswpin >= 1 and m.done[-1][3] >= 20 * MS
    assert flags(m, new) & (PG_mapped | PG_locked | PG_swapcache) == PG_mapped | PG_swapcache
    assert m.arrays["swap_map"][m.arrays["page_private"][new]] == 2  # the slot is kept for the clean page


def test_a_write_to_a_page_that_was_read_back_gives_the_slot_up():
    m = machine()
    vpn, _ = swapped(m)
    m.run(300 * MS)
    m.job(OP_RECLAIM, GFP_KERNEL, count=6)
    m.run(900 * MS)
    used = m.k.swaps[1].used
    m.job(OP_FAULT, vpn, 1)
    m.run(SEC)
    page = int(m.arrays["ptes"][vpn])
    assert flags(m, page) & (PG_dirty | PG_swapcache) == PG_dirty and m.k.swaps[1].used == used - 1


def test_slots_are_given_in_sequence_on_one_cpu():
    m = machine()
    m.arrays["e"]["check_every"] = 1 << 40
    assert [m.call("get_swap_page") for _ in range(600)] == list(range(1, 601))
    assert m.vm.nr_swap_pages == 4096 - 600


def test_on_an_ssd_each_cpu_has_a_cluster_of_its_own_and_on_a_disk_that_seeks_there_is_one():
    for ssd, second in ((True, 257), (False, 2)):
        m = machine(cpus=2, swap={"device": "vda", "size": "16MiB", "ssd": ssd})
        slots = []
        for cpu in (0, 1):
            m.k.e[0].irq_cpu = cpu
            slots.append(m.call("get_swap_page"))
        assert slots == [1, second]


def test_when_no_cluster_is_free_any_free_slot_will_do_and_then_there_is_none():
    m = machine(swap={"device": "vda", "size": "1MiB"})
    slots = [m.call("get_swap_page") for _ in range(256)]
    assert sorted(slots) == list(range(1, 257)) and m.call("get_swap_page") == 0
    m.call("swap_entry_free", 100, 2)
    assert m.call("get_swap_page") == 100


def test_a_slot_is_free_when_neither_a_pte_nor_the_swap_cache_needs_it():
    m = machine()
    slot = m.call("get_swap_page")
    m.arrays["swap_map"][slot] |= 1
    assert m.call("swap_entry_free", slot, 2) == 0 and m.k.swaps[1].used == 1
    assert m.call("swap_entry_free", slot, 1) == 1 and m.k.swaps[1].used == 0


@pytest.mark.parametrize(
    ("hits", "slot", "previous", "last", "window"),
    [
        (0, 100, 50, 1, 1),  # nothing that was read ahead was of use, and no sequence
        (0, 100, 99, 1, 2),  # a sequence
        (1, 100, 50, 1, 4),
        (3, 100, 50, 1, 8),
        (40, 100, 50, 8, 8),  # never more than 2^page_cluster
        (0, 100, 50, 8, 4),  # and it shrinks by halves
    ],
)
def test_the_readahead_window_follows_its_hits(hits, slot, previous, last, window):
    m = machine()
    m.vm.readahead_hits, m.vm.readahead_prev, m.vm.readahead_last = hits, previous, last
    assert m.call("swapin_nr_pages", slot) == window


def test_without_page_cluster_one_page_is_read():
    m = machine()
    m.vm.page_cluster = 0
    assert m.call("swapin_nr_pages", 100) == 1


def test_a_fault_reads_the_aligned_window_around_its_slot():
    m = machine()
    vpn, _ = swapped(m)
    m.run(300 * MS)
    m.job(OP_RECLAIM, GFP_KERNEL, count=3)
    m.run(SEC)
    slot = -int(m.arrays["ptes"][vpn])
    assert slot > 0
    m.vm.readahead_hits = 6
    absent = [s for s in range(1, 8) if m.arrays["swap_map"][s] == 1 and not m.arrays["swap_cache"][s]]
    m.job(OP_FAULT, vpn, 0)
    m.run(2 * SEC)
    assert slot < 8 and m.vm.pswpin == len(absent) > 1
    assert all(m.arrays["swap_cache"][s] for s in absent)


def test_a_locked_page_is_left_alone_by_reclaim():
    m = machine()
    page = int(m.k.lrus[4].tail)
    m.arrays["page_flags"][page] |= PG_locked
    m.job(OP_RECLAIM, GFP_KERNEL)
    m.run(500 * MS)
    assert flags(m, page) & (PG_locked | PG_mapped | PG_swapcache) == PG_locked | PG_mapped
