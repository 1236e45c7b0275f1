"""Every function that kernel files call of one another: its signature, if it may sleep, and one line on what it does.

As in C, a kernel file includes prototypes, not other files: the call graph of the kernel is a circle, imports are not.
The link step binds the names in all modes and refuses a prototype that lacks a definition or differs from it.
"""

from gfplab.engine.subset import prototype

# bio.py


@prototype(blocking=True)
def bio_alloc_bioset(k, bioset, gfp_mask):
    """A bio of the set; 0 only if the mask may not sleep."""


@prototype(blocking=True)
def bio_alloc_rescue(k, bioset):
    """The rescuer's work item: submit what was punted, until nothing is left. It never runs twice at once."""


@prototype(blocking=False)
def bio_endio(k, bio):
    """The bio's I/O is done: tell its owner, and the owner's owner, up to the bio that was submitted first."""


@prototype(blocking=False)
def bio_init(k, bioset, element, gfp_mask):
    """A fresh bio around a mempool element. Slot 0 keeps the free list (next) and the highest slot used (used)."""


@prototype(blocking=False)
def bio_list_add(k, t, bio):
    """Park a bio at the end of task t's current->bio_list."""


@prototype(blocking=False)
def bio_list_pop(k, t):
    """The bio parked first, or 0."""


@prototype(blocking=False)
def bio_put(k, bio):
    """Give the bio back: its element to the pool (whose waiters wake), its record to the free list."""


# blk_core.py


@prototype(blocking=False)
def blk_add_plugged(k, request):
    """Hold a request back in the current task's plug, which is flushed first if it is full."""


@prototype(blocking=False)
def blk_attempt_merge(k, request, bio):
    """1 if the bio continues the request, or precedes it, on the same disk in the same direction, and there is room."""


@prototype(blocking=False)
def blk_attempt_plug_merge(k, bio):
    """1 if the bio could join a request of this task's plug that it is adjacent to."""


@prototype(blocking=False)
def blk_finish_plug(k):
    """End a plug; the outermost lets the requests go."""


@prototype(blocking=False)
def blk_flush_plug_list(k, task):
    """Send a task's held-back requests to their queues."""


@prototype(blocking=False)
def blk_rq_free(k, request):
    """Give a request record back."""


@prototype(blocking=False)
def blk_rq_init(k, bio):
    """A request record for one bio. Slot 0 keeps the free list (next) and the highest slot used (used)."""


@prototype(blocking=False)
def blk_start_plug(k):
    """Hold back this task's requests, that adjacent ones may merge; nested plugs count as one."""


@prototype(blocking=True)
def generic_make_request(k, bio):
    """Hand a bio to its driver; inside a driver, park it until that has returned."""


@prototype(blocking=True)
def submit_bio(k, bio):
    """Start the I/O of a bio, which its end_io hears about. Writes: vm.pgpgin, vm.pgpgout."""


@prototype(blocking=True)
def submit_bio__v6_1(k, bio):
    """Start the I/O of a bio, which its end_io hears about. Its last call leaves no frame. Writes: pgpgin, pgpgout."""


@prototype(blocking=True)
def submit_bio_noacct_nocheck(k, bio):
    """Hand a bio to its driver; inside a driver, park it until that has returned."""


# blk_legacy.py


@prototype(blocking=False)
def bdi_congested(k, dev_kind, dev):
    """1 if writes to the device are congested; a dm device is if the one below is, and has no state of its own."""


@prototype(blocking=True)
def blk_queue_bio(k, bio):
    """Queue a bio on a legacy request queue: merge it, or take a request for it."""


@prototype(blocking=False)
def blk_run_queue(k, disk):
    """Dispatch from a legacy queue while the device has tags."""


@prototype(blocking=False)
def elv_insert(k, request):
    """Put a request at the end of its queue and dispatch what the device takes."""


@prototype(blocking=False)
def freed_request(k, disk, rw):
    """A legacy request is free: the task that waits longest for one of its direction wakes."""


# blk_mq.py


@prototype(blocking=False)
def blk_mq_end_request(k, request):
    """A request is done: its bios end in order, then its tag (or its place in a legacy queue) is free."""


@prototype(blocking=True)
def blk_sq_make_request(k, bio):
    """Merge the bio into the plug, or give it a request, which needs a tag even while it is only held back."""


# blk_mq_sched.py


@prototype(blocking=False)
def blk_mq_free_request(k, disk):
    """A request of a disk with a scheduler is complete: both its tags are free, and a queue that wanted one runs."""


@prototype(blocking=False)
def blk_mq_free_sched_tag(k, disk):
    """Free a scheduler tag; once a batch has been freed, as many sleepers wake."""


@prototype(blocking=False)
def blk_mq_run_hw_queue(k, disk, how):
    """Run a queue if anything is pending: here and now, or on kblockd."""


@prototype(blocking=True)
def blk_mq_submit_bio(k, bio):
    """Let a bio join a request of the plug or the elevator, or give it one, which the plug or the elevator takes."""


# blk_plug.py


@prototype(blocking=False)
def blk_add_rq_to_plug(k, request):
    """Hold a request back; the plug first lets go of what it has if it is full or its newest request is long enough."""


@prototype(blocking=False)
def blk_attempt_plug_merge__v6_1(k, bio):
    """1 if the bio could join the newest request that this task's plug holds for its disk; older ones are not tried."""


@prototype(blocking=False)
def blk_flush_plug_from_schedule(k, task):
    """Let the requests of a task's plug go, because it falls asleep: into the elevators, whose queues kblockd runs."""


@prototype(blocking=False)
def blk_mq_flush_plug_list(k, task):
    """Let the requests of the current task's plug go, disk by disk, in their order; the task itself runs each queue."""


@prototype(blocking=False)
def blk_mq_insert_flushed(k, disk):
    """What a task plugged that has fallen asleep enters the elevator, and kblockd runs the queue."""


# buddy.py


@prototype(blocking=False)
def add_to_free_list(k, page, z, order, migratetype, to_tail):
    """Put a free block on its list. Writes: free_areas, page links, page_buddy."""


@prototype(blocking=False)
def change_pageblock_range(k, page, order, migratetype):
    """Give all pageblocks of a free block of at least pageblock size to a type. Writes: pageblock_type."""


@prototype(blocking=False)
def del_page_from_free_list(k, page, z):
    """Take a free block off its list. Returns its order. Writes: free_areas, page links, page_buddy."""


@prototype(blocking=False)
def free_area(k, z, migratetype, order):
    """Where the list of zone z's free blocks of this type and order stands in k.free_areas."""


@prototype(blocking=False)
def __free_one_page(k, page, z, migratetype):
    """Give a page back to the buddy lists, merging as far as buddies are free; blocks of any type merge."""


@prototype(blocking=False)
def get_pageblock_migratetype(k, page):
    """The type of the pageblock that a page is in."""


@prototype(blocking=False)
def move_freepages_block(k, z, page, migratetype):
    """Put the free blocks of a page's pageblock onto another type's lists; a block cut by the zone's end stays."""


@prototype(blocking=False)
def pageblock_of(k, page):
    """The pageblock a page is in."""


@prototype(blocking=False)
def __rmqueue_smallest(k, z, migratetype, order):
    """2^order pages of the smallest free block of the type, whose rest is split onto the lists; 0 if there is none."""


# direct_reclaim.py


@prototype(blocking=False)
def init_scan(k, gfp_mask, cls, nr_to_reclaim, is_kswapd):
    """Fill the current task's scan_control. Writes: scans."""


@prototype(blocking=False)
def pfmemalloc_watermark_ok(k):
    """1 while free pages exceed half of the min marks of the zones that have anything to reclaim."""


@prototype(blocking=True)
def try_to_free_pages(k, gfp_mask, cls):
    """Direct reclaim on behalf of one allocation. Returns pages freed (1 if a throttled task was killed)."""


# dirty_throttle.py


@prototype(blocking=True)
def balance_dirty_pages_ratelimited(k, d):
    """Called for each page dirtied on device d: now and then, see whether the current task must wait."""


# disk.py


@prototype(blocking=False)
def disk_event(k, request):
    """The interrupt of a completed request."""


@prototype(blocking=False)
def queue_rq(k, request):
    """Give a request to the device, which will interrupt when it is done. Writes: disks, servers."""


# dm.py


@prototype(blocking=False)
def clone_endio(k, bio):
    """A clone has ended; returns the bio it was a piece of if that has ended with it, else 0."""


@prototype(blocking=True)
def dm_make_request(k, bio):
    """Map a bio of a dm device onto the device below."""


@prototype(blocking=True)
def dm_submit_bio(k, bio):
    """Map a bio of a dm device onto the device below."""


# dm_crypt.py


@prototype(blocking=False)
def crypt_add_page(k, io, page):
    """Add a ciphertext page to an io. Writes: crypt_ios, page links, vm.crypt_pages."""


@prototype(blocking=False)
def crypt_clone_init(k, io, clone):
    """Point a clone at the device below. Writes: bios, crypt_ios."""


@prototype(blocking=True)
def crypt_convert(k, io):
    """Run the cipher over every page of the io."""


@prototype(blocking=False)
def crypt_dec_pending(k, io):
    """One reason fewer for the io to live; returns its base bio if there is none left, else 0."""


@prototype(blocking=False)
def crypt_endio(k, bio):
    """The device is done with a clone; returns the base bio if it has ended with it, else 0."""


@prototype(blocking=False)
def crypt_free_buffer_pages(k, io):
    """Give an io's ciphertext pages back to the page pool."""


@prototype(blocking=True)
def crypt_map(k, clone):
    """The target's map(), in the submitter's context: a read goes down at once if a bio can be had without waiting."""


@prototype(blocking=True)
def kcryptd_crypt(k, io):
    """kcryptd's work item: encrypt a write, or decrypt what a read brought."""


@prototype(blocking=True)
def kcryptd_crypt_write_io_submit(k, io):
    """Put the ciphertext bio into the writer's tree and wake the writer if that was empty; or submit it at once."""


@prototype(blocking=True)
def kcryptd_io_read_work(k, io):
    """kcryptd_io's work item: the read again, now with the right to wait for its bio."""


# dm_crypt_write.py


@prototype(blocking=False)
def crypt_page_refused(k, pool, gfp_mask):
    """1 if a page pool may not allocate, because its device has as many pages as it may, those in reserve included."""


@prototype(blocking=True)
def kcryptd_crypt_write_convert__v6_1(k, io):
    """Get a ciphertext bio with its pages, encrypt into it, and pass it to the writer."""


# elevator.py


@prototype(blocking=False)
def blk_mq_sched_try_merge(k, disk, bio):
    """1 if the bio has joined a waiting request; which may close the gap to its neighbour and join that in turn."""


@prototype(blocking=False)
def elv_attempt_insert_merge(k, disk, request):
    """1 if a request on its way in was merged into a waiting one that it continues."""


# ext4.py


@prototype(blocking=False)
def end_file_bio_read(k, bio):
    """The pages of a file read are up to date: unlock them."""


@prototype(blocking=False)
def end_file_bio_write(k, bio):
    """The pages of a file write are clean."""


@prototype(blocking=True)
def ext4_mpage_readpages(k, f, index, nr):
    """Read nr pages of a file from index on, which are in the page cache, locked, and not up to date."""


@prototype(blocking=True)
def ext4_writepages(k, f, nr_to_write):
    """Write up to nr_to_write dirty pages of a file in order, from where the last call left off and round once."""


@prototype(blocking=True)
def vmscan_writepage(k, page):
    """mapping->a_ops->writepage(), as reclaim calls it."""


# fallback.py


@prototype(blocking=False)
def __rmqueue(k, z, migratetype, may_wake, no_fragment):
    """A page of the type from the buddy lists of the zone, borrowed if need be; 0 if it has none. Under zone->lock."""


@prototype(blocking=False)
def __rmqueue_fallback(k, z, migratetype, may_wake, min_order):
    """Put pages of another type onto this type's lists: the largest free block there is. 0 if there is none."""


# filemap.py


@prototype(blocking=True)
def __vfs_read(k, f, index, nr):
    """read() of nr whole pages. Returns pages read."""


@prototype(blocking=True)
def __vfs_write(k, f, index, nr):
    """write() of nr whole pages. Returns pages written."""


# folio_reclaim.py


@prototype(blocking=False)
def __remove_mapping(k, page):
    """Take a clean, locked page out of the swap cache or its file and unlock it, leaving a shadow. Returns FREED."""


@prototype(blocking=True)
def shrink_folio_list(k, nr):
    """Reclaim what can be of the nr pages in this task's hands; the others are left at the front of its list."""


# fs_writeback.py


@prototype(blocking=False)
def flusher_event(k, arg):
    """EV_FLUSHER: the interval of wb_wakeup_delayed() is over for device `arg`. Writes: disks."""


@prototype(blocking=False)
def __mark_inode_dirty(k, f):
    """A file got a dirty page: remember when it was the first, and let the flusher look at it in time."""


@prototype(blocking=False)
def wakeup_flusher_threads(k, nr):
    """Ask every device with dirty pages to write nr of them, or all (nr 0). Writes: disks."""


@prototype(blocking=False)
def wb_start_background_writeback(k, d):
    """Let the flusher of a device see whether too much is dirty."""


@prototype(blocking=False)
def wb_wakeup_delayed(k, d):
    """Wake the flusher of a device in dirty_writeback_interval, unless that is under way already. Writes: disks."""


# instrument.py


@prototype(blocking=False)
def account_direct_reclaim(k, ns, nr_reclaimed):
    """try_to_free_pages() returns: context_b says whether its task is inside mempool_alloc(). Writes: reclaim_cells."""


@prototype(blocking=False)
def account_interrupted_alloc(k):
    """An interrupt is over: the mempool_alloc() into which it fell took that much longer."""


@prototype(blocking=False)
def account_mempool_alloc(k, pool, step, reclaimed, slept, ns):
    """A mempool_alloc() ended with this step after `reclaimed` attempts that could reclaim and `slept` sleeps."""


@prototype(blocking=False)
def account_mempool_wait(k, pool, ns, timed_out):
    """One sleep on pool->wait is over. Writes: mempool_waits, mempool_wait_hist."""


@prototype(blocking=False)
def account_writeout_call(k):
    """throttle_vm_writeout() is entered. Writes: writeout_cells."""


@prototype(blocking=False)
def account_writeout_nap(k, ns):
    """A nap in throttle_vm_writeout() is over. Writes: writeout_cells."""


@prototype(blocking=False)
def account_writeout_spared(k, limit):
    """throttle_vm_writeout() lets the caller go on; was writeback above the limit? Writes: writeout_cells."""


# isolated_folios.py


@prototype(blocking=False)
def isolate_lru_folios(k, lru, nr_to_scan):
    """Take up to nr_to_scan of the oldest pages of a list into this task's hands; returns how many."""


@prototype(blocking=False)
def isolate_oldest(k, z, lru, nr):
    """isolate_lru_page() of the nr oldest pages of a list that holds no zone but `z`: the list is cut once."""


@prototype(blocking=False)
def move_folios_to_lru(k, nr):
    """Put what is left in this task's hands back onto the lists that the flags name. Returns pages put back."""


@prototype(blocking=False)
def putback_lru_pages(k, z, nr):
    """putback_lru_page() of the first nr pages in this task's hands, which are of one type and of zone `z`."""


# jiffies.py


@prototype(blocking=False)
def HZ(k):
    """Ticks a second."""


@prototype(blocking=False)
def jiffies(k):
    """Ticks since time 0."""


@prototype(blocking=False)
def timeout_ns(k, ns):
    """What schedule_timeout() makes of a time in this era: the wheel of v4.8 and later adds the tick that has begun."""


@prototype(blocking=False)
def timer_wheel_ns(k, n):
    """How long schedule_timeout(n) lasts at most, from v4.8 on: the wheel never fires early, so n ticks at least."""


# kept_folios.py


@prototype(blocking=False)
def keep_folios(k, i, left, nr):
    """From the i-th of the nr pages in this task's hands on, move those that stay as they are to place `left`."""


@prototype(blocking=False)
def keeps_anon(k):
    """1 if the scan can neither write an anonymous page nor give it a place in swap, and no policy minds each page."""


@prototype(blocking=False)
def pass_over_folios(k, lru, nr_to_scan):
    """Move a batch from the oldest to the newest end of its list if all of it stays as it is."""


# kept_pages.py


@prototype(blocking=False)
def keep_pages(k, z, i, left, nr):
    """From the i-th of the nr pages in this task's hands on, move those that stay to place `left`."""


@prototype(blocking=False)
def move_oldest(k, i, last, rest):
    """Move the oldest pages of list `i` up to `last`, as they are, before its newest; `rest` is the next, or 0."""


@prototype(blocking=False)
def pass_over_pages(k, z, lru, nr_to_scan):
    """Move a batch from the oldest to the newest end of its list if all of it stays there; returns how many pages."""


# kswapd.py


@prototype(blocking=False)
def wake_all_kswapds(k, order, cls):
    """One node, one kswapd."""


@prototype(blocking=False)
def wakeup_kswapd(k, cls):
    """Wake kswapd if it sleeps and a zone of the class is short, or as asked for."""


# locking.py


@prototype(blocking=True)
def mutex_lock(k, mutex):
    """Own the mutex, sleeping (D) as long as another does."""


@prototype(blocking=False)
def mutex_unlock(k, mutex):
    """Pass the mutex to the first sleeper, or free it."""


# log2.py


@prototype(blocking=False)
def ilog2(k, n):
    """The exponent of the largest power of two that is not above n; 0 for n < 2."""


@prototype(blocking=False)
def roundup_pow_of_two(k, n):
    """The least power of two that is not below n."""


# magazine.py


@prototype(blocking=False)
def magazine_refill(k, pool, rounds):
    """Under the pool's lock: fill half of this CPU's magazine from the rest of the reserve. Writes: pool, magazines."""


@prototype(blocking=False)
def magazine_return(k, pool, element, rounds):
    """Keep a returned element here; a full magazine first gives half of itself back under the lock. Writes: pool."""


@prototype(blocking=False)
def magazine_rounds(k, pool):
    """How many elements this CPU may keep for the pool; 0 = it has no magazine."""


@prototype(blocking=False)
def magazine_steal(k, pool):
    """Under the pool's lock, with nothing left outside the magazines: an element of the next CPU that has one."""


@prototype(blocking=False)
def magazine_take(k, pool):
    """An element of this CPU's magazine of the pool, or 0; the reserve's own account is the caller's business."""


# memory.py


@prototype(blocking=True)
def handle_mm_fault(k, vpn, write):
    """Make a virtual page present. 1 if it is; 0 if there was no memory or the task was killed (try again or die)."""


@prototype(blocking=False)
def mm_of(k, vpn):
    """The address space that a virtual page belongs to."""


@prototype(blocking=False)
def touch_page(k, page, write):
    """A touch of a resident page: the accessed bit, and a write fault's work if the swap cache still holds it."""


@prototype(blocking=False)
def try_to_unmap(k, page):
    """Replace the PTE of a swap-cache page by its slot. Writes: ptes, swap_map, mms."""


@prototype(blocking=False)
def zap_pte(k, vpn):
    """Forget one virtual page for ever: unmap it, free it or its slot if nothing else holds them. 1 if it was there."""


# mempool.py


@prototype(blocking=True)
def mempool_alloc(k, pool, gfp_mask):
    """An element of the pool; 0 only if the mask may not sleep or the policy says FAIL."""


@prototype(blocking=False)
def mempool_free(k, pool, element):
    """Give an element back: to the reserve while that is short of min_nr, else to the allocator; all waiters wake."""


@prototype(blocking=False)
def pool_full_ns(k, pool):
    """Nanoseconds so far during which the reserve was full."""


# mq_deadline.py


@prototype(blocking=False)
def dd_bio_merge(k, disk, bio):
    """1 if the bio has joined a request that waits in the elevator."""


@prototype(blocking=False)
def dd_dispatch_request(k, disk):
    """The request that goes to the device next, out of the elevator now; 0 if none waits."""


@prototype(blocking=False)
def dd_first_sorted(k, disk, rw):
    """The waiting request of the lowest sector of a direction, or 0."""


@prototype(blocking=False)
def dd_has_work(k, disk):
    """1 if requests wait in the elevator."""


@prototype(blocking=False)
def dd_insert_request(k, request):
    """Take a request in: merged, or into the sort and the FIFO of its direction. Writes: disks, requests."""


@prototype(blocking=False)
def dd_merged_requests(k, disk, request, following):
    """A request has swallowed the following one, and inherits its place in the FIFO if its deadline was earlier."""


# node_direct_reclaim.py


@prototype(blocking=False)
def allow_direct_reclaim(k):
    """1 while free pages exceed half of the min marks; if not, kswapd must be awake. Writes: scans, kswapd's state."""


@prototype(blocking=False)
def init_scan__v6_1(k, gfp_mask, cls, nr_to_reclaim, is_kswapd):
    """Fill the current task's scan_control. Writes: scans."""


@prototype(blocking=True)
def try_to_free_pages__v6_1(k, gfp_mask, cls):
    """Direct reclaim on behalf of one allocation. Returns pages freed (1 if a throttled task was killed)."""


# node_kswapd.py


@prototype(blocking=False)
def wakeup_kswapd__v6_1(k, gfp_mask, order, cls):
    """Wake kswapd if it sleeps, no eligible zone is at its high mark or one is boosted, and there is hope. 1: woken."""


# node_reclaim.py


@prototype(blocking=False)
def clear_batch_counts(k):
    """Nothing is known yet of the pages of a batch. Writes: scans."""


@prototype(blocking=True)
def shrink_active_list__v6_1(k, nr_to_scan, lru):
    """Move the oldest pages of an active list to the inactive one, touched or not: they belonged to the working set."""


@prototype(blocking=True)
def shrink_inactive_list__v6_1(k, nr_to_scan, lru):
    """Isolate a batch of an inactive list, reclaim it, put the rest back, count what was met. Returns pages freed."""


@prototype(blocking=True)
def shrink_node(k):
    """One pass over the node at the scan's priority, then what it says about the node: flags, and who has to wait."""


# oom.py


@prototype(blocking=True)
def exit_mmap(k, m, reaping):
    """Free an address space. The reaper leaves what is locked or under writeback; the exiting task takes the rest."""


@prototype(blocking=False)
def out_of_memory(k, t):
    """Kill the task with the most memory, unless a victim is still on its way out. 1: memory may come, try again."""


@prototype(blocking=False)
def out_of_memory__v6_1(k, t, gfp_mask):
    """The same in v6.1, where a request without __GFP_FS kills nobody: it is told to try again."""


# page_alloc.py


@prototype(blocking=True)
def alloc_pages_current(k, gfp_mask):
    """A page for the kernel itself, or 0."""


@prototype(blocking=True)
def alloc_pages_vma(k, gfp_mask):
    """A page for user memory, or 0."""


@prototype(blocking=False)
def drain_all_pages(k):
    """Empty every CPU's lists into the buddy lists."""


@prototype(blocking=False)
def free_hot_cold_page(k, page):
    """Free a page onto this CPU's list; past its high mark a batch goes back to the buddy lists."""


@prototype(blocking=False)
def get_page_from_freelist(k, gfp_mask, alloc_flags, cls):
    """A page from the highest zone that passes its watermark, or 0."""


@prototype(blocking=False)
def gfp_zone(k, gfp_mask):
    """The highest zone this mask may use (x86-64: all of memory unless DMA is asked for)."""


# page_fault.py


@prototype(blocking=False)
def free_pgtables(k, m):
    """Free the page tables of an address space that has ended. Writes: page_tables, vm."""


@prototype(blocking=True)
def __handle_mm_fault(k, vpn, write, tried):
    """Resolve one fault: FAULT_DONE or FAULT_MAJOR, FAULT_FAILED, or FAULT_RETRY after a wait for the page lock."""


@prototype(blocking=False)
def pte_allows(k, vpn, write):
    """1 if an access of the virtual page needs no fault."""


# page_io.py


@prototype(blocking=False)
def end_swap_bio_read(k, bio):
    """Completion of a swap-in: the page may be used."""


@prototype(blocking=False)
def end_swap_bio_write(k, bio):
    """Completion of a swap-out: writeback ends, the bio returns to its set."""


@prototype(blocking=True)
def swap_readpage(k, page, synchronous):
    """Start reading a locked swap-cache page; completion unlocks it. If synchronous, sleep until then (v6.1)."""


@prototype(blocking=True)
def swap_writepage(k, page):
    """Write a locked swap-cache page to its slot; it is under writeback and unlocked when this returns."""


# page_writeback.py


@prototype(blocking=False)
def clear_page_dirty_for_io(k, page):
    """Take the dirty mark off a page that is about to be written; 0 if it had none."""


@prototype(blocking=False)
def dirty_freerun_ceiling(k, thresh, bg_thresh):
    """Up to here nobody who dirties pages is made to wait."""


@prototype(blocking=False)
def domain_dirty_bg_thresh(k, avail, pf_flags):
    """Dirty pages at which the flushers start."""


@prototype(blocking=False)
def domain_dirty_thresh(k, avail, pf_flags):
    """Dirty pages at which a task with these flags is held back hard, of `avail` dirtyable ones."""


@prototype(blocking=False)
def end_page_writeback(k, page):
    """The write of this page is done: rotate it if reclaim asked to, count it, wake whoever waits for it."""


@prototype(blocking=False)
def global_dirty_limits(k):
    """Compute both thresholds as the current task sees them; returns the dirty threshold. Writes: vm."""


@prototype(blocking=False)
def global_dirtyable_memory(k):
    """Pages that page cache could use: what is free beyond the reserve, and all file pages. Never 0. Writes: vm."""


@prototype(blocking=False)
def hard_dirty_limit(k, thresh):
    """The larger of a threshold and the limit that follows it down slowly."""


@prototype(blocking=False)
def node_dirty_ok(k):
    """The same of v6.1, where the node is looked at and not the zone: 1 while it is within its dirty limit."""


@prototype(blocking=False)
def set_page_dirty(k, page):
    """Make a page dirty; 1 if it was not. A file page's file then waits for its flusher."""


@prototype(blocking=False)
def set_page_writeback(k, page):
    """A write of this page is on its way; 1 if one already was. Swap counts in NR_WRITEBACK like any other page."""


@prototype(blocking=False)
def writeout_limit(k):
    """Pages under writeback above which throttle_vm_writeout() naps: a tenth above the hard limit."""


@prototype(blocking=False)
def zone_dirty_ok(k, z):
    """1 while the zone is within its share of the dirty limit: asked for each allocation with __GFP_WRITE."""


@prototype(blocking=False)
def zone_totalreserve(k, z):
    """Pages of a zone that are nobody's to dirty: its high mark and what it keeps back from higher classes."""


# pcplist.py


@prototype(blocking=False)
def drain_all_pages__v6_1(k):
    """Empty all per-CPU lists into the buddy lists; a CPU whose lists another one drains cannot use them meanwhile."""


@prototype(blocking=False)
def free_unref_page(k, page):
    """Free a page onto this CPU's list of its pageblock's type, or to the buddy lists if that is locked."""


@prototype(blocking=False)
def gfp_migratetype(k, gfp_mask):
    """The mobility that a mask promises: nothing is MIGRATE_UNMOVABLE."""


@prototype(blocking=False)
def rmqueue(k, z, gfp_mask, no_fragment):
    """A page of the zone: from this CPU's list, else from the buddy lists; wakes kswapd where a boost asked for it."""


@prototype(blocking=False)
def take_free_pages(k, z, n):
    """NR_FREE_PAGES falls by n. Writes: zones, vm."""


# psi.py


@prototype(blocking=False)
def psi_memstall_enter(k, t):
    """The current task t begins to work or wait for lack of memory; may be nested. Writes: tasks, vm."""


@prototype(blocking=False)
def psi_memstall_leave(k, t):
    """Undo one psi_memstall_enter(). Writes: tasks, vm."""


@prototype(blocking=False)
def psi_update(k):
    """Bring vm.psi_some and vm.psi_full up to the time of this event. Writes: vm."""


# reclaim_throttle.py


@prototype(blocking=False)
def __acct_reclaim_writeback(k):
    """Writeback of a page has ended while tasks sleep for it: wake them all after 32 pages each. Writes: vm."""


@prototype(blocking=True)
def consider_reclaim_throttle(k):
    """After a pass: wake those who made no progress if this one freed an eighth of what it scanned, or join them."""


@prototype(blocking=True)
def reclaim_throttle(k, reason):
    """Sleep for a reason, until somebody finds that it is gone, or a time-out. 1 if it slept. Writes: vm, scans."""


@prototype(blocking=False)
def wake_throttle_isolated(k):
    """Reclaimers no longer hold too many pages."""


# scan_balance.py


@prototype(blocking=False)
def get_scan_count__v6_1(k):
    """Fill the scan's targets: (pages of the eligible zones >> priority) * the share of the type. Writes: scans."""


@prototype(blocking=False)
def prepare_scan_count(k):
    """Look at the whole node: which active lists may be shrunk, is there idle cache, is there any. Writes: scans."""


@prototype(blocking=False)
def snapshot_refaults(k):
    """Reclaim ends: activations of refaulted pages are counted from here on. Writes: lruvecs."""


@prototype(blocking=False)
def zone_reclaimable_pages__v6_1(k, z):
    """Pages of a zone that reclaim could ever free; of a zone with none, its free pages, so that nobody skips it."""


# shrink_page.py


@prototype(blocking=False)
def ask_about_page(k, z, page, flags, references):
    """Let the policy say what becomes of a locked page of zone `z`, and do it. Writes: page state."""


@prototype(blocking=False)
def page_referenced(k, page):
    """1 if the page was touched through its PTE since the last look; clears the accessed bit."""


@prototype(blocking=True)
def shrink_page_list(k, z, nr, force_reclaim):
    """Reclaim what can be of the nr pages in this task's hands; the others are left at the front of its list."""


# slab_order.py


@prototype(blocking=False)
def alloc_high_slab(k, cache, gfp_mask):
    """A slab of the cache's order with all its objects free: its first page, or 0. Writes: page arrays, caches."""


@prototype(blocking=False)
def discard_high_slab(k, cache, page):
    """Give an empty slab of several pages back to the buddy lists."""


@prototype(blocking=False)
def slab_objects(k, cache, page):
    """How many objects the slab with this first page holds."""


# slab_pages.py


@prototype(blocking=False)
def alloc_pages_nowait(k, gfp_mask):
    """__alloc_pages() of v6.1 under a mask without direct reclaim: the fast path, kswapd, what the rights allow."""


@prototype(blocking=True)
def allocate_slab(k, cache, gfp_mask):
    """The same in v6.1."""


@prototype(blocking=True)
def new_slab(k, cache, gfp_mask):
    """A fresh slab page, or 0. This is where an allocation from a slab may reclaim and be throttled, even twice."""


@prototype(blocking=False)
def slab_gfp(k, cache, gfp_mask):
    """The mask of a slab's page: SLAB_RECLAIM_ACCOUNT makes it reclaimable. Writes: nothing."""


# slowpath.py


@prototype(blocking=True)
def __alloc_pages(k, gfp_mask):
    """A page or 0: the fast path at the low watermark, then the slow path."""


@prototype(blocking=True)
def __folio_alloc(k, gfp_mask):
    """A page for user memory or the page cache, or 0."""


@prototype(blocking=False)
def request_of(k):
    """The current task's alloc_requests record: a reclaimer has a second one, for what it allocates itself."""


# slub.py


@prototype(blocking=False)
def init_slab(k, cache, page):
    """Turn a free page into a slab with all its objects free. Writes: page arrays, caches, zone counters."""


@prototype(blocking=True)
def kmem_cache_alloc(k, cache, gfp_mask):
    """An object, or 0 when the page allocator refuses a new slab under this mask."""


@prototype(blocking=False)
def kmem_cache_alloc_fastpath(k, cache):
    """Pop an object off this CPU's lock-free list, or 0. Writes: cpu_slabs."""


@prototype(blocking=False)
def kmem_cache_alloc_nowait(k, cache, gfp_mask):
    """An object without ever sleeping or reclaiming; a new slab only above the floor that the mask gives. 0 if none."""


@prototype(blocking=False)
def kmem_cache_free(k, cache, obj, this_cpu):
    """Return an object: to this CPU's list if it is of the current slab, else to its slab. obj is the slab's page."""


# swap.py


@prototype(blocking=False)
def activate_page(k, page):
    """Move a page of an inactive list to the newest end of the active one. Writes: lrus, vm, lruvecs."""


@prototype(blocking=True)
def folio_wait_bit_common(k, page):
    """Sleep until a page is unlocked; 1 when killed meanwhile. It counts as lack of memory if folio_thrashing()."""


@prototype(blocking=False)
def inactive_list_is_low(k, lv, file):
    """1 if inactive * ratio < active, the ratio growing with the square root of the lists' size in GiB."""


@prototype(blocking=False)
def isolate_lru_page(k, page):
    """Take a page off its list into the hands of a reclaimer. Writes: lruvecs.isolated_*."""


@prototype(blocking=False)
def link_newest(k, i, page):
    """Put a page at the newest end of list `i`, uncounted. Writes: lrus, page links."""


@prototype(blocking=True)
def __lock_page(k, page):
    """Sleep until the page lock can be taken, and take it."""


@prototype(blocking=False)
def lru_cache_add(k, page, active):
    """A new page joins the newest end of its inactive or active list."""


@prototype(blocking=False)
def lru_del(k, page):
    """Take a page that is on a list off it, before it is freed. An isolated page is on none."""


@prototype(blocking=False)
def lru_note_cost(k, lv, file, nr_pages):
    """Reclaim of one type has cost I/O: remembered until the sum of both costs exceeds a quarter of the lists."""


@prototype(blocking=False)
def lru_note_cost_refault(k, page):
    """A page of the working set had to be read again. Writes: lruvecs."""


@prototype(blocking=False)
def lru_size_add(k, lv, lru, n):
    """Keep the sizes that decisions read beside the list's own. Writes: lruvecs, lrus."""


@prototype(blocking=False)
def mark_page_accessed(k, page):
    """inactive,unreferenced -> inactive,referenced -> active,unreferenced -> active,referenced."""


@prototype(blocking=False)
def page_lru(k, page):
    """The list a page belongs on by its flags."""


@prototype(blocking=False)
def putback_lru_page(k, page):
    """Return an isolated page to the newest end of its list."""


@prototype(blocking=False)
def rotate_reclaimable_page(k, page):
    """Writeback of a page that reclaim waits for has ended: to the oldest end of its inactive list."""


@prototype(blocking=False)
def trylock_page(k, page):
    """1 if the page lock was free and is now taken."""


@prototype(blocking=False)
def unisolate(k, page):
    """Count a page out of the reclaimer's hands again. Writes: lruvecs.isolated_*."""


@prototype(blocking=False)
def unlock_page(k, page):
    """Drop the page lock and wake whoever sleeps on the page."""


@prototype(blocking=True)
def wait_on_page_bit_killable(k, page):
    """Sleep until the page is unlocked (a fault waiting for swap-in); 0, or 1 when killed meanwhile."""


@prototype(blocking=True)
def wait_on_page_writeback(k, page):
    """Sleep until the page is no longer under writeback."""


@prototype(blocking=False)
def wake_up_page(k, page):
    """Wake those who wait for the end of writeback."""


@prototype(blocking=False)
def zone_lru_size_add(k, z, lru, n):
    """A zone's part of the lists of its node. Writes: zones."""


# swap_cache.py


@prototype(blocking=False)
def add_to_swap__v6_1(k, page):
    """Give an anonymous page a slot and a swap-cache entry; it is dirty then. 0 if either is not to be had."""


@prototype(blocking=False)
def clear_shadow_from_swap_cache(k, slot):
    """A slot is free again: whoever gets it next must not find the shadow of its last page. Writes: swap_shadow."""


@prototype(blocking=False)
def delete_from_swap_cache__v6_1(k, page, shadow):
    """Remove a page from the swap cache, leaving its shadow there if it is being evicted; its slot may be freed."""


@prototype(blocking=False)
def folio_free_swap(k, page):
    """Take a locked page out of the swap cache if no PTE needs its slot; it is dirty then. 1 if taken out."""


@prototype(blocking=True)
def __read_swap_cache_async(k, slot):
    """The swap-cache page of a slot, or minus a new page, locked and to be read by the caller; 0: none can be had."""


@prototype(blocking=True)
def read_swap_cache_async__v6_1(k, slot, synchronous):
    """The swap-cache page of a slot or 0; one that was not cached is being read, or has been if synchronous."""


@prototype(blocking=False)
def swap_cache_get_folio(k, slot, vpn, m):
    """The page that caches a slot, or 0; tells the readahead of address space m where the fault was, and if it hit."""


# swap_clusters.py


@prototype(blocking=False)
def get_swap_pages(k, first, n):
    """Up to n free slots, put into swap_slots from index `first` on; returns how many. Writes: vm, swaps, swap_map."""


@prototype(blocking=False)
def __swap_entry_free(k, slot, usage):
    """Drop one kind of reference; with the last one the slot goes to a slot cache. 1 if it was the last."""


@prototype(blocking=False)
def swapcache_free_entry(k, slot):
    """A slot is free for all again, and so perhaps its cluster: that goes to the end of the free list."""


# swap_readahead.py


@prototype(blocking=True)
def swapin_readahead__v6_1(k, slot, vpn, m):
    """The page of a slot, perhaps still being read; 0 if there is no memory for it or the slot is gone."""


# swap_slots.py


@prototype(blocking=False)
def folio_alloc_swap(k):
    """A slot for a page that is to be swapped out, with SWAP_HAS_CACHE; 0 if there is none."""


@prototype(blocking=False)
def free_swap_slot(k, slot):
    """Nobody refers to a slot any more: into this CPU's cache of returned slots, which is emptied when full."""


# swap_state.py


@prototype(blocking=False)
def add_to_swap(k, page):
    """Give an anonymous page a slot and a swap-cache entry; it is dirty then. 0 if either is not to be had."""


@prototype(blocking=False)
def delete_from_swap_cache(k, page):
    """Remove a page from the swap cache; its slot lives on while a PTE refers to it."""


@prototype(blocking=False)
def free_swap_if_full(k, page):
    """After a swap-in: give the slot up early when swap space is short."""


@prototype(blocking=False)
def lookup_swap_cache(k, slot):
    """The page that caches a slot, or 0; a hit on a read-ahead page widens the window."""


@prototype(blocking=False)
def swapin_nr_pages(k, slot):
    """Pages to read around a slot: more after read-ahead hits, never above 2^page_cluster. Writes: vm.readahead_*."""


@prototype(blocking=True)
def swapin_readahead(k, slot):
    """Read a slot and its aligned neighbourhood in; returns the page of the slot itself, perhaps still locked, or 0."""


@prototype(blocking=False)
def try_to_free_swap(k, page):
    """Drop the swap-cache entry of a page whose slot no PTE needs. 1 if dropped: the page is then dirty anon memory."""


# swapfile.py


@prototype(blocking=False)
def get_swap_page(k):
    """A free slot, or 0: the next one of this CPU's cluster, else of a free cluster, else any. Writes: swaps, vm."""


@prototype(blocking=False)
def swap_entry_free(k, slot, usage):
    """Drop one kind of reference; the last one frees the slot. Writes: swap_map, swaps, vm."""


@prototype(blocking=False)
def vm_swap_full(k):
    """1 when less than half of the swap space is free: swap cache is then given up early."""


# throttle.py


@prototype(blocking=True)
def congestion_wait(k, ns):
    """Sleep until any backing device leaves congestion, at most ns, rounded up to ticks."""


@prototype(blocking=False)
def throttle_nap(k, ns):
    """What the current task may sleep where a throttle says ns (0: nothing, negative: until woken)."""


@prototype(blocking=True)
def throttle_vm_writeout(k, gfp_mask):
    """T5, at the end of every shrink: nap while too much is under writeback, however much the shrink has freed."""


@prototype(blocking=True)
def wait_iff_congested(k, z, ns):
    """congestion_wait() if a device is congested and the zone is full of pages for it; else only offer the CPU."""


# vmscan.py


@prototype(blocking=True)
def shrink_active_list(k, z, nr_to_scan, lru):
    """Move the oldest pages of an active list to the inactive one; touched pages count as rotated all the same."""


@prototype(blocking=True)
def shrink_inactive_list(k, z, nr_to_scan, lru):
    """Isolate a batch of an inactive list, reclaim it, put the rest back, throttle by what was met. Returns pages."""


@prototype(blocking=True)
def shrink_zone(k, z):
    """Reclaim from one zone at the scan's priority."""


@prototype(blocking=False)
def zone_reclaimable(k, z):
    """0 once six times the reclaimable pages were scanned since a page was last freed."""


@prototype(blocking=False)
def zone_reclaimable_pages(k, z):
    """Pages of the zone that reclaim could ever free: file pages, and anonymous ones while swap has room."""


# vmstat.py


@prototype(blocking=False)
def free_pcp_pages(k):
    """Pages parked on per-CPU lists."""


@prototype(blocking=False)
def hist_add(k, site, ns):
    """Count one latency of a site. Writes: hist, hist_sum, hist_max."""


@prototype(blocking=False)
def hist_add_bin(k, site, ns, which):
    """Count one latency of a site, whose bin is known. Writes: hist, hist_sum, hist_max."""


@prototype(blocking=False)
def hist_bin(k, ns):
    """Four bins per octave: 4 * floor(log2) + the two bits below the leading one."""


@prototype(blocking=False)
def kernel_bug(k, code, argument):
    """The model has caught itself in a state that cannot be: the simulation stops and says so."""


@prototype(blocking=False)
def smp_processor_id(k):
    """The CPU this code runs on."""


@prototype(blocking=False)
def vmstat_event(k):
    """EV_SAMPLE: take a sample and plan the next, unless a task of the machine does that."""


@prototype(blocking=False)
def vmstat_sample(k):
    """Append a row to the vmstat log. Writes: the log."""


# watermarks.py


@prototype(blocking=False)
def block_available(k, z, order):
    """1 if the zone has a free block of the order or larger, of any type; a single page is not looked for."""


@prototype(blocking=False)
def high_wmark_pages(k, z):
    """The high mark, boost included."""


@prototype(blocking=False)
def lowmem_reserve(k, z, cls):
    """zone->lowmem_reserve[cls]: pages of zone z that a request of class cls may not touch."""


@prototype(blocking=False)
def min_wmark_pages(k, z):
    """The min mark, raised by what fragmentation has boosted it (always 0 in v4.7)."""


@prototype(blocking=False)
def watermark_ok(k, z, order, mark, cls, alloc_flags, free):
    """__zone_watermark_ok() of v6.1: 1 if that many free pages pass, the rights in the flags and the reserve minded."""


@prototype(blocking=False)
def wmark_pages(k, z, alloc_flags):
    """The watermark that the flags select."""


@prototype(blocking=False)
def zone_watermark_fast(k, z, gfp_mask, cls, alloc_flags):
    """The test of v6.1 in front of each zone; an atomic request at the min mark does not mind the boost."""


@prototype(blocking=False)
def zone_watermark_ok(k, z, mark, cls, alloc_flags):
    """1 if buddy-free pages exceed the mark, lowered by the rights in the flags, plus the lowmem reserve (v4.7)."""


# wb_domain.py


@prototype(blocking=False)
def bandwidth_interval_over(k, d):
    """1 if a device was measured more than 200 ms ago."""


@prototype(blocking=False)
def page_writeback_init(k):
    """The state of dirty throttling at boot: every limit follows from the memory that is dirtyable now."""


@prototype(blocking=False)
def wb_bandwidth_estimate_start(k, d):
    """v6.1: writing begins after a pause, which says nothing about the device's speed. Writes: disks."""


@prototype(blocking=False)
def wb_calc_thresh(k, d, thresh):
    """The part of a threshold that is a device's: its share of the writes completed lately."""


@prototype(blocking=False)
def wb_inode_writeback_end(k, d):
    """v6.1: the last page under writeback of a device is written: measure it in 200 ms. Writes: disks."""


@prototype(blocking=False)
def wb_over_bg_thresh(k, d):
    """1 while the flusher of a device should go on: too much is dirty globally, or on this device."""


@prototype(blocking=False)
def wb_position_ratio(k, t):
    """How fast writers may go, from how many pages are dirty globally and on the device. Writes: dtcs[t].pos_ratio."""


@prototype(blocking=False)
def __wb_update_bandwidth(k, t, d, start_time, update_ratelimit):
    """Every 200 ms: measure the device and, for a writer, correct the limits by the current task's dtc."""


@prototype(blocking=False)
def __wb_update_bandwidth__v6_1(k, t, d, update_ratelimit):
    """The same in v6.1, whenever it is called: its callers look at the clock, or know that writeback has just ended."""


@prototype(blocking=False)
def wb_update_bandwidth_workfn(k, d):
    """EV_WB_BANDWIDTH: what wb_inode_writeback_end() has planned. Writes: disks."""


@prototype(blocking=False)
def wb_writeout_inc(k, d):
    """Count one completed page write of a device. Writes: vm, disks."""


# worker_pool.py


@prototype(blocking=False)
def mayday_event(k, arg):
    """The manager is late: call the rescuer of every workqueue with a work pending, and look again in 100 ms."""


# workingset.py


@prototype(blocking=False)
def evict_file_page(k, page):
    """Take a clean, locked file page out of its file, leaving a shadow."""


@prototype(blocking=False)
def workingset_activation(k, page):
    """A page left the inactive list by its own merit, which ages those that remain. Writes: lruvecs.inactive_age."""


@prototype(blocking=False)
def workingset_eviction__v6_1(k, page):
    """The shadow, above 0, of a page of either kind that is being evicted. Writes: lruvecs.nonresident_age."""


@prototype(blocking=False)
def workingset_refault(k, shadow):
    """1 if a page that comes back would have stayed, had the active file list been that much smaller. Writes: vm."""


@prototype(blocking=False)
def workingset_refault__v6_1(k, page, shadow):
    """A page comes back: it starts active if all memory that it competes for could have held it until now."""


# workload_anon.py


@prototype(blocking=False)
def next_touch(k, w):
    """Offset of the next page to touch; each page comes once in a pass. Writes: the workload's position."""


# workload_rig.py


@prototype(blocking=True)
def exit_locked(k, mm):
    """Free the locked memory of a process that ends."""


@prototype(blocking=False)
def task_done(k):
    """A task that the run waits for has ended; where no parent looks for that, the last one ends the run itself."""


# workqueue.py


@prototype(blocking=False)
def call_rescuer(k, wq):
    """Raise mayday for a workqueue, if it has a rescuer and that is not up already."""


@prototype(blocking=False)
def dispatch_work(k, wq, reason):
    """Ask what becomes of a workqueue's next work; one is always active. Writes: wqs.reason."""


@prototype(blocking=False)
def insert_work(k, pool, work):
    """Append an active work to its pool's list."""


@prototype(blocking=False)
def need_more_worker(k, pool):
    """1 if works are pending; an unbound pool does not ask whether a worker runs already."""


@prototype(blocking=True)
def process_one_work(k, work):
    """Run a work that is first on its list; then one more of its workqueue may become active."""


@prototype(blocking=False)
def queue_work(k, wq, func, arg):
    """Queue a work; returns its record. Above max_active it waits, inactive, for one of its workqueue to finish."""


@prototype(blocking=False)
def wake_up_worker(k, pool):
    """Wake the worker that went idle last, if one is idle."""


# write_tree.py


@prototype(blocking=False)
def write_tree_erase_first(k, root):
    """Take the io of the lowest sector, the root, off its tree; returns the root of the rest."""


@prototype(blocking=False)
def write_tree_merge(k, a, b):
    """The tree of all ios of two trees (0 is the empty tree, an io alone a tree of one); returns its root."""


# the decision points (kernel/decisions.py): asked here, answered by a policy


@prototype(blocking=False)
def decide_mempool_step(k, i_pool, i_zone, i_task, i_call):
    """Ask the policy of mempool_step."""


@prototype(blocking=False)
def decide_mempool_free(k, i_pool, i_zone):
    """Ask the policy of mempool_free."""


@prototype(blocking=False)
def decide_mempool_magazine(k, i_pool):
    """Ask the policy of mempool_magazine."""


@prototype(blocking=False)
def decide_gfp_to_alloc_flags(k, i_task, i_request):
    """Ask the policy of gfp_to_alloc_flags."""


@prototype(blocking=False)
def decide_get_scan_count(k, i_vm, i_zone, i_lruvec, i_scan):
    """Ask the policy of get_scan_count."""


@prototype(blocking=False)
def decide_too_many_isolated(k, i_lruvec, i_task, i_scan):
    """Ask the policy of too_many_isolated."""


@prototype(blocking=False)
def decide_throttle_direct_reclaim(k, i_vm, i_task, i_scan):
    """Ask the policy of throttle_direct_reclaim."""


@prototype(blocking=False)
def decide_throttle_vm_writeout(k, i_vm, i_task, i_scan):
    """Ask the policy of throttle_vm_writeout."""


@prototype(blocking=False)
def decide_wait_iff_congested(k, i_vm, i_zone, i_task, i_scan):
    """Ask the policy of wait_iff_congested."""


@prototype(blocking=False)
def decide_reclaim_throttle(k, i_vm, i_lruvec, i_task, i_scan):
    """Ask the policy of reclaim_throttle."""


@prototype(blocking=False)
def decide_inflight_gate(k, i_vm, i_crypt, i_task):
    """Ask the policy of inflight_gate."""


@prototype(blocking=False)
def decide_shrink_page_list(k, i_vm, i_zone, i_task, i_scan, i_page):
    """Ask the policy of shrink_page_list."""


@prototype(blocking=False)
def decide_wakeup_kswapd(k, i_vm, i_zone):
    """Ask the policy of wakeup_kswapd."""


@prototype(blocking=False)
def decide_zone_balanced(k, i_vm, i_zone):
    """Ask the policy of zone_balanced."""


@prototype(blocking=False)
def decide_balance_dirty_pages(k, i_vm, i_task, i_dtc, i_disk):
    """Ask the policy of balance_dirty_pages."""


@prototype(blocking=False)
def decide_should_reclaim_retry(k, i_vm, i_task, i_request):
    """Ask the policy of should_reclaim_retry."""


@prototype(blocking=False)
def decide_setup_per_zone_wmarks(k, i_vm, i_zone):
    """Ask the policy of setup_per_zone_wmarks."""


@prototype(blocking=False)
def decide_zone_batchsize(k, i_vm, i_zone):
    """Ask the policy of zone_batchsize."""


@prototype(blocking=False)
def decide_zone_highsize(k, i_vm, i_zone, i_pcp):
    """Ask the policy of zone_highsize."""


@prototype(blocking=False)
def decide_wq_dispatch(k, i_vm, i_wq, i_worker_pool):
    """Ask the policy of wq_dispatch."""
