"""Asks on behalf of interrupt handlers with the rights of a process."""

from gfplab import ALLOC, hookimpl, tunable
from gfplab.kernel.gfp import __GFP_DIRECT_RECLAIM, __GFP_HIGH, __GFP_KSWAPD_RECLAIM

rights = tunable(
    __GFP_KSWAPD_RECLAIM | __GFP_DIRECT_RECLAIM,
    bits=__GFP_HIGH | __GFP_DIRECT_RECLAIM,
    callers="irq",
    help="mask of every attempt",
)


@hookimpl
def mempool_step(my):
    return ALLOC(my.rights)
