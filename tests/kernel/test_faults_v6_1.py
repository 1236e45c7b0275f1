"""Faults on anonymous memory in v6.1: the zero page, pages that come back read-only, waits for a page that is read.

MODEL 7.2, 7.4, 11 and 20; era v6.1.
"""

from mm_lab import MS, OP_EXIT_MMAP, OP_FAULT, SEC, SmallMachine

from gfplab.kernel.fault_types import ZERO_PTE
from gfplab.kernel.types import (
    PG_active,
    PG_anon,
    PG_buddy,
    PG_dirty,
    PG_locked,
    PG_lru,
    PG_mapped,
    PG_pcp,
    PG_pte_write,
    PG_reading,
    PG_reclaim,
    PG_swapcache,
    PG_workingset,
    PG_writeback,
    PG_young,
)

DISK = {"name": "vda", "read": "20ms", "write": "20ms", "bandwidth": "100MB/s", "parallelism": 64, "tags": 64}
STATE = PG_anon | PG_mapped | PG_young | PG_pte_write | PG_dirty | PG_swapcache | PG_locked | PG_active


def machine(size="1MiB", **tables):
    """A machine with one address space, whose task sleeps, and a disk that takes 20 ms."""
    task = {"kind": "anon_toucher", "comm": "idle", "size": size, "start": "999s"}
    return SmallMachine(kernel="v6.1", task=[task], disk=[DISK], **tables)


def flags(m, page):
    return int(m.arrays["page_flags"][page])


def filled(pages=1, **tables):
    """The first pages of the address space have been written to: (machine, first virtual page)."""
    m = machine(**tables)
    m.job(OP_FAULT, m.k.mms[1].start, 1, count=pages)
    m.run(MS)
    assert m.results == [1] * pages
    return m, m.k.mms[1].start


def swap_out(m, vpn, writeback=False):
    """What reclaim does to a page, without its I/O: slot, unmapped, clean; returns (page, slot)."""
    page = int(m.arrays["ptes"][vpn])
    assert m.call("trylock_page", page)
    slot = m.call("add_to_swap", page)
    m.call("try_to_unmap", page)
    m.call("clear_page_dirty_for_io", page)
    if writeback:
        m.arrays["page_flags"][page] |= PG_reclaim
        m.call("set_page_writeback", page)
    m.call("unlock_page", page)
    assert m.arrays["ptes"][vpn] == -slot
    return page, slot


def evict(m, vpn, shadow=0):
    """The same, and the page is gone from memory; returns its slot."""
    page, slot = swap_out(m, vpn)
    m.call("delete_from_swap_cache__v6_1", page, shadow)
    m.call("lru_del", page)
    m.call("free_hot_cold_page", page)
    return slot


def fault(m, vpn, write, at, until):
    m.job(OP_FAULT, vpn, write, start_ns=at)
    m.run(until)
    return int(m.arrays["ptes"][vpn])


def test_a_first_write_gives_an_inactive_page_that_is_writable_and_dirty_by_its_pte():
    """New anonymous memory starts on the inactive list since v5.9."""
    m, vpn = filled()
    page = int(m.arrays["ptes"][vpn])
    assert flags(m, page) & STATE == PG_anon | PG_mapped | PG_young | PG_pte_write
    assert (m.k.mms[1].rss, m.vm.pgfault, m.vm.pgmajfault, m.vm.pgreuse) == (1, 1, 0, 0)
    assert sum(m.k.lrus[i].nr for i in range(4, 8)) == m.k.lrus[4].nr == 1


def test_a_first_read_maps_the_zero_page_and_takes_no_memory_but_a_page_table():
    m = machine()
    vpn, before = m.k.mms[1].start, m.vm.pgalloc
    assert fault(m, vpn, 0, 0, MS) == ZERO_PTE
    assert (m.vm.pgalloc, m.k.mms[1].rss, m.vm.pgfault) == (before + 1, 0, 1)
    assert m.call("pte_allows", vpn, 0) == 1 and m.call("pte_allows", vpn, 1) == 0


def test_512_virtual_pages_share_a_page_table_which_is_memory_that_cannot_move_and_ends_with_them():
    m = machine("8MiB")
    vpn = m.k.mms[1].start
    m.job(OP_FAULT, vpn, 1, count=1100)
    m.run(20 * MS)
    tables = sorted({(v >> 9) for v in range(vpn, vpn + 1100)})
    assert m.vm.nr_page_table_pages == len(tables) == 3 and m.vm.pgalloc == 1100 + 3
    m.job(OP_EXIT_MMAP, 1, start_ns=20 * MS)
    m.run(30 * MS)
    assert m.vm.nr_page_table_pages == 0 and not m.arrays["page_tables"].any()
    assert m.vm.nr_free + m.call("free_pcp_pages") == m.vm.nr_managed - m.vm.nr_fixed - m.vm.nr_slab


def test_a_write_after_a_first_read_is_a_second_fault_that_copies_the_zero_page():
    m = machine()
    vpn = m.k.mms[1].start
    fault(m, vpn, 0, 0, MS)
    page = fault(m, vpn, 1, MS, 2 * MS)
    assert page > 0 and flags(m, page) & PG_pte_write
    assert (m.vm.pgfault, m.vm.pgreuse, m.k.mms[1].rss) == (2, 0, 1)


def test_a_write_to_the_pte_is_known_to_the_page_only_when_it_is_unmapped():
    m, vpn = filled()
    page = int(m.arrays["ptes"][vpn])
    assert flags(m, page) & PG_dirty == 0
    m.call("trylock_page", page)
    slot = m.call("add_to_swap", page)
    m.call("clear_page_dirty_for_io", page)
    m.call("try_to_unmap", page)
    assert flags(m, page) & (PG_dirty | PG_pte_write | PG_mapped) == PG_dirty
    assert m.arrays["ptes"][vpn] == -slot


def test_a_read_brings_a_page_back_read_only_and_clean_and_keeps_its_slot():
    m, vpn = filled()
    page, slot = swap_out(m, vpn)
    assert fault(m, vpn, 0, MS, 2 * MS) == page
    assert flags(m, page) & (PG_mapped | PG_swapcache | PG_pte_write | PG_dirty) == PG_mapped | PG_swapcache
    assert m.arrays["swap_map"][slot] == 2 and (m.vm.pgmajfault, m.vm.pswpin) == (0, 0)


def test_a_write_to_a_page_that_came_back_read_only_reuses_it_and_keeps_its_slot():
    """No copy and no loss of the slot: the page will be written to the same place again."""
    m, vpn = filled()
    page, slot = swap_out(m, vpn)
    fault(m, vpn, 0, MS, 2 * MS)
    assert fault(m, vpn, 1, 2 * MS, 3 * MS) == page
    assert flags(m, page) & (PG_swapcache | PG_pte_write | PG_dirty) == PG_swapcache | PG_pte_write
    assert (m.vm.pgreuse, m.vm.pgfault, m.arrays["page_private"][page]) == (1, 3, slot)
    m.call("trylock_page", page)
    m.call("try_to_unmap", page)
    assert flags(m, page) & PG_dirty and m.arrays["ptes"][vpn] == -slot


def test_a_write_fault_gives_the_slot_up_when_nobody_else_holds_the_page():
    m, vpn = filled()
    page, slot = swap_out(m, vpn)
    assert fault(m, vpn, 1, MS, 2 * MS) == page
    assert flags(m, page) & (PG_swapcache | PG_pte_write | PG_dirty) == PG_pte_write | PG_dirty
    assert m.arrays["swap_cache"][slot] == 0 and m.vm.pgreuse == 0


def test_a_write_fault_on_a_page_in_a_reclaimers_hands_keeps_the_slot():
    m, vpn = filled()
    page, slot = swap_out(m, vpn)
    m.call("isolate_lru_page", page)
    assert fault(m, vpn, 1, MS, 2 * MS) == page
    assert flags(m, page) & PG_swapcache and m.arrays["swap_map"][slot] == 2
    m.call("putback_lru_page", page)


def test_a_fault_on_a_page_under_writeback_is_minor_and_counts_as_a_readahead_hit():
    """PG_readahead is PG_reclaim, which a page that reclaim writes has: Linux counts that, and forgets to rotate it."""
    m, vpn = filled()
    page, slot = swap_out(m, vpn, writeback=True)
    assert fault(m, vpn, 1, MS, 2 * MS) == page
    assert flags(m, page) & (PG_writeback | PG_swapcache | PG_reclaim) == PG_writeback | PG_swapcache
    assert (m.vm.pgmajfault, m.vm.swap_ra_hit, m.arrays["swap_map"][slot]) == (0, 1, 2)


def test_when_half_of_swap_is_used_a_read_gives_the_slot_up_as_well():
    m, vpn = filled()
    page, _ = swap_out(m, vpn)
    m.vm.nr_swap_pages -= 2048
    m.k.swaps[1].used += 2048
    m.arrays["e"]["check_every"] = 1 << 40
    assert fault(m, vpn, 0, MS, 2 * MS) == page
    assert flags(m, page) & (PG_swapcache | PG_dirty) == PG_dirty


def test_a_fault_that_waits_for_a_page_is_tried_again_and_counts_twice():
    """The first try lets the page go while it waits; the task's major faults count what was tried again."""
    m, vpn = filled(2)
    for v in (vpn, vpn + 1):
        evict(m, v)
    m.k.mms[1].swap_ra_hits, m.k.mms[1].swap_ra_vpn = 1, 999_999
    t = m.job(OP_FAULT, vpn, 0, start_ns=MS)
    before = m.vm.pgfault
    m.run(SEC)
    assert (m.vm.pgfault - before, m.vm.pgmajfault, m.k.tasks[t].maj_flt, m.vm.pswpin) == (2, 1, 1, 2)
    assert m.vm.swap_ra == 1 and m.done[-1][3] >= 20 * MS
    page = int(m.arrays["ptes"][vpn])
    assert flags(m, page) & (PG_locked | PG_reading | PG_swapcache | PG_mapped) == PG_swapcache | PG_mapped


def test_a_single_page_is_read_by_a_task_that_sleeps_for_it_and_one_fault_is_enough():
    """A window of one page: swap_readpage() is synchronous."""
    m, vpn = filled(1)
    evict(m, vpn)
    m.vm.page_cluster = 0
    before = m.vm.pgfault
    page = fault(m, vpn, 0, MS, SEC)
    assert page > 0 and (m.vm.pgfault - before, m.vm.pgmajfault, m.vm.pswpin, m.vm.swap_ra) == (1, 1, 1, 0)
    stacks = [name for name, _, _ in m.build.stack_names(m.sim, 1)]
    assert stacks[:2] == ["blk_io_schedule", "swap_readpage"], stacks


def test_waiting_for_the_read_of_a_page_that_was_active_is_a_stall_for_memory():
    stalled = []
    for was_active in (0, 1):
        m, vpn = filled(2)
        m.call("activate_page", int(m.arrays["ptes"][vpn + 1]))
        evict(m, vpn, shadow=m.call("workingset_eviction__v6_1", 1) + was_active * 64)
        fault(m, vpn, 0, MS, SEC)
        page = int(m.arrays["ptes"][vpn])
        assert (flags(m, page) & PG_workingset > 0) == bool(was_active)
        m.call("psi_update")
        stalled.append(m.vm.psi_some)
    assert stalled[0] == 0 and stalled[1] >= 20 * MS


def test_an_exit_gives_back_pages_slots_and_nodes():
    m, vpn = filled(8)
    nodes = m.k.caches[m.k.swaps[1].node_cache].nr_active
    kept, _ = swap_out(m, vpn)
    written, slot = swap_out(m, vpn + 1, writeback=True)
    evict(m, vpn + 2, shadow=1 + 64)
    m.job(OP_EXIT_MMAP, 1, start_ns=MS)
    m.run(2 * MS)
    assert (m.k.mms[1].rss, m.k.mms[1].swap) == (0, 0)
    assert flags(m, kept) & (PG_buddy | PG_pcp) and flags(m, written) & (PG_lru | PG_swapcache) == PG_lru | PG_swapcache
    assert m.arrays["swap_map"][slot] == 2  # until the write is over and reclaim comes by
    assert m.call("check_swap") == 0
    m.call("end_page_writeback", written)
    m.call("free_unused_page", written)
    m.call("drain_slots_cache_cpu", 0)
    assert m.k.swaps[1].used == 0 and m.k.caches[m.k.swaps[1].node_cache].nr_active == nodes
    assert m.call("check_swap") == 0
