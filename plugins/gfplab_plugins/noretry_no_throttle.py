"""Whoever forbids itself both reserves and retries is not throttled: two bits that mempool_alloc() always sets.

Mikulas Patocka, 13 August 2016: if there shall be no new flag for transient allocations, read the old ones.  A mask
with __GFP_NOMEMALLOC and __GFP_NORETRY says that its owner has something to fall back upon, so no throttle point stops
its reclaim.

Michal Hocko declined, then and again in November, for dm-bufio: others set the same two bits, for huge pages and in the
slab allocator, and did not ask for that.  The tunable `t2` lets them queue for isolated pages all the same.
"""

from gfplab import hookimpl, tunable
from gfplab.kernel.gfp import __GFP_FS, __GFP_IO, __GFP_NOMEMALLOC, __GFP_NORETRY, PF_KTHREAD, PF_LESS_THROTTLE
from gfplab.kernel.types import VMSCAN_THROTTLE_ISOLATED, VMSCAN_THROTTLE_WRITEBACK, ZONE_CONGESTED
from gfplab.units import MSEC

t2 = tunable(False, help="these callers wait while too many pages are isolated")


def falls_back(scan):
    return scan.gfp_mask & __GFP_NOMEMALLOC and scan.gfp_mask & __GFP_NORETRY and not scan.kswapd


@hookimpl
def too_many_isolated(lruvec, scan, my):
    if scan.kswapd or falls_back(scan) and not my.t2:
        return 0
    inactive = lruvec.nr_inactive_file if scan.file else lruvec.nr_inactive_anon
    isolated = lruvec.isolated_file if scan.file else lruvec.isolated_anon
    if scan.gfp_mask & __GFP_IO and scan.gfp_mask & __GFP_FS:
        inactive >>= 3
    return isolated > inactive


@hookimpl
def throttle_vm_writeout(vm, scan):
    if falls_back(scan) or vm.era >= 49:
        return 0
    return 100 * MSEC if vm.nr_writeback + vm.nr_unstable > scan.limit else 0


@hookimpl
def wait_iff_congested(vm, zone, task, scan):
    if falls_back(scan) or task.pf_flags & PF_LESS_THROTTLE and task.bdi and not scan.bdi_congested:
        return 0
    if scan.point == 3:
        return 100 * MSEC if scan.nr_immediate else 0
    return 100 * MSEC if zone.flags & ZONE_CONGESTED and vm.nr_bdi_congested else 0


@hookimpl
def reclaim_throttle(vm, task, scan):
    if falls_back(scan) or vm.era < 61 or task.pf_flags & PF_KTHREAD and not scan.kswapd:
        return 0
    if scan.reason == VMSCAN_THROTTLE_WRITEBACK:
        return 100 * MSEC
    return 20 * MSEC if scan.reason == VMSCAN_THROTTLE_ISOLATED else scan.jiffy_ns
