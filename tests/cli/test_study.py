"""`gfplab study` searches, goes on and shows; the simulations are replaced by runs made by hand."""

import json
from pathlib import Path

import pytest

from gfplab.cli.main import run_command_line
from gfplab.engine import cache
from gfplab.tables import job

SCENARIO = Path(__file__).parents[2] / "studies" / "scenarios" / "s1_quarter.toml"
STUDY = f"""
title = "Which mempool program stalls least?"
seed = 2016
trials = 3
seeds = [1]
confirm = [11, 12]
sampler = "random"
scenarios = ["{SCENARIO}"]
policy = ["stock", "neil_mask", "pool_first"]

[objectives]
"s1_quarter.worst_io_stall_ms" = "worst"
"""
STALLS = {"linux_4_7": 100, "neil_mask": 3, "pool_first": 40}


@pytest.fixture
def folder(monkeypatch, tmp_path, synthetic):
    """An empty working directory but for study.toml; each policy has a worst stall of its own."""

    def simulate(world, policies, seed):
        stalls = synthetic.stalls()
        stalls["duration"] = 1_000_000  # with time between them: nap upon nap would be one stall
        last = (stalls["task"] == 1).nonzero()[0][-1]
        stalls["duration"][last] = STALLS[policies.names()["mempool_step"]] * 1_000_000
        arrays = synthetic.arrays()
        arrays["tasks"]["state"][:] = 1
        return synthetic.synthetic_run(world=world, policies=policies, seed=seed, stalls=stalls, arrays=arrays)

    monkeypatch.setattr(job, "simulate", simulate)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study.toml").write_text(STUDY)
    return tmp_path


def study(*arguments) -> int:
    # the cache would hand runs made by hand to the next real study
    return run_command_line(["study", *arguments, *(["--no-cache"] if arguments[0] != "show" else [])])


def test_a_study_prints_the_stock_kernel_first_and_then_who_beats_it(folder, capsys):
    assert study("run", "study.toml", "--out", "here") == 0
    out = capsys.readouterr().out
    assert out.startswith("Which mempool program stalls least?\n3 of 3 trials, done; in here\n")
    rows = [" ".join(line.split()) for line in out.splitlines()]
    assert rows.index("0 stock 100") + 1 == rows.index("2 neil_mask 3")
    assert "2 neil_mask -97 (-97 to -97) *" in rows


def test_json_is_one_document_and_nothing_else(folder, capsys):
    assert study("run", "study.toml", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["done"], said["wanted"], said["status"]) == (3, 3, "done")
    assert said["confirmed"][0]["difference"] == -97
    assert len(said["trials"]) == 3 and Path(said["out"]).parts[:2] == ("results", "study")


def test_show_prints_the_same_again_without_running_anything(folder, capsys, monkeypatch):
    study("run", "study.toml", "--out", "here")
    after_the_run = capsys.readouterr().out
    monkeypatch.setattr(job, "simulate", None)
    assert study("show", "here") == run_command_line(["show", "here"]) == 0
    assert capsys.readouterr().out == after_the_run * 2


def test_a_study_can_be_given_more_trials(folder, capsys):
    study("run", "study.toml", "--out", "here", "--trials", "2")
    assert "2 of 2 trials" in capsys.readouterr().out
    assert study("resume", "here", "--trials", "3") == 0
    assert "3 of 3 trials, done" in capsys.readouterr().out


@pytest.mark.parametrize("format", ["parquet", "csv", "markdown"])
def test_a_study_is_exported_as_its_trials_and_its_runs(folder, capsys, format):
    study("run", "study.toml", "--out", "here")
    assert run_command_line(["export", "here", "--format", format, "--to", "there"]) == 0
    manifest = json.loads(Path("there", "manifest.json").read_text())
    assert {name: table["rows"] for name, table in manifest["tables"].items()} == {
        "trials": 3,
        "runs": 3,
        "selected": 0,
        "confirmed": 1,
        "against": 1,
        "progress": 3,
        "importance": 0,
    }
    assert manifest["provenance"]["study"] == "Which mempool program stalls least?"


def test_a_wrong_study_is_a_sentence(folder, capsys):
    Path("study.toml").write_text(STUDY.replace("neil_mask", "neil_msk"))
    assert study("run", "study.toml") == 2
    out, err = capsys.readouterr()
    assert out == "" and "neil_mask" in err and not Path("results").exists()


def test_an_interrupted_study_says_how_to_go_on(folder, capsys, monkeypatch):
    from gfplab.study import search

    def interrupted(*arguments, **options):
        raise search.StudyInterrupted("here: stopped after 1 of 3 trials; gfplab study resume here goes on")

    monkeypatch.setattr(search, "run_study", interrupted)
    assert study("run", "study.toml", "--out", "here") == 130
    assert capsys.readouterr().err.strip().endswith("gfplab study resume here goes on")


def test_a_run_that_any_study_has_made_is_not_made_again(folder, capsys, monkeypatch):
    monkeypatch.setattr(cache, "root", lambda: folder / "cache")
    run_command_line(["study", "run", "study.toml", "--out", "here"])
    monkeypatch.setattr(job, "simulate", None)
    assert run_command_line(["study", "run", "study.toml", "--out", "there"]) == 0
    assert "3 of 3 trials, done; in there" in capsys.readouterr().out


def test_a_plan_runs_nothing_and_leaves_nothing(folder, capsys, monkeypatch):
    """Before the study all is to be run; after it nothing is, and the time is known."""
    monkeypatch.setattr(cache, "root", lambda: folder / "cache")
    before = {path.name for path in folder.iterdir()}
    assert run_command_line(["study", "plan", "study.toml", "--no-measure", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    counted = said["simulations"]
    assert (counted["baselines"], counted["search"], counted["confirm"], counted["cached"]) == (1, 1, 6, 0)
    assert counted["walked"] == 3 and counted["to_run"] == 8  # chance needs no results, so all three are known
    assert said["time"]["seconds"] is None and said["warnings"]
    assert {path.name for path in folder.iterdir()} == before
    run_command_line(["study", "run", "study.toml", "--out", "here"])
    capsys.readouterr()
    assert run_command_line(["study", "plan", "study.toml", "--workers", "2"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "with 2 workers; a run takes s1_quarter" in out
    assert "in the cache 6 to be run 0" in out


def test_a_plan_of_a_wrong_study_is_a_sentence(folder, capsys):
    Path("study.toml").write_text(STUDY.replace("neil_mask", "neil_msk"))
    assert run_command_line(["study", "plan", "study.toml"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and "did you mean 'neil_mask'?" in err


def test_a_scenario_outside_what_was_compared_with_a_real_kernel_is_named_once_and_not_for_each_trial(folder, capsys):
    assert study("run", "study.toml", "--out", "here") == 0
    first = [line for line in capsys.readouterr().err.splitlines() if "outside what was compared" in line]
    assert len(first) == 1 and first[0].startswith("gfplab: warning: s1_quarter: outside") and "v4.7" in first[0]
    assert study("resume", "here") == 0
    assert capsys.readouterr().err.count("outside what was compared") == 1
    assert study("show", "here") == 0
    assert "outside what was compared" not in capsys.readouterr().err
