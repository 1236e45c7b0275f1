"""Fields of the simulated machine for what reclaim of a node keeps (v5.9 to v6.1).

Units and null indices as in types.py.  One node: what Linux keeps in pg_data_t stands in the record `vm`, and the lists
of all zones are lruvec 1.
"""

# vm.pgdat_flags
PGDAT_DIRTY = 1  # kswapd met nothing but dirty file pages that no flusher has queued: it may write them itself
PGDAT_WRITEBACK = 2  # kswapd met nothing but pages under writeback
LRUVEC_CONGESTED = 4  # all dirty pages that kswapd met are under writeback and came round again

# scans.may_deactivate
DEACTIVATE_ANON = 1
DEACTIVATE_FILE = 2


def node_records(s):
    """Extend the schema."""
    s.records(
        "vm",
        pgdat_flags="PGDAT_*, LRUVEC_CONGESTED", kswapd_order="largest order that somebody woke kswapd for", kswapd_failures="runs of kswapd in a row that freed nothing; at 16 the node is hopeless",
        reclaim_wait="first of the wait queues of reclaim_throttle(), one a reason", nr_writeback_throttled="tasks that sleep for VMSCAN_THROTTLE_WRITEBACK",
        nr_reclaim_start="nr_throttled_written when the first of them fell asleep", nr_throttled_written="pages whose writeback ended while a task slept for it",
        workingset_activate_anon="", workingset_activate_file="", pgscan_anon="", pgscan_file="", pgsteal_anon="", pgsteal_file="", pgskip="pages passed over because their zone is too high",
        reclaim_throttled="sleeps in reclaim_throttle()", reclaim_throttled_ns="spent there",
    )  # fmt: skip
    s.records(
        "zones",
        lru_inactive_anon="its part of the node's lists", lru_active_anon="", lru_inactive_file="", lru_active_file="",
        boost="watermark_boost: pages on top of all three marks", kswapd_boost="boost when kswapd's run began",
    )  # fmt: skip
    s.records(
        "lruvecs",
        nonresident_age="workingset clock: evictions and activations", anon_cost="", file_cost="",
        refaults_anon="workingset_activate_anon when reclaim last ended", refaults_file="",
    )  # fmt: skip
    s.records(
        "scans",
        may_deactivate="DEACTIVATE_* that inactive lists or refaults ask for", force_deactivate="1: both, in a last round", skipped_deactivate="1: an active list was left alone",
        nr_activate="pages of this batch activated", nr_pageout="pages of this batch whose writing was started",
        sum_dirty="nr_dirty of all batches of one shrink_node()", sum_unqueued_dirty="", sum_congested="", sum_writeback="", sum_immediate="", sum_taken="", sum_file_taken="",
        order="order that kswapd still reclaims for", slept="1: reclaim_throttle() slept", priority_0="priority of a first round",
    )  # fmt: skip
