"""Frames come out as v6.1 would print them (MODEL 20)."""

import pytest

from gfplab.tables.callchain import whole_chain

RECLAIM = "shrink_folio_list shrink_inactive_list shrink_lruvec shrink_node".split()
DIRECT = [
    *RECLAIM,
    *"do_try_to_free_pages try_to_free_pages __alloc_pages_slowpath __alloc_pages __folio_alloc".split(),
]
FAULT = ["handle_mm_fault", "exc_page_fault", "asm_exc_page_fault"]
SUBMIT = "dm_split_and_process_bio dm_submit_bio __submit_bio submit_bio_noacct_nocheck __swap_writepage".split()


def chain(frames, wait):
    return whole_chain(frames.split() if isinstance(frames, str) else frames, wait, "v6.1")


def test_the_gate_of_dm_is_a_semaphore():
    gate = ["___down_common", "__down_common", "down", "__map_bio", *SUBMIT, "swap_writepage", "pageout", *DIRECT]
    assert chain([*gate, "wp_page_copy", "do_wp_page", "handle_mm_fault", "read_first_toucher"], "schedule") == [
        *("schedule", "schedule_timeout"),
        *gate,
        *("wp_page_copy", "do_wp_page"),
        *FAULT,
    ]


def test_a_page_lock_is_waited_for_in_io_schedule_which_is_no_longer_inline():
    frames = "folio_wait_bit_common __folio_lock_or_retry do_swap_page handle_mm_fault read_first_toucher"
    for wait in ("io_schedule", "io_schedule_timeout"):
        assert chain(frames, wait) == [
            *("schedule", "io_schedule", "folio_wait_bit_common", "__folio_lock_or_retry", "do_swap_page"),
            *FAULT,
        ]


def test_a_mempool_is_waited_for_with_a_timeout():
    frames = "mempool_alloc bio_alloc_bioset crypt_alloc_buffer kcryptd_crypt_write_convert kcryptd_crypt"
    whole = chain(f"{frames} process_one_work worker_thread", "io_schedule_timeout")
    assert whole[:3] == ["schedule", "schedule_timeout", "io_schedule_timeout"]
    assert whole[-4:] == ["process_one_work", "worker_thread", "kthread", "ret_from_fork"]


@pytest.mark.parametrize(
    ("frames", "wait", "top"),
    [
        ("mutex_lock crypt_alloc_buffer", "schedule", "schedule schedule_preempt_disabled __mutex_lock"),
        ("blk_mq_get_tag dmcrypt_write", "io_schedule_timeout", "schedule io_schedule blk_mq_get_tag"),
        ("reclaim_throttle shrink_node kswapd", "schedule_timeout", "schedule schedule_timeout reclaim_throttle"),
        (
            "__alloc_pages_slowpath __alloc_pages",
            "schedule_timeout",
            "schedule schedule_timeout schedule_timeout_uninterruptible __alloc_pages_slowpath",
        ),
    ],
)
def test_each_sleeper_has_its_own_frames_of_the_scheduler(frames, wait, top):
    assert chain(frames, wait)[: len(top.split())] == top.split()


def test_a_page_of_ciphertext_is_dm_crypts_own_allocation():
    frames = "__alloc_pages alloc_pages_current mempool_alloc_pages mempool_alloc crypt_alloc_buffer"
    assert chain(frames, "schedule")[1:] == "__alloc_pages crypt_page_alloc mempool_alloc crypt_alloc_buffer".split()


def test_a_writer_has_the_names_of_v6_1_down_to_the_system_call():
    frames = (
        "balance_dirty_pages balance_dirty_pages_ratelimited generic_perform_write __generic_file_write_iter "
        "ext4_file_write_iter __vfs_write file_writer"
    )
    assert (
        chain(frames, "io_schedule_timeout")[3:]
        == (
            "balance_dirty_pages balance_dirty_pages_ratelimited_flags generic_perform_write ext4_buffered_write_iter "
            "vfs_write ksys_write do_syscall_64 entry_SYSCALL_64_after_hwframe"
        ).split()
    )


def test_completing_a_chain_twice_changes_nothing():
    once = chain("balance_dirty_pages balance_dirty_pages_ratelimited ext4_file_write_iter __vfs_write", "io_schedule")
    assert chain(once, "io_schedule") == once


def test_v4_7_sleeps_between_two_rounds_of_reclaim_in_a_function_of_its_own():
    assert whole_chain(["__alloc_pages_nodemask"], "schedule_timeout")[:-1] == [
        *("schedule", "schedule_timeout", "schedule_timeout_uninterruptible")
    ]
