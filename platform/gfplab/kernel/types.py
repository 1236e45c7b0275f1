"""The state of a simulated machine: which records and arrays there are and what each field means.

Models include/linux/{mmzone,mm_types,mempool,bio,blkdev,swap,workqueue}.h, flattened into records of int64.  Units: pages of
4096 bytes, nanoseconds.  Index 0 of everything is null.  Per-CPU records are found at `owner * ncpus + cpu`.
"""

from gfplab.engine.records import engine_schema
from gfplab.kernel.elevator_types import elevator_records
from gfplab.kernel.fault_types import fault_records
from gfplab.kernel.instrument_types import instrument_records
from gfplab.kernel.mobility_types import mobility_records
from gfplab.kernel.node_types import node_records
from gfplab.kernel.policy_types import policy_records
from gfplab.kernel.rig_types import rig_records

PAGE_SIZE = 4096

# page_flags
PG_locked = 0x0001
PG_dirty = 0x0002
PG_writeback = 0x0004
PG_reclaim = 0x0008
PG_readahead = PG_reclaim  # Linux shares this bit as well
PG_referenced = 0x0010
PG_active = 0x0020
PG_lru = 0x0040
PG_swapcache = 0x0080
PG_anon = 0x0100
PG_young = 0x0200  # the accessed bit of the one PTE that maps the page
PG_mapped = 0x0400
PG_buddy = 0x0800
PG_pcp = 0x1000
PG_slab = 0x2000
PG_mempool = 0x4000  # held by a mempool element or as ciphertext
PG_waiters = 0x8000  # somebody sleeps on PG_locked
PG_workingset = 0x10000  # it was active once, or came back too early (v6.1)
PG_pte_write = 0x20000  # its one PTE lets writes through, and is dirty (v6.1)
PG_reading = 0x40000  # a swapped page whose content is not there yet: not PG_uptodate (v6.1)
PG_slab_high = 0x80000  # first page of a slab of the order that SLUB likes best, above 0 (v6.1)
PAGE_FLAGS_MASK = 0xFFFFFFFF

# a slab page uses the LRU bits for its own list
SLAB_CPU = PG_active  # the current slab of one CPU
SLAB_CPU_PARTIAL = PG_referenced
SLAB_NODE_PARTIAL = PG_lru

LRU_INACTIVE_ANON = 0
LRU_ACTIVE_ANON = 1
LRU_INACTIVE_FILE = 2
LRU_ACTIVE_FILE = 3

ZONE_CONGESTED = 1
ZONE_DIRTY = 2
ZONE_WRITEBACK = 4

# why reclaim_throttle() is asked (v5.16 and later)
VMSCAN_THROTTLE_WRITEBACK = 1
VMSCAN_THROTTLE_ISOLATED = 2
VMSCAN_THROTTLE_NOPROGRESS = 3
VMSCAN_THROTTLE_CONGESTED = 4

# bios
BIO_READ = 0
BIO_WRITE = 1
END_NONE = 0
END_SWAP_WRITE = 1
END_SWAP_READ = 2
END_FILE_WRITE = 3
END_FILE_READ = 4
END_CRYPT = 5  # a dm-crypt clone: complete through crypt_endio()
END_DM_CLONE = 6  # the clone that dm hands to its target

# works
WORK_KCRYPTD_CRYPT = 1
WORK_KCRYPTD_IO_READ = 2
WORK_BIO_ALLOC_RESCUE = 3

# block devices: a positive disk index, or a dm-crypt device
DEV_DISK = 1
DEV_CRYPT = 2

POOL_SLAB = 1
POOL_PAGE = 2
POOL_KMALLOC = 3

ORDER_RANDOM = 0
ORDER_SEQUENTIAL = 1

# handle_event() kinds
EV_DISK = 1
EV_SAMPLE = 2
EV_MAYDAY = 3
EV_FLUSHER = 5
EV_BOOT = 7
EV_WB_BANDWIDTH = 21
EV_KBLOCKD = 20

# the counters of /proc/vmstat and the gauges beside them that a sample holds, in column order
VMSTAT = (
    "nr_free_pages",
    "nr_inactive_anon",
    "nr_active_anon",
    "nr_inactive_file",
    "nr_active_file",
    "nr_isolated_anon",
    "nr_isolated_file",
    "nr_dirty",
    "nr_writeback",
    "nr_unstable",
    "nr_slab_unreclaimable",
    "nr_dirty_threshold",
    "nr_dirty_background_threshold",
    "nr_vmscan_write",
    "nr_vmscan_immediate_reclaim",
    "nr_dirtied",
    "nr_written",
    "pgfault",
    "pgmajfault",
    "pswpin",
    "pswpout",
    "pgpgin",
    "pgpgout",
    "pgalloc",
    "pgfree",
    "pgactivate",
    "pgdeactivate",
    "pgrefill",
    "pgrotated",
    "allocstall",
    "pgscan_kswapd",
    "pgscan_direct",
    "pgsteal_kswapd",
    "pgsteal_direct",
    "pgscan_direct_throttle",
    "pageoutrun",
    "kswapd_low_wmark_hit_quickly",
    "kswapd_high_wmark_hit_quickly",
    "drop_slab",
    "workingset_refault",
    "workingset_activate",
    "oom_kill",
)
# fmt: off
GAUGES = (
    "dirty_limit", "free_pcp", "mempool_pages", "crypt_pages", "psi_some_ns", "psi_full_ns", "kcryptd_queued",
    "disk_inflight", "swap_used", "min_free", "reserve_bytes",
    "swap_written", "touched", "nr_swapcached",
)
# fmt: on


def kernel_schema():
    """The engine's schema plus every record and array of the simulated Linux."""
    s = engine_schema()
    s.records(
        "tasks",
        pid="process id", comm="index into the world's list of names", cpu_home="CPU it starts on", flags_user="1: a user task",
        pf_flags="PF_* (and TIF_MEMDIE)", role="TASK_ROLE of report: 1 user 2 kswapd 3 kworker 4 rescuer 5 dmcrypt_write 6 flusher 7 oom_reaper",
        wq_work="workqueue of the work item being run, or 0", memstall="depth of psi_memstall_enter()",
        bio_list="1 while generic_make_request() is active", bio_head="first parked bio", bio_tail="last parked bio",
        plug="1 while a block plug is open", plug_head="first plugged request", plug_tail="last plugged request", plug_count="requests in the plug",
        mm="index into mms or 0", work="index into workloads or 0", bdi="current->backing_dev_info: a disk index or 0",
        killed="1 after SIGKILL", nr_dirtied="pages dirtied since the last pause", nr_dirtied_pause="pages until balance_dirty_pages()",
        dirty_paused_when="time of the last pause", min_flt="minor faults", maj_flt="major faults", t_direct_reclaim="ns in direct reclaim",
    )  # fmt: skip
    s.records(
        "vm",
        era="47 for v4.7, 61 for v6.1", nr_zones="populated zones", nr_managed="managed pages of all zones", nr_fixed="pages held by the kernel for ever",
        min_free_kbytes="", totalreserve="totalreserve_pages", swappiness="", dirty_ratio="", dirty_background_ratio="", page_cluster="",
        dirty_limit="slow dirty_limit of the global domain", dirty_limit_tstamp="its last update", dirty_thresh="last computed threshold", dirty_bg_thresh="last computed background threshold",
        nr_free="free pages in the buddy lists of all zones", nr_writeback="pages under writeback, swap included", nr_dirty="NR_FILE_DIRTY", nr_unstable="NR_UNSTABLE_NFS", nr_slab="slab pages", nr_mempool="pages owned by page mempools, reserve and out",
        nr_file_dirtyable="active+inactive file pages at the last look", nr_swap_pages="free swap slots", nr_kernel_stack="pages of worker stacks",
        allocstall="direct reclaims", pgscan_kswapd="", pgscan_direct="", pgsteal_kswapd="", pgsteal_direct="", pgscan_direct_throttle="",
        pageoutrun="", kswapd_low_wmark_hit_quickly="", kswapd_high_wmark_hit_quickly="", nr_vmscan_write="", nr_vmscan_immediate_reclaim="",
        pgfault="", pgmajfault="", pswpin="", swap_written="swap pages whose write has completed", pswpout="", pgpgin="KiB read", pgpgout="KiB written", pgalloc="", pgfree="", pgactivate="", pgdeactivate="",
        pgrefill="", pgrotated="", nr_dirtied="", nr_written="", drop_slab="", workingset_refault="", workingset_activate="", oom_kill="",
        pfmemalloc_wait="wait queue of throttle_direct_reclaim()", congestion_wqh="global wait queue of congestion_wait()", nr_bdi_congested="congested backing devices",
        oom_lock="task holding oom_lock", oom_reaper="task", oom_victim="task being reaped", crypt_pages="live ciphertext pages", min_free="lowest nr_free seen", throttle_events="T5 sleeps",
        psi_time="last integration", psi_some="ns with a task in memstall", psi_full="ns with a task in memstall and none productive", nr_memstall="runnable or sleeping tasks in memstall", nr_memstall_running="those running or runnable",
        sample_ns="period of vmstat samples", kswapd="task", flusher_ns="dirty_writeback_interval", sched_io="", deadlock="1 when nothing can ever run again", kswapd_wait="wait queue of kswapd", kswapd_cls="highest class it was woken for", page_wait_first="first of the hashed page wait queues", oom_reaper_wait="", readahead_hits="", readahead_last="", readahead_prev="", start_dirty_limit="dirty_limit when the clock starts", last_full_check="nr_events at the last walk over all pages",
    )  # fmt: skip
    s.records(
        "zones",
        managed="", present="", start_pfn="first page", free="NR_FREE_PAGES", free_head="buddy list (order 0)", wmark_min="", wmark_low="", wmark_high="",
        reserve_1="lowmem_reserve against class 1", reserve_2="", reserve_3="", reserve_4="", lruvec="lruvec of this zone", flags="ZONE_*", pages_scanned="since a page was freed",
        nr_writeback="", nr_dirty="", nr_slab="", nr_fixed="pages that never move", nr_anon_wait="", lock="zone->lock", cls="class index of this zone", dirty_balanced="",
    )  # fmt: skip
    s.records(
        "lruvecs",
        zone="zone, or 0 for a node's lruvec", inactive_age="workingset clock", scanned_anon="recent_scanned", scanned_file="", rotated_anon="recent_rotated", rotated_file="",
        isolated_anon="pages in reclaimers' hands", isolated_file="", nr_inactive_anon="", nr_active_anon="", nr_inactive_file="", nr_active_file="",
    )  # fmt: skip
    s.records("lrus", head="newest page", tail="oldest page", nr="pages on the list")
    s.records("pcps", count="", head="", batch="", high="")
    s.records(
        "alloc_requests",
        gfp_mask="mask of the request", cls="highest zone it may use", order="", loops="no_progress_loops", in_irq="1 in interrupt context", reclaimed="pages the last direct reclaim freed",
    )  # fmt: skip
    s.records(
        "scans",
        gfp_mask="", priority="", nr_to_reclaim="", nr_scanned="", nr_reclaimed="", may_writepage="", may_swap="", may_unmap="", cls="highest zone", swappiness="", kswapd="1 for kswapd",
        file="1: the type asked about by too_many_isolated", point="3 or 4: which throttle asks wait_iff_congested", throttled="naps so far in this throttle_vm_writeout()", nr_immediate="", nr_congested="", nr_taken="",
        nr_dirty="", nr_unqueued_dirty="", nr_writeback="", scan_ia="targets of this lruvec", scan_aa="", scan_if="", scan_af="", limit="limit that throttle_vm_writeout compares with",
        vm_swap_pages="free swap slots", started="local clock at entry", naps="", pfmemalloc_free="T1: free pages of the zones with anything to reclaim", pfmemalloc_reserve="T1: their min marks; 0: no such zone", bdi_congested="1 while current->backing_dev_info is congested",
    )  # fmt: skip
    s.records(
        "caches",
        size="bytes per object", objs="objects per slab", cpu_partial="objects a CPU may keep partial", min_partial="", node_partial="head of the node's partial list", nr_partial="", list_lock="lock",
        nr_slabs="", nr_active="objects handed out",
    )  # fmt: skip
    s.records(
        "cpu_slabs",
        page="current slab", freelist="objects on the lock-free list", partial="first per-CPU partial slab", npartial="", pobjects="free objects on them",
    )  # fmt: skip
    s.records(
        "pools",
        kind="POOL_*", cache="slab cache", min_nr="", curr_nr="", base="first slot in pool_elems", lock="", wait="wait queue", nr_waiters="tasks asleep", outstanding="elements out", lowest="lowest curr_nr",
        n_alloc="calls", n_first="served by the first attempt", n_reserve="served by the reserve", n_second="served by a later attempt", n_wait="sleeps", n_timeout="5 s time-outs", n_fail="", t_wait="ns asleep",
        t_alloc="ns inside the underlying allocator", t_empty="ns with an empty reserve", empty_since="-1 or when it became empty", elem_pages="pages per element", element_bytes="bytes per element", return_interval="EWMA of ns between returns", last_return="", site="histogram of mempool_alloc()", in_flight="", nap_ns="ns a user of the pool spent in throttle_vm_writeout", nap_full_ns="of them with a full reserve", t_full="ns with a full reserve", full_since="when it became full",
    )  # fmt: skip
    s.records(
        "mempool_calls",
        gfp_mask="mask of the caller", optimistic="mask with the extra bits, without DIRECT_RECLAIM and IO", full="mask with the extra bits", last="last step taken, 0 at first", last_mask="its mask", steps="steps so far", waits="sleeps so far",
        attempts="allocator attempts", start="local clock at entry", t_alloc="ns spent in the allocator", may_sleep="1 if DIRECT_RECLAIM is set", pool="",
    )  # fmt: skip
    s.records(
        "biosets",
        pool="mempool of bios", rescue_head="", rescue_tail="", rescue_work="work item of the rescuer", rescue_wq="",
    )  # fmt: skip
    s.records(
        "bios",
        next="", bioset="", element="mempool element", rw="BIO_READ or BIO_WRITE", dev_kind="DEV_*", dev="", sector="in pages", nr_pages="", page="first page or 0", last_page="",
        end_io="END_*", parent="bio this is a clone of", crypt="crypt_io of a clone", task="submitter", file="", used="1 while live", gfp_mask="",
    )  # fmt: skip
    s.records(
        "disks",
        read_ns="", write_ns="", bandwidth="bytes/s", parallelism="servers", first_server="", tags="", in_use="tags in use", tag_wait="wait queue", max_pages="largest request", sigma_table="quantile table or 0",
        congestion="1: legacy queue marks the bdi congested", nr_requests="", congested="", bw_busy="", inflight="", done="", sectors="pages moved", busy_ns="", busy_since="", read_pages="", write_pages="", stream="rng stream",
        wb_dirty="file pages dirty on it", wb_writeback="", write_bw="EWMA pages/s", avg_write_bw="", bw_time="", bw_pending="1: an EV_WB_BANDWIDTH is planned", written="", written_stamp="", dirtied="", dirtied_stamp="", dirty_ratelimit="pages/s", balanced_ratelimit="", flusher="task", flusher_wait="", max_inflight="", completions="decayed completions for the bdi's share", completions_time="",
    )  # fmt: skip
    s.records("servers", busy_until="")
    s.records("requests", next="", disk="", rw="", bio_head="", bio_tail="", sector="", nr_pages="", used="", start="")
    s.records(
        "crypts",
        lower_kind="DEV_*", lower="", io_pool="", tio_bioset="", bioset="cc->bs", page_pool="", req_pool="", mutex="mutex of round 2", wq="kcryptd", wq_io="kcryptd_io", write_task="dmcrypt_write", write_wait="", tree_head="ciphertext bios awaiting the writer",
        tree_n="", encrypt_ns="per page", same_order="", nr_pending="", queued="writes not yet encrypted",
    )  # fmt: skip
    s.records(
        "crypt_ios",
        used="", next="", crypt="", base_bio="the dm clone", rw="", pending="", sector="", nr_pages="", pages="first ciphertext page (linked)", clone="", work="", error="", io_element="dm_io element", request="",
    )  # fmt: skip
    s.records("works", used="", next="", wq="", func="WORK_*", arg="", state="")
    s.records(
        "wqs",
        max_active="",
        nr_active="",
        head="active works",
        tail="",
        inactive_head="",
        inactive_tail="",
        pool="worker pool",
        rescuer="task",
        rescuer_wait="",
        mayday="1 while raised",
        name="index of its name",
        nr_inactive="",
    )
    s.records(
        "worker_pools",
        idle_head="idle workers (linked through tasks.idle_next)",
        nr_idle="",
        nr_workers="",
        wait="",
        head="pending works",
        tail="",
        nr_pending="",
        manager="",
        creating="",
        first_task="first dormant task",
        last_task="",
        mayday_gen="",
        next_create="",
    )
    s.records(
        "tasks",
        idle_next="", pool_id="worker pool", worker_wait="wait queue of its own", rescue_of="wq of a rescuer", last_work="",
    )  # fmt: skip
    s.records("mutexes", owner="", wait="")
    s.records("tasks", worker_idle="1 while on its pool's idle list")
    s.records(
        "bios",
        dm_io="element of io_pool while dm has it",
        dm_pending="its clones in flight, plus one while dm maps it",
        dm_mapped="pages of it that dm has mapped",
        swap_gated="1: holds one of its dm device's swap_bios",
    )
    s.records(
        "disks",
        per_request_ns="time a request holds the pipe besides its bytes", wake_count="tags freed since a batch of sleepers woke", read_wait="where readers of a legacy queue wait; writers: tag_wait",
        rq_read="requests allocated on a legacy queue", rq_write="", queue_head="requests that wait for a tag of a legacy disk", queue_tail="",
    )  # fmt: skip
    s.records(
        "crypts",
        linear="1: dm-linear, it only remaps", start="its first page on the device below", split_pages="largest piece it takes, 0 = any", no_mutex="1: round 2 without bio_alloc_lock", no_offload="1: submit_from_crypt_cpus",
        swap_bios="swap bios in flight before their submitters wait, 0 = no limit", swap_bios_out="in flight", swap_wait="",
    )  # fmt: skip
    s.records("crypt_ios", left="children in the tree of the writer", right="")
    s.records("works", rescued="1 while on its workqueue's own list, head and tail of wqs")
    s.records(
        "swaps",
        dev_kind="",
        dev="",
        nr_slots="",
        used="",
        free_clusters="",
        cluster_head="",
        ssd="",
        scan_next="",
        lock="",
        node_cache="slab cache of radix-tree nodes",
    )
    s.records("mms", start="first virtual page", nr="virtual pages", rss="", swap="", task="", dead="")
    s.records(
        "workloads",
        kind="", start_ns="", stop_ns="", bytes="pages", order="ORDER_*", touch_ns="ns per touch", rate="pages/s", file="", pool="", hold_ns="", passes="", write_permille="", stream="", done="touches, pages or operations", pos="", site="", pause_ns="", finished="0 or when it ended", mm="", pass_nr="passes done", in_pass="pages done in this pass", first_random="1: the first pass is random too", chunk_pages="", chunk="", chunk_left="", chunk_done="", chunks_done="", chunk_base="first slot in chunk_order", last_touch="", first_pass_end="", busy_ns="ns in mempool calls",
    )  # fmt: skip
    s.records(
        "files",
        base="first slot in file_pages",
        nr="pages",
        disk="",
        nr_dirty="",
        cursor="writeback_index",
        cached="",
        write_base="first sector",
        oldest_dirty="",
    )
    s.records(
        "vm",
        completions="file pages written by all devices, halved every 3 s", completions_period="halvings so far", completions_time="when the next is due; 0 = nothing left to halve",
        ratelimit_pages="pages a CPU may dirty before somebody looks", dirty_expire_ns="dirty_expire_interval", psi_nonidle="tasks that run, wait for I/O or are in memstall", psi_productive="tasks that run and are not in memstall", nr_memstall_on_cpu="tasks in memstall that have a CPU",
        psi_some_rate="growth of psi_some now, 16 bits after the point", psi_full_rate="", psi_some_raw="psi_some, 16 bits after the point", psi_full_raw="",
    )  # fmt: skip
    s.records(
        "disks",
        completions_period="vm.completions_period that completions belongs to", wb_exceeded="dirty_exceeded", wb_pending="1: the flusher shall run", wb_delayed="1: an EV_FLUSHER is planned", wb_running="1: the flusher is at work",
        wb_work_pages="pages that reclaim asked to be written", wb_old_flush="when old pages were last looked for", wb_file="file that had its turn last",
    )  # fmt: skip
    s.records(
        "files",
        dev_kind="DEV_* its bios go to", dev="", ra_start="first page of the readahead window", ra_size="pages of the window, 0 = none yet", ra_marker="page whose reading starts the next window", ra_prev="page read last",
    )  # fmt: skip
    s.records("cpus", bdp_ratelimits="pages dirtied on it since somebody looked")
    s.records(
        "dtcs",
        wb="the disk", thresh="dirty threshold as the task sees it", bg_thresh="", dirty="dirty pages, those under writeback included", wb_thresh="the disk's part of thresh", wb_bg_thresh="", wb_dirty="dirty pages of the disk, those under writeback included",
        pos_ratio="10 bits after the point", nr_dirtied_pause="tasks.nr_dirtied_pause after the next pause",
    )  # fmt: skip
    s.array("page_flags", "u4", "PG_*")
    s.array("page_zone", "u1", "zone of a page")
    s.array("page_next", "i4", "towards the tail of its list")
    s.array("page_prev", "i4", "towards the head of its list")
    s.array("page_index", "i4", "virtual page (anon), slot in file_pages (file), slab cache (slab)")
    s.array(
        "page_private",
        "i4",
        "swap slot (swap cache), free objects (slab), file (file; minus the file until it has been read)",
    )
    s.array("ptes", "i4", "virtual page -> page, or minus its swap slot, or 0")
    s.array("swap_map", "u1", "1: a PTE refers to the slot; 2: it is in the swap cache")
    s.array("swap_cache", "i4", "slot -> page")
    s.array("cluster_used", "i4", "slots in use per cluster of 256")
    s.array("cluster_next", "i4", "free clusters")
    s.array("cpu_cluster", "i4", "cluster each CPU allocates from")
    s.array("cpu_cluster_pos", "i4", "next slot in it")
    s.array("node_count", "i4", "swap-cache entries per radix-tree node of 64 slots")
    s.array("node_object", "i4", "slab object of that node")
    s.array("file_pages", "i8", "file page -> page, or a shadow: minus (1 + 64 * age at eviction + lruvec), or 0")
    s.array("isolated", "i4", "pages in each reclaimer's hands, 64 a task")
    s.array("pool_elems", "i4", "reserves of all pools, LIFO")
    s.array("chunk_order", "i4", "order of chunks within a pass, per workload")
    s.array("hist", "i8", "latency histograms: site * 256 + bin, four bins per octave")
    s.array("costs", "i8", "ns of each named cost")
    s.log("vmstat", 4096, time="ns", **{name: "" for name in VMSTAT}, **{name: "" for name in GAUGES})
    elevator_records(s)
    fault_records(s)
    mobility_records(s)
    node_records(s)
    policy_records(s)
    rig_records(s)
    instrument_records(s)
    return s
