"""Does `gfplab plugin new` write something that works at once? A policy that passes its check, tests, a scenario."""

import os
import subprocess
import sys

import pytest

from gfplab.cli.main import run_command_line
from gfplab.conformance import scenarios
from gfplab.engine import cache
from gfplab.policy.hookspecs import FAMILIES
from gfplab.policy.starter import STARTERS


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_every_family_has_a_policy_to_start_from():
    assert set(STARTERS) == set(FAMILIES)
    assert all(starter.decision in FAMILIES[family] for family, starter in STARTERS.items())


@pytest.mark.parametrize("family", STARTERS)
def test_a_new_policy_passes_its_check_and_runs(folder, family, capsys):
    assert run_command_line(["plugin", "new", "mine", "--family", family]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[:3] == ["plugins/mine.py", "tests/test_mine.py", "scenarios/mine.toml"]
    assert files(folder) == ["plugins/mine.py", "scenarios/mine.toml", "tests/test_mine.py"]
    assert said[3] == "try it with: gfplab run scenarios/mine.toml, then: gfplab plugin check mine"
    assert run_command_line(["plugin", "check", "mine", "--quick"]) == 0
    assert run_command_line(["run", "scenarios/mine.toml"]) == 0
    assert f"{STARTERS[family].decision} = mine" in capsys.readouterr().out


def test_a_new_policy_passes_its_whole_check(folder, capsys, monkeypatch):
    monkeypatch.setattr(scenarios, "SHORT", {"s1_quarter": {"length": "300ms"}})
    assert run_command_line(["plugin", "new", "mine", "--family", "mempool"]) == 0
    assert run_command_line(["plugin", "check", "mine", "--worlds", "5"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("ok: mine keeps all laws")


@pytest.mark.slow
def test_the_tests_that_are_written_pass(folder):
    """Of all families, in a session of their own, as an author runs them; the same for a copy of the stock kernel."""
    for family in STARTERS:
        assert run_command_line(["plugin", "new", f"my_{family}", "--family", family]) == 0
    assert run_command_line(["plugin", "new", "copy", "--decision", "mempool_step", "--decision", "mempool_free"]) == 0
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "GFPLAB_CACHE_DIR": str(cache.root())}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "gfplab.testing.plugin", "-p", "no:cacheprovider", "tests"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert "14 passed" in done.stdout


@pytest.mark.parametrize("taken", ["tests/test_mine.py", "scenarios/mine.toml"])
def test_nothing_is_overwritten(folder, taken, capsys):
    """If one of the files is there, none is written."""
    (folder / taken).parent.mkdir()
    (folder / taken).write_text("# mine\n")
    assert run_command_line(["plugin", "new", "mine", "--family", "throttle"]) == 2
    assert capsys.readouterr().err == f"gfplab: {taken}: already exists; take another name for the policy\n"
    assert files(folder) == [taken] and (folder / taken).read_text() == "# mine\n"


def test_a_policy_is_of_a_family_or_answers_decisions(folder, capsys):
    assert run_command_line(["plugin", "new", "mine"]) == 2
    assert run_command_line(["plugin", "new", "mine", "--family", "mempool", "--decision", "mempool_step"]) == 2
    assert "write --family FAMILY, or --decision NAME" in capsys.readouterr().err
    assert run_command_line(["plugin", "new", "class", "--family", "mempool"]) == 2
    assert run_command_line(["plugin", "new", "neil_mask", "--family", "mempool"]) == 2
    assert "neil_mask: is taken or is no name for a plugin" in capsys.readouterr().err
    assert files(folder) == []
