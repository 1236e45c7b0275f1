"""An element that comes back goes to the allocator as long as those still out are enough to fill the reserve.

mempool_free() fills the reserve first, so after a storm every element of it is cold, and the ones that the allocator
would have handed out warm are spent on it.  The guarantee is about min_nr elements, in the reserve or out: whoever
comes last refills it.  Waiters are served first, for an element given to the allocator wakes nobody.

Against it: the reserve stays empty for as long as the storm lasts, and rests on those who hold its elements.
"""

from gfplab import hookimpl


@hookimpl
def mempool_free(pool):
    return pool.nr_waiters > 0 or pool.curr_nr + pool.outstanding < pool.min_nr
