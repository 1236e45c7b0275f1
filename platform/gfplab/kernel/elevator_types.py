"""Fields of the simulated machine for the I/O scheduler between software queue and driver.

Units and null indices as in types.py.
"""


def elevator_records(s):
    """Extend the schema."""
    s.records(
        "disks",
        sched_in_use="scheduler tags in use, of nr_requests", sched_wait="where submitters wait for one", sched_wake_batch="tags freed before one sleeper wakes", sched_wake_count="tags freed since",
        async_depth="scheduler tags that writes may use", sort_read="reads in order of sectors", sort_write="", fifo_read_head="reads in order of their coming", fifo_read_tail="", fifo_write_head="", fifo_write_tail="",
        next_read="read behind the one dispatched last, 0 at the end of the sort", next_write="", last_dir="direction of the current batch", batching="requests of it so far", starved="times that reads went before waiting writes",
        last_merge="request that a bio or request was merged into last", sched_queued="requests in the elevator", dispatch="request that left the elevator and found no driver tag", restart="1: run the queue when a request completes",
        run_pending="1 while on kblockd's list", run_next="next queue on that list", run_cpu="CPU whose kblockd has it", flushed_head="requests of a plug whose owner fell asleep", flushed_tail="", merges="bios and requests that joined a waiting request",
    )  # fmt: skip
    s.records(
        "requests",
        sort_next="towards higher sectors", sort_prev="", fifo_next="towards later ones", fifo_prev="", fifo_time="jiffy of its deadline", queued="1 while in the elevator",
    )  # fmt: skip
    s.records("kblockds", head="queues to run", tail="", wait="where the worker sleeps", task="")
    s.records(
        "pools", page_limit="pages allocated, the reserve's included, above which the allocator refuses more; 0 = none"
    )
