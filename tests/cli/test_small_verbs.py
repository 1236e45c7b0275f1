"""The verbs that look things up."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from gfplab import run
from gfplab.cli.main import run_command_line

FILES = Path(__file__).parents[1] / "files"


def test_scenarios_lists_every_scenario_by_its_title(capsys):
    assert run_command_line(["scenarios"]) == 0
    assert "s1_quarter " in capsys.readouterr().out
    assert run_command_line(["scenarios", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert "s1_quarter" in [row["name"] for row in rows] and all(row["title"] for row in rows)


def test_a_scenario_in_the_working_directory_hides_the_shipped_one(tmp_path, monkeypatch, capsys):
    mine = tmp_path / "studies" / "scenarios" / "s1_quarter.toml"
    mine.parent.mkdir(parents=True)
    mine.write_text('title = "mine"\n')
    monkeypatch.chdir(tmp_path)
    run_command_line(["scenarios", "--json"])
    titles = {row["name"]: row["title"] for row in json.loads(capsys.readouterr().out)}
    assert titles["s1_quarter"] == "mine" and len(titles) > 1


def test_policies_lists_every_plugin_and_what_it_answers(capsys):
    assert run_command_line(["policies"]) == 0
    assert "neil_mask" in capsys.readouterr().out
    assert run_command_line(["policies", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert "mempool_step" in rows["neil_mask"]["decisions"]


def test_explain_knows_decisions_and_plugins(capsys):
    assert run_command_line(["explain", "throttle_vm_writeout"]) == 0
    assert "throttle_vm_writeout" in capsys.readouterr().out
    assert run_command_line(["explain", "neil_mask"]) == 0
    assert "neil_mask" in capsys.readouterr().out


def test_explain_of_a_misspelt_decision_says_what_was_meant(capsys):
    assert run_command_line(["explain", "throttle_vm_writout"]) == 2
    assert "throttle_vm_writeout" in capsys.readouterr().err


def test_machine_import_writes_a_machine_table(capsys):
    assert run_command_line(["machine", "import", "--proc", str(FILES / "proc_capture")]) == 0
    assert "[machine]" in capsys.readouterr().out


def test_machine_import_writes_a_file_once_and_never_over_another(tmp_path, capsys):
    arguments = ["machine", "import", "--proc", str(FILES / "proc_capture"), "--out", str(tmp_path / "box.toml")]
    assert run_command_line(arguments) == 0
    written = (tmp_path / "box.toml").read_text()
    assert "[machine]" in written
    assert run_command_line(arguments) == 2
    assert "already exists" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["box.toml"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_for_the_shell(shell, capsys):
    assert run_command_line(["completion", shell]) == 0
    out = capsys.readouterr().out
    assert f"_GFPLAB_COMPLETE={shell}_complete" in out and "gfplab" in out


def test_bash_reads_the_completion_script(capsys):
    run_command_line(["completion", "bash"])
    subprocess.run(["bash", "-n"], input=capsys.readouterr().out, text=True, check=True)


def test_a_new_plugin_can_be_checked_and_is_found_by_its_name(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run_command_line(["plugin", "new", "mine", "--decision", "throttle_vm_writeout"]) == 0
    assert run_command_line(["plugin", "check", "mine", "--quick"]) == 0
    assert "throttle_vm_writeout: compiled in" in capsys.readouterr().out
    assert run_command_line(["plugin", "new", "mine", "--decision", "mempool_step"]) == 2
    assert "is taken" in capsys.readouterr().err
    run_command_line(["policies", "--json"])
    assert "mine" in [row["name"] for row in json.loads(capsys.readouterr().out)]


def test_a_plugin_is_measured_in_nanoseconds(capsys):
    assert run_command_line(["plugin", "bench", "linux_4_9"]) == 0
    assert re.fullmatch(
        r"throttle_vm_writeout: [0-9.]+ ns a call, [0-9.]+ times an empty decision's [0-9.]+ ns.*\n",
        capsys.readouterr().out,
    )


def test_warmup_builds_what_a_run_needs_and_the_check_build_when_asked(monkeypatch, capsys):
    built = []
    monkeypatch.setattr(run, "build_kernel", lambda mode, check, progress: built.append((mode, check)))
    assert run_command_line(["warmup"]) == 0
    assert run_command_line(["warmup", "--check"]) == 0
    assert built == [("compiled", False), ("compiled", False), ("compiled", True)]
    assert capsys.readouterr().out.startswith("build ready in 0.0 s\n")
