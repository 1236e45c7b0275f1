"""The decision points of the simulated kernel, as a policy author sees them.

Each function below is one question.  A policy answers it with a function of the same name, marked `@hookimpl`, that
takes as many of the arguments as it needs.  Arguments are records: whole numbers under the kernel's own field names,
listed by `gfplab explain DECISION`.  `my` holds the plugin's tunables and state.  An answer is one whole number.

A policy is asked in the middle of the simulated code path, takes no simulated time, and may write nothing but `my`.
"""

from gfplab.policy.markers import hookspec

FAMILIES = {
    "mempool": ("mempool_step", "mempool_free", "mempool_magazine"),
    "allocator": (
        "gfp_to_alloc_flags",
        "should_reclaim_retry",
        "setup_per_zone_wmarks",
        "zone_batchsize",
        "zone_highsize",
    ),
    "reclaim": ("get_scan_count", "too_many_isolated", "shrink_page_list", "wakeup_kswapd", "zone_balanced"),
    "throttle": (
        "throttle_direct_reclaim",
        "throttle_vm_writeout",
        "wait_iff_congested",
        "reclaim_throttle",
        "balance_dirty_pages",
    ),
    "device": ("inflight_gate",),
    "workqueue": ("wq_dispatch",),
}


@hookspec
def mempool_step(pool, zone, task, call, my):
    """What mempool_alloc() does next: try the allocator, take from the reserve, wait, or fail.

    Asked at the start of a call (call.last == 0) and again after every step that did not end it: an ALLOC that failed,
    a RESERVE that found the pool empty, a WAIT that is over.  A step that yields an element ends the call.  call.last
    is STEP_ALLOC, STEP_RESERVE or STEP_WAIT; call.attempts, call.waits and call.steps count what happened so far.
    call.full is the caller's mask with __GFP_NOMEMALLOC, __GFP_NORETRY and __GFP_NOWARN; call.optimistic is the same
    without __GFP_DIRECT_RECLAIM and __GFP_IO; call.may_sleep says whether the caller may WAIT.  A caller that may
    sleep never gets FAIL in Linux.

    Reads:   pool (its reserve and its history), zone (the highest one), task (the caller), call (this call so far)
    Writes:  my
    Returns: ALLOC(gfp_mask), RESERVE, WAIT(nanoseconds) or FAIL; ALLOC(mask) | STEP_LESS_THROTTLE sets PF_LESS_THROTTLE
             while the attempt runs, and of rights that Linux does not have, STEP_NO_THROTTLE lets it sleep at no
             throttle point, STEP_BAIL_OUT ends it where it would have slept, STEP_LIGHT_RECLAIM cuts its reclaim down
             to one batch of clean file pages
    Stock:   ALLOC(optimistic), RESERVE, ALLOC(full), then for ever RESERVE, WAIT 5 s, ALLOC(full)
    Models:  mempool_alloc() of mm/mempool.c (v4.7.y)
    Unasked: when a pool is filled at boot
    """


@hookspec
def mempool_free(pool, zone, my):
    """Whether an element that comes back goes into the reserve or to the allocator.

    Asked for every element returned while the reserve is short (pool.curr_nr < pool.min_nr); a full reserve takes none.
    An element put into the reserve wakes all waiters of the pool; one given to the allocator wakes nobody.

    Reads:   pool, zone (the highest one)
    Writes:  my
    Returns: 1 for the reserve, 0 for the allocator
    Stock:   the reserve, always
    Models:  mempool_free() of mm/mempool.c (v4.7)
    Unasked: while the reserve is full
    """


@hookspec
def mempool_magazine(pool, my):
    """How many elements of a pool's reserve each CPU may keep for itself, to be had without the pool's lock.

    Asked whenever an element is taken from the reserve or goes back into it.  pool.curr_nr counts the magazines in:
    they are parts of the reserve.  A CPU refills and flushes its magazine by halves, and takes from those of others
    when the rest of the reserve is empty, so that no element is out of reach.

    Reads:   pool
    Writes:  my
    Returns: 0 .. 16 elements; 0 = no magazines
    Stock:   0: no Linux has them
    Models:  the magazines of Bonwick and Adams (2001), in front of the reserve of mm/mempool.c
    Unasked: for elements that come from the allocator or go back to it
    """


@hookspec
def gfp_to_alloc_flags(task, request, my):
    """How far below the watermarks an allocation may go, once the fast path has failed.

    Asked at every turn of the allocator's slow path.  The mark is ALLOC_WMARK_MIN, _LOW or _HIGH; ALLOC_HIGH halves
    it, ALLOC_HARDER takes another quarter off, ALLOC_NO_WATERMARKS ignores it: the only right that can use up the last
    page.  v6.1 calls the first two ALLOC_MIN_RESERVE and ALLOC_NON_BLOCK (the second counts only beside the first), and
    ALLOC_OOM halves what is left.

    Reads:   task (pf_flags), request (gfp_mask, loops, in_irq, what the last reclaim freed)
    Writes:  my
    Returns: ALLOC_* bits
    Stock:   ALLOC_WMARK_MIN, ALLOC_HIGH with __GFP_HIGH, ALLOC_HARDER with __GFP_ATOMIC; ALLOC_NO_WATERMARKS for
             __GFP_MEMALLOC, PF_MEMALLOC and OOM victims; __GFP_NOMEMALLOC forbids ALLOC_HARDER and ALLOC_NO_WATERMARKS.
             v6.1: ALLOC_NON_BLOCK for all who may not sleep, and OOM victims get ALLOC_OOM only
    Models:  gfp_to_alloc_flags() and __gfp_pfmemalloc_flags() of mm/page_alloc.c (v4.7, 6.1.192)
    Unasked: in the fast path, which looks at the low mark whoever comes
    """


@hookspec
def get_scan_count(vm, zone, lruvec, scan, my):
    """Which share of a reclaim pass goes to anonymous memory, which to the page cache.

    Asked once per lruvec and priority.  The pass looks at (size of the list >> scan.priority) pages of each list, times
    the share of its type.

    Reads:   vm, zone (free, wmark_high), lruvec (list sizes, recently scanned and rotated), scan (priority, swappiness,
             may_swap, vm_swap_pages)
    Writes:  my
    Returns: the share of anon in 1/65536: 0 = file only, 65536 = anon only; -1 = all of both (SCAN_EQUAL)
    Stock:   file only without swap; both at priority 0; anon only when file is nearly gone; file only while the
             inactive file list is long enough; else by swappiness and by how often scanned pages turned out to be in
             use (v6.1: by what either type has cost, lruvec.anon_cost and lruvec.file_cost; the two conditions before
             it are scan.file_is_tiny and scan.cache_trim_mode)
    Models:  get_scan_count() of mm/vmscan.c (v4.7, v6.1)
    Unasked: when kswapd only ages the active anonymous list
    """


@hookspec
def too_many_isolated(lruvec, task, scan, my):
    """Whether a reclaimer must wait before it takes more pages off the inactive list.

    Asked before every batch of up to 32 pages, for the type scan.file (0 anon, 1 file); after a yes the caller sleeps
    in congestion_wait() for 100 ms and asks again, for ever (v6.1: once in reclaim_throttle(), then it gives up).

    Reads:   lruvec (inactive and isolated pages of the type), task, scan (gfp_mask, file, kswapd)
    Writes:  my
    Returns: 1 = wait, 0 = go on
    Stock:   more pages are isolated than inactive; for callers with both __GFP_IO and __GFP_FS, more than an eighth, so
             that callers without them never queue behind them; kswapd never waits
    Models:  too_many_isolated() of mm/vmscan.c (v4.7); T2 of the throttle points
    Unasked: before batches of an active list
    """


@hookspec
def throttle_direct_reclaim(vm, task, scan, my):
    """Whether a task that enters direct reclaim first waits for kswapd to refill the emergency reserve.

    Asked once, at the entry of try_to_free_pages().  scan.pfmemalloc_free and scan.pfmemalloc_reserve are the sums of
    free pages and of the min watermarks over the zones that have something to reclaim; a reserve of 0 means that no
    zone has.  Sleepers are woken when kswapd has half of the reserve free again.

    Reads:   vm, task (pf_flags, killed), scan (gfp_mask, pfmemalloc_free, pfmemalloc_reserve)
    Writes:  my
    Returns: 0 = no, n > 0 = sleep at most n ns, -1 = sleep until woken
    Stock:   when no more than half of the reserve is free: callers without __GFP_FS at most 1 s, others until woken;
             kernel threads and dying tasks never
    Models:  throttle_direct_reclaim() of mm/vmscan.c (v4.7); T1
    Unasked: for kswapd, which never enters by that door
    """


@hookspec
def throttle_vm_writeout(vm, task, scan, my):
    """How long a reclaimer sleeps at the end of a shrink because too many pages are under writeback.

    Asked after every shrink of a zone, even one that freed enough, kswapd included.  A caller with both __GFP_IO and
    __GFP_FS is asked again after each nap until the answer is 0; any other leaves after one nap.  scan.limit is 1.1
    times the larger of the dirty threshold, computed afresh, and the slowly falling dirty_limit.

    Reads:   vm (nr_writeback, which counts swap pages too, and nr_unstable), task (pf_flags), scan (limit, throttled)
    Writes:  my
    Returns: nanoseconds to nap in congestion_wait(); 0 = go on
    Stock:   100 ms while nr_writeback + nr_unstable exceeds the limit; v6.1: 0
    Models:  throttle_vm_writeout() of mm/page-writeback.c (v4.7; removed in v4.9); T5
    Unasked: after a shrink that STEP_BAIL_OUT or STEP_LIGHT_RECLAIM has cut short
    """


@hookspec
def wait_iff_congested(vm, zone, task, scan, my):
    """How long a reclaimer naps after a batch of the inactive list because the devices cannot keep up.

    Asked twice after every batch, in v4.7 only: with scan.point == 3 for everybody (pages under writeback came round
    again: scan.nr_immediate), with scan.point == 4 for everybody but kswapd (the zone is congested).

    Reads:   vm (nr_bdi_congested), zone (flags), task (pf_flags, bdi), scan (point, nr_immediate, bdi_congested)
    Writes:  my
    Returns: nanoseconds to nap; 0 = go on
    Stock:   nobody whose PF_LESS_THROTTLE protects it (that needs a backing device of its own that is not congested);
             at point 3, 100 ms if nr_immediate > 0; at point 4, 100 ms if the zone has ZONE_CONGESTED and some backing
             device is congested
    Models:  current_may_throttle(), shrink_inactive_list() of mm/vmscan.c, wait_iff_congested() of mm/backing-dev.c
             (v4.7); T3 and T4
    Unasked: in v6.1
    """


@hookspec
def reclaim_throttle(vm, lruvec, task, scan, my):
    """How long a reclaimer sleeps because of what it met: v5.16 put this one question in the place of most others.

    Asked with scan.reason: VMSCAN_THROTTLE_WRITEBACK (kswapd met pages under writeback a second time), _CONGESTED
    (direct reclaim in a node where all dirty pages wait for devices), _NOPROGRESS (direct reclaim at priority 1 has
    freed nothing) or _ISOLATED (reclaimers hold too many pages).  A kernel thread other than kswapd is never asked
    about, for it never sleeps here.  v4.7 never asks.

    Reads:   vm, lruvec (the node's), task (pf_flags), scan (reason, priority, kswapd, jiffy_ns)
    Writes:  my
    Returns: nanoseconds to sleep at most, unless woken earlier for that reason; 0 = go on
    Stock:   v6.1: 100 ms for WRITEBACK, 20 ms for ISOLATED, one jiffy for CONGESTED and NOPROGRESS; kernel threads but
             kswapd never.  v4.7: 0
    Models:  reclaim_throttle() of mm/vmscan.c (v6.1)
    Unasked: in v4.7
    """


@hookspec
def inflight_gate(vm, crypt, task, my):
    """Whether one more swap bio may enter a device-mapper device, or its submitter waits until one has left.

    Asked for every swap bio before the device maps it, in the context of whoever swaps out: kswapd or a direct
    reclaimer; and again, on behalf of the longest waiter, when a swap bio leaves (in interrupt context).  A device with
    none in flight admits one unasked.

    Reads:   vm, crypt (swap_bios, the device's own limit; swap_bios_out, those in flight), task (who waits)
    Writes:  my
    Returns: 1 = admit, 0 = wait
    Stock:   v6.1: fewer in flight than crypt.swap_bios, 2048 unless set otherwise; 0 means no limit.  v4.7 has no such
             limit and admits all; a scenario that sets one has it kept there too
    Models:  the semaphore swap_bios in __map_bio() of drivers/md/dm.c (v5.12 and later)
    Unasked: for bios of filesystems, and where swap is not on a dm device
    """


@hookspec
def shrink_page_list(vm, zone, task, scan, page, my):
    """What becomes of one page that a reclaimer has taken off an inactive list: free, write, activate, keep or wait.

    Asked for each page once it is locked, its accessed bit has been read and cleared (page.references; a page under
    writeback keeps its own) and the batch counts it.  Counting is not the policy's: a page under writeback is marked
    PG_reclaim and counted for the throttles, whatever is answered.  What the caller's mask forbids does not happen
    either: without __GFP_IO an anonymous page gets no place in swap and is not written, a file page is written by
    kswapd only, nobody writes where scan.may_writepage is 0, and what cannot be done leaves the page where it was.  A
    page that is to be freed is unmapped first; PAGE_FREE then keeps it if it is dirty.  PAGE_WAIT sleeps without a
    time limit until the page's write has ended, and asks again.

    Reads:   vm (pgdat_flags), zone (flags), task (who reclaims), scan (gfp_mask, kswapd, priority, may_writepage), page
             (flags: PG_*; references: PAGEREF_*)
    Writes:  my
    Returns: PAGE_KEEP, PAGE_ACTIVATE, PAGE_FREE (if it is clean), PAGE_PAGEOUT (written first if it is dirty) or
             PAGE_WAIT; with | PAGE_SOON a dirty page goes to the cold end of its list when it has been written
    Stock:   under writeback: keep (v6.1: activate); touched: activate (v6.1: on the second touch, keep on the first);
             a dirty file page is left to the flushers, PAGE_SOON, unless this is kswapd and it has met little else
             (ZONE_DIRTY; v6.1: PGDAT_DIRTY, and only what came round again); all others PAGE_PAGEOUT
    Models:  shrink_page_list() of mm/vmscan.c (v4.7), shrink_folio_list() (v6.1)
    Unasked: for pages that somebody else has locked or whose owner is gone.  The stock kernel of the era is not asked
             either where it has but one answer: under writeback, and about anonymous pages that a caller without
             __GFP_IO and __GFP_FS can only keep
    """


@hookspec
def wakeup_kswapd(vm, zone, my):
    """Whether a sleeping kswapd is woken.

    Asked at every turn of the allocator's slow path with __GFP_KSWAPD_RECLAIM, and by whoever is about to sleep in
    throttle_direct_reclaim().  vm.kswapd_balanced is 1 while no zone is short: v4.7 wants each zone balanced that the
    request may use, v6.1 any one of them.

    Reads:   vm (kswapd_balanced, kswapd_boosted, kswapd_failures, nr_free), zone (the highest that the request may use)
    Writes:  my
    Returns: 1 = wake it, 0 = let it sleep
    Stock:   when a zone is short; v6.1: also for a boosted one, but not after 16 runs in a row that freed nothing
    Models:  wakeup_kswapd() of mm/vmscan.c (v4.7, v6.1)
    Unasked: while kswapd is awake
    """


@hookspec
def zone_balanced(vm, zone, my):
    """Whether kswapd has done enough for a zone.

    Asked by kswapd before it sleeps, before each round over the zones and after it, and for wakeup_kswapd() to find
    out who is short.  zone.balance_mark is what Linux would have free: the high mark and what the occasion adds to it
    (a boost, 1 % of the zone in v4.7 while kswapd is at work on it, what the zone keeps from higher classes).

    Reads:   vm, zone (free, balance_mark, wmark_low, wmark_high, managed)
    Writes:  my
    Returns: 1 = enough, 0 = go on
    Stock:   more free pages than zone.balance_mark
    Models:  zone_balanced() of mm/vmscan.c (v4.7), the test of pgdat_balanced() (v6.1)
    Unasked: in v4.7 about zones in which nothing more can be reclaimed
    """


@hookspec
def balance_dirty_pages(vm, task, dtc, disk, my):
    """How long a task that dirties page cache pauses.

    Asked each time that a task has dirtied its allowance (tasks.nr_dirtied_pause pages), free run included, and again
    after a pause as long as dtc.task_ratelimit is 0, which is how Linux stops a writer.  Pauses are ticks, so an answer
    is rounded up to one; an answer of 0 where Linux would have paused forgives the debt.

    Reads:   vm (dirty_limit, nr_writeback, nr_free), task (pf_flags, nr_dirtied), dtc (freerun; thresh, bg_thresh,
             dirty and the same of its device; task_ratelimit, pause, min_pause, max_pause), disk (rates of the device)
    Writes:  my
    Returns: nanoseconds to pause, at most 200 ms (longer ones are cut); 0 = go on
    Stock:   in free run 0; else dtc.pause, at most dtc.max_pause; 0 if that is less than dtc.min_pause
    Models:  balance_dirty_pages() of mm/page-writeback.c (v4.7, v6.1)
    Unasked: for swap, which dirties no page cache
    """


@hookspec
def should_reclaim_retry(vm, task, request, my):
    """What the allocator does when a round of direct reclaim has not led to a page.

    Asked at the end of each round.  request.loops counts the rounds in a row that freed nothing, request.reclaimed is
    what the last one freed, request.may_pass says whether a zone would pass its min mark if all that is reclaimable
    were free (v4.7 counts on less of it with every fruitless round), request.congested that most of that is dirty or
    under writeback.

    Reads:   vm, task (pf_flags), request (gfp_mask, loops, reclaimed, may_pass, congested)
    Writes:  my
    Returns: SLOWPATH_RETRY, n > 0 = retry after a nap of at most n ns, SLOWPATH_OOM = let the OOM killer have its turn,
             SLOWPATH_FAIL = no page (with __GFP_NOFAIL: retry)
    Stock:   the OOM killer after 16 fruitless rounds or when nothing would help, else retry; v4.7 naps 100 ms first if
             the round freed nothing and request.congested
    Models:  should_reclaim_retry() of mm/page_alloc.c (v4.7, v6.1)
    Unasked: with __GFP_NORETRY, which fails after one round: so never inside mempool_alloc(); without
             __GFP_DIRECT_RECLAIM, and for a task that is in reclaim already
    """


@hookspec
def setup_per_zone_wmarks(vm, zone, my):
    """How far apart the marks of a zone are.

    Asked once for each zone, before the clock starts.  low = min + the answer, high = min + twice the answer: kswapd is
    woken below low and stops at high, so the answer is what may be taken while it wakes.  Memory has been laid out by
    the stock marks.

    Reads:   vm (watermark_scale_factor), zone (managed, wmark_min)
    Writes:  my
    Returns: pages
    Stock:   a quarter of the min mark, at least vm.watermark_scale_factor / 10000 of the zone
    Models:  __setup_per_zone_wmarks() of mm/page_alloc.c (v4.6 and later)
    Unasked: while the machine runs
    """


@hookspec
def zone_batchsize(vm, zone, my):
    """How many pages move at once between a CPU's list and the buddy lists.

    Asked once for each zone, before the clock starts.  One passed watermark test may be followed by a whole refill.

    Reads:   vm, zone (managed)
    Writes:  my
    Returns: pages; single ones move even where the answer is 0
    Stock:   a quarter of a thousandth of the zone, at most 32 (v6.1: 64), made 2^n - 1; 0 for a very small zone
    Models:  zone_batchsize() of mm/page_alloc.c (v4.7, v6.1)
    Unasked: while the machine runs
    """


@hookspec
def zone_highsize(vm, zone, pcp, my):
    """How many free pages a CPU may keep to itself.

    Asked once for each zone and CPU, before the clock starts and after zone_batchsize(); a list that is as long gives a
    batch back.  Pages on these lists are not free for anybody else, nor for the watermarks.

    Reads:   vm (nr_cpus), zone (managed, wmark_low), pcp (batch)
    Writes:  my
    Returns: pages; with 0 each page that is freed goes to the buddy lists at once
    Stock:   six batches; v6.1: what of the low mark falls to a CPU, at least four batches
    Models:  pageset_set_high_and_batch() (v4.7) and zone_highsize() (v6.1) of mm/page_alloc.c
    Unasked: while the machine runs; in v6.1 four batches are the limit while kswapd works on the zone
    """


@hookspec
def wq_dispatch(vm, wq, worker_pool, my):
    """Whether the next work of a workqueue goes to the workers, waits, or has the rescuer called for it.

    Asked with wq.reason: WQ_QUEUED (a work was queued), WQ_ENDED (one has ended and another waits; again until the
    answer is WQ_HOLD or none waits) or WQ_NO_WORKER (works are pending, no worker is idle, and making one has taken
    10 ms, then every 100 ms; here all but WQ_RESCUE mean no).  Works of a workqueue start in their order.  A workqueue
    always has one work active, and one without a rescuer (not WQ_MEM_RECLAIM) is not rescued.

    Reads:   vm, wq (reason, nr_active, nr_inactive, max_active, rescuer), worker_pool (nr_idle, nr_workers, nr_pending,
             creating)
    Writes:  my
    Returns: WQ_RUN, WQ_HOLD or WQ_RESCUE (run, and call the rescuer)
    Stock:   run while fewer than wq.max_active are active, else hold; rescue when there is no worker
    Models:  queue_work(), pwq_dec_nr_in_flight() and pool_mayday_timeout() of kernel/workqueue.c (v4.7)
    Unasked: for works that run in a task of their own, as dmcrypt_write does
    """
