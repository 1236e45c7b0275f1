"""Nobody waits at the entry of direct reclaim for kswapd to refill the emergency reserve.

As it was before v3.6, when Mel Gorman put throttle_direct_reclaim() there for swap over the network: reclaimers in
numbers could use up the reserve that the network needs to complete a write.  Where swap is a disk behind dm-crypt the
writes live on mempools, and a task that sleeps here, up to a second without __GFP_FS, waits for a reserve that its
device does not draw on.
"""

from gfplab import hookimpl


@hookimpl
def throttle_direct_reclaim():
    return 0
