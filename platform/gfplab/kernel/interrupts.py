"""What happens in interrupt context: device completions, timers, samples.

The engine calls handle_event() for every event that kernel code planned with call_at() or call_after().
"""

from gfplab.engine.subset import plain
from gfplab.kernel.symbols import disk_event, flusher_event, kernel_bug, mayday_event, vmstat_sample
from gfplab.kernel.types import EV_DISK, EV_FLUSHER, EV_MAYDAY, EV_SAMPLE

BUG_UNKNOWN_EVENT = 2


@plain
def handle_event(k, kind, arg):
    """Dispatch one event by its kind."""
    if kind == EV_DISK:
        disk_event(k, arg)
    elif kind == EV_SAMPLE:
        vmstat_sample(k)
    elif kind == EV_MAYDAY:
        mayday_event(k, arg)
    elif kind == EV_FLUSHER:
        flusher_event(k, arg)
    else:
        kernel_bug(k, BUG_UNKNOWN_EVENT, kind)
    return 0
