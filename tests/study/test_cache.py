"""A result is looked up by everything that it depends on, and by nothing else."""

import pytest
import study_toy
from study_toy import STUDY, run_toy
from test_determinism import tables

from gfplab.study.search import run_study
from gfplab.study.spec import load_study


class Counted:
    """The toy's job, counting."""

    def __init__(self):
        self.jobs = []

    def __call__(self, job):
        self.jobs.append(job)
        return run_toy(job)


@pytest.fixture
def again(tmp_path):
    """Runs a study with the cache; its outcome and the jobs that had to be run."""
    folders = iter(range(99))

    def run(study, run_job=None, **more):
        counted = run_job or Counted()
        outcome = run_study(study, tmp_path / f"out-{next(folders)}", counted, cache=tmp_path / "cache", **more)
        return outcome, counted.jobs

    return run


def test_asking_again_costs_nothing(study, again):
    """Another folder, the same study: no job is run, and the tables are the same."""
    first, ran = again(study, identity={"kernel build": "a"})
    second, repeated = again(study, workers=3, identity={"kernel build": "a"})
    assert len(ran) > 40 and not repeated
    assert tables(second) == tables(first)


def test_another_simulator_runs_everything_again(study, again):
    """What it computes may have changed."""
    _, ran = again(study, identity={"kernel build": "a"})
    assert len(again(study, identity={"kernel build": "b"})[1]) == len(ran)


@pytest.mark.parametrize("name", ["patient", "linux_4_7"])
def test_an_edited_plugin_costs_its_own_runs(study, again, tmp_path, name):
    """Only jobs that use it, which for the stock kernel are all."""
    _, ran = again(study, trials=6)
    edited = dict(study_toy.PLUGINS)
    edited[name] = study_toy.replace(edited[name], source_hash="edited")
    _, repeated = again(load_study(study.path, edited), trials=6)
    uses = [job for job in ran if name == "linux_4_7" or name in job.policies.values()]
    assert sorted(job.key for job in repeated) == sorted(job.key for job in uses)
    assert name == "linux_4_7" or 0 < len(uses) < len(ran)


def test_a_scenario_edited_costs_its_own_runs(study, again, tmp_path):
    """The other scenario's results still hold."""
    again(study, trials=6)
    calm = tmp_path / "files" / "calm.toml"
    calm.write_text(calm.read_text().replace("1MB/s", "2MB/s"))
    _, repeated = again(load_study(study.path, study_toy.PLUGINS), trials=6)
    assert {job.scenario for job in repeated} == {"calm"}


def test_studies_share_what_they_have_in_common(study, study_of, again):
    """A study with other ranges finds its baselines measured."""
    again(study, trials=2)
    _, repeated = again(study_of(STUDY.replace("high = 8", "high = 9")), trials=2)
    assert not repeated


def test_a_damaged_result_is_run_again(study, again, tmp_path):
    """A file that is no JSON is as good as none."""
    first, _ = again(study, trials=2)
    paths = sorted((tmp_path / "cache").rglob("*.json"))
    paths[0].write_text('{"worst_io')
    second, repeated = again(study, trials=2)
    assert len(repeated) == 1 and tables(second) == tables(first)
    assert not again(study, trials=2)[1]


def test_a_trial_killed_halfway_keeps_the_runs_that_had_ended(study, again):
    """Although a trial is recorded only when all of its runs are in."""

    class Fails(Counted):
        def __call__(self, job):
            if len(self.jobs) == 3:
                raise KeyError("the lights went out")
            return super().__call__(job)

    with pytest.raises(KeyError):
        again(study, Fails(), trials=1)
    assert len(again(study, trials=1)[1]) == 1


def test_a_widened_study_pays_for_what_is_new(study, study_of, again):
    """Trials, seeds and scenarios that were there before cost nothing; what is run is exactly the rest."""
    _, first = again(study, trials=10)
    assert len(first) == len({job.key for job in first}) == 40
    _, more_trials = again(study, trials=14)
    assert len(more_trials) == 16
    _, more_seeds = again(study_of(STUDY.replace("seeds = [1, 2]", "seeds = [1, 2, 3]")), trials=2)
    assert [job.seed for job in more_seeds] == [3] * 4
    assert not again(study, trials=14)[1]


def test_a_cache_that_cannot_be_written_costs_time_and_nothing_else(study, again, tmp_path):
    """A file stands where its folder would be."""
    (tmp_path / "cache").write_text("")
    first, ran = again(study, trials=2)
    second, repeated = again(study, trials=2)
    assert len(ran) == len(repeated) == 8 and tables(first) == tables(second)
