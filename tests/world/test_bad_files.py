"""Does a wrong file get the right sentence? Each file is named for its defect; the .err beside it is the answer."""

from pathlib import Path

import pytest

from gfplab.errors import ScenarioError
from gfplab.world.imported import read_machine_file
from gfplab.world.scenario import load_scenario

BAD = Path(__file__).parents[1] / "files" / "bad"
READERS = {"scenario": load_scenario, "machine": read_machine_file}
FILES = [(kind, path) for kind in READERS for path in sorted((BAD / kind).glob("*.toml"))]


@pytest.mark.parametrize(("kind", "path"), FILES, ids=lambda each: getattr(each, "stem", each))
def test_a_wrong_file_is_refused_with_every_mistake_in_its_own_line(kind, path, monkeypatch):
    """The message is exactly the .err file; it never mentions pydantic, and exit code 2 says the input was wrong."""
    monkeypatch.chdir(path.parent)
    with pytest.raises(ScenarioError) as problem:
        READERS[kind](path.name)
    assert str(problem.value) + "\n" == path.with_suffix(".err").read_text()
    assert all(line.startswith(path.name) for line in problem.value.lines)
    assert problem.value.exit_code == 2


def test_every_answer_has_its_file():
    """No .err is left over from a file that was renamed."""
    for kind in READERS:
        assert {path.stem for path in (BAD / kind).glob("*.err")} == {path.stem for each, path in FILES if each == kind}


def test_a_byte_order_mark_is_no_mistake(tmp_path):
    """Some editors write one; TOML allows it nowhere, but nobody can see it either."""
    good = (Path(__file__).parents[2] / "studies" / "scenarios" / "s10_fast_path.toml").read_bytes()
    (tmp_path / "marked.toml").write_bytes(b"\xef\xbb\xbf" + good)
    assert load_scenario(tmp_path / "marked.toml").title


def test_a_misspelt_path_names_the_file_beside_it(tmp_path):
    """Or says that it is a folder."""
    (tmp_path / "s1_quarter.toml").write_text("")
    with pytest.raises(ScenarioError, match="s1_quater.toml: no such file; did you mean .*s1_quarter.toml[?]$"):
        load_scenario(tmp_path / "s1_quater.toml")
    with pytest.raises(ScenarioError, match="this is a folder; write the path of a .toml file$"):
        load_scenario(tmp_path)
