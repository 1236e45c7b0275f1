"""Does a wrong study get the right sentences?  Each file is named for its defect; the .err beside it is the answer."""

from pathlib import Path

import pytest
from study_toy import PLUGINS

from gfplab.errors import StudyError
from gfplab.study.spec import load_study

BAD = Path(__file__).parents[1] / "files" / "bad" / "study"
FILES = sorted(BAD.glob("*.toml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_wrong_study_is_refused_with_every_mistake_in_its_own_line(path, monkeypatch):
    """The message is exactly the .err file, and exit code 2 says that the input was wrong."""
    monkeypatch.chdir(path.parent)
    with pytest.raises(StudyError) as problem:
        load_study(path.name, PLUGINS)
    assert str(problem.value) + "\n" == path.with_suffix(".err").read_text()
    assert problem.value.exit_code == 2


def test_every_answer_has_its_file():
    """No .err is left over from a file that was renamed."""
    assert {path.stem for path in BAD.glob("*.err")} == {path.stem for path in FILES}
