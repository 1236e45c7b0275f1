"""Keep the marks of a zone a share of its memory apart, ten times what Linux does.

Johannes Weiner, v4.6 ("scale kswapd watermarks in proportion to memory"): on a large machine the low mark is so near
the min mark that a burst is through before kswapd has woken, and lands in direct reclaim.  His default, 10 in 10000,
changed nothing for a small one; the distance is free memory that nobody uses, and that every task may take.

As a reserve it is the cheapest of all: it needs no pool, knows no owner, and a storm takes it first.
"""

from gfplab import hookimpl, tunable

share = tunable(100, low=10, high=1000, log=True, help="distance of the marks in 1/10000 of the zone")


@hookimpl
def setup_per_zone_wmarks(zone, my):
    return max(zone.wmark_min // 4, zone.managed * my.share // 10000)
