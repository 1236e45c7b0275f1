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
    # reclaim: each page that a reclaimer has in its hands, and how far kswapd goes
    Decision(
        "shrink_page_list",
        args=(("vm", "vm"), ("zone", "zones"), ("task", "tasks"), ("scan", "scans"), ("page", "scanned_pages")),
    ),
    Decision("wakeup_kswapd", args=(("vm", "vm"), ("zone", "zones"))),
    Decision("zone_balanced", args=(("vm", "vm"), ("zone", "zones"))),
    # throttle: who dirties page cache pays for it
    Decision("balance_dirty_pages", args=(("vm", "vm"), ("task", "tasks"), ("dtc", "dtcs"), ("disk", "disks"))),
    # allocator: after a round of reclaim that gave nothing, and the figures of boot
    Decision("should_reclaim_retry", args=(("vm", "vm"), ("task", "tasks"), ("request", "alloc_requests"))),
    Decision("setup_per_zone_wmarks", args=(("vm", "vm"), ("zone", "zones"))),
    Decision("zone_batchsize", args=(("vm", "vm"), ("zone", "zones"))),
    Decision("zone_highsize", args=(("vm", "vm"), ("zone", "zones"), ("pcp", "pcps"))),
    # workqueue: which works get a worker
    Decision("wq_dispatch", args=(("vm", "vm"), ("wq", "wqs"), ("worker_pool", "worker_pools"))),
)
