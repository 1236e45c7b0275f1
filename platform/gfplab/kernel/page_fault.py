"""Page faults on anonymous memory, with the zero page, pages that are mapped read-only and faults that are tried again.

Models do_anonymous_page(), do_swap_page() and do_wp_page() of mm/memory.c and __folio_lock_or_retry() of mm/filemap.c
(v6.1).  One PTE maps a page and nothing was forked, so every page is its task's alone (PG_anon_exclusive): a write to
one that is mapped read-only needs no copy.  A PTE that lets writes through (PG_pte_write) is dirty as well.

Leaves out: copies after fork, file mappings, huge pages, page tables above the lowest, mmap_lock.
"""

from gfplab.engine.subset import kernel, plain
from gfplab.engine.symbols import burn
from gfplab.kernel.costs import C_ZERO_PAGE
from gfplab.kernel.fault_types import ZERO_PTE
from gfplab.kernel.gfp import GFP_HIGHUSER_MOVABLE, GFP_KERNEL
from gfplab.kernel.symbols import (
    __alloc_pages,
    __folio_alloc,
    folio_free_swap,
    folio_wait_bit_common,
    free_hot_cold_page,
    lru_cache_add,
    mm_of,
    swap_cache_get_folio,
    swap_entry_free,
    swapin_readahead__v6_1,
    trylock_page,
    unlock_page,
    vm_swap_full,
)
from gfplab.kernel.types import (
    PG_anon,
    PG_lru,
    PG_mapped,
    PG_pte_write,
    PG_swapcache,
    PG_young,
)

SWAP_PTE = 1
PTE_BITS = 9  # of a virtual page number that select the entry of a page table
FAULT_FAILED = 0  # no memory, or killed
FAULT_DONE = 1
FAULT_RETRY = 2
FAULT_MAJOR = 3


@plain
def pte_allows(k, vpn, write):
    """1 if an access of the virtual page needs no fault."""
    pte = k.ptes[vpn]
    if pte <= 0:
        return pte == ZERO_PTE and write == 0
    return write == 0 or pte_writable(k, pte) == 1


@plain
def pte_writable(k, page):
    """1 if the PTE that maps the page lets writes through; before v6.1 every one does."""
    return k.vm[0].era < 61 or k.page_flags[page] & PG_pte_write > 0


@kernel(inlined=True)
def __handle_mm_fault(k, vpn, write, tried):
    """Resolve one fault: FAULT_DONE or FAULT_MAJOR, FAULT_FAILED, or FAULT_RETRY after a wait for the page lock."""
    pte = k.ptes[vpn]
    if pte == 0:
        return (yield from do_anonymous_page__v6_1(k, vpn, write))
    if pte == ZERO_PTE:
        if write:
            return (yield from do_wp_page(k, vpn))
    elif pte < 0:
        return (yield from do_swap_page__v6_1(k, vpn, write, tried))
    elif write and k.page_flags[pte] & PG_pte_write == 0:
        wp_page_reuse(k, pte)
    return FAULT_DONE


@kernel(inlined=True)
def do_anonymous_page__v6_1(k, vpn, write):
    """A zeroed page for a first write, the zero page for a first read; before that the page table, if there is none."""
    if k.page_tables[page_table_of(k, vpn)] == 0:
        made = yield from __pte_alloc(k, vpn)
        if made == 0:
            return FAULT_FAILED
    if write == 0:
        k.ptes[vpn] = ZERO_PTE
        return FAULT_DONE
    return (yield from map_new_page(k, vpn))


@plain
def page_table_of(k, vpn):
    """Index in page_tables: no two address spaces share one."""
    return (vpn >> PTE_BITS) + mm_of(k, vpn)


@kernel
def __pte_alloc(k, vpn):
    """A page for the PTEs of 512 virtual pages: kernel memory that cannot move. 0 if there is none."""
    page = yield from __alloc_pages(k, GFP_KERNEL)
    if page == 0:
        return 0
    burn(k, k.costs[C_ZERO_PAGE])
    table = page_table_of(k, vpn)
    if k.page_tables[table]:
        free_hot_cold_page(k, page)
        return 1
    k.page_tables[table] = page
    k.vm[0].nr_page_table_pages += 1
    return 1


@plain
def free_pgtables(k, m):
    """Free the page tables of an address space that has ended. Writes: page_tables, vm."""
    first = k.mms[m].start
    for table in range((first >> PTE_BITS) + m, ((first + k.mms[m].nr - 1) >> PTE_BITS) + m + 1):
        page = k.page_tables[table]
        k.page_tables[table] = 0
        if page > 0:
            k.vm[0].nr_page_table_pages -= 1
            free_hot_cold_page(k, page)


@kernel(inlined=True)
def map_new_page(k, vpn):
    """Put a zeroed page, writable and dirty, where nothing or the zero page is; new pages are inactive since v5.9."""
    pte = k.ptes[vpn]
    page = yield from __folio_alloc(k, GFP_HIGHUSER_MOVABLE)
    if page == 0:
        return FAULT_FAILED
    burn(k, k.costs[C_ZERO_PAGE])
    if k.ptes[vpn] != pte:
        free_hot_cold_page(k, page)
        return FAULT_DONE
    k.page_flags[page] = PG_anon | PG_mapped | PG_young | PG_pte_write
    k.page_index[page] = vpn
    k.page_private[page] = 0
    k.ptes[vpn] = page
    k.mms[mm_of(k, vpn)].rss += 1
    lru_cache_add(k, page, 0)
    return FAULT_DONE


@kernel
def do_wp_page(k, vpn):
    """A write where the zero page is mapped."""
    return (yield from wp_page_copy(k, vpn))


@kernel
def wp_page_copy(k, vpn):
    """A page of its own in the place of the zero page."""
    return (yield from map_new_page(k, vpn))


@plain
def wp_page_reuse(k, page):
    """Let a task write to a page of its own, which the swap cache and its slot keep. Writes: page_flags, vm."""
    k.page_flags[page] |= PG_pte_write | PG_young
    k.vm[0].pgreuse += 1


@kernel
def do_swap_page__v6_1(k, vpn, write, tried):
    """Bring a swapped page back: from the swap cache, else by reading it and its neighbours.

    It comes back read-only unless it is to be written, so a program that reads first faults twice.
    """
    m = mm_of(k, vpn)
    slot = -k.ptes[vpn]
    done = FAULT_DONE
    page = swap_cache_get_folio(k, slot, vpn, m)
    if page == 0:
        page = yield from swapin_readahead__v6_1(k, slot, vpn, m)
        if page == 0:
            if k.ptes[vpn] == -slot:
                return FAULT_FAILED
            return FAULT_DONE
        k.vm[0].pgmajfault += 1
        done = FAULT_MAJOR
    if trylock_page(k, page) == 0:
        again = yield from __folio_lock_or_retry(k, page, tried)
        if again:
            return again - 1
    # while this task slept the page may have been reclaimed and the slot reused
    if k.swap_cache[slot] != page or k.ptes[vpn] != -slot:
        unlock_page(k, page)
        return done
    swap_entry_free(k, slot, SWAP_PTE)
    if should_try_to_free_swap(k, page, write):
        folio_free_swap(k, page)
    k.mms[m].rss += 1
    k.mms[m].swap -= 1
    k.ptes[vpn] = page
    k.page_index[page] = vpn
    k.page_flags[page] |= PG_mapped | PG_young
    if write:
        k.page_flags[page] |= PG_pte_write
    unlock_page(k, page)
    return done


@plain
def should_try_to_free_swap(k, page, write):
    """1 if the swap cache should give a page up: swap space is short, or a page is written that nobody else holds."""
    if k.page_flags[page] & PG_swapcache == 0:
        return 0
    if vm_swap_full(k):
        return 1
    if write == 0:
        return 0
    return k.page_flags[page] & PG_lru > 0 and k.page_pins[page] == 0


@kernel
def __folio_lock_or_retry(k, page, tried):
    """Wait for a page lock. 0: it is ours; else 1 + what the fault comes to: a first try lets go of the page."""
    if tried == 0:
        yield from folio_wait_bit_common(k, page)
        return 1 + FAULT_RETRY
    while trylock_page(k, page) == 0:
        killed = yield from folio_wait_bit_common(k, page)
        if killed:
            return 1 + FAULT_FAILED
    return 0
