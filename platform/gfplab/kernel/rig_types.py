"""Fields of the simulated machine for the tasks of the measuring rig.

Units and null indices as in types.py.
"""

# how a bio of direct_io() ends; bios[].parent is then its workload
END_DIRECT_IO = 16
# counters of a pool that are kept at the end of a phase: n_alloc, n_first, n_reserve, n_second
PHASE_POOL_COUNTERS = 4


def rig_records(s):
    """Extend the schema."""
    s.records(
        "vm",
        sampler="1: a task of the machine takes the samples",
        until_done="1: the run ends with its tasks",
        running_tasks="tasks the run waits for that have not ended",
        done="when whoever waits for them knew that all have",
        touched="touches of all hogs",
        pageblock_order="log2 of the pages of a pageblock",
        watermark_boost_factor="in 1/10000 of the high mark",
    )
    s.records(
        "disks",
        fifo="1: one server takes one request after the other",
        jitter_permille="by how much its times vary",
        mq_deadline="1: the scheduler between software queue and driver",
    )
    s.records(
        "workloads",
        site_first="histogram of the first pass",
        wait="wait queue of its own",
        after="workload that must have ended before",
        phase="its part of phase_*",
        began="when the first I/O was issued",
        rw="BIO_*",
        dev_kind="DEV_* of direct I/O",
        dev="",
    )
    s.array("hist_sum", "i8", "ns counted by each histogram")
    s.array("hist_max", "i8", "largest value that each histogram counted")
    s.records("mms", locked="first page of memory that is locked until its process ends, linked by page_next")
    s.array("phase_hist", "i8", "hist at the end of each phase, one after the other")
    s.array("phase_hist_sum", "i8", "hist_sum at the end of each phase")
    s.array("phase_pools", "i8", "PHASE_POOL_COUNTERS of each pool at the end of each phase")
