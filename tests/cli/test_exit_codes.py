"""0 done, 1 the run's own verdict is bad, 2 the input was wrong, 130 interrupted; and never a traceback."""

import subprocess
import sys

import click
import pytest

from gfplab.cli import main
from gfplab.cli.main import run_command_line
from gfplab.errors import GfplabError, ScenarioError, SimulationError


def gfplab(*arguments: str, stdout=subprocess.PIPE) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "gfplab", *arguments], stdout=stdout, stderr=subprocess.PIPE, text=True
    )


@pytest.fixture
def verb(monkeypatch):
    """Puts a verb `try` on the command line that does what the test wants."""

    def put(function):
        command = click.Command("try", callback=function)
        monkeypatch.setattr(main.Verbs, "get_command", lambda self, ctx, name: command)
        return run_command_line(["try"])

    return put


def _raise(error):
    def do():
        raise error

    return do


def test_what_a_verb_returns_is_the_exit_code(verb):
    assert verb(lambda: 0) == 0
    assert verb(lambda: 1) == 1
    assert verb(lambda: None) == 0


@pytest.mark.parametrize(("error", "code"), [(GfplabError, 2), (ScenarioError, 2), (SimulationError, 1)])
def test_a_mistake_is_one_sentence_on_standard_error_and_its_own_exit_code(verb, capsys, error, code):
    assert verb(_raise(error("x.toml: no such machine; write [machine]"))) == code
    out, err = capsys.readouterr()
    assert (out, err) == ("", "gfplab: x.toml: no such machine; write [machine]\n")


def test_ctrl_c_leaves_with_130(verb, capsys):
    assert verb(_raise(KeyboardInterrupt())) == 130
    assert capsys.readouterr().err.strip() == "gfplab: interrupted"


def test_an_interrupt_that_knows_how_to_go_on_says_so(verb, capsys):
    assert verb(_raise(KeyboardInterrupt("stopped after 3 of 40 trials; gfplab study resume x goes on"))) == 130
    assert capsys.readouterr().err.strip() == "gfplab: stopped after 3 of 40 trials; gfplab study resume x goes on"


def test_a_fault_of_gfplab_itself_keeps_its_traceback(verb):
    with pytest.raises(ZeroDivisionError):
        verb(lambda: 1 // 0)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["rum"], "No such command 'rum'"),
        (["run"], "Missing argument 'SCENARIO'"),
        (["run", "x.toml", "--sed", "1"], "No such option '--sed'. (Did you mean one of: '--seed'"),
        (["run", "x.toml", "--seed", "-1"], "Invalid value for '--seed'"),
        (["export", "x", "--format", "xlsx", "--to", "y"], "Invalid value for '--format'"),
        (["export", "x"], "Missing option '--to'"),
        (["run", "no_such_scenario.toml"], "no_such_scenario.toml"),
        (["run", "s1_quartre"], "s1_quartre: no such scenario"),
        (["show", "no_such_folder"], "no_such_folder: there is no such folder"),
        (["machine", "import", "--proc", "no_such_folder"], "no_such_folder: no such folder"),
    ],
)
def test_wrong_input_leaves_with_2_and_a_sentence(arguments, sentence):
    found = gfplab(*arguments)
    assert found.returncode == 2
    assert sentence in found.stderr and "Traceback" not in found.stderr
    assert found.stdout == ""


def test_a_reader_that_goes_away_is_no_mistake():
    reader = subprocess.Popen(["true"], stdin=subprocess.PIPE)
    reader.wait()
    found = gfplab("completion", "bash", stdout=reader.stdin)
    reader.stdin.close()
    assert (found.returncode, found.stderr) == (0, "")
