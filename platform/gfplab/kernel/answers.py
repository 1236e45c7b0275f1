"""The answers of decisions by name, and the reasons for which a decision is asked; steps.py has those of mempool_step.

Policies import these names and return them.
"""

# shrink_page_list: what becomes of one page
PAGE_KEEP = 0  # it goes back to the inactive list
PAGE_ACTIVATE = 1
PAGE_FREE = 2  # freed, if that takes no write
PAGE_PAGEOUT = 3  # freed; written first if it is dirty
PAGE_WAIT = 4  # looked at again when its write has ended
PAGE_MASK = 7
PAGE_SOON = 8  # with one of these: a dirty page that is kept goes to the cold end of its list once it is written

# page.references: what its accessed bit and PG_referenced say of a page
PAGEREF_RECLAIM = 0
PAGEREF_RECLAIM_CLEAN = 1  # not worth a write yet
PAGEREF_KEEP = 2
PAGEREF_ACTIVATE = 3

# wq_dispatch: what becomes of a work, and why that is asked
WQ_HOLD = 0  # it waits, inactive, until another of its workqueue ends
WQ_RUN = 1  # it goes to the worker pool
WQ_RESCUE = 2  # it goes to the worker pool, and its workqueue's rescuer is called
WQ_QUEUED = 1  # wq.reason: queue_work()
WQ_ENDED = 2  # a work of the workqueue has ended, and this one waits
WQ_NO_WORKER = 3  # it is in the pool, no worker is idle, and making one takes too long

# should_reclaim_retry: what the allocator's slow path does next; n > 0 is a nap of that many ns before it tries again
SLOWPATH_RETRY = 0
SLOWPATH_OOM = -1  # the OOM killer has its turn
SLOWPATH_FAIL = -2  # the allocation fails
