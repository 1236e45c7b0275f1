"""Blocked tasks look as v4.7 prints them."""

import re
from pathlib import Path

from gfplab.report.stacks import (
    BlockedTask,
    blocked_at,
    blocked_report,
    frame_line,
    show_blocked_state,
    stacks_by_time,
    task_lines,
    workqueue_line,
    worst_moment,
)
from gfplab.tables.metrics import tabulate

GOLDEN = Path(__file__).parent / "golden"
SEC = 1_000_000_000

JULY_2016 = (
    "schedule schedule_timeout io_schedule_timeout congestion_wait throttle_vm_writeout shrink_zone_memcg shrink_zone "
    "do_try_to_free_pages try_to_free_pages __alloc_pages_nodemask alloc_pages_current new_slab ___slab_alloc "
    "__slab_alloc kmem_cache_alloc mempool_alloc_slab mempool_alloc bio_alloc_bioset kcryptd_crypt process_one_work "
    "worker_thread kthread ret_from_fork"
).split()


def test_the_report_of_the_run_made_by_hand_is_this_text_to_the_letter(tables):
    assert blocked_report(tables) == (GOLDEN / "blocked.txt").read_text()


def test_a_kcryptd_worker_in_throttle_vm_writeout_prints_the_stack_of_july_2016(tables):
    worker = next(task for task in blocked_at(tables, 2 * SEC) if task.comm == "kworker/u4:0")
    lines = task_lines(worker)
    assert lines[1:3] == ["Workqueue: kcryptd kcryptd_crypt [dm_crypt]", "Call Trace:"]
    frame = re.compile(r" \[<[0-9a-f]{16}>\] (\w+)\+0x[0-9a-f]+/0x[0-9a-f]+( \[dm_crypt\])?")
    assert [frame.fullmatch(line)[1] for line in lines[3:]] == JULY_2016


def test_the_task_line_has_the_columns_of_sched_show_task():
    task = BlockedTask("kworker/u4:0", 6, True, ["schedule"], 0, "")
    assert re.fullmatch(r"kworker/u4:0    D ffff8800[0-9a-f]{8}     0     6      2 0x00000000", task_lines(task)[0])
    user = BlockedTask("a_very_long_command", 31999, False, ["schedule"], 0, "")
    assert re.fullmatch(r"a_very_long_com D ffff8800[0-9a-f]{8}     0 31999      1 0x00000000", task_lines(user)[0])


def test_a_frame_has_the_same_made_up_address_in_every_report():
    assert frame_line("schedule") == frame_line("schedule") == " [<ffffffff815a3ca0>] schedule+0x490/0x7e0"
    assert frame_line("kcryptd_crypt").endswith(" [dm_crypt]")


def test_an_address_is_the_start_of_its_function_plus_the_offset():
    for name in ("schedule", "mempool_alloc", "kcryptd_crypt", "clone_endio", "ret_from_fork"):
        address, offset, size = (
            int(x, 16) for x in re.match(r" \[<(\w+)>\] \w+\+(\w+)/(\w+)", frame_line(name)).groups()
        )
        assert 0 < offset < size and (address - offset) % 16 == 0
        assert (address >= 0xFFFFFFFFA0000000) == ("[dm_" in frame_line(name))


def test_only_a_worker_that_runs_a_work_item_has_a_workqueue_line():
    assert workqueue_line(["schedule", "worker_thread", "kthread", "ret_from_fork"]) is None
    assert workqueue_line(["schedule", "flush", "process_one_work", "worker_thread"]) == "Workqueue: events flush"


def test_every_line_is_stamped_with_the_time_as_dmesg_does():
    page = show_blocked_state(345_352_536_789, [])
    assert page.splitlines() == [
        "[  345.352536] SysRq : Show Blocked State",
        "[  345.352536]   task                        PC stack   pid father",
    ]


def test_the_report_is_of_the_moment_at_which_most_tasks_were_blocked(tables):
    # 1.0 s to 1.1 s is the first of the longest times with both the worker and the user task asleep
    assert worst_moment(tables) == 1_050_000_000
    assert [task.comm for task in blocked_at(tables, worst_moment(tables))] == ["kworker/u4:0", "anon"]


def test_who_was_blocked_can_be_asked_of_any_time(tables):
    assert blocked_at(tables, SEC - 1) == []
    assert [task.comm for task in blocked_at(tables, SEC)] == ["kworker/u4:0", "anon"]
    assert [task.comm for task in blocked_at(tables, 10 * SEC)] == ["kworker/u4:0"]


def test_a_run_in_which_nobody_was_blocked_says_so(synthetic):
    arrays = synthetic.arrays()
    arrays["tasks"]["state"][:] = 1
    tables = tabulate(synthetic.synthetic_run(stalls=synthetic.stalls()[:0], arrays=arrays))
    assert blocked_report(tables) == "no task was blocked for as long as the scenario's stall_min\n"


def test_equal_frames_are_one_stack_wherever_in_them_the_calls_were_made(synthetic):
    first, other = synthetic.stacks()
    again = synthetic.Stack(3, first.frames, first.wait, 10, 1000, 500)
    merged = stacks_by_time(tabulate(synthetic.synthetic_run(stacks=[first, other, again])))
    assert [(stack["cause"], stack["count"]) for stack in merged] == [("throttle_vm_writeout", 100), ("swap_in", 50)]
    assert (merged[0]["total_ns"], merged[0]["max_ns"]) == (9_000_001_000, 100_000_000)


def test_v6_1_has_a_task_line_of_its_own_and_no_addresses():
    """MODEL 20."""
    task = BlockedTask("kworker/u2:0", 12, True, ["schedule", "kcryptd_crypt", "process_one_work"], 0, "")
    assert task_lines(task, "v6.1", "252:0") == [
        "task:kworker/u2:0    state:D stack:0     pid:12    ppid:2      flags:0x00004000",
        "Workqueue: kcryptd/252:0 kcryptd_crypt [dm_crypt]",
        "Call Trace:",
        " <TASK>",
        " schedule+0x490/0x7e0",
        frame_line("kcryptd_crypt", "v6.1"),
        frame_line("process_one_work", "v6.1"),
        " </TASK>",
    ]
    assert show_blocked_state(SEC, [], "v6.1") == "[    1.000000] sysrq: Show Blocked State\n"
