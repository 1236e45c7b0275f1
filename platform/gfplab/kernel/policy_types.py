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
        "lruvecs",
        anon_cost="what reclaim of anonymous pages has cost of late: pages written and read back", file_cost="the same of file pages",
    )  # fmt: skip
