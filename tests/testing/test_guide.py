"""Does docs/testing-a-policy.md tell the truth? Its policy and its tests are run as they stand."""

import re
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("compiled")]
GUIDE = (Path(__file__).parents[2] / "docs" / "testing-a-policy.md").read_text()


def test_the_tests_of_the_guide_pass(pytester, session):
    policy, *tests = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    pytester.makefile(".py", reserve_then_wait=policy)
    pytester.makepyfile(test_reserve_then_wait="\n\n".join(tests))
    named = re.findall(r"^def (test_\w+)", "\n".join(tests), re.MULTILINE)
    written = session("--gfplab-update")
    written.assert_outcomes(passed=len(named))
    shown = re.search(r"    (\| metric .*?)\n\n", GUIDE, re.DOTALL)[1]
    (file,) = (pytester.path / "snapshots" / "test_reserve_then_wait").iterdir()
    words = re.compile(r"[a-z]\w+")  # figures change when the kernel is simulated better
    assert words.findall(file.read_text()) == words.findall(shown)
    assert len(named) > 6
