"""The studies in studies/ ask for what exists: their plugins, scenarios, keys and metrics are the shipped ones."""

from pathlib import Path

import pytest

from gfplab.errors import StudyError
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


def test_a_scenario_that_came_with_gfplab_may_be_named_without_its_path(tmp_path):
    """Wherever the study lies; a misspelt one is offered a near one."""
    study = tmp_path / "mine.toml"
    study.write_text(
        'title = "t"\nscenarios = ["s1_quarter"]\npolicy = ["stock", "pool_first"]\n'
        '[objectives]\n"s1_quarter.worst_io_stall_ms" = "worst"\n'
    )
    assert load_study(study).scenarios["s1_quarter"].name == "s1_quarter.toml"
    study.write_text(study.read_text().replace('["s1_quarter"]', '["s1_quater"]'))
    with pytest.raises(StudyError, match="s1_quater: no such scenario; did you mean s1_quarter?"):
        load_study(study)
