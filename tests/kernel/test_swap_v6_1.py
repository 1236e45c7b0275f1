"""Swap slots, the swap cache with its shadows, and swap readahead in v6.1.

MODEL 7.1, 7.3, 7.4 and 14 (law 6); era v6.1.
"""

import pytest
from mm_lab import MS, OP_FAULT, SEC, SmallMachine

from gfplab.boot.swap import clusters_v6_1
from gfplab.kernel.types import PG_dirty, PG_mapped, PG_reclaim, PG_swapcache

DISK = {"name": "vda", "read": "1ms", "write": "1ms", "bandwidth": "1GB/s", "parallelism": 64, "tags": 64}


def machine(size="16MiB", cpus=1, ssd=True, anon="512KiB", check=False):
    m = SmallMachine(
        {"cpus": cpus, "start": {"inactive_anon": anon}},
        kernel="v6.1",
        disk=[DISK],
        swap={"device": "vda", "size": size, "ssd": ssd},
        check_every=1 if check else None,
    )
    return m


def slots(m, n):
    return [m.call("get_swap_page") for _ in range(n)]


def in_caches(m):
    return sum(m.k.swap_slots_caches[c].nr + m.k.swap_slots_caches[c].n_ret for c in range(m.k.e[0].ncpus))


# slots


def test_the_first_slots_are_those_of_the_second_16384_because_the_header_is_in_the_first_cluster():
    """The free list takes every 64th cluster first, and cluster 0 is not free: measured writes begin at page 16384."""
    order = clusters_v6_1(81919)
    assert list(order[:6] - 1) == [64, 128, 192, 256, 1, 65] and len(order) == 319
    m = machine("96MiB")
    assert slots(m, 300) == [*range(16384, 16640), *range(256, 300)]


def test_the_header_takes_a_page_of_the_area_and_slots_are_taken_64_at_a_time():
    m = machine()
    assert m.k.swaps[1].nr_slots == m.vm.nr_swap_pages == 4095
    assert slots(m, 1) == [256]
    assert (m.vm.nr_swap_pages, m.k.swaps[1].used, in_caches(m)) == (4095 - 64, 64, 63)
    slots(m, 63)
    assert (m.k.swaps[1].used, in_caches(m)) == (64, 0)


def test_freed_slots_wait_in_the_cpus_cache_until_64_are_there():
    m = machine()
    mine = slots(m, 65)
    for slot in mine[:64]:
        assert m.call("swap_entry_free", slot, 2) == 1
        assert m.arrays["swap_map"][slot] == 2  # as good as used, for everybody else
    free = m.vm.nr_swap_pages
    m.call("swap_entry_free", mine[64], 2)
    assert m.vm.nr_swap_pages == free + 64 and m.k.swap_slots_caches[0].n_ret == 1
    assert not m.arrays["swap_map"][mine[:64]].any()


def test_a_cluster_that_is_empty_again_waits_behind_all_other_free_ones():
    """v4.7 takes the one that was freed last."""
    m = machine()
    mine = slots(m, 256)
    assert mine == list(range(256, 512))
    slots(m, 1)
    for slot in mine:
        m.call("swapcache_free_entry", slot)
    assert m.k.swaps[1].cluster_tail == 2
    taken = slots(m, 255 + 13 * 256 + 1)
    assert taken[-1] == 256 and 256 not in taken[:-1]


def test_each_cpu_takes_slots_from_a_cluster_of_its_own():
    m = machine(cpus=2)
    got = []
    for cpu in (0, 1, 0):
        m.k.e[0].irq_cpu = cpu
        got.append(slots(m, 1)[0])
    assert got == [256, 512, 257]


def test_a_cpus_cluster_that_became_free_behind_its_back_is_dropped_for_the_first_on_the_list():
    m = machine()
    mine = slots(m, 64)
    for slot in mine:
        m.call("swapcache_free_entry", slot)
    assert m.k.cpu_cluster[0] == 2 and m.k.swaps[1].cluster_head == 3
    assert slots(m, 1) == [512]


def test_the_caches_rest_while_slots_are_short_and_give_back_what_they_have():
    m = machine(size="2MiB")
    assert m.vm.nr_swap_pages == 511 > 5 * 64
    mine = slots(m, 321)
    assert m.vm.nr_swap_pages == 127 < 2 * 64 and (m.k.swaps[1].slot_cache_active, in_caches(m)) == (1, 63)
    m.call("swap_entry_free", mine[0], 2)
    one = slots(m, 1)[0]
    assert (m.k.swaps[1].slot_cache_active, in_caches(m), m.k.swaps[1].used) == (0, 0, 321)
    m.call("swap_entry_free", one, 2)
    assert m.arrays["swap_map"][one] == 0  # at once


def test_all_slots_can_be_had_and_then_there_are_none():
    for ssd in (True, False):
        m = machine(size="1MiB", ssd=ssd)
        assert sorted(slots(m, 255)) == list(range(1, 256)) and slots(m, 2) == [0, 0]
        m.call("swap_entry_free", 77, 2)
        assert slots(m, 1) == [77]


def test_when_swap_is_short_a_slot_that_only_the_swap_cache_needs_is_taken_from_it():
    """The lock of the area is dropped for that: freeing the slot takes it."""
    m = machine(size="1MiB")
    slots(m, 4)
    page = m.pages(PG_mapped)[0]
    m.call("trylock_page", page)
    slot = m.call("add_to_swap", page)
    m.call("unlock_page", page)
    assert slot == 5 and slot not in slots(m, 250) and m.vm.nr_swap_pages == 0
    for free in (3, 200):
        m.call("swap_entry_free", free, 2)
    m.k.cluster_next_cpu[0] = 4
    assert slots(m, 1) == [slot]
    assert int(m.arrays["page_flags"][page]) & (PG_swapcache | PG_dirty) == PG_dirty


def test_a_disk_that_seeks_is_filled_in_order():
    assert slots(machine(ssd=False), 300) == list(range(1, 301))


# the swap cache


def test_a_node_of_the_swap_cache_lives_while_a_shadow_is_in_it_and_goes_with_the_slot():
    m = machine()
    cache = m.k.caches[m.k.swaps[1].node_cache]
    before, page = cache.nr_active, m.pages(PG_mapped)[0]
    m.call("trylock_page", page)
    slot = m.call("add_to_swap", page)
    m.call("try_to_unmap", page)
    assert (cache.nr_active, m.vm.nr_swapcached) == (before + 1, 1)
    m.call("delete_from_swap_cache__v6_1", page, 4711)
    assert (cache.nr_active, m.vm.nr_swapcached, m.arrays["swap_shadow"][slot]) == (before + 1, 0, 4711)
    m.call("swap_entry_free", slot, 1)
    assert cache.nr_active == before + 1  # the slot is in the CPU's cache still
    m.call("drain_slots_cache_cpu", 0)
    assert cache.nr_active == before and m.arrays["swap_shadow"][slot] == 0


def test_a_reclaimer_may_take_a_node_from_below_the_marks_and_others_not():
    got = []
    for pf_flags in (0, 0x800):
        m = machine()
        m.lose_free_pages(m.call("min_wmark_pages", 1) // 4)
        m.call("drain_all_pages")
        t = m.job(OP_FAULT, 1, 0, start_ns=SEC, pf_flags=pf_flags)
        page = m.pages(PG_mapped)[0]
        m.k.caches[m.k.swaps[1].node_cache].node_partial = 0
        got.append(m.call("add_to_swap", page, task=t) > 0)
    assert got == [False, True]


# readahead


@pytest.mark.parametrize(
    ("hits", "vpn", "before", "last", "window"),
    [
        (0, 100, 50, 1, 1),
        (0, 100, 99, 1, 2),
        (1, 100, 50, 1, 4),
        (3, 100, 50, 1, 8),
        (40, 100, 50, 8, 8),
        (0, 9, 50, 8, 4),
    ],
)
def test_the_window_of_an_address_space_follows_its_hits(hits, vpn, before, last, window):
    m = machine()
    mm = m.k.mms[1]
    mm.swap_ra_hits, mm.swap_ra_vpn, mm.swap_ra_win = hits, before, last
    assert m.call("swap_ra_window", 1, vpn) == window
    assert (mm.swap_ra_vpn, mm.swap_ra_hits) == (vpn, 0)


def test_the_first_fault_of_an_address_space_starts_as_if_four_had_been_hit():
    m = machine()
    assert m.call("swap_ra_window", 1, 100) == 8


@pytest.mark.parametrize(("before", "first"), [(99, 100), (101, 93), (7, 97)])
def test_the_window_lies_ahead_of_faults_that_go_up_behind_those_that_go_down_and_around_others(before, first):
    assert machine().call("swap_ra_first", 1, 100, before, 8) == first


def swapped_out(m, n):
    """The first n virtual pages of the sleeper are on disk, their pages gone; returns (first virtual page, slots)."""
    first = m.k.mms[m.call("mm_of", len(m.arrays["ptes"]) - 1)].start
    mine = []
    for vpn in range(first, first + n):
        page = int(m.arrays["ptes"][vpn])
        m.call("trylock_page", page)
        mine.append(m.call("add_to_swap", page))
        m.call("try_to_unmap", page)
        m.call("unlock_page", page)
        m.call("delete_from_swap_cache__v6_1", page, 1 + 64)
        m.call("lru_del", page)
        m.call("free_hot_cold_page", page)
    return first, mine


def test_a_fault_reads_its_neighbours_in_the_address_space_and_their_faults_are_hits():
    m = machine(check=True)
    first, _ = swapped_out(m, 20)
    m.job(OP_FAULT, first + 8, 0)
    m.run(50 * MS)
    assert (m.vm.pgmajfault, m.vm.swap_ra, m.vm.pswpin, m.vm.workingset_refault_anon) == (1, 7, 8, 8)
    there = [vpn - first for vpn in range(first, first + 20) if m.arrays["swap_cache"][-m.arrays["ptes"][vpn]]]
    assert there == [5, 6, 7, 9, 10, 11, 12]
    m.job(OP_FAULT, first + 9, 0, start_ns=51 * MS, count=4)
    m.run(90 * MS)
    assert (m.vm.pgmajfault, m.vm.swap_ra_hit, m.k.mms[2].swap_ra_hits) == (1, 4, 4)
    m.job(OP_FAULT, first + 13, 0, start_ns=91 * MS)  # next in a row: the window lies ahead
    m.run(SEC)
    assert (m.vm.pgmajfault, m.vm.swap_ra, m.vm.pswpin) == (2, 7 + 6, 8 + 7)
    assert m.call("check_swap") == 0


def test_on_a_disk_that_seeks_the_neighbours_are_those_on_the_disk():
    m = machine(ssd=False, check=True)
    first, mine = swapped_out(m, 20)
    m.job(OP_FAULT, first + 8, 0)
    m.run(50 * MS)
    window = range(mine[8] & ~7, (mine[8] | 7) + 1)
    assert m.vm.pswpin == len([s for s in mine if s in window]) == m.vm.swap_ra + 1
    assert m.call("check_swap") == 0


def test_a_page_read_ahead_is_marked_until_it_is_looked_up():
    m = machine(check=True)
    first, mine = swapped_out(m, 4)
    m.job(OP_FAULT, first, 0)
    m.run(50 * MS)
    page = int(m.arrays["swap_cache"][mine[1]])
    assert int(m.arrays["page_flags"][page]) & PG_reclaim
    assert m.call("swap_cache_get_folio", mine[1], first + 1, 1) == page
    assert not int(m.arrays["page_flags"][page]) & PG_reclaim and m.vm.swap_ra_hit == 1
