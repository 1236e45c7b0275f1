"""May a study ask who answers for a single pool?"""

from pathlib import Path

import pytest

from gfplab.errors import StudyError
from gfplab.study.spec import load_study

S1 = Path(__file__).parents[2] / "studies" / "scenarios" / "s1_quarter.toml"
TEXT = f"""
title = "Which pools should give from their reserve first?"
trials = 5
scenarios = ["{S1}"]

[policies]
mempool_step = "neil_mask"
"mempool_step@swap0.tio" = "stock"

[policies.throttle_vm_writeout]
kworker = ["stock", "linux_4_9"]

[search]
"neil_mask.timeout" = {{}}

[objectives]
worst_io_stall_ms = "worst"
"""


@pytest.fixture
def load(tmp_path):
    def loaded(text=TEXT):
        path = tmp_path / "shares.toml"
        path.write_text(text)
        return load_study(path)

    return loaded


def test_a_share_is_fixed_by_a_name_and_searched_by_a_list(load):
    """Stock is a plugin like any other where all else is not stock's."""
    study = load()
    (choice,) = study.space.policies
    assert (choice.name, choice.values) == ("throttle_vm_writeout@kworker", ("stock", "linux_4_9"))
    policies = study.space.policies_of({"throttle_vm_writeout@kworker": "linux_4_9"})
    assert policies == {
        "mempool_step": "neil_mask",
        "mempool_step@swap0.tio": "stock",
        "throttle_vm_writeout@kworker": "linux_4_9",
    }
    assert {"plugin neil_mask", "plugin linux_4_9", "plugin linux_4_7"} <= study.made_of.keys()


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (
            'kwroker = ["stock", "linux_4_9"]',
            "throttle_vm_writeout@kwroker: there is no task 'kwroker' in s1_quarter; did you mean 'kworker'?",
        ),
        ('"swap0.tio" = "stock"', "throttle_vm_writeout is not asked about a pool; name a task"),
        ('kworker = ["stock", "neil_mask"]', "throttle_vm_writeout@kworker: neil_mask does not decide this"),
    ],
)
def test_a_share_that_no_scenario_has_is_refused_before_anything_runs(load, wrong, sentence):
    """By the scenario that lacks it."""
    with pytest.raises(StudyError) as problem:
        load(TEXT.replace('kworker = ["stock", "linux_4_9"]', wrong))
    assert sentence in str(problem.value)
