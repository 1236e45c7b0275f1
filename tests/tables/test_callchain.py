"""Frames come out as v4.7 would print them."""

from gfplab.tables.callchain import whole_chain

# the stack that was posted to linux-mm in July 2016
T5 = (
    "schedule schedule_timeout io_schedule_timeout congestion_wait throttle_vm_writeout shrink_zone_memcg shrink_zone "
    "do_try_to_free_pages try_to_free_pages __alloc_pages_nodemask alloc_pages_current new_slab ___slab_alloc "
    "__slab_alloc kmem_cache_alloc mempool_alloc_slab mempool_alloc bio_alloc_bioset kcryptd_crypt process_one_work "
    "worker_thread kthread ret_from_fork"
).split()


def test_a_kcryptd_worker_in_throttle_vm_writeout_has_the_stack_of_july_2016(synthetic):
    assert whole_chain(synthetic.T5, "io_schedule_timeout") == T5


def test_completing_a_chain_twice_changes_nothing():
    assert whole_chain(T5, "io_schedule_timeout") == T5


def test_each_kind_of_wait_has_the_frames_that_the_scheduler_puts_above_it():
    assert whole_chain(["f"], "schedule") == ["schedule", "f"]
    assert whole_chain(["f"], "schedule_timeout") == ["schedule", "schedule_timeout", "f"]
    for wait in ("io_schedule", "io_schedule_timeout"):
        assert whole_chain(["f"], wait) == ["schedule", "schedule_timeout", "io_schedule_timeout", "f"]


def test_below_a_fault_there_is_the_entry_code_and_nothing_of_the_simulated_program(synthetic):
    chain = whole_chain(synthetic.SWAP_IN, "io_schedule")
    assert chain[3:] == [
        *("wait_on_page_bit_killable", "__lock_page_or_retry", "do_swap_page"),
        *("handle_mm_fault", "__do_page_fault", "do_page_fault", "page_fault"),
    ]


def test_below_a_write_there_is_the_system_call(synthetic):
    chain = whole_chain(synthetic.DIRTY, "io_schedule_timeout")
    assert chain[-3:] == ["vfs_write", "SyS_write", "entry_SYSCALL_64_fastpath"]


def test_the_flusher_has_the_stack_of_a_worker_as_it_has_in_linux():
    chain = whole_chain(["get_request", "blk_queue_bio", "wb_do_writeback", "wb_workfn"], "io_schedule")
    assert chain[-5:] == ["wb_workfn", "process_one_work", "worker_thread", "kthread", "ret_from_fork"]
