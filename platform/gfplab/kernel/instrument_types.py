"""Fields of the simulated machine for the counters that a patched kernel of the measuring rig carries in mm/mempool.c.

A call of mempool_alloc() belongs to one cell: the class of the pool, the caller's context and where its element came
from.  Units and null indices as in types.py.
"""

POOL_CLASSES = ("cryptpage", "other")
CONTEXTS = ("kworker", "reclaimer", "task")
SOURCES = ("under_first", "reserve", "under_dr", "reserve_after_dr", "after_wait", "fail")
RECLAIM_PLACES = ("outside", "inside_mempool")
THROTTLED = ("kswapd", "direct", "inside_mempool")

HIST_BINS = 256
CELLS_PER_CONTEXT = len(SOURCES)
CELLS_PER_CLASS = len(CONTEXTS) * CELLS_PER_CONTEXT
CELLS = len(POOL_CLASSES) * CELLS_PER_CLASS
CALLS_KEPT = 64  # of mempool_alloc() on a CPU: more than fit into what a task may owe before it pays

INSTRUMENT_SIZES = {
    "mempool_cells": CELLS + 1,
    "mp_hist": (CELLS + 1) * HIST_BINS,
    "mempool_waits": len(POOL_CLASSES) + 1,
    "mempool_wait_hist": (len(POOL_CLASSES) + 1) * HIST_BINS,
    "reclaim_cells": len(RECLAIM_PLACES) + 1,
    "reclaim_hist": (len(RECLAIM_PLACES) + 1) * HIST_BINS,
    "writeout_cells": len(THROTTLED) + 1,
}


def instrument_records(s):
    """Extend the schema."""
    s.records("mempool_cells", n="calls", sum_ns="", max_ns="")
    s.records(
        "alloc_spans",
        begin="local clock at the entry of a mempool_alloc() that did not sleep", end="and at its return",
        ns="how long it took, interrupts included", cell="in mempool_cells",
    )  # fmt: skip
    s.records("cpus", next_span="place for the next of its alloc_spans")
    s.array("mp_hist", "i8", "latency of mempool_alloc(): cell * 256 + bin")
    s.records(
        "mempool_waits",
        n="sleeps on pool->wait", timeouts="that lasted 5 s",
        after_wait_under="calls served by the allocator after a sleep", after_wait_reserve="by the reserve",
    )  # fmt: skip
    s.array("mempool_wait_hist", "i8", "single sleeps: class * 256 + bin")
    s.records(
        "reclaim_cells",
        n="calls of try_to_free_pages()", sum_ns="", max_ns="", recl="pages freed", zero="calls that freed none",
    )  # fmt: skip
    s.array("reclaim_hist", "i8", "their durations: place * 256 + bin")
    s.records(
        "writeout_cells",
        calls="of throttle_vm_writeout()",
        sleeps="",
        ns="slept",
        spared="calls let through above the limit",
    )
    s.records("disks", nr_reads="requests completed", nr_writes="")
