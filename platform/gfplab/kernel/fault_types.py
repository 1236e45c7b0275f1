"""Fields of the simulated machine for what page faults and the swap cache of v6.1 keep.

Units and null indices as in types.py.
"""

SWAP_SLOTS_CACHE_SIZE = 64
ZERO_PTE = -0x7FFFFFFF  # in ptes: the zero page, mapped read-only by a read of memory that was never written


def fault_records(s):
    """Extend the schema."""
    s.records(
        "vm",
        pgreuse="write faults that found the page to be the task's alone", swap_ra="pages read ahead from swap", swap_ra_hit="of them asked for later", nr_swapcached="pages in the swap cache",
        workingset_refault_anon="", workingset_refault_file="", workingset_activate_anon="", workingset_activate_file="", workingset_restore_anon="", workingset_restore_file="",
    )  # fmt: skip
    s.records("vm", nr_page_table_pages="pages of page tables that faults have made")
    s.records("tasks", swap_read="bio of the swap read that this task sleeps on in swap_readpage(), or 0")
    s.records(
        "mms",
        swap_ra_vpn="virtual page of the last swap fault",
        swap_ra_win="readahead window then",
        swap_ra_hits="read-ahead pages asked for since",
    )
    s.records(
        "swaps",
        cluster_tail="last free cluster", lowest_bit="no free slot lies below", highest_bit="nor above; 0: none at all", next_slot="where a device that seeks goes on", cluster_nr="slots left of its run",
        slot_cache_active="1 while the per-CPU slot caches are in use", stream="rng stream",
    )  # fmt: skip
    s.records("swap_slots_caches", nr="slots ready", cur="index of the first of them", n_ret="slots to give back")
    s.array("swap_slots", "i4", "slots that each CPU has ready, 64 a CPU")
    s.array("swap_slots_ret", "i4", "slots that each CPU has to give back, 64 a CPU")
    s.array("cluster_next_cpu", "i4", "slot from which each CPU scans when no cluster is free")
    s.array("swap_shadow", "i8", "slot -> shadow of the page that was evicted: 1 + 2 * age + was active, or 0")
    s.array(
        "page_tables", "i4", "512 virtual pages of one address space -> the page of their PTEs, -1: made before time 0"
    )
    s.array("page_pins", "u1", "tasks that wait for a page and hold a reference to it")
