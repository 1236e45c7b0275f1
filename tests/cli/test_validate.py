"""`gfplab validate` with a simulator that looks the answers up: exit codes, files, JSON, Ctrl-C."""

import json
import os
import signal

import pytest

from gfplab.cli.main import run_command_line
from gfplab.tables.export import read_folder
from gfplab.truth import replay

TABLE = "cfg,policy,seed,last_proc_end_s,pswpout\nslow20,0,1,20.0,1000\nslow20,3,1,40.0,1000\n"


@pytest.fixture
def simulated(monkeypatch, tmp_path):
    """Set `.answer` to what every row's simulation gives; the working directory holds runs.csv alone."""

    class Simulated:
        answer = {"last_proc_end_s": 20.0, "pswpout": 1000.0}

        def __call__(self, job):
            factor = 2 if job.settings["policy"] == 3 else 1
            return {**self.answer, "last_proc_end_s": self.answer["last_proc_end_s"] * factor}

    found = Simulated()
    monkeypatch.setattr(replay.replay, "__defaults__", (1, "threads", found, lambda row: "", None))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs.csv").write_text(TABLE)
    return found


def validate(*arguments) -> int:
    return run_command_line(["validate", "runs.csv", *arguments])


def test_within_all_bounds_is_0_and_everything_is_written(simulated, tmp_path, capsys):
    assert validate("--out", "there") == 0
    out = capsys.readouterr().out
    assert "5 of 5 judgements within bounds" in out and out.endswith("tables in there, chart in there/validate.png\n")
    assert read_folder("there")["validate_rows"].height == 4 and (tmp_path / "there/validate.png").stat().st_size > 5000


def test_show_says_that_a_comparison_is_no_run(simulated, capsys):
    validate("--out", "here")
    assert run_command_line(["show", "here"]) == 2
    assert "here: holds validate_rows, validate_summary, validate_ranks, not a run" in capsys.readouterr().err


def test_out_of_bounds_is_1(simulated, capsys):
    simulated.answer = {"last_proc_end_s": 20.0, "pswpout": 2000.0}
    assert validate() == 1
    assert "slow20, policy 3: swapped out 2 of the measured, not within 15 %" in capsys.readouterr().out


def test_json_is_one_document_and_nothing_else(simulated, capsys):
    assert validate("--json", "--out", "here") == 0
    out, err = capsys.readouterr()
    said = json.loads(out)
    assert err == "" and said["within_bounds"] and said["out"] == "here" and said["warnings"] == []
    assert said["runs"][1]["simulated"]["last_proc_end_s"] == 40.0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--only", "polcy=1"), "there is no column 'polcy'; did you mean 'policy'?"),
        (("--metric", "pswpinn"), "there is no such metric; did you mean 'pswpin'?"),
        (("--trace", "gone.txt"), "gone.txt: cannot be read"),
    ],
)
def test_a_wrong_word_is_2_before_anything_is_simulated(simulated, capsys, arguments, sentence):
    assert validate(*arguments) == 2
    assert sentence in capsys.readouterr().err


def test_results_are_not_overwritten(simulated, tmp_path, capsys):
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "x").write_text("")
    assert validate("--out", "here") == 2
    assert "already exists" in capsys.readouterr().err


def test_ctrl_c_ends_it_with_130_and_nothing_written(simulated, tmp_path, capsys, monkeypatch):
    def interrupt(job):
        os.kill(os.getpid(), signal.SIGINT)
        return {}

    monkeypatch.setattr(replay.replay, "__defaults__", (1, "threads", interrupt, lambda row: "", None))
    before = signal.getsignal(signal.SIGINT)
    assert validate("--out", "here") == 130
    assert "nothing was written" in capsys.readouterr().err and not (tmp_path / "here").exists()
    assert signal.getsignal(signal.SIGINT) is before
