"""Shadows of both kinds of pages in v6.1: what came back too early starts active.

MODEL 5.7; era v6.1.
"""

import pytest
from mm_lab import MS, SmallMachine

from gfplab.kernel.types import PAGE_FLAGS_MASK, PG_active, PG_anon, PG_mapped, PG_workingset

LV = 1


def machine(active=0, inactive=64):
    start = {"active_anon": f"{4 * active}KiB", "inactive_anon": f"{4 * inactive}KiB"}
    m = SmallMachine({"start": start}, kernel="v6.1")
    m.arrays["e"]["check_every"] = 1 << 40
    return m


def anon_page(m):
    return m.pages(PG_anon | PG_mapped)[0]


def file_page(m):
    """A page of the kernel, taken for one of a file."""
    page = m.pages(0xFFFF, 0)[0]
    m.arrays["page_private"][page] = 1
    return page


def test_the_shadow_knows_the_clock_at_eviction_and_each_eviction_moves_it():
    m = machine()
    page = anon_page(m)
    first, second = m.call("workingset_eviction__v6_1", page), m.call("workingset_eviction__v6_1", page)
    assert m.k.lruvecs[LV].nonresident_age == 2 and second > first > 0


@pytest.mark.parametrize("was_active", [0, 1])
def test_a_page_that_comes_back_soon_starts_active_and_one_that_had_been_active_is_restored(was_active):
    m = machine(active=10)
    page = anon_page(m)
    m.arrays["page_flags"][page] &= PAGE_FLAGS_MASK & ~PG_active
    if was_active:
        m.arrays["page_flags"][page] |= PG_workingset
    shadow = m.call("workingset_eviction__v6_1", page)
    m.arrays["page_flags"][page] &= PAGE_FLAGS_MASK & ~PG_workingset
    m.k.lruvecs[LV].nonresident_age += 8
    assert m.call("workingset_refault__v6_1", page, shadow) == 1
    assert bool(m.arrays["page_flags"][page] & PG_active)
    assert bool(m.arrays["page_flags"][page] & PG_workingset) == bool(was_active)
    assert (m.vm.workingset_refault_anon, m.vm.workingset_activate_anon) == (1, 1)
    assert m.vm.workingset_restore_anon == was_active
    assert m.k.lruvecs[LV].nonresident_age == 10  # the activation ages those that are out


@pytest.mark.parametrize(
    ("kind", "lists", "swap", "distance", "active"),
    [
        ("anon", {"nr_active_anon": 5}, 100, 5, 1),
        ("anon", {"nr_active_anon": 5}, 100, 6, 0),
        ("anon", {"nr_active_anon": 5, "nr_inactive_anon": 50}, 100, 6, 0),  # it lay on the inactive list anyway
        ("anon", {"nr_active_file": 3, "nr_inactive_file": 4}, 100, 7, 1),  # file pages could have gone instead
        ("anon", {"nr_active_anon": 5}, 0, 1, 0),  # without free swap no anonymous page could have gone
        ("file", {"nr_active_file": 5}, 0, 5, 1),
        ("file", {"nr_active_file": 5, "nr_inactive_file": 9}, 0, 6, 0),
        ("file", {"nr_active_anon": 2, "nr_inactive_anon": 3}, 100, 5, 1),
        ("file", {"nr_active_anon": 2, "nr_inactive_anon": 3}, 0, 5, 0),
    ],
)
def test_the_distance_is_held_against_all_that_could_have_made_room(kind, lists, swap, distance, active):
    m = machine(inactive=8)
    page = anon_page(m) if kind == "anon" else file_page(m)
    shadow = m.call("workingset_eviction__v6_1", page)
    lruvec = m.k.lruvecs[LV]
    for name in ("nr_active_anon", "nr_inactive_anon", "nr_active_file", "nr_inactive_file"):
        setattr(lruvec, name, lists.get(name, 0))
    m.vm.nr_swap_pages = swap
    lruvec.nonresident_age += distance - 1
    assert m.call("workingset_refault__v6_1", page, shadow) == active
    assert getattr(m.vm, f"workingset_refault_{kind}") == 1
    assert getattr(m.vm, f"workingset_activate_{kind}") == active
    assert m.vm.workingset_refault == 1 and m.vm.workingset_activate == active


def test_an_evicted_swap_page_leaves_its_shadow_with_the_slot_and_finds_it_when_it_is_read():
    m = machine(active=64)
    page = anon_page(m)
    m.call("trylock_page", page)
    slot = m.call("add_to_swap", page)
    m.call("try_to_unmap", page)
    m.call("delete_from_swap_cache__v6_1", page, m.call("workingset_eviction__v6_1", page))
    assert m.arrays["swap_shadow"][slot] > 0 and m.arrays["swap_map"][slot] == 1
    shadow = m.call("add_to_swap_cache", page, slot)
    assert shadow > 0 and m.arrays["swap_shadow"][slot] == 0 and m.arrays["swap_cache"][slot] == page
    assert m.call("workingset_refault__v6_1", page, shadow) == 1


def test_file_pages_leave_the_same_shadow_in_their_file():
    fs = {"name": "root", "device": "vda"}
    start = {"active_file": "0B", "inactive_file": "256KiB"}
    m = SmallMachine({"start": start}, kernel="v6.1", filesystem=[fs])
    m.run(MS)
    page = int(m.k.lrus[6].tail)
    slot = int(m.arrays["page_index"][page])
    m.arrays["page_flags"][page] |= PG_workingset
    m.call("evict_file_page", page)
    assert m.arrays["file_pages"][slot] == -(1 + 1 * 64 + LV) and m.k.lruvecs[LV].nonresident_age == 1
