"""A reclaimer that meets a page under writeback waits for it: it is the next page to become free.

So did reclaim for blocks of pages until v3.x (PAGEOUT_IO_SYNC), and so does reclaim inside a memory cgroup of the old
kind since v3.6 (Michal Hocko, "prevent OOM with too many dirty pages"), because dirty pages have no limit there.  Hugh
Dickins found in the same release whom it must not hold: a caller without __GFP_FS may own what the write waits for.

kswapd goes on, and so does whoever may not start I/O, or the device's own workers would wait for themselves.  What is
dirty of files is the flushers'.
"""

from gfplab import hookimpl
from gfplab.kernel.answers import (
    PAGE_ACTIVATE,
    PAGE_KEEP,
    PAGE_PAGEOUT,
    PAGE_SOON,
    PAGE_WAIT,
    PAGEREF_ACTIVATE,
    PAGEREF_KEEP,
)
from gfplab.kernel.gfp import __GFP_FS, __GFP_IO
from gfplab.kernel.types import PG_anon, PG_dirty, PG_writeback


@hookimpl
def shrink_page_list(scan, page):
    if page.flags & PG_writeback:
        if scan.kswapd or not scan.gfp_mask & __GFP_FS or not scan.gfp_mask & __GFP_IO:
            return PAGE_KEEP
        return PAGE_WAIT
    if page.references == PAGEREF_ACTIVATE:
        return PAGE_ACTIVATE
    if page.references == PAGEREF_KEEP:
        return PAGE_KEEP
    return PAGE_KEEP | PAGE_SOON if page.flags & (PG_anon | PG_dirty) == PG_dirty else PAGE_PAGEOUT
