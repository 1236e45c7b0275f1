"""Does a wrong plugin get the right sentences? Each file is named for its defect; the .err beside it is the answer."""

from pathlib import Path

import pytest

from gfplab.errors import PolicyError
from gfplab.policy.discover import discover

BAD = Path(__file__).parents[1] / "files" / "bad" / "plugin"
FILES = sorted(BAD.glob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_wrong_plugin_is_refused_with_every_mistake_in_its_own_line(path, monkeypatch):
    """The message is exactly the .err file: file and line, what is wrong, what to write instead; exit code 2."""
    monkeypatch.chdir(BAD)
    with pytest.raises(PolicyError) as problem:
        discover(files=[path.name], folder="no such folder")
    assert str(problem.value) + "\n" == path.with_suffix(".err").read_text()
    assert all(line.startswith(path.name) for line in problem.value.lines)
    assert problem.value.exit_code == 2


def test_every_answer_has_its_file():
    """No .err is left over from a file that was renamed."""
    assert {path.stem for path in BAD.glob("*.err")} == {path.stem for path in FILES}
