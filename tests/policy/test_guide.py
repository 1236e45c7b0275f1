"""Does docs/writing-a-policy.md tell the truth? Its examples are plugins that pass the check it recommends."""

import re
from pathlib import Path

import pytest

from gfplab.policy.check import check_plugin

GUIDE = (Path(__file__).parents[2] / "docs" / "writing-a-policy.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example_is_a_plugin_that_passes_its_check(plugin_of, number):
    """As it stands, compiled and interpreted."""
    assert check_plugin(plugin_of(EXAMPLES[number], f"example{number}"), contexts=100)


def test_there_is_an_example_with_tunables_and_one_with_state():
    """The two things that a reader comes for."""
    assert len(EXAMPLES) >= 2
    assert any("tunable(" in example for example in EXAMPLES) and any("state(" in example for example in EXAMPLES)
