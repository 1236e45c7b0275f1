"""An allocation that may not enter the filesystem fails after a few fruitless rounds, instead of trying for ever.

"Too small to fail" (LWN, December 2014): up to eight pages the allocator never gives up, and a caller that holds locks
which reclaim needs hangs with it.  Johannes Weiner let such allocations fail in v4.0-rc (February 2015); it was taken
back within weeks, because their callers had never seen a failure.  A mempool is the caller that has an answer to it,
which is why mempool_alloc() asks with __GFP_NORETRY and gets here in no kernel.
"""

from gfplab import hookimpl, tunable
from gfplab.kernel.answers import SLOWPATH_FAIL, SLOWPATH_OOM, SLOWPATH_RETRY
from gfplab.kernel.gfp import __GFP_FS
from gfplab.units import MSEC

rounds = tunable(1, low=1, high=16, help="fruitless rounds before such an allocation fails")


@hookimpl
def should_reclaim_retry(vm, request, my):
    if not request.gfp_mask & __GFP_FS and request.loops >= my.rounds:
        return SLOWPATH_FAIL
    if request.loops > 16 or not request.may_pass:
        return SLOWPATH_OOM
    if vm.era < 61 and request.congested and request.reclaimed == 0:
        return 100 * MSEC
    return SLOWPATH_RETRY
