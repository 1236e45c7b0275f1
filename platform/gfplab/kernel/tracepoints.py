"""Event kinds of the trace log: the kernel's tracepoints by number, and what their four arguments mean.

Models include/trace/events/{vmscan,kmem,writeback,block,oom}.h (v4.7).  Kinds from 40 up are gfplab's own: Linux has no
tracepoint there.
"""

mm_vmscan_kswapd_sleep = 1
mm_vmscan_kswapd_wake = 2
mm_vmscan_wakeup_kswapd = 3
mm_vmscan_direct_reclaim_begin = 4
mm_vmscan_direct_reclaim_end = 5
mm_vmscan_lru_shrink_inactive = 6
mm_vmscan_writepage = 7
writeback_congestion_wait = 8
writeback_wait_iff_congested = 9
balance_dirty_pages_event = 10
bdi_dirty_ratelimit = 11
global_dirty_state = 12
block_rq_issue = 13
block_rq_complete = 14
oom_kill_process = 15
workqueue_execute_start = 16
workqueue_execute_end = 17
mm_page_alloc = 18
mm_vmscan_throttled = 19
mm_vmscan_lru_shrink_active = 20
mm_page_alloc_extfrag = 21
mempool_alloc_event = 40
throttle_vm_writeout_event = 41
dirty_limit_event = 42
kernel_bug_event = 43

# kind -> (name, meaning of a, b, c, d)
TRACEPOINTS = {
    mm_vmscan_kswapd_sleep: ("mm_vmscan_kswapd_sleep", ()),
    mm_vmscan_kswapd_wake: ("mm_vmscan_kswapd_wake", ("classzone",)),
    mm_vmscan_wakeup_kswapd: ("mm_vmscan_wakeup_kswapd", ("zone",)),
    mm_vmscan_direct_reclaim_begin: ("mm_vmscan_direct_reclaim_begin", ("gfp_flags", "classzone")),
    mm_vmscan_direct_reclaim_end: ("mm_vmscan_direct_reclaim_end", ("nr_reclaimed",)),
    mm_vmscan_lru_shrink_inactive: (
        "mm_vmscan_lru_shrink_inactive",
        ("zone_lru", "nr_scanned", "nr_reclaimed", "priority"),
    ),
    mm_vmscan_writepage: ("mm_vmscan_writepage", ("page", "swap_slot")),
    writeback_congestion_wait: ("writeback_congestion_wait", ("usec_timeout", "usec_delayed")),
    writeback_wait_iff_congested: ("writeback_wait_iff_congested", ("usec_timeout", "usec_delayed")),
    balance_dirty_pages_event: ("balance_dirty_pages", ("limit", "setpoint", "dirty", "pause")),
    bdi_dirty_ratelimit: ("bdi_dirty_ratelimit", ("write_bw", "dirty_rate", "dirty_ratelimit", "balanced")),
    global_dirty_state: ("global_dirty_state", ("nr_dirty", "nr_writeback", "background_thresh", "dirty_limit")),
    block_rq_issue: ("block_rq_issue", ("disk", "rw", "sector", "nr_pages")),
    block_rq_complete: ("block_rq_complete", ("disk", "rw", "sector", "nr_pages")),
    oom_kill_process: ("oom_kill_process", ("pid", "points")),
    workqueue_execute_start: ("workqueue_execute_start", ("work", "function")),
    workqueue_execute_end: ("workqueue_execute_end", ("work",)),
    mm_page_alloc: ("mm_page_alloc", ("page", "gfp_flags")),
    mm_page_alloc_extfrag: ("mm_page_alloc_extfrag", ("page", "fallback_order", "migratetype", "fallback_type")),
    mm_vmscan_throttled: ("mm_vmscan_throttled", ("usec_timeout", "usec_delayed", "reason")),
    mm_vmscan_lru_shrink_active: (
        "mm_vmscan_lru_shrink_active",
        ("lru", "nr_taken", "nr_deactivated", "priority"),
    ),
    mempool_alloc_event: ("mempool_alloc", ("pool", "path", "latency_ns", "waits")),
    throttle_vm_writeout_event: ("throttle_vm_writeout", ("nr_writeback", "limit", "pause_ns", "gfp_flags")),
    dirty_limit_event: ("dirty_limit", ("dirty_limit", "dirty_thresh")),
    kernel_bug_event: ("kernel_bug", ("code", "argument")),
}
