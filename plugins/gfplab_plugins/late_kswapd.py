"""Wake kswapd only when memory is below the min mark: until then, who wants memory shall reclaim it.

The opposite of what Linux has done since 2.4, made to see what kswapd is for.  Between the low and the min mark
allocations succeed without reclaim while kswapd works in the background; take that away, and the first task that finds
the min mark broken pays in direct reclaim.  The stalls of the debate are what kswapd could not prevent.
"""

from gfplab import hookimpl


@hookimpl
def wakeup_kswapd(zone):
    return zone.free <= zone.wmark_min
