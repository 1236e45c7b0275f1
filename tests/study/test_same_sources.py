"""A simulation runs in a process that has the sources which the study began with, or not at all."""

import pickle

import pytest

from gfplab.errors import StudyError
from gfplab.policy.discover import discover
from gfplab.study import same_sources
from gfplab.study.ground import OWN_CODE
from gfplab.study.jobs import Job
from gfplab.study.same_sources import SameSources
from gfplab.tables import job as jobs
from gfplab.tables.provenance import sources_hash

JOB = Job("s", "s.toml", {}, {}, {}, 1)


def run(job):
    return {"seed": job.seed}


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """A policy in a file, and a function that has a new process find it in another form."""
    file = tmp_path / "mine.py"

    def edited(text):
        file.write_text(text)
        found = discover(folder=tmp_path)
        monkeypatch.setattr(jobs, "plugins_here", lambda _files=(): found)
        same_sources._changed.cache_clear()
        return found["mine"].source_hash

    shipped = discover()["neil_mask"].source
    yield lambda more="": edited(shipped + more)
    same_sources._changed.cache_clear()


def test_a_process_with_the_same_sources_runs_the_job(mine):
    """Also where it was sent there; scenarios are looked after elsewhere."""
    made_of = {"plugin mine": mine(), OWN_CODE: sources_hash(), "scenario s": "0"}
    assert pickle.loads(pickle.dumps(SameSources(run, made_of)))(JOB) == {"seed": 1}


def test_a_process_that_has_read_an_edited_policy_runs_nothing(mine):
    """It says which; with the old text back it runs."""
    guarded = SameSources(run, {"plugin mine": mine()})
    mine("# edited\n")
    with pytest.raises(StudyError) as caught:
        guarded(JOB)
    assert str(caught.value) == (
        "plugin mine is not what it was when the study began, and nothing was run with it; put it back and resume, or"
        " start a new folder with --out"
    )
    mine()
    assert guarded(JOB) == {"seed": 1}


def test_neither_does_one_with_another_gfplab_or_without_the_policy(mine):
    mine()
    for made_of, name in (({OWN_CODE: "0"}, OWN_CODE), ({"plugin yours": "0"}, "plugin yours")):
        with pytest.raises(StudyError, match=f"{name} is not what it was when the study began"):
            SameSources(run, made_of)(JOB)
