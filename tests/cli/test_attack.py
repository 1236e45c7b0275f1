"""gfplab attack: what it refuses, what it writes, what it leaves when it is interrupted."""

import json

import pytest

from gfplab.cli.main import INTERRUPTED, run_command_line


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["stock", "--bound", "soon"], "--bound: 'soon' is not a time; write for example \"100ms\""),
        (["stock", "--bound", "0s"], "--bound 0s: every sleep is longer than that; write for example --bound 1s"),
        (["stock", "--out", "x.txt"], "--out x.txt: a scenario is a .toml file; name it so"),
        (["stock", "--out", "no/x.toml"], "--out no/x.toml: there is no folder no; make it, or name another file"),
        (["stock", "--from", "harmles_swap"], "harmles_swap: no such scenario; did you mean harmless_swap?"),
        (["neil_maks"], "there is no plugin 'neil_maks'; did you mean 'neil_mask'?"),
        (["stock", "--unlike", "neil_maks"], "there is no plugin 'neil_maks'; did you mean 'neil_mask'?"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(capsys, arguments, said):
    assert run_command_line(["attack", *arguments]) == 2
    assert said in capsys.readouterr().err.splitlines()[0]


def test_a_file_that_exists_is_not_written_over(tmp_path, capsys):
    (tmp_path / "stock_stall.toml").write_text("mine")
    assert run_command_line(["attack", "stock"]) == 2
    assert "stock_stall.toml: already exists; name another file with --out" in capsys.readouterr().err
    assert (tmp_path / "stock_stall.toml").read_text() == "mine"


def test_what_was_found_reproduces_from_its_file(compiled, tmp_path, capsys):
    """In a scenario of our own that stalls by itself: made smaller, written, and asked again with --trials 0."""
    assert (
        run_command_line(["attack", "stock", "--from", "stall_stock", "--seeds", "2", "--trials", "1", "--json"]) == 0
    )
    first = json.loads(capsys.readouterr().out)
    assert (first["found"], first["trial"], first["file"]) == (True, 0, "stock_stall.toml")
    text = (tmp_path / "stock_stall.toml").read_text()
    assert text.startswith(
        "# stock lets a task inside mempool_alloc() be stuck for more than 1 s, with every seed from 1 to 2"
    )
    assert "gfplab run stock_stall.toml --seed 1" in text and "# seed 2: longest stall" in text
    again = [
        "attack",
        "stock",
        "--from",
        "stock_stall.toml",
        "--seeds",
        "2",
        "--trials",
        "0",
        "--out",
        "no.toml",
        "--json",
    ]
    assert run_command_line(again) == 0
    assert json.loads(capsys.readouterr().out)["verdicts"] == first["verdicts"]
    assert not (tmp_path / "no.toml").exists()


def test_nothing_found_is_exit_code_1_and_says_what_came_nearest(compiled, capsys):
    assert run_command_line(["attack", "stock", "--trials", "0", "--seeds", "1"]) == 1
    assert "0 trials (1 simulations): none is one in which stock lets a task" in capsys.readouterr().out


def test_an_interruption_leaves_what_was_found(tmp_path, capsys, monkeypatch):
    from gfplab.adversary import attack as searching

    def interrupted(asked, victim, workers, found, *more, **options):
        found.tables, found.trial = dict(asked.tables), 3
        raise KeyboardInterrupt

    monkeypatch.setattr(searching, "run_attack", interrupted)
    assert run_command_line(["attack", "stock"]) == INTERRUPTED
    assert "stopped while making it smaller; stock_stall.toml is the smallest so far" in capsys.readouterr().err
    comment = (tmp_path / "stock_stall.toml").read_text().replace("\n# ", " ")
    assert "It can be made smaller." in comment
