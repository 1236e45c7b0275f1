"""Who wins a search is measured again with seeds that had no part in it, and seed by seed against the stock kernel."""

import random

import polars as pl
import pytest
import study_toy
from study_toy import STUDY, run_toy
from test_determinism import tables

from gfplab.errors import StudyError
from gfplab.study.compare import against_frame, standing
from gfplab.study.objectives import Objective
from gfplab.study.outcome import read_study
from gfplab.study.search import resume_study, run_study
from gfplab.study.store import Trial

CONFIRMED = STUDY.replace("seeds = [1, 2]", "seeds = [1, 2]\nconfirm = [101, 102, 103, 104]")


def test_baselines_and_front_are_run_again_with_fresh_seeds(study_of, tmp_path):
    """A row for each but stock, and each objective; the search itself is what it is without."""
    seen = []
    outcome = run_study(study_of(CONFIRMED), tmp_path / "out", lambda job: seen.append(job.seed) or run_toy(job))
    assert tables(outcome) == tables(run_study(study_of(STUDY), tmp_path / "without", run_toy))
    assert seen.count(101) == len({0, 1, *outcome.front}) * 2
    assert set(outcome.runs["seed"]) == {1, 2}
    others = sorted({1, *outcome.front} - {0})
    assert outcome.confirmed["number"].to_list() == [number for number in others for _ in range(2)]
    assert outcome.confirmed["label"][0] == "patient"
    assert set(outcome.confirmed["seeds"]) == {4}
    row = outcome.confirmed.row(0, named=True)
    assert row["low"] <= row["difference"] <= row["high"]
    assert outcome.confirmed.equals(read_study(tmp_path / "out").confirmed)


def trial(number, origin, label, stalls, paths):
    pairs = enumerate(zip(stalls, paths, strict=True))
    runs = [("storm", 100 + seed, {"stall": stall, "path": path}) for seed, (stall, path) in pairs]
    return Trial(number, 1, origin, label, {}, {}, {}, runs, "")


@pytest.mark.parametrize(
    ("label", "stalls", "paths", "column"),
    [
        ("slower", [20, 22, 21], [9, 9, 9], "dominates"),
        ("quicker", [1, 2, 1], [9, 9, 9], "dominated_by"),
        ("dearer", [1, 2, 1], [30, 30, 30], "trades_with"),
        ("noisy", [1, 40, 2], [9, 9, 9], "even_with"),
    ],
)
def test_what_was_found_stands_beside_each_answer_that_was_given(label, stalls, paths, column):
    """Better or worse only where the interval of the differences, seed by seed, leaves 0 out."""
    objectives = [Objective(f"storm.{m}", "storm", m, "mean", "minimize", "ms") for m in ("stall", "path")]
    confirmed = {
        1: trial(1, "baseline", label, stalls, paths),
        7: trial(7, "sampler", "found", [10, 11, 10], [9, 9, 9]),
    }
    against = against_frame(confirmed, [1, 7], objectives)
    assert against.height == 2 and set(against["number"]) == {7}
    (row,) = standing(against).to_dicts()
    assert row.pop("number") == 7
    assert {name for name, labels in row.items() if labels == [label]} == {column}
    assert against_frame({}, [1, 7], objectives).height == standing(against.clear()).height == 0


def test_a_lucky_winner_is_found_out(study_of, tmp_path):
    """Where nothing but noise differs, the best of 60 looks good, and its fresh runs say that it is not."""

    def run(job):
        metrics = run_toy(job)
        return {**metrics, "worst_io_stall_ms": random.Random(job.key).gauss(100, 10)}

    text = CONFIRMED.replace("trials = 22", "trials = 60").replace('"calm.fast_path_ns" = "mean"\n', "")
    outcome = run_study(study_of(text.replace('"worst"', '"mean"')), tmp_path / "out", run)
    row = outcome.confirmed.row(by_predicate=pl.col("number") == outcome.front[0], named=True)
    chosen = outcome.trials.filter(number=row["number"])["storm.worst_io_stall_ms"].item()
    assert chosen < 90 < row["value"]
    assert not row["surely_better"]


def test_a_real_winner_is_confirmed(study_of, tmp_path):
    """A stall of a thousandth is surely better, whatever the noise."""
    text = CONFIRMED.replace('"calm.fast_path_ns" = "mean"\n', "")
    outcome = run_study(study_of(text), tmp_path / "out", run_toy)
    row = outcome.confirmed.row(by_predicate=pl.col("number") == outcome.front[0], named=True)
    assert row["surely_better"] and row["high"] < -1000


def test_fresh_seeds_may_be_added_later_and_interrupted(study_of, study, tmp_path):
    """They change nothing about the search; what has been confirmed is not run again."""
    out = tmp_path / "out"
    run_study(study, out, run_toy)
    whole = run_study(study_of(CONFIRMED), tmp_path / "whole", run_toy)
    seen = []

    def run(job):
        if len(seen) == 20:
            raise KeyError("the lights went out")
        seen.append(job.seed)
        return run_toy(job)

    with pytest.raises(KeyError):
        run_study(study_of(CONFIRMED), out, run)
    assert set(seen) == {101, 102, 103, 104}
    done = read_study(out).confirmed.height
    assert done < whole.confirmed.height
    outcome = resume_study(out, run_toy, plugins=study_toy.PLUGINS)
    assert outcome.confirmed.equals(whole.confirmed)
    run_study(study_of(CONFIRMED), out, None, executor="threads")


SELECTED = CONFIRMED.replace("\nconfirm", "\nselect = [51, 52, 53]\nconfirm")


def test_the_best_are_chosen_by_seeds_of_their_own(study_of, tmp_path):
    """The front is run with the seeds of selection; who is beaten under them is not confirmed, who is left is."""
    seen = []

    def run(job):
        seen.append(job)
        chance = random.Random(job.key)
        return {**run_toy(job), "worst_io_stall_ms": chance.gauss(100, 10), "fast_path_ns": chance.gauss(40, 5)}

    outcome = run_study(study_of(SELECTED), tmp_path / "out", run)
    assert tables(outcome) == tables(run_study(study_of(STUDY), tmp_path / "without", run))
    assert outcome.selected["number"].to_list() == outcome.candidates
    left = outcome.selected.filter(pl.col("pareto"))["number"].to_list()
    assert set(outcome.finalists) == {0, 1, *left}
    assert 0 < len(left) < len(outcome.candidates)
    chosen = {seed: len({job.key for job in seen if job.seed == seed}) for seed in (51, 101)}
    assert chosen == {51: 2 * len(outcome.candidates), 101: 2 * len(outcome.finalists)}
    assert read_study(tmp_path / "out").selected.equals(outcome.selected)


def test_until_all_candidates_are_run_the_search_chooses(study_of, tmp_path):
    """A study stopped in its selection shows what it would without one, and goes on where it was."""

    def run(job):
        if job.seed == 53:
            raise KeyError("the lights went out")
        return run_toy(job)

    out = tmp_path / "out"
    with pytest.raises(KeyError):
        run_study(study_of(SELECTED), out, run)
    assert read_study(out).selected.height == 0
    whole = run_study(study_of(SELECTED), tmp_path / "whole", run_toy)
    resumed = resume_study(out, run_toy, plugins=study_toy.PLUGINS)
    assert resumed.confirmed.equals(whole.confirmed) and resumed.selected.equals(whole.selected)


@pytest.mark.parametrize(
    "seeds, sentence",
    [
        ("confirm = [2, 3]", "confirm: 2 is one of seeds; who was chosen by a seed looks good under it"),
        ("select = [3, 1]", "select: 1 is one of seeds; who was chosen by a seed looks good under it"),
        ("select = [3]\nconfirm = [3]", "confirm: 3 is one of select; who was chosen by a seed looks good under it"),
    ],
)
def test_a_seed_that_chose_cannot_judge(study_of, seeds, sentence):
    with pytest.raises(StudyError, match=sentence):
        study_of(STUDY.replace("seeds = [1, 2]", f"seeds = [1, 2]\n{seeds}"))
