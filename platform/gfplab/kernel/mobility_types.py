"""Fields of the simulated machine for pageblocks, their migratetypes and the free lists of each type.

Units and null indices as in types.py.  The pageblock of a page is number zones.first_block +
((page - zones.start_pfn) >> vm.pageblock_order).

A machine of v4.7 leaves all of this empty: there the pages of a zone are one list.
"""

MIGRATE_UNMOVABLE = 0
MIGRATE_MOVABLE = 1
MIGRATE_RECLAIMABLE = 2
MIGRATE_PCPTYPES = 3

MAX_ORDER = 11  # the largest free block holds 2^10 pages

# zone flags beside ZONE_CONGESTED, ZONE_DIRTY and ZONE_WRITEBACK
ZONE_BOOSTED_WATERMARK = 8  # an allocation has boosted the marks: the next one that may wakes kswapd
ZONE_RECLAIM_ACTIVE = 16  # kswapd is at work here: per-CPU lists stay short

# page_buddy, at the first page of a free block: 1 + its order + 16 * the type of the list it is on
BUDDY_ORDER_MASK = 15
BUDDY_TYPE_SHIFT = 4


def mobility_records(s):
    """Extend the schema."""
    s.records(
        "vm",
        extfrag="allocations that took a block of another type",
        group_by_mobility="0: too small a machine, all is MIGRATE_UNMOVABLE",
    )
    s.records(
        "zones",
        boost="watermark_boost: pages on top of all three marks",
        first_block="its first pageblock",
        nofragment="1: try the zone below before another type's block",
    )
    s.records("free_areas", head="first page of the first block of a zone, type and order", tail="", nr="free blocks")
    s.records("pcps", free_factor="doublings of what a full list gives back", locked_until="another CPU drains it")
    s.records("pcp_lists", head="page that is handed out next", tail="page that goes back first", nr="")
    s.records(
        "caches",
        cpu_partial_slabs="slabs a CPU may keep partial, v5.16 and later",
        reclaimable="1: SLAB_RECLAIM_ACCOUNT",
        order="of the slabs that SLUB likes best, v6.1",
        objs_high="objects of a slab of that order",
        nr_high="slabs of that order, if it is above 0",
    )
    s.records("mms", oom_skip="MMF_OOM_SKIP: reaped, the OOM killer looks elsewhere")
    s.array("pageblock_type", "u1", "MIGRATE_* of each pageblock")
    s.array("page_buddy", "u1", "at the first page of a free block: 1 + order + 16 * type of its list; else 0")
