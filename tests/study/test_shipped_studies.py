"""The studies in studies/ ask for what exists: their plugins, scenarios, keys and metrics are the shipped ones."""

from pathlib import Path

import pytest

from gfplab.study.spec import load_study
from gfplab.study.store import Trial

STUDIES = sorted((Path(__file__).parents[2] / "studies").glob("*.toml"))


def test_there_is_the_study_that_make_study_runs():
    assert "dm_crypt_stall.toml" in {path.name for path in STUDIES}


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_a_shipped_study_loads_and_begins_with_the_stock_kernel(path):
    """Its trial 0 changes nothing, and what it searches goes beyond its baselines."""
    study = load_study(path)
    stock = study.baselines[0]
    for job in study.jobs(Trial(0, 0, "baseline", stock.label, stock.values, stock.policies, {})):
        assert (job.policies, job.tunables, job.overrides) == ({}, {}, {})
    assert study.trials > len(study.baselines)
    assert {"no_oom", "no_deadlock"} <= {constraint.name for constraint in study.constraints}
