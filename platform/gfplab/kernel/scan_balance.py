"""How much of which list one pass of reclaim looks at.

Models prepare_scan_count() and get_scan_count() of mm/vmscan.c (v6.1); which share goes to which type is a decision.

Leaves out: memory cgroups and their protection, demotion to slower nodes.
"""

from gfplab.engine.subset import plain
from gfplab.kernel.node_types import DEACTIVATE_ANON, DEACTIVATE_FILE
from gfplab.kernel.symbols import decide_get_scan_count, high_wmark_pages, inactive_list_is_low

SCAN_ONE = 65536
NODE_LRUVEC = 1


@plain
def zone_reclaimable_pages__v6_1(k, z):
    """Pages of a zone that reclaim could ever free; of a zone with none, its free pages, so that nobody skips it."""
    zone = k.zones[z]
    nr = zone.lru_inactive_file + zone.lru_active_file
    if k.vm[0].nr_swap_pages > 0:
        nr += zone.lru_inactive_anon + zone.lru_active_anon
    if nr == 0:
        nr = zone.free
    return nr


@plain
def snapshot_refaults(k):
    """Reclaim ends: activations of refaulted pages are counted from here on. Writes: lruvecs."""
    lruvec = k.lruvecs[NODE_LRUVEC]
    lruvec.refaults_anon = k.vm[0].workingset_activate_anon
    lruvec.refaults_file = k.vm[0].workingset_activate_file
    return 0


@plain
def prepare_scan_count(k):
    """Look at the whole node: which active lists may be shrunk, is there idle cache, is there any. Writes: scans."""
    scan = k.scans[k.e[0].cur]
    lruvec = k.lruvecs[NODE_LRUVEC]
    if scan.force_deactivate:
        scan.may_deactivate = DEACTIVATE_ANON | DEACTIVATE_FILE
    else:
        # pages that came back as part of the working set say that the active list holds worse ones
        scan.may_deactivate = 0
        if k.vm[0].workingset_activate_anon != lruvec.refaults_anon or inactive_list_is_low(k, NODE_LRUVEC, 0):
            scan.may_deactivate |= DEACTIVATE_ANON
        if k.vm[0].workingset_activate_file != lruvec.refaults_file or inactive_list_is_low(k, NODE_LRUVEC, 1):
            scan.may_deactivate |= DEACTIVATE_FILE
    scan.cache_trim_mode = 0
    if lruvec.nr_inactive_file >> scan.priority and scan.may_deactivate & DEACTIVATE_FILE == 0:
        scan.cache_trim_mode = 1
    free = 0
    high = 0
    for z in range(1, k.vm[0].nr_zones + 1):
        free += k.zones[z].free
        high += high_wmark_pages(k, z)
    scan.file_is_tiny = 0
    if lruvec.nr_inactive_file + lruvec.nr_active_file + free <= high:
        if scan.may_deactivate & DEACTIVATE_ANON == 0 and lruvec.nr_inactive_anon >> scan.priority:
            scan.file_is_tiny = 1
    return 0


@plain
def get_scan_count__v6_1(k):
    """Fill the scan's targets: (pages of the eligible zones >> priority) * the share of the type. Writes: scans."""
    t = k.e[0].cur
    scan = k.scans[t]
    scan.vm_swap_pages = k.vm[0].nr_swap_pages
    share = decide_get_scan_count(k, 0, scan.cls, NODE_LRUVEC, t)
    pa = share
    pf = SCAN_ONE - share
    if share < 0:  # SCAN_EQUAL: every list in full
        pa = SCAN_ONE
        pf = SCAN_ONE
    ia = 0
    aa = 0
    inf = 0
    af = 0
    for z in range(1, scan.cls + 1):
        zone = k.zones[z]
        ia += zone.lru_inactive_anon
        aa += zone.lru_active_anon
        inf += zone.lru_inactive_file
        af += zone.lru_active_file
    scan.scan_ia = (ia >> scan.priority) * pa // SCAN_ONE
    scan.scan_aa = (aa >> scan.priority) * pa // SCAN_ONE
    scan.scan_if = (inf >> scan.priority) * pf // SCAN_ONE
    scan.scan_af = (af >> scan.priority) * pf // SCAN_ONE
    return 0
