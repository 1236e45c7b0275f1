"""`gfplab run --break` and `--trace-decisions` from outside: prompts, files, sentences, exit codes."""

import io
import os
import subprocess
import sys

import pytest

from gfplab.cli.main import run_command_line
from gfplab.tables.export import read_folder

RUN = ["run", "s1_quarter", "-p", "neil_while", "--set", "length=20ms", "--out", "out"]


@pytest.fixture
def run(monkeypatch, tmp_path, capsys):
    """Runs with these options in an empty folder, standard input given; exit code, output and errors."""
    monkeypatch.chdir(tmp_path)

    def run(*options, typed=""):
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        return run_command_line([*RUN, *options]), *capsys.readouterr()

    return run


def test_break_asks_on_standard_input_and_the_page_follows(run):
    code, out, _err = run("--pure", "--break", "mempool_alloc:step", typed="p pool.curr_nr\nc\n")
    assert code == 0 and out.count("(Pdb) ") == 3
    assert "\n(Pdb) 2\n" in out and out.endswith("tables in out\n")


def test_quit_leaves_with_130_and_no_tables(run, tmp_path):
    code, _out, err = run("--pure", "--break", "mempool_step", typed="p pool.curr_nr\nq\n")
    assert code == 130 and err.splitlines()[-1].startswith("gfplab: left in the debugger at ")
    assert list(tmp_path.iterdir()) == [] and sys.gettrace() is None


def test_break_without_pure_says_what_to_write(run):
    code, _out, err = run("--break", "mempool_step")
    assert code == 2
    said = "a compiled policy has no statements to stop at; write --pure --break mempool_step"
    assert err.splitlines()[-1] == f"gfplab: --break mempool_step: {said}"


def test_break_and_json_do_not_go_together(run):
    code, _out, err = run("--break", "mempool_step", "--pure", "--json")
    assert code == 2 and "there is no --json; leave it out" in err


def test_break_in_a_terminal_of_its_own_ends_as_it_should(tmp_path):
    """Through a pseudo-terminal, where pdb reads with input() and line editing."""
    import pty

    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "gfplab", *RUN, "--pure", "--break", "mempool_step:3"]
    with subprocess.Popen(command, cwd=tmp_path, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        os.write(ours, b"p pool.min_nr\nq\n")
        said = b""
        while True:
            try:
                said += os.read(ours, 4096)
            except OSError:  # the other end is closed
                break
        assert process.wait() == 130
    os.close(ours)
    assert b"asked for the 3rd time" in said and b"Traceback" not in said
    assert said.strip().endswith(b"of simulated time; no tables are written")


def test_traced_decisions_are_a_table_of_the_run(run):
    code, _out, err = run("--pure", "--trace-decisions", "mempool_step,mempool_alloc:step,mempool_free")
    assert code == 0
    tables = read_folder("out")
    assert set(tables["decisions"]["decision"]) == {"mempool_step", "mempool_free"}
    kept = tables.provenance["decisions"]
    assert kept["taken"] == kept["kept"] == tables["decisions"].height


def test_all_decisions_are_traced_if_none_is_named(run):
    assert run("--pure", "--trace-decisions")[0] == 0
    assert read_folder("out").provenance["decisions"]["traced"][0] == "mempool_step"


def test_an_unknown_decision_is_refused_before_anything_runs(run, tmp_path):
    code, _out, err = run("--trace-decisions", "mempool_stop")
    assert code == 2 and list(tmp_path.iterdir()) == []
    said = "there is no decision point 'mempool_stop'; did you mean 'mempool_step'?"
    assert err.splitlines()[-1] == f"gfplab: --trace-decisions mempool_stop: {said}"
