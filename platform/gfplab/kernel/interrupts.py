"""What happens in interrupt context: device completions, timers, samples.

The engine calls handle_event() for every event that kernel code planned with call_at() or call_after().  Models what
the interrupt handlers of drivers and timers (v4.7) lead to.

Leaves out: softirqs (a completion does its work at once), interrupt affinity, spurious interrupts.
"""

from gfplab.engine.subset import plain
from gfplab.kernel.bugs import BUG_UNKNOWN_EVENT
from gfplab.kernel.symbols import (
    account_interrupted_alloc,
    blk_mq_insert_flushed,
    disk_event,
    flusher_event,
    kernel_bug,
    mayday_event,
    page_writeback_init,
    vmstat_event,
    wb_update_bandwidth_workfn,
)
from gfplab.kernel.types import EV_BOOT, EV_DISK, EV_FLUSHER, EV_KBLOCKD, EV_MAYDAY, EV_SAMPLE, EV_WB_BANDWIDTH


@plain
def handle_event(k, kind, arg):
    """Dispatch one event by its kind."""
    if kind == EV_BOOT:
        start_kernel(k)
    elif kind == EV_DISK:
        disk_event(k, arg)
    elif kind == EV_SAMPLE:
        vmstat_event(k)
    elif kind == EV_MAYDAY:
        mayday_event(k, arg)
    elif kind == EV_FLUSHER:
        flusher_event(k, arg)
    elif kind == EV_KBLOCKD:
        blk_mq_insert_flushed(k, arg)
    elif kind == EV_WB_BANDWIDTH:
        wb_update_bandwidth_workfn(k, arg)
    else:
        kernel_bug(k, BUG_UNKNOWN_EVENT, kind)
    account_interrupted_alloc(k)
    return 0


@plain
def start_kernel(k):
    """Set up from the memory that is found; the slow dirty_limit may be stated instead. Writes: vm, disks, tasks."""
    page_writeback_init(k)
    k.vm[0].dirty_limit = k.vm[0].start_dirty_limit
    vmstat_event(k)
    return 0
