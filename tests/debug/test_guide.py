"""Does docs/debugging.md tell the truth? Its commands run, in its order, and print the headings that it shows."""

import io
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gfplab.cli.main import run_command_line

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "debugging.md").read_text()
BLOCKS = re.findall(r"```(console|python)\n(.*?)```", GUIDE, re.DOTALL)
PROMPT = "(Pdb) "


def sessions(block):
    """(command, the lines that the guide shows below it) of a console block."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, *shown = part.splitlines()
        yield shlex.split(command), shown


def headings(shown):
    """Lines that say what comes next: no figure in them that a kernel's next version may change."""
    return [line for line in shown if line.endswith(":") and not re.search(r"\d", line)]


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """An empty folder with a policy in it; scenarios are those that came with gfplab."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text((ROOT / "plugins" / "gfplab_plugins" / "neil_while.py").read_text())
    return tmp_path


def test_the_commands_of_the_guide_run_and_say_what_it_shows(elsewhere, monkeypatch, capsys):
    ran = []
    for kind, block in BLOCKS:
        if kind == "python":
            exec(compile(block, "docs/debugging.md", "exec"), {})
            assert "RESERVE" in capsys.readouterr().out
            continue
        for (program, verb, *arguments), shown in sessions(block):
            if verb == "watch":
                continue  # it does not end by itself
            typed = [line.removeprefix(PROMPT) for line in shown if line.startswith(PROMPT)]
            # then input ends, and the run goes on
            monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in typed)))
            assert (program, run_command_line([verb, *arguments])) == ("gfplab", 0)
            out = capsys.readouterr().out
            for line in headings(shown):
                assert line in out, line
            assert "***" not in out  # what pdb says of a command that fails
            ran.append(verb)
    assert ran == ["run", "run", "diff-runs", "run", "diff-runs"]


def test_the_watch_of_the_guide_runs_and_ends(elsewhere):
    ((command, _shown),) = (
        session for _kind, block in BLOCKS for session in sessions(block) if session[0][1] == "watch"
    )
    pipe = {"stdout": subprocess.PIPE, "text": True, "env": dict(os.environ, PYTHONUNBUFFERED="1")}
    with subprocess.Popen([sys.executable, "-m", *command], **pipe) as process:
        assert any("work_done" in line for line in process.stdout)
        process.send_signal(signal.SIGINT)
        assert process.wait() == 130
