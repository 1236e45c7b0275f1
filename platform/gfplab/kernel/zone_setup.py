"""The figures of each zone that a policy may set before the clock starts: its marks, and what per-CPU lists hold.

Models setup_per_zone_wmarks(), zone_batchsize(), zone_highsize() and calculate_totalreserve_pages() of
mm/page_alloc.c (v4.7, v6.1).  boot/watermarks.py has computed Linux's own figures by then, and memory is laid out by
those.

Leaves out: changes while the machine runs (min_free_kbytes and percpu_pagelist_fraction of /proc/sys/vm).
"""

from gfplab.engine.subset import plain
from gfplab.kernel.symbols import (
    decide_setup_per_zone_wmarks,
    decide_zone_batchsize,
    decide_zone_highsize,
    zone_totalreserve,
)


@plain
def setup_zones(k):
    """Ask for the distance of each zone's marks and for its per-CPU lists. Writes: zones, pcps, vm.totalreserve."""
    total = 0
    for z in range(1, k.vm[0].nr_zones + 1):
        zone = k.zones[z]
        gap = max(decide_setup_per_zone_wmarks(k, 0, z), 0)
        zone.wmark_low = zone.wmark_min + gap
        zone.wmark_high = zone.wmark_min + 2 * gap
        total += zone_totalreserve(k, z)
        batch = max(decide_zone_batchsize(k, 0, z), 0)
        for this_cpu in range(k.e[0].ncpus):
            p = z * k.e[0].ncpus + this_cpu
            k.pcps[p].batch = batch
            k.pcps[p].high = max(decide_zone_highsize(k, 0, z, p), 0)
            k.pcps[p].batch = max(batch, 1)  # a zone too small for a list still moves single pages
    k.vm[0].totalreserve = total
    return 0
