"""Page faults on anonymous memory, and unmapping.

Models mm/memory.c and try_to_unmap() of mm/rmap.c (v4.7; what v6.1 does on a fault is in page_fault.py).  One PTE maps
a page: nothing is shared.

Leaves out: copy on write after fork, file mappings, huge pages, page-table pages, mmap_sem.
"""

from gfplab.engine.requests import cond_resched
from gfplab.engine.subset import kernel, plain
from gfplab.engine.symbols import burn, over_debt
from gfplab.kernel.costs import C_MINOR_FAULT, C_ZERO_PAGE
from gfplab.kernel.fault_types import ZERO_PTE
from gfplab.kernel.gfp import GFP_HIGHUSER_MOVABLE
from gfplab.kernel.symbols import (
    __handle_mm_fault,
    activate_page,
    alloc_pages_vma,
    delete_from_swap_cache,
    free_hot_cold_page,
    free_swap_if_full,
    lookup_swap_cache,
    lru_cache_add,
    lru_del,
    pte_allows,
    swap_entry_free,
    swapin_readahead,
    trylock_page,
    unlock_page,
    wait_on_page_bit_killable,
)
from gfplab.kernel.types import (
    PAGE_FLAGS_MASK,
    PG_anon,
    PG_dirty,
    PG_locked,
    PG_lru,
    PG_mapped,
    PG_pte_write,
    PG_swapcache,
    PG_writeback,
    PG_young,
)

SWAP_PTE = 1
FAULT_RETRY = 2
FAULT_MAJOR = 3


@plain
def mm_of(k, vpn):
    """The address space that a virtual page belongs to."""
    m = len(k.mms) - 1
    while m > 1 and k.mms[m].start > vpn:
        m -= 1
    return m


@kernel
def handle_mm_fault(k, vpn, write):
    """Make a virtual page present. 1 if it is; 0 if there was no memory or the task was killed (try again or die)."""
    if k.vm[0].era >= 61:
        ok = FAULT_RETRY
        tried = 0
        while ok == FAULT_RETRY:
            burn(k, k.costs[C_MINOR_FAULT])
            k.vm[0].pgfault += 1
            ok = yield from __handle_mm_fault(k, vpn, write, tried)
            if ok == FAULT_RETRY:
                tried = 1
            elif ok:
                if tried or ok == FAULT_MAJOR:
                    k.tasks[k.e[0].cur].maj_flt += 1
                else:
                    k.tasks[k.e[0].cur].min_flt += 1
                ok = 1
                if pte_allows(k, vpn, write) == 0:  # the page went away again: the access faults anew
                    ok = FAULT_RETRY
                    tried = 0
            if over_debt(k):
                yield cond_resched()
        return ok
    burn(k, k.costs[C_MINOR_FAULT])
    k.vm[0].pgfault += 1
    ok = 0
    if k.ptes[vpn] == 0:
        ok = yield from do_anonymous_page(k, vpn)
    elif k.ptes[vpn] < 0:
        ok = yield from do_swap_page(k, vpn, write)
    else:
        ok = 1
    if over_debt(k):
        yield cond_resched()
    return ok


@kernel(inlined=True)
def do_anonymous_page(k, vpn):
    """A zeroed page for a first touch; new anonymous pages start active in v4.7."""
    page = yield from alloc_pages_vma(k, GFP_HIGHUSER_MOVABLE)
    if page == 0:
        return 0
    burn(k, k.costs[C_ZERO_PAGE])
    k.page_flags[page] = PG_anon | PG_mapped | PG_young
    k.page_index[page] = vpn
    k.page_private[page] = 0
    k.ptes[vpn] = page
    k.mms[mm_of(k, vpn)].rss += 1
    k.tasks[k.e[0].cur].min_flt += 1
    lru_cache_add(k, page, 1)
    return 1


@kernel
def do_swap_page(k, vpn, write):
    """Bring a swapped page back: from the swap cache, else by reading it and its neighbours."""
    slot = -k.ptes[vpn]
    page = lookup_swap_cache(k, slot)
    if page == 0:
        k.vm[0].pgmajfault += 1
        k.tasks[k.e[0].cur].maj_flt += 1
        page = yield from swapin_readahead(k, slot)
        if page == 0:
            return 0
    killed = yield from __lock_page_or_retry(k, page)
    if killed:
        return 0
    # while this task slept the page may have been reclaimed and the slot reused
    if k.swap_cache[slot] != page or k.ptes[vpn] != -slot:
        unlock_page(k, page)
        return 0
    k.ptes[vpn] = page
    k.page_index[page] = vpn
    k.page_flags[page] |= PG_mapped | PG_young
    m = mm_of(k, vpn)
    k.mms[m].rss += 1
    k.mms[m].swap -= 1
    swap_entry_free(k, slot, SWAP_PTE)
    if write:
        make_page_writable(k, page)
    else:
        free_swap_if_full(k, page)
    activate_page(k, page)
    unlock_page(k, page)
    return 1


@kernel
def __lock_page_or_retry(k, page):
    """Lock the page, sleeping killably while a swap-in holds it. 1 if the task was killed."""
    while k.page_flags[page] & PG_locked:
        killed = yield from wait_on_page_bit_killable(k, page)
        if killed:
            return 1
    trylock_page(k, page)
    return 0


@plain
def make_page_writable(k, page):
    """reuse_swap_page(): the only user of a page takes it out of the swap cache, unless it is being written."""
    flags = k.page_flags[page]
    if flags & PG_swapcache and flags & PG_writeback == 0:
        delete_from_swap_cache(k, page)
    k.page_flags[page] |= PG_dirty
    return 0


@plain
def touch_page(k, page, write):
    """A touch of a resident page: the accessed bit, and a write fault's work if the swap cache still holds it."""
    if page <= 0:
        return 0  # the zero page: nobody's to age
    flags = k.page_flags[page]
    k.page_flags[page] = flags | PG_young
    if k.vm[0].era >= 61:
        return 0  # a write that the PTE does not allow has faulted before
    if write and flags & (PG_swapcache | PG_locked | PG_dirty) == PG_swapcache:
        make_page_writable(k, page)
    return 0


@plain
def try_to_unmap(k, page):
    """Replace the PTE of a swap-cache page by its slot. Writes: ptes, swap_map, mms."""
    vpn = k.page_index[page]
    slot = k.page_private[page]
    k.ptes[vpn] = -slot
    k.swap_map[slot] |= SWAP_PTE
    if k.page_flags[page] & PG_pte_write:  # the PTE knows of writes of which the page does not yet
        k.page_flags[page] |= PG_dirty
    k.page_flags[page] &= ~(PG_mapped | PG_young | PG_pte_write) & PAGE_FLAGS_MASK
    m = mm_of(k, vpn)
    k.mms[m].rss -= 1
    k.mms[m].swap += 1
    return 0


@plain
def zap_pte(k, vpn):
    """Forget one virtual page for ever: unmap it, free it or its slot if nothing else holds them. 1 if it was there."""
    pte = k.ptes[vpn]
    if pte == 0:
        return 0
    k.ptes[vpn] = 0
    if pte == ZERO_PTE:
        return 1
    m = mm_of(k, vpn)
    if pte < 0:
        k.mms[m].swap -= 1
        slot = -pte
        page = k.swap_cache[slot]
        swap_entry_free(k, slot, SWAP_PTE)
        if page:
            free_unused_page(k, page)
        return 1
    k.mms[m].rss -= 1
    k.page_flags[pte] &= ~(PG_mapped | PG_young | PG_pte_write) & PAGE_FLAGS_MASK
    free_unused_page(k, pte)
    return 1


@plain
def free_unused_page(k, page):
    """Free a page that no PTE maps, unless reclaim or the device still holds it; reclaim frees it later then."""
    flags = k.page_flags[page]
    if flags & (PG_locked | PG_writeback | PG_mapped) or flags & PG_lru == 0:
        return 0
    if flags & PG_swapcache:
        delete_from_swap_cache(k, page)
    lru_del(k, page)
    free_hot_cold_page(k, page)
    return 1
