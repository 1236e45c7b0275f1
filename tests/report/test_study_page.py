"""The page of a study sets the trials that nobody beats against the stock kernel."""

import io
from types import SimpleNamespace

import polars as pl

from gfplab.report.study import MOST, study_page
from gfplab.report.tables import print_page


def outcome(rows, **changes):
    objective = SimpleNamespace(name="s1.worst_io_stall_ms", direction="minimize", unit="ms")
    found = {"title": "T", "done": 3, "wanted": 9, "status": "stopped", "directory": "d", "objectives": [objective]}
    found |= {
        "confirmed": pl.DataFrame(),
        "against": pl.DataFrame(),
        "trials": pl.DataFrame(),
        "progress": pl.DataFrame(),
        "importance": pl.DataFrame(),
        "units": {"neil_mask.timeout": "time"},
    }
    return SimpleNamespace(report_rows=lambda: pl.DataFrame(rows), **(found | changes))


def trial(number, value, violated="", **more):
    about = {
        "number": number,
        "label": "",
        "failure": "",
        "state": "complete",
        "feasible": not violated,
        "violated": violated,
    }
    return about | more | {"s1.worst_io_stall_ms": value, "s1.worst_io_stall_ms / stock": value / 100}


def lines(found) -> list[str]:
    file = io.StringIO()
    print_page(study_page(found), file)
    return [" ".join(line.split()) for line in file.getvalue().splitlines() if line.strip()]


def test_the_stock_kernel_comes_first_and_each_trial_says_what_it_sets():
    rows = [
        trial(0, 100.0),
        trial(7, 12.5, policy="neil_mask", **{"neil_mask.timeout": 9_000_000, "hocko_rfc.nap": None}),
    ]
    page = lines(outcome(rows))
    assert page[:2] == ["T", "3 of 9 trials, stopped; in d"]
    assert page[3:6] == ["worst_io", "_stall_ms", "trial policy least settings"]
    assert page[7:] == ["0 stock 100", "7 neil_mask 12.5 timeout=9 ms"]


def test_the_answers_of_the_thread_have_a_table_of_their_own():
    found = [trial(0, 100.0, origin="baseline"), trial(1, 50.0, origin="baseline", label="flag_only")]
    page = lines(outcome(found[:1], trials=pl.DataFrame(found)))
    assert "the answers as they were given" in page and "1 flag_only 50" in page


def test_constraints_are_mentioned_only_where_one_is_violated():
    assert "0 stock 100 violates no_oom" in lines(outcome([trial(0, 100.0, violated="no_oom"), trial(1, 9.0)]))
    assert not any("violates" in line for line in lines(outcome([trial(0, 100.0)])))


def test_a_long_front_is_cut_and_says_so():
    page = lines(outcome([trial(number, 100.0 - number) for number in range(20)], finalists=[0, 3, 19]))
    best = "the best by each aim, and the baselines among them"
    assert page[-1] == f"2 of 19 trials that no other trial beats: {best}"
    assert [line.split()[0] for line in page if line.split() and line.split()[0].isdigit()][1:] == ["0", "3", "19", "2"]
    assert lines(outcome([trial(number, 100.0 - number) for number in range(MOST + 1)]))[-1] != page[-1]


def test_a_study_that_has_just_begun_has_a_page():
    assert lines(outcome([]))[-1] == "no trial has finished"


def test_trials_that_could_not_be_measured_are_counted_and_the_first_is_quoted():
    trials = pl.DataFrame({"state": ["complete", "failed", "failed"], "failure": ["", "s1: broken", "s2: broken"]})
    assert lines(outcome([trial(0, 100.0)], trials=trials))[2] == "2 of them failed: s1: broken"


def test_a_mask_is_folded_and_not_cut_off():
    mask = "__GFP_IO|__GFP_DIRECT_RECLAIM|__GFP_KSWAPD_RECLAIM|__GFP_NOMEMALLOC"
    rows = [trial(number, 100.0 - number, **{"neil_mask.keep": mask}) for number in range(4)]
    assert "…" not in " ".join(lines(outcome(rows)))
