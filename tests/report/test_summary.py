"""The page after a run says what a kernel engineer asks first."""

import io
from pathlib import Path

import numpy as np

from gfplab.report.document import document
from gfplab.report.tables import print_page, stalls_by_cause, summary
from gfplab.tables.metrics import METRICS, tabulate

GOLDEN = Path(__file__).parent / "golden"


def page(renderable) -> str:
    file = io.StringIO()
    print_page(renderable, file)
    return file.getvalue()


def test_the_page_of_the_run_made_by_hand_is_this_text_to_the_letter(tables):
    assert page(summary(tables)) == (GOLDEN / "summary.txt").read_text()


def test_no_line_of_a_page_in_a_pipe_is_wider_than_120_or_padded(tables):
    for line in page(summary(tables)).splitlines():
        assert len(line) <= 120 and line == line.rstrip()


def test_a_machine_without_swap_pools_or_stalls_has_a_page_too(synthetic):
    run = synthetic.synthetic_run()
    run.world.swap = None
    run.stalls, run.vmstat = run.stalls[:0], run.vmstat[:0]
    run.arrays["tasks"]["state"][:] = 1
    run.names["pools"] = ("",)
    text = page(summary(tabulate(run)))
    assert "swap-out" not in text and "mempools" not in text and "stalls by task" not in text
    assert "verdict ok" in text


def test_a_name_in_brackets_is_printed_and_not_taken_for_markup(synthetic):
    run = synthetic.synthetic_run()
    run.names["pools"] = ("", "[bold]", "crypt [bs]", "pages")
    text = page(summary(tabulate(run)))
    assert "[bold]" in text and "crypt [bs]" in text


def test_more_stalls_than_a_page_holds_are_counted(synthetic):
    rows = [(i, 1000_000 * i, 4, 2, i, 0, 0, -1) for i in range(1, 21)]
    stacks = [synthetic.Stack(i, [f"f{i}", "handle_mm_fault"], "schedule", 1, i, i) for i in range(1, 21)]
    run = synthetic.synthetic_run(stalls=np.array(rows, dtype=synthetic.STALL), stacks=stacks)
    run.arrays["tasks"]["state"][:] = 1
    text = page(summary(tabulate(run)))
    assert "(the longest 12 of 20)" in text and " f20 " in text and " f9 " in text and " f8 " not in text


def test_stalls_are_grouped_by_task_and_cause_the_costliest_first(tables):
    assert stalls_by_cause(tables).rows() == [
        ("kworker/u4:0", "throttle_vm_writeout", 90, 9_000_000_000, 100_000_000, True),
        ("anon", "swap_in", 2, 700_000_000, 400_000_000, False),
    ]


def test_the_document_for_programs_says_the_same(tables):
    said = document(tables, Path("results/x"), stacks=True)
    assert (said["verdict"], said["exit_code"], said["out"]) == ("ok", 0, "results/x")
    assert set(said["metrics"]) == set(said["units"]) == set(METRICS)
    assert said["run"]["scenario"] == "s1_quarter" and "psi_full_pct" not in said["run"]
    assert [task["comm"] for task in said["blocked"]["tasks"]] == ["kworker/u4:0", "anon"]
    assert said["stacks"][0]["cause"] == "throttle_vm_writeout"
