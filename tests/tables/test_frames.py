"""The tables say what happened in the run made by hand."""

import numpy as np
import polars as pl
import pytest

from gfplab.kernel.tracepoints import (
    mm_vmscan_direct_reclaim_begin,
    mm_vmscan_direct_reclaim_end,
    mm_vmscan_kswapd_wake,
)
from gfplab.kernel.vmstat import hist_bin
from gfplab.tables.frames import frames_of, lower_bound, tracepoint


def test_a_stall_names_its_task_its_cause_its_mask_and_its_pool(tables):
    nap = tables["stalls"].filter(pl.col("pid") == 6).row(0, named=True)
    assert nap["comm"] == "kworker/u4:0" and nap["role"] == "kworker"
    assert nap["cause"] == "throttle_vm_writeout" and nap["timed_out"] and not nap["ongoing"]
    assert nap["gfp_flags"] == "GFP_NOIO|__GFP_NOWARN|__GFP_NORETRY|__GFP_NOMEMALLOC"
    assert nap["pool"] == "crypt_swap.bs"


def test_a_killable_sleep_is_told_from_an_uninterruptible_one(tables):
    assert tables["stalls"].filter(pl.col("pid") == 1001)["state"].to_list() == ["D", "K"]


def test_a_sleep_that_the_end_of_the_run_cut_short_is_a_stall_that_goes_on(tables):
    ongoing = tables["stalls"].filter("ongoing")
    assert ongoing.select("pid", "start_ns", "duration_ns").rows() == [(6, 9_900_000_000, 100_000_000)]


def test_a_stack_counts_the_sleeps_that_the_end_cut_short_however_short_they_were(tables):
    # the ninetieth nap, and the user task's fiftieth sleep, 1 us before the end
    assert tables["stacks"].select("stack_id", "count", "total_ns").rows() == [
        (1, 90, 9_000_000_000),
        (2, 50, 5_000_000_000),
    ]


def test_what_counts_as_waiting_for_io_is_told_apart(synthetic):
    stalls = synthetic.stalls()
    stalls["state"] = np.where(stalls["task"] == 4, 2, stalls["state"])
    found = frames_of(synthetic.synthetic_run(stalls=stalls))["stalls"]
    assert found.group_by("pid").agg(pl.col("iowait").all()).sort("pid").rows() == [(6, True), (1001, False)]
    assert set(found["state"]) == {"D"}


def test_a_worker_that_was_never_created_is_no_task(tables):
    assert tables["tasks"].select("pid", "state").rows() == [(6, "D"), (7, "S"), (40, "S"), (1001, "D")]


def test_the_times_of_a_task_are_the_time_of_the_run(tables):
    times = tables["tasks"].select(pl.sum_horizontal("running_ns", "runnable_ns", "d_ns", "s_ns"))
    assert set(times.to_series()) == {10_000_000_000}


def test_of_two_samples_at_one_time_the_later_counts(synthetic):
    vmstat = np.concatenate([synthetic.vmstat(), synthetic.vmstat()[-1:]])
    vmstat["oom_kill"][-1] = 3
    found = frames_of(synthetic.synthetic_run(vmstat=vmstat))["vmstat"]
    assert found.height == 101 and found["oom_kill"][-1] == 3


def test_no_mask_and_no_pool_leave_the_cell_empty(tables):
    fault = tables["stalls"].filter(pl.col("pid") == 1001).row(0, named=True)
    assert (fault["gfp_flags"], fault["pool"], fault["timeout_ns"]) == ("", "", -1)


def test_an_event_has_the_name_of_its_tracepoint_and_its_arguments_have_theirs(synthetic):
    rows = [
        (5, mm_vmscan_direct_reclaim_begin, 4, 1, 0x24200CA, 2, 0, 0),
        (9, mm_vmscan_direct_reclaim_end, 4, 1, 32, 0, 0, 0),
    ]
    trace = np.array(rows, dtype=synthetic.trace().dtype)
    events = frames_of(synthetic.synthetic_run(trace=trace))["events"]
    assert events["event"].to_list() == ["mm_vmscan_direct_reclaim_begin", "mm_vmscan_direct_reclaim_end"]
    assert events["comm"].to_list() == ["anon", "anon"]
    begin = tracepoint(events, "mm_vmscan_direct_reclaim_begin")
    assert begin.select("time_ns", "gfp_flags", "classzone").rows() == [(5, 0x24200CA, 2)]
    assert "c" not in begin.columns


def test_an_event_in_interrupt_context_has_no_task(synthetic):
    trace = np.array([(5, mm_vmscan_kswapd_wake, 0, 1, 2, 0, 0, 0)], dtype=synthetic.trace().dtype)
    assert frames_of(synthetic.synthetic_run(trace=trace))["events"].select("pid", "comm").rows() == [(0, "")]


def test_a_run_without_stalls_events_or_samples_still_has_every_table(synthetic):
    run = synthetic.synthetic_run()
    quiet = {name: getattr(run, name)[:0] for name in ("stalls", "trace", "vmstat")}
    arrays = synthetic.arrays()
    arrays["tasks"]["state"][:] = 1
    tables = frames_of(synthetic.synthetic_run(**quiet, stacks=[], arrays=arrays, hist=np.zeros((3, 256), np.int64)))
    assert all(tables[name].height == 0 for name in ("stalls", "stacks", "events", "vmstat", "latency"))


def test_tables_do_not_change_when_the_run_goes_on(synthetic):
    run = synthetic.synthetic_run()
    tables = frames_of(run)
    run.vmstat["pswpout"][:] = -1
    run.stalls["duration"][:] = -1
    run.hist[:] = -1
    assert tables["vmstat"]["pswpout"].min() == 0
    assert tables["stalls"]["duration_ns"].min() > 0
    assert tables["latency"]["count"].to_list() == [100, 1]


@pytest.mark.parametrize("value", [0, 1, 2, 3, 4, 5, 7, 8, 63, 64, 79, 80, 1_000_000, 123_456_789, 2**50 + 1])
def test_a_duration_lies_in_the_bin_that_the_kernel_counted_it_in(value):
    bins = {hist_bin(None, other) for other in (value, value + 1)}
    assert lower_bound(min(bins)) <= value
    assert value < lower_bound(max(bins)) or len(bins) == 1


def test_a_bin_begins_with_the_first_duration_that_the_kernel_counts_in_it():
    used = [*range(4), *range(8, 160)]  # an octave below 4 ns has less than four durations
    assert [hist_bin(None, lower_bound(bin)) for bin in used] == used
    assert all(hist_bin(None, lower_bound(bin) - 1) < bin for bin in used[1:])
