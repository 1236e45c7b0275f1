"""The decision points of the simulated kernel: what is asked, and which records the answer may look at.

A decision is asked with `decide_<name>(k, index, ...)`, one index per argument.  The contracts that a policy author
reads stand in policy/hookspecs.py; a test holds the two lists equal.
"""

from gfplab.engine.decision import Decision

DECISIONS = (
    # mempool: what mempool_alloc() does next, and where mempool_free() puts an element
    Decision("mempool_step", args=(("pool", "pools"), ("zone", "zones"), ("task", "tasks"), ("call", "mempool_calls"))),
    Decision("mempool_free", args=(("pool", "pools"), ("zone", "zones"))),
    Decision("mempool_magazine", args=(("pool", "pools"),)),
    # allocator: how far below the watermarks a request may go
    Decision("gfp_to_alloc_flags", args=(("task", "tasks"), ("request", "alloc_requests"))),
    # reclaim: anon against file, and how many reclaimers may isolate at once
    Decision("get_scan_count", args=(("vm", "vm"), ("zone", "zones"), ("lruvec", "lruvecs"), ("scan", "scans"))),
    Decision("too_many_isolated", args=(("lruvec", "lruvecs"), ("task", "tasks"), ("scan", "scans"))),
    # throttle: every point where a reclaimer may be put to sleep
    Decision("throttle_direct_reclaim", args=(("vm", "vm"), ("task", "tasks"), ("scan", "scans"))),
    Decision("throttle_vm_writeout", args=(("vm", "vm"), ("task", "tasks"), ("scan", "scans"))),
    Decision("wait_iff_congested", args=(("vm", "vm"), ("zone", "zones"), ("task", "tasks"), ("scan", "scans"))),
    Decision("reclaim_throttle", args=(("vm", "vm"), ("lruvec", "lruvecs"), ("task", "tasks"), ("scan", "scans"))),
    # device: whether one more page may be under way to a stacked swap device
    Decision("inflight_gate", args=(("vm", "vm"), ("crypt", "crypts"), ("task", "tasks"))),
)
