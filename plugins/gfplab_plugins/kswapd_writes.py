"""Only kswapd writes: whoever reclaims for itself frees what is clean and leaves the rest.

The rule for page cache since v3.2 (Mel Gorman, July 2011, "do not writeback filesystem pages in direct reclaim"): a
writer deep in somebody's stack sends pages one by one, out of order, and then has to wait for them.  Here it holds for
swap as well, which Linux never asked: direct reclaim still gives anonymous pages their place in swap, and kswapd alone
submits them, so no allocation pays for a write and none has a part in the bios that it will wait for.  File pages are
the flushers' altogether, as in kernels of today.

What it costs: one thread has to keep up with all, and a direct reclaimer finds less to free.
"""

from gfplab import hookimpl
from gfplab.kernel.answers import (
    PAGE_ACTIVATE,
    PAGE_FREE,
    PAGE_KEEP,
    PAGE_PAGEOUT,
    PAGE_SOON,
    PAGEREF_ACTIVATE,
    PAGEREF_KEEP,
)
from gfplab.kernel.types import PG_anon, PG_dirty, PG_writeback


@hookimpl
def shrink_page_list(vm, scan, page):
    if page.references == PAGEREF_KEEP:
        return PAGE_KEEP
    if page.references == PAGEREF_ACTIVATE:
        return PAGE_ACTIVATE
    if page.flags & PG_writeback or page.flags & (PG_anon | PG_dirty) == PG_dirty:
        return (PAGE_ACTIVATE if vm.era >= 61 else PAGE_KEEP) | PAGE_SOON
    return PAGE_PAGEOUT if scan.kswapd else PAGE_FREE
