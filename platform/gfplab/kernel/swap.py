"""LRU lists: adding, removing, activating and rotating pages; the page lock.

Models mm/swap.c, include/linux/mm_inline.h and the page lock of mm/filemap.c (v4.7, v6.1).  A list is found at
`lruvec * 4 + LRU_*`; whether a zone or a node owns the lruvec is a matter of zones.lruvec (the era's choice).

Leaves out: pagevecs and folio batches (pages reach their list at once), the unevictable list, huge pages.
"""

from gfplab.engine.requests import TASK_KILLABLE, TASK_UNINTERRUPTIBLE, io_schedule
from gfplab.engine.subset import kernel, plain
from gfplab.engine.symbols import wake_up_all
from gfplab.kernel.symbols import psi_memstall_enter, psi_memstall_leave
from gfplab.kernel.types import (
    LRU_ACTIVE_ANON,
    LRU_ACTIVE_FILE,
    LRU_INACTIVE_ANON,
    LRU_INACTIVE_FILE,
    PAGE_FLAGS_MASK,
    PG_active,
    PG_anon,
    PG_dirty,
    PG_locked,
    PG_lru,
    PG_reading,
    PG_referenced,
    PG_waiters,
    PG_workingset,
    PG_writeback,
)

NODE_LRU_ERA = 48  # from then on the lists belong to the node
PAGE_WAIT_TABLE = 256  # hashed wait queues, at vm.page_wait_first


@plain
def page_lru(k, page):
    """The list a page belongs on by its flags."""
    flags = k.page_flags[page]
    lru = LRU_INACTIVE_FILE
    if flags & PG_anon:
        lru = LRU_INACTIVE_ANON
    if flags & PG_active:
        lru += 1
    return lru


@plain
def lru_size_add(k, lv, lru, n):
    """Keep the sizes that decisions read beside the list's own. Writes: lruvecs, lrus."""
    k.lrus[lv * 4 + lru].nr += n
    if lru == LRU_INACTIVE_ANON:
        k.lruvecs[lv].nr_inactive_anon += n
    elif lru == LRU_ACTIVE_ANON:
        k.lruvecs[lv].nr_active_anon += n
    elif lru == LRU_INACTIVE_FILE:
        k.lruvecs[lv].nr_inactive_file += n
    elif lru == LRU_ACTIVE_FILE:
        k.lruvecs[lv].nr_active_file += n
    return 0


@plain
def zone_lru_size_add(k, z, lru, n):
    """A zone's part of the lists of its node. Writes: zones."""
    zone = k.zones[z]
    if lru == LRU_INACTIVE_ANON:
        zone.lru_inactive_anon += n
    elif lru == LRU_ACTIVE_ANON:
        zone.lru_active_anon += n
    elif lru == LRU_INACTIVE_FILE:
        zone.lru_inactive_file += n
    elif lru == LRU_ACTIVE_FILE:
        zone.lru_active_file += n


@plain
def link_newest(k, i, page):
    """Put a page at the newest end of list `i`, uncounted. Writes: lrus, page links."""
    lst = k.lrus[i]
    k.page_prev[page] = 0
    k.page_next[page] = lst.head
    if lst.head:
        k.page_prev[lst.head] = page
    else:
        lst.tail = page
    lst.head = page
    k.page_flags[page] |= PG_lru
    return 0


@plain
def add_page_to_lru_list(k, page, tail):
    """Put a page on its list, at the newest end or (tail=1) at the oldest. Writes: lrus, page links."""
    lv = k.zones[k.page_zone[page]].lruvec
    lru = page_lru(k, page)
    if tail:
        lst = k.lrus[lv * 4 + lru]
        k.page_next[page] = 0
        k.page_prev[page] = lst.tail
        if lst.tail:
            k.page_next[lst.tail] = page
        else:
            lst.head = page
        lst.tail = page
        k.page_flags[page] |= PG_lru
    else:
        link_newest(k, lv * 4 + lru, page)
    lru_size_add(k, lv, lru, 1)
    zone_lru_size_add(k, k.page_zone[page], lru, 1)
    return 0


@plain
def del_page_from_lru_list(k, page):
    """Take a page off its list. Writes: lrus, page links."""
    lv = k.zones[k.page_zone[page]].lruvec
    lru = page_lru(k, page)
    lst = k.lrus[lv * 4 + lru]
    before = k.page_prev[page]
    after = k.page_next[page]
    if before:
        k.page_next[before] = after
    else:
        lst.head = after
    if after:
        k.page_prev[after] = before
    else:
        lst.tail = before
    k.page_next[page] = 0
    k.page_prev[page] = 0
    k.page_flags[page] &= ~PG_lru & PAGE_FLAGS_MASK
    lru_size_add(k, lv, lru, -1)
    zone_lru_size_add(k, k.page_zone[page], lru, -1)
    return 0


@plain
def lru_cache_add(k, page, active):
    """A new page joins the newest end of its inactive or active list."""
    if active:
        k.page_flags[page] |= PG_active
    add_page_to_lru_list(k, page, 0)
    return 0


@plain
def lru_del(k, page):
    """Take a page that is on a list off it, before it is freed. An isolated page is on none."""
    if k.page_flags[page] & PG_lru:
        del_page_from_lru_list(k, page)
    return 0


@plain
def activate_page(k, page):
    """Move a page of an inactive list to the newest end of the active one. Writes: lrus, vm, lruvecs."""
    flags = k.page_flags[page]
    if flags & PG_lru and flags & PG_active == 0:
        del_page_from_lru_list(k, page)
        k.page_flags[page] |= PG_active
        add_page_to_lru_list(k, page, 0)
        k.vm[0].pgactivate += 1
        lv = k.lruvecs[k.zones[k.page_zone[page]].lruvec]
        if k.vm[0].era >= NODE_LRU_ERA:
            return 0
        if flags & PG_anon:
            lv.scanned_anon += 1
            lv.rotated_anon += 1
        else:
            lv.scanned_file += 1
            lv.rotated_file += 1
    return 0


@plain
def mark_page_accessed(k, page):
    """inactive,unreferenced -> inactive,referenced -> active,unreferenced -> active,referenced."""
    flags = k.page_flags[page]
    if flags & PG_active == 0 and flags & PG_referenced and flags & PG_lru:
        activate_page(k, page)
        k.page_flags[page] &= ~PG_referenced & PAGE_FLAGS_MASK
    elif flags & PG_referenced == 0:
        k.page_flags[page] |= PG_referenced
    return 0


@plain
def rotate_reclaimable_page(k, page):
    """Writeback of a page that reclaim waits for has ended: to the oldest end of its inactive list."""
    flags = k.page_flags[page]
    if k.vm[0].era >= NODE_LRU_ERA:
        # reclaim has activated it meanwhile, which does not count
        if flags & PG_lru and flags & (PG_dirty | PG_locked) == 0:
            del_page_from_lru_list(k, page)
            k.page_flags[page] &= ~PG_active & PAGE_FLAGS_MASK
            add_page_to_lru_list(k, page, 1)
            k.vm[0].pgrotated += 1
        return 0
    if flags & PG_lru and flags & (PG_active | PG_locked) == 0:
        del_page_from_lru_list(k, page)
        add_page_to_lru_list(k, page, 1)
        k.vm[0].pgrotated += 1
    return 0


@plain
def page_waitqueue(k, page):
    """The hashed wait queue of a page."""
    return k.vm[0].page_wait_first + page % PAGE_WAIT_TABLE


@plain
def trylock_page(k, page):
    """1 if the page lock was free and is now taken."""
    if k.page_flags[page] & PG_locked:
        return 0
    k.page_flags[page] |= PG_locked
    return 1


@plain
def unlock_page(k, page):
    """Drop the page lock and wake whoever sleeps on the page."""
    flags = k.page_flags[page]
    k.page_flags[page] = flags & ~(PG_locked | PG_waiters) & PAGE_FLAGS_MASK
    if flags & PG_waiters:
        wake_up_all(k, page_waitqueue(k, page))
    return 0


@plain
def wake_up_page(k, page):
    """Wake those who wait for the end of writeback."""
    if k.page_flags[page] & PG_waiters:
        k.page_flags[page] &= ~PG_waiters & PAGE_FLAGS_MASK
        wake_up_all(k, page_waitqueue(k, page))
    return 0


@kernel
def __lock_page(k, page):
    """Sleep until the page lock can be taken, and take it."""
    while trylock_page(k, page) == 0:
        k.page_flags[page] |= PG_waiters
        yield io_schedule(page_waitqueue(k, page), TASK_UNINTERRUPTIBLE)
    return 0


@kernel
def wait_on_page_bit_killable(k, page):
    """Sleep until the page is unlocked (a fault waiting for swap-in); 0, or 1 when killed meanwhile."""
    if k.vm[0].era >= 61:
        return (yield from folio_wait_bit_common(k, page))
    while k.page_flags[page] & PG_locked:
        if k.tasks[k.e[0].cur].killed:
            return 1
        k.page_flags[page] |= PG_waiters
        yield io_schedule(page_waitqueue(k, page), TASK_KILLABLE)
    return 0


@kernel
def folio_wait_bit_common(k, page):
    """Sleep until a page is unlocked; 1 when killed meanwhile. It counts as lack of memory if folio_thrashing()."""
    t = k.e[0].cur
    thrashing = folio_thrashing(k, page)
    if thrashing:
        psi_memstall_enter(k, t)
    k.page_pins[page] += 1
    while k.page_flags[page] & PG_locked and k.tasks[t].killed == 0:
        k.page_flags[page] |= PG_waiters
        yield io_schedule(page_waitqueue(k, page), TASK_KILLABLE)
    k.page_pins[page] -= 1
    if thrashing:
        psi_memstall_leave(k, t)
    return k.tasks[t].killed > 0 and k.page_flags[page] & PG_locked > 0


@plain
def folio_thrashing(k, page):
    """1 if the page is being read again soon after it was active: who waits for it waits for lack of memory."""
    flags = k.page_flags[page]
    if flags & PG_workingset == 0:
        return 0
    if flags & PG_anon:
        return flags & PG_reading > 0
    return k.page_private[page] < 0


@kernel
def wait_on_page_writeback(k, page):
    """Sleep until the page is no longer under writeback."""
    while k.page_flags[page] & PG_writeback:
        k.page_flags[page] |= PG_waiters
        yield io_schedule(page_waitqueue(k, page), TASK_UNINTERRUPTIBLE)
    return 0


@plain
def isolate_lru_page(k, page):
    """Take a page off its list into the hands of a reclaimer. Writes: lruvecs.isolated_*."""
    del_page_from_lru_list(k, page)
    lv = k.lruvecs[k.zones[k.page_zone[page]].lruvec]
    if k.page_flags[page] & PG_anon:
        lv.isolated_anon += 1
    else:
        lv.isolated_file += 1
    return 0


@plain
def unisolate(k, page):
    """Count a page out of the reclaimer's hands again. Writes: lruvecs.isolated_*."""
    lv = k.lruvecs[k.zones[k.page_zone[page]].lruvec]
    if k.page_flags[page] & PG_anon:
        lv.isolated_anon -= 1
    else:
        lv.isolated_file -= 1
    return 0


@plain
def putback_lru_page(k, page):
    """Return an isolated page to the newest end of its list."""
    unisolate(k, page)
    add_page_to_lru_list(k, page, 0)
    return 0


@plain
def lru_note_cost(k, lv, file, nr_pages):
    """Reclaim of one type has cost I/O: remembered until the sum of both costs exceeds a quarter of the lists.

    Writes: lruvecs.
    """
    lruvec = k.lruvecs[lv]
    if file:
        lruvec.file_cost += nr_pages
    else:
        lruvec.anon_cost += nr_pages
    size = lruvec.nr_inactive_anon + lruvec.nr_active_anon + lruvec.nr_inactive_file + lruvec.nr_active_file
    if lruvec.anon_cost + lruvec.file_cost > size // 4:
        lruvec.anon_cost //= 2
        lruvec.file_cost //= 2
    return 0


@plain
def lru_note_cost_refault(k, page):
    """A page of the working set had to be read again. Writes: lruvecs."""
    file = 1
    if k.page_flags[page] & PG_anon:
        file = 0
    return lru_note_cost(k, k.zones[k.page_zone[page]].lruvec, file, 1)


@plain
def inactive_list_is_low(k, lv, file):
    """1 if inactive * ratio < active, the ratio growing with the square root of the lists' size in GiB."""
    lruvec = k.lruvecs[lv]
    inactive = lruvec.nr_inactive_anon
    active = lruvec.nr_active_anon
    if file:
        inactive = lruvec.nr_inactive_file
        active = lruvec.nr_active_file
    gb = (inactive + active) >> 18
    ratio = 1
    if gb:
        ratio = int_sqrt(k, 10 * gb)
    if inactive * ratio < active:
        return 1
    return 0


@plain
def int_sqrt(k, x):
    """Integer square root, rounded down."""
    r = 0
    bit = 1 << 30  # its square, and that of the sum, still fits
    while bit:
        if (r + bit) * (r + bit) <= x:
            r += bit
        bit >>= 1
    return r
