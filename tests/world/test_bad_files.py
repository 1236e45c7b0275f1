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
