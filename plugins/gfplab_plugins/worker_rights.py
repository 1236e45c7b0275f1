"""Workers that write memory out may go below the min mark, as far as __GFP_HIGH goes.

What they allocate is given back when the write ends, and the write frees more than it took.  Swap over the network got
its own right for this in v3.6 (Mel Gorman, after Peter Zijlstra's patches: __GFP_MEMALLOC for the sockets of swap);
block devices got mempools.  A lower mark needs no pool, but it has no bottom of its own: enough workers use up what is
between min / 2 and min, and then everybody who relied on it is stuck together.
"""

from gfplab import hookimpl
from gfplab.kernel.gfp import (
    __GFP_ATOMIC,
    __GFP_HIGH,
    __GFP_MEMALLOC,
    __GFP_NOMEMALLOC,
    ALLOC_HARDER,
    ALLOC_HIGH,
    ALLOC_NO_WATERMARKS,
    ALLOC_WMARK_MIN,
    PF_MEMALLOC,
    PF_WQ_WORKER,
    TIF_MEMDIE,
)


@hookimpl
def gfp_to_alloc_flags(task, request):
    flags = ALLOC_WMARK_MIN
    if request.gfp_mask & __GFP_HIGH or (task.pf_flags & PF_WQ_WORKER and not request.in_irq):
        flags |= ALLOC_HIGH
    if request.gfp_mask & __GFP_NOMEMALLOC:
        return flags
    if request.gfp_mask & __GFP_ATOMIC:
        flags |= ALLOC_HARDER
    if request.gfp_mask & __GFP_MEMALLOC:
        flags |= ALLOC_NO_WATERMARKS
    elif not request.in_irq and task.pf_flags & (PF_MEMALLOC | TIF_MEMDIE):
        flags |= ALLOC_NO_WATERMARKS
    return flags
