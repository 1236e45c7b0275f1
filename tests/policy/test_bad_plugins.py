"""Does a wrong plugin get the right sentences? Each file is named for its defect; the .err beside it is the answer.

A file is checked as `gfplab plugin check FILE --quick` does.  Where that does not show the defect, the first line of
the .err is the command that does: `$ gfplab run ...`.
"""

from pathlib import Path

import pytest

from gfplab.cli.main import run_command_line

BAD = Path(__file__).parents[1] / "files" / "bad" / "plugin"
FILES = sorted(BAD.glob("*.py"))
MARK = "$ gfplab "


def command(path):
    """(the arguments of the command, what it says)"""
    said = path.with_suffix(".err").read_text()
    if said.startswith(MARK):
        first, _end, said = said.partition("\n")
        return first.removeprefix(MARK).split(), said
    return ["plugin", "check", path.name, "--quick"], said


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_wrong_plugin_is_refused_with_every_mistake_in_its_own_line(path, monkeypatch, capsys):
    """The message is exactly the .err file: file and line, what is wrong, what to write instead; exit code 2."""
    monkeypatch.chdir(BAD)
    arguments, said = command(path)
    assert run_command_line(arguments) == 2
    assert capsys.readouterr().err == f"gfplab: {said}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_message_has_the_place_the_source_and_what_to_write(path):
    """`file.py:line: what is wrong; what to write`, and under it the line as it stands in the file."""
    _arguments, said = command(path)
    told = said.splitlines()
    sentences = [line for line in told if not line.startswith("    ")]
    assert sentences and all("numba" not in line and "Traceback" not in line for line in told)
    for sentence in sentences:
        assert any(mark in sentence for mark in ("; ", "did you mean", "is not Python: ", " is outside ")), sentence
        place = sentence.split(": ")[0].split(":")
        if place[0] == path.name and len(place) == 2:
            quoted = told[told.index(sentence) + 1] if told[-1] != sentence else ""
            line = path.read_bytes().splitlines()[int(place[1]) - 1].decode(errors="replace").expandtabs()
            assert quoted == f"    {line.strip()}" or not quoted.startswith("    "), sentence


def test_there_are_the_forty_most_likely_mistakes():
    """And no answer is left over from a file that was renamed."""
    assert len(FILES) >= 40
    assert {path.stem for path in BAD.glob("*.err")} == {path.stem for path in FILES}
