"""Fields of the simulated machine for what policies may ask of the kernel beyond what Linux offers.

Units and null indices as in types.py.
"""


def policy_records(s):
    """Extend the schema."""
    s.records(
        "scans",
        reason="VMSCAN_THROTTLE_* that reclaim_throttle asks about", jiffy_ns="length of a tick", bail="1: PF_BAIL_OUT met a throttle, so reclaim ends", light="1: one batch of clean file pages, for PF_LIGHT_RECLAIM",
    )  # fmt: skip
