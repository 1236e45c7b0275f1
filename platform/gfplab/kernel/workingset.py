"""Evicted pages leave a shadow by which it is known, when they are wanted back, whether they left too early.

Models mm/workingset.c (v4.7, v6.1).  A shadow in file_pages is minus (1 + age at eviction * SHADOW_LRUVECS + lruvec);
in v6.1 the age is followed by a bit that says whether the page had been active.  In swap_shadow, which anonymous pages
have in v6.1, the sign is plus.

Leaves out: the shrinker that limits shadow nodes, memory cgroups.
"""

from gfplab.engine.subset import plain
from gfplab.kernel.symbols import lru_note_cost_refault, wake_up_page
from gfplab.kernel.types import PG_active, PG_anon, PG_workingset

SHADOW_LRUVECS = 64


@plain
def workingset_eviction(k, page):
    """The shadow of a page that is being evicted. Writes: lruvecs.inactive_age."""
    lv = k.zones[k.page_zone[page]].lruvec
    k.lruvecs[lv].inactive_age += 1
    return -(1 + k.lruvecs[lv].inactive_age * SHADOW_LRUVECS + lv)


@plain
def workingset_refault(k, shadow):
    """1 if a page that comes back would have stayed, had the active file list been that much smaller. Writes: vm."""
    age = (-shadow - 1) // SHADOW_LRUVECS
    lruvec = k.lruvecs[(-shadow - 1) % SHADOW_LRUVECS]
    k.vm[0].workingset_refault += 1
    if lruvec.inactive_age - age <= lruvec.nr_active_file:
        k.vm[0].workingset_activate += 1
        return 1
    return 0


@plain
def workingset_activation(k, page):
    """A page left the inactive list by its own merit, which ages those that remain. Writes: lruvecs.inactive_age."""
    lv = k.zones[k.page_zone[page]].lruvec
    if k.vm[0].era >= 61:
        k.lruvecs[lv].nonresident_age += 1
    else:
        k.lruvecs[lv].inactive_age += 1


@plain
def workingset_eviction__v6_1(k, page):
    """The shadow, above 0, of a page of either kind that is being evicted. Writes: lruvecs.nonresident_age."""
    lv = k.zones[k.page_zone[page]].lruvec
    age = k.lruvecs[lv].nonresident_age
    k.lruvecs[lv].nonresident_age += 1
    was_active = 0
    if k.page_flags[page] & PG_workingset:
        was_active = 1
    return 1 + (age * 2 + was_active) * SHADOW_LRUVECS + lv


@plain
def workingset_refault__v6_1(k, page, shadow):
    """A page comes back: it starts active if all memory that it competes for could have held it until now.

    A page that had been active is a cost of the reclaim that took it. Writes: vm, lruvecs, page_flags.
    """
    lv = (shadow - 1) % SHADOW_LRUVECS
    packed = (shadow - 1) // SHADOW_LRUVECS
    vm = k.vm[0]
    lruvec = k.lruvecs[lv]
    vm.workingset_refault += 1
    size = lruvec.nr_active_file
    if vm.nr_swap_pages > 0:
        size += lruvec.nr_active_anon
    if k.page_flags[page] & PG_anon:
        vm.workingset_refault_anon += 1
        size += lruvec.nr_inactive_file
    else:
        vm.workingset_refault_file += 1
        if vm.nr_swap_pages > 0:
            size += lruvec.nr_inactive_anon
    if lruvec.nonresident_age - packed // 2 > size:
        return 0
    vm.workingset_activate += 1
    k.page_flags[page] |= PG_active
    workingset_activation(k, page)
    if k.page_flags[page] & PG_anon:
        vm.workingset_activate_anon += 1
    else:
        vm.workingset_activate_file += 1
    if packed % 2 == 0:
        return 1
    k.page_flags[page] |= PG_workingset
    lru_note_cost_refault(k, page)
    if k.page_flags[page] & PG_anon:
        vm.workingset_restore_anon += 1
    else:
        vm.workingset_restore_file += 1
    return 1


@plain
def evict_file_page(k, page):
    """Take a clean, locked file page out of its file, leaving a shadow.

    Writes: file_pages, files, page_index, page_private.
    """
    slot = k.page_index[page]
    assert k.file_pages[slot] == page
    if k.vm[0].era >= 61:
        k.file_pages[slot] = -workingset_eviction__v6_1(k, page)
    else:
        k.file_pages[slot] = workingset_eviction(k, page)
    k.files[abs(k.page_private[page])].cached -= 1
    k.page_index[page] = 0
    k.page_private[page] = 0
    # who sleeps on the page lock held no reference, as it would in Linux: it must look the page up again
    wake_up_page(k, page)
