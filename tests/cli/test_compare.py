"""`gfplab compare` on runs made by hand."""

import json
from pathlib import Path

import polars as pl
import pytest

from gfplab.cli.main import run_command_line
from gfplab.engine import cache
from gfplab.tables import job
from gfplab_plugins import pool_first

STALLS = {"linux_4_7": 100, "neil_mask": 3, "pool_first": 40, "mine": 7}


@pytest.fixture
def runs(monkeypatch, tmp_path, synthetic):
    """Every policy has a worst stall of its own, a little longer with each seed; a list of who has been run."""
    seen = []

    def simulate(world, policies, seed):
        stalls = synthetic.stalls()
        stalls["duration"] = 1_000_000
        last = (stalls["task"] == 1).nonzero()[0][-1]
        name = policies.names()["mempool_step"]
        seen.append((name, policies.names()["throttle_vm_writeout"], seed))
        stalls["duration"][last] = STALLS[name] * 1_000_000 + seed**2 * 1000 * (name == "linux_4_7")
        arrays = synthetic.arrays()
        arrays["tasks"]["state"][:] = 1
        return synthetic.synthetic_run(world=world, policies=policies, seed=seed, stalls=stalls, arrays=arrays)

    monkeypatch.setattr(job, "simulate", simulate)
    monkeypatch.setattr(cache, "root", lambda: tmp_path / "cache")
    monkeypatch.chdir(tmp_path)
    return seen


def compare(*arguments) -> int:
    return run_command_line(["compare", "s1_quarter", "--metric", "worst_io_stall_ms", *arguments])


def test_the_table_names_the_reference_and_then_each_policy(runs, capsys):
    assert compare("-p", "neil_mask", "-p", "pool_first+linux_4_9", "--seeds", "8", "--out", "here") == 0
    out = capsys.readouterr().out
    assert out.startswith("s1_quarter: against stock, 8 common seeds, 2 comparisons\n")
    rows = [" ".join(line.split()) for line in out.splitlines()]
    (stock,) = [at for at, row in enumerate(rows) if row.startswith("stock 100")]
    assert rows[stock + 1].startswith("neil_mask 3 -97 -97.1 to -97 -1.00 0.0078 0.016 better")
    assert rows[stock + 2].startswith("pool_first+linux_4_9 40")
    assert ("pool_first", "linux_4_9", 8) in runs and len(runs) == 24
    assert pl.read_parquet("here/comparisons.parquet").height == 2
    assert pl.read_parquet("here/runs.parquet").select("policy", "seed").height == 24


def test_show_prints_the_same_again_without_running_anything(runs, capsys):
    compare("-p", "neil_mask", "--seeds", "4", "--out", "here")
    first, count = capsys.readouterr().out, len(runs)
    assert run_command_line(["show", "here"]) == 0
    assert capsys.readouterr().out == first
    assert len(runs) == count


def test_too_few_seeds_are_said_to_be_too_few(runs, capsys):
    assert compare("-p", "neil_mask", "--seeds", "4") == 0
    assert "with 4 seeds no corrected p can be below 0.125; take more --seeds" in capsys.readouterr().out


def test_a_policy_may_be_a_file(runs, capsys):
    text = Path(pool_first.__file__).read_text()
    Path("mine.py").write_text(text)
    assert compare("-p", "./mine.py", "-p", "neil_mask", "--seeds", "2") == 0
    rows = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert any(row.startswith("./mine.py 7 -93") for row in rows)
    assert ("mine", "linux_4_7", 2) in runs


def test_json_is_one_document_and_a_run_is_made_once(runs, capsys):
    assert compare("-p", "neil_mask", "--seeds", "3", "--json") == 0
    first = json.loads(capsys.readouterr().out)
    assert first["comparisons"][0]["policy"] == "neil_mask" and len(first["runs"]) == 6
    assert compare("-p", "neil_mask", "-p", "pool_first", "--against", "pool_first", "--seeds", "4", "--json") == 0
    assert sorted(seed for name, _, seed in runs if name == "neil_mask") == [1, 2, 3, 4]


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        ((), "-p: there is nothing to compare with stock; write for example -p neil_mask"),
        (("-p", "neil_msk"), "there is no plugin 'neil_msk'; did you mean 'neil_mask'?"),
        (("-p", "neil_mask+pool_first"), "neil_mask answers mempool_step too; leave one of them out"),
        (("-p", "neil_mask", "--set", "hocko_rfc.x=1"), "none of stock, neil_mask has this plugin"),
        (("-p", "neil_mask", "--metric", "speed"), "no metric is named 'speed'"),
    ],
)
def test_what_is_wrong_is_one_sentence_before_anything_runs(runs, capsys, arguments, sentence):
    assert compare(*arguments) == 2
    out, err = capsys.readouterr()
    assert out == "" and sentence in err and err.count("\n") == 1
    assert not runs and not Path("results").exists()
