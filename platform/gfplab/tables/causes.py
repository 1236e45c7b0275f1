"""Why a task slept, read off its stack.

The innermost frame that names a reason decides: a page fault that reclaims and is throttled there waits for the
throttle, not for its fault. A stack without such a frame is named by the function that slept, as /proc/PID/wchan does.
"""

CAUSES = {
    "throttle_vm_writeout": "reclaim naps because too many pages are under writeback (v4.7, 100 ms each)",
    "wait_iff_congested": "direct reclaim naps because the zone and a device are congested",
    "too_many_isolated": "direct reclaim waits because other reclaimers hold too many pages isolated",
    "nr_immediate": "reclaim naps because it met pages still under writeback at the tail of the list",
    "shrink_inactive_list": "reclaim naps, in too_many_isolated() or for nr_immediate: the stack does not say which",
    "throttle_direct_reclaim": "the fault waits before direct reclaim until kswapd has lifted free above half of min",
    "reclaim_throttle": "reclaim naps for writeback, congestion, isolated pages or want of progress (v5.16 and later)",
    "should_reclaim_retry": "the allocator backs off before it reclaims again",
    "oom": "the task waits around an OOM kill",
    "mempool_alloc": "the pool is empty and the task waits for an element to come back",
    "blk_mq_get_tag": "all request tags of the device are in use",
    "get_request": "all requests of the device are in use (legacy queue)",
    "mutex_lock": "another task holds the mutex",
    "down": "too many bios are in flight on the device-mapper target",
    "swap_in": "the fault waits for its page to be read from swap",
    "page_writeback": "reclaim or a writer waits for a page under writeback",
    "page_cache_read": "a reader waits for its page to be read",
    "balance_dirty_pages": "a writer pauses because it dirties pages faster than they are written",
}

# where reclaim itself makes a task sleep, or the allocator on its behalf before reclaim begins
THROTTLES = (
    "throttle_vm_writeout",
    "wait_iff_congested",
    "too_many_isolated",
    "nr_immediate",
    "shrink_inactive_list",
    "throttle_direct_reclaim",
    "reclaim_throttle",
)

_FRAMES = {
    "throttle_vm_writeout": "throttle_vm_writeout",
    "wait_iff_congested": "wait_iff_congested",
    "too_many_isolated": "too_many_isolated",
    "throttle_direct_reclaim": "throttle_direct_reclaim",
    "reclaim_throttle": "reclaim_throttle",
    "should_reclaim_retry": "should_reclaim_retry",
    "out_of_memory": "oom",
    "__alloc_pages_may_oom": "oom",
    "mempool_alloc": "mempool_alloc",
    "blk_mq_get_tag": "blk_mq_get_tag",
    "bt_get": "blk_mq_get_tag",
    "get_request": "get_request",
    "mutex_lock": "mutex_lock",
    "__mutex_lock": "mutex_lock",
    "down": "down",
    "__down_common": "down",
    "do_swap_page": "swap_in",
    "wait_on_page_writeback": "page_writeback",
    "do_generic_file_read": "page_cache_read",
    "filemap_fault": "page_cache_read",
    "balance_dirty_pages": "balance_dirty_pages",
    # throttle_direct_reclaim() is inlined here, and nothing below sleeps without a frame of its own
    "try_to_free_pages": "throttle_direct_reclaim",
    # gcc inlines should_reclaim_retry(), whose nap is the only sleep that has the allocator itself innermost
    "__alloc_pages_nodemask": "should_reclaim_retry",
    "__alloc_pages_slowpath": "should_reclaim_retry",
}


def cause_of(frames: list[str]) -> str:
    """The cause of a sleep whose stack is `frames`, top first; inlined functions may be among them and sharpen it."""
    congestion_wait = False
    for frame in frames:
        if frame == "congestion_wait":
            congestion_wait = True
        elif frame == "shrink_inactive_list" and congestion_wait:
            return _inactive_list_nap(frames)
        elif frame in _FRAMES:
            return _FRAMES[frame]
    return wchan(frames)


def _inactive_list_nap(frames: list[str]) -> str:
    # kswapd is exempt from too_many_isolated(), so its nap can only be the other one
    if "kswapd" in frames:
        return "nr_immediate"
    return "shrink_inactive_list"


_SLEEPERS = {
    "schedule",
    "schedule_timeout",
    "schedule_timeout_uninterruptible",
    "schedule_timeout_killable",
    "schedule_preempt_disabled",
    "io_schedule",
    "io_schedule_timeout",
}


def wchan(frames: list[str]) -> str:
    """The first frame that is not the scheduler's own: where the task sleeps, in the words of /proc/PID/wchan."""
    for frame in frames:
        if frame not in _SLEEPERS:
            return frame
    return frames[0] if frames else "unknown"
