"""Every stall is blamed on the right function."""

import pytest

from gfplab.tables.causes import CAUSES, cause_of

SLEEP = "schedule schedule_timeout io_schedule_timeout "
NAP = SLEEP + "congestion_wait "
FAULT = " handle_mm_fault __do_page_fault do_page_fault page_fault"
ALLOC = " __alloc_pages_nodemask alloc_pages_vma" + FAULT
RECLAIM = " do_try_to_free_pages try_to_free_pages" + ALLOC
SHRINK = " shrink_inactive_list shrink_zone_memcg shrink_zone"
PAGEOUT = " swap_writepage pageout shrink_page_list" + SHRINK + RECLAIM

STACKS = {
    "throttle_vm_writeout": NAP + "throttle_vm_writeout shrink_zone_memcg shrink_zone" + RECLAIM + " mempool_alloc",
    "wait_iff_congested": SLEEP + "wait_iff_congested" + SHRINK + RECLAIM,
    "too_many_isolated": NAP + "too_many_isolated" + SHRINK + RECLAIM,
    "nr_immediate": NAP + SHRINK + " kswapd_shrink_zone balance_pgdat kswapd kthread",
    "shrink_inactive_list": NAP + SHRINK + RECLAIM,
    "throttle_direct_reclaim": "schedule schedule_timeout try_to_free_pages" + ALLOC,
    "reclaim_throttle": "schedule schedule_timeout reclaim_throttle shrink_node" + RECLAIM,
    "should_reclaim_retry": NAP + ALLOC,
    "oom": "schedule schedule_timeout schedule_timeout_killable out_of_memory" + ALLOC,
    "mempool_alloc": SLEEP + "mempool_alloc bio_alloc_bioset get_swap_bio __swap_writepage" + PAGEOUT,
    "blk_mq_get_tag": SLEEP + "bt_get blk_mq_get_tag __blk_mq_alloc_request dmcrypt_write",
    "get_request": SLEEP + "get_request blk_queue_bio generic_make_request dmcrypt_write",
    "mutex_lock": "schedule schedule_preempt_disabled mutex_lock crypt_alloc_buffer kcryptd_crypt process_one_work",
    "swap_in": SLEEP + "wait_on_page_bit_killable __lock_page_or_retry do_swap_page" + FAULT,
    "page_writeback": SLEEP + "wait_on_page_writeback shrink_page_list" + SHRINK + RECLAIM,
    "page_cache_read": SLEEP + "wait_on_page_bit_killable do_generic_file_read __vfs_read vfs_read",
    "balance_dirty_pages": SLEEP + "balance_dirty_pages generic_perform_write __vfs_write",
    "down": "schedule schedule_timeout __down_common __map_bio dm_make_request __swap_writepage" + PAGEOUT,
}


@pytest.mark.parametrize("cause", CAUSES)
def test_the_innermost_frame_that_names_a_reason_decides(cause):
    assert cause_of(STACKS[cause].split()) == cause


def test_a_stack_without_a_known_reason_is_named_by_the_function_that_slept():
    assert cause_of(["schedule", "schedule_timeout", "wait_for_completion", "flush_work"]) == "wait_for_completion"
    assert cause_of(["schedule"]) == "schedule"
    assert cause_of([]) == "unknown"
