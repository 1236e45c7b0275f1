"""Fields of the simulated machine for what policies may ask of the kernel beyond what Linux offers.

Units and null indices as in types.py.
"""


def policy_records(s):
    """Extend the schema."""
    s.records(
        "scans",
        reason="VMSCAN_THROTTLE_* that reclaim_throttle asks about", jiffy_ns="length of a tick", bail="1: PF_BAIL_OUT met a throttle, so reclaim ends", light="1: one batch of clean file pages, for PF_LIGHT_RECLAIM",
        cache_trim_mode="1: much of the inactive file list is idle cache, so anon is spared", file_is_tiny="1: hardly any page cache is left",
    )  # fmt: skip
    s.records("zones", index="its own number")
    s.records("tasks", index="its own number")
    s.records(
        "pools",
        index="its own number", in_magazines="elements of the reserve that lie in magazines of CPUs", reclaim_ns="EWMA of ns of an attempt that may reclaim", reclaim_yield="EWMA of how many in 1000 of these get an element",
    )  # fmt: skip
    s.records("magazines", count="elements in the magazine of one pool and CPU")
    s.array("magazine_elems", "i4", "elements of all magazines, 16 each")
    s.records(
        "scanned_pages",
        flags="PG_* as it was taken off its list, locked", references="PAGEREF_*: what its accessed bit and PG_referenced say; PAGEREF_RECLAIM while it is under writeback",
    )  # fmt: skip
    s.records(
        "vm",
        pages_one_by_one="1: shrink_page_list has another policy than the stock kernel, so it is asked about every page", watermark_scale_factor="distance of the marks in 1/10000 of a zone", nr_cpus="CPUs",
        kswapd_balanced="1: no eligible zone is short (wakeup_kswapd)", kswapd_boosted="1: an eligible zone's marks are boosted",
    )  # fmt: skip
    s.records(
        "zones", balance_mark="free pages that zone_balanced() wants more than: high mark, boost, gap and reserve"
    )
    s.records(
        "alloc_requests",
        may_pass="1: if all that is reclaimable were free, a zone would pass the min mark", congested="1: of that, more than half is dirty or under writeback",
    )  # fmt: skip
    s.records(
        "dtcs",
        freerun="1: so little is dirty that nobody has to wait", task_ratelimit="pages/s that this task may dirty", pause="ns that its pages are worth at that rate, less the time since its last pause",
        min_pause="shorter pauses are not made, ns", max_pause="longer ones neither, ns", jiffy_ns="length of a tick",
    )  # fmt: skip
    s.records("wqs", reason="WQ_QUEUED, WQ_ENDED or WQ_NO_WORKER: why wq_dispatch is asked")
    s.records(
        "lruvecs",
        anon_cost="what reclaim of anonymous pages has cost of late: pages written and read back", file_cost="the same of file pages",
    )  # fmt: skip
