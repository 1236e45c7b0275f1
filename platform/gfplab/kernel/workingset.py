"""Evicted file pages leave a shadow by which the file knows, when it wants them back, whether they left too early.

Models mm/workingset.c (v4.7).  A shadow in file_pages is minus (1 + age at eviction * SHADOW_LRUVECS + lruvec).

Leaves out: shadows of anonymous pages (v5.9), the shrinker that limits shadow nodes, memory cgroups.
"""

from gfplab.engine.subset import plain
from gfplab.kernel.symbols import wake_up_page

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
    k.lruvecs[k.zones[k.page_zone[page]].lruvec].inactive_age += 1


@plain
def evict_file_page(k, page):
    """Take a clean, locked file page out of its file, leaving a shadow.

    Writes: file_pages, files, page_index, page_private.
    """
    slot = k.page_index[page]
    assert k.file_pages[slot] == page
    k.file_pages[slot] = workingset_eviction(k, page)
    k.files[abs(k.page_private[page])].cached -= 1
    k.page_index[page] = 0
    k.page_private[page] = 0
    # who sleeps on the page lock held no reference, as it would in Linux: it must look the page up again
    wake_up_page(k, page)
