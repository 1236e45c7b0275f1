"""Let kswapd free a multiple of what Linux wants before it sleeps, so that a burst finds memory ready.

The high mark is a quarter of the min mark above the low one: some megabytes, gone in milliseconds.  Work done ahead
costs page cache that might have been wanted again, which is why v4.6 made the distance of the marks a setting
(Johannes Weiner, watermark_scale_factor) and did not move kswapd's goal alone.  v5.0's boost does move it, for a while.
"""

from gfplab import hookimpl, tunable

times = tunable(4, low=1, high=32, log=True, help="multiple of the mark that kswapd stops at")


@hookimpl
def zone_balanced(zone, my):
    return zone.free > zone.balance_mark * my.times
