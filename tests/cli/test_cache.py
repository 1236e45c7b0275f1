"""`gfplab cache` shows and prunes what studies have run."""

import json

import pytest

from gfplab.cli.main import run_command_line
from gfplab.engine import cache


@pytest.fixture
def kept(monkeypatch, tmp_path):
    """A cache folder with one result of another engine and the compiled kernels of two versions."""
    monkeypatch.setattr(cache, "root", lambda: tmp_path)
    monkeypatch.setattr(cache, "folder", lambda: tmp_path / "py311-numba1-now")
    made_of = {"gfplab's own code": "0123456789abcdef", "scenario s1": "1"}
    of = {"scenario": "s1", "policies": {"mempool_step": "neil_mask"}, "made_of": made_of, "seed": 1}
    (tmp_path / "runs" / "ab").mkdir(parents=True)
    (tmp_path / "runs" / "ab" / "ab1.json").write_text(json.dumps({"of": of, "metrics": {}}))
    for name in ("py311-numba1-now", "py310-numba0-then"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "kernel.o").write_bytes(b"x" * 5000)
    return tmp_path


def test_ls_tells_what_there_is(kept, capsys):
    assert run_command_line(["cache", "ls"]) == 0
    rows = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert rows == [
        "scenario policies results size unused engine",
        "s1 neil_mask 1 4 KiB 0.0 d 01234567 stale",
        f"1 results, 4 KiB, 1 of them stale; in {kept / 'runs'}",
        "compiled kernels, 16 KiB; 8 KiB of other versions",
    ]
    assert run_command_line(["cache", "ls", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert [(row["scenario"], row["results"], row["stale"]) for row in said["results"]] == [("s1", 1, True)]
    assert [each["current"] for each in said["compiled"]] == [False, True]


def test_prune_tells_what_was_freed(kept, capsys):
    freed = "1 of 1 results and the compiled kernels of 1 other versions {} 12 KiB\n"
    assert run_command_line(["cache", "prune", "--stale", "--dry-run"]) == 0
    assert capsys.readouterr().out == freed.format("would be removed, which would free")
    assert run_command_line(["cache", "prune", "--stale"]) == 0
    assert capsys.readouterr().out == freed.format("removed, which freed")
    assert sorted(path.name for path in kept.iterdir()) == ["py311-numba1-now", "runs"]
    assert run_command_line(["cache", "prune", "--older", "30d", "--max", "1GiB", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["results"] == 0


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        ([], "cache prune: nothing says what to remove; write --older 30d, --stale or --max 1GiB"),
        (["--older", "30"], "--older: '30' is not an age; write for example 30d, 12h or 90min"),
        (["--max", "1"], "--max: '1' has no unit; write a size such as \"64MiB\""),
    ],
)
def test_what_prune_does_not_understand_is_a_sentence(kept, capsys, arguments, sentence):
    assert run_command_line(["cache", "prune", *arguments]) == 2
    assert capsys.readouterr().err == f"gfplab: {sentence}\n"
