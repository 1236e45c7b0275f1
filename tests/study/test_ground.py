"""While a study runs, its disk may fill and its files may change: a sentence, and what it had is still there."""

import errno
import os
import threading
import time

import pytest
import study_toy
from study_toy import STUDY, run_toy
from test_determinism import tables

from gfplab.errors import StudyError
from gfplab.study import files, store
from gfplab.study.ground import stands
from gfplab.study.outcome import read_study
from gfplab.study.search import resume_study, run_study


@pytest.fixture
def alone(study, tmp_path):
    return tables(run_study(study, tmp_path / "alone", run_toy))


def resume(folder, **more):
    return resume_study(folder, run_toy, plugins=study_toy.PLUGINS, **more)


class Disk:
    """`os` with a disk that takes `room` more bytes; a write over its end writes what still fits."""

    def __init__(self, room):
        self.room = room

    def __getattr__(self, name):
        return getattr(os, name)

    def write(self, fd, content):
        fits = bytes(content)[: self.room]
        self.room -= len(fits)
        if not fits:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return os.write(fd, fits)


@pytest.mark.parametrize("room", [0, 300, 4_000, 9_000])
def test_a_full_disk_is_a_sentence_and_loses_nothing(study, tmp_path, monkeypatch, alone, room):
    """In the header and in the middle of a trial's line: the journal ends with a whole line, and the study goes on."""
    out = tmp_path / "out"
    with monkeypatch.context() as full:
        full.setattr(store, "os", Disk(room))
        with pytest.raises(StudyError) as caught:
            run_study(study, out, run_toy)
    assert str(caught.value) == (
        f"{out}: cannot be written (No space left on device); what its journal.jsonl has is kept:"
        f" see to the disk, then gfplab study resume {out} goes on"
    )
    text = (out / "journal.jsonl").read_bytes()
    assert text.endswith(b"\n") or not text
    assert len(text) <= room
    assert tables(run_study(study, out, run_toy)) == alone


def test_tables_that_do_not_fit_are_a_sentence_and_the_old_ones_stay(study, tmp_path, monkeypatch, alone):
    """The journal had room, the Parquet files have none; no half file is left."""
    out = tmp_path / "out"
    run_study(study, out, run_toy, trials=3)
    before = {path.name: path.read_bytes() for path in out.glob("*.parquet")}

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(files.os, "replace", full)
        with pytest.raises(StudyError, match="No space left on device"):
            resume(out)
    assert {path.name: path.read_bytes() for path in out.glob("*.parquet")} == before
    assert not list(out.glob(".*unfinished"))
    assert tables(resume(out)) == alone


def test_a_folder_that_cannot_be_made_is_a_sentence(study, tmp_path):
    """A file stands in its place."""
    (tmp_path / "out").write_text("")
    with pytest.raises(StudyError, match=r"out: cannot be written \(File exists\)"):
        run_study(study, tmp_path / "out", run_toy)


@pytest.mark.parametrize("edit", ["another", "broken", "gone"])
def test_a_scenario_changed_under_a_running_study_ends_it(study, tmp_path, alone, edit):
    """Runs that may have read the new text are in no table and in no cache; with the old one back it goes on."""
    out, storm, seen = tmp_path / "out", tmp_path / "files" / "storm.toml", []
    text, edited = storm.read_text(), set()

    def run(job):
        seen.append(job)
        if len(seen) >= 30 and job.scenario == "storm":
            edited.add(job.key)
        if len(edited) == 1:
            {
                "another": lambda: storm.write_text(text.replace("200us", "300us", 1)),
                "broken": lambda: storm.write_text(text.replace("cpus", "cups", 1)),
                "gone": lambda: storm.unlink(missing_ok=True),
            }[edit]()
        return run_toy(job)

    with pytest.raises(StudyError) as caught:
        run_study(study, out, run, cache=tmp_path / "cache")
    assert str(caught.value) == (
        f"{out}: scenario storm was changed while the study ran, and what ran since is not kept;"
        f" put it back and write gfplab study resume {out}, or start a new folder with --out"
    )
    assert read_study(out).done < 8
    while any(thread.name.startswith("worker ") for thread in threading.enumerate()):
        time.sleep(0.01)
    storm.write_text(text)
    again = []
    resume_study(
        out, lambda job: again.append(job) or run_toy(job), plugins=study_toy.PLUGINS, cache=tmp_path / "cache"
    )
    assert tables(read_study(out)) == alone
    assert edited and edited <= {job.key for job in again}, "a run on the edited scenario was taken from the cache"


def test_a_scenario_edited_for_the_time_of_a_run_is_noticed(study, tmp_path, alone):
    """The run begins on the edited text and ends on the old one, before the study looks."""
    out, storm, seen = tmp_path / "out", tmp_path / "files" / "storm.toml", []
    text = storm.read_text()

    def run(job):
        seen.append(job)
        if job.scenario == "calm" and len(seen) > 20:
            storm.write_text(text.replace("200us", "300us", 1))
        elif job.scenario == "storm":
            storm.write_text(text)
        return run_toy(job)

    with pytest.raises(StudyError, match="scenario storm was changed while the study ran"):
        run_study(study, out, run)
    storm.write_text(text)
    assert tables(resume(out)) == alone


def test_two_edits_within_a_tick_of_the_clock_are_told_apart(study, tmp_path):
    """The second leaves the size, the inode and the time of the first."""
    storm = tmp_path / "files" / "storm.toml"
    text, now = storm.read_text(), time.time_ns() + 60 * 10**9  # a clock that stands still
    for edited in (False, True, False):
        storm.write_text(text.replace("200us", "300us", 1) if edited else text)
        os.utime(storm, ns=(now, now))
        assert stands("storm", storm, study.made_of) is not edited


def test_a_study_file_changed_under_its_study_is_told_and_does_not_matter_until_it_is_resumed(study, tmp_path, alone):
    """The study asks what it began to ask; going on with another question is refused."""
    out, told, seen = tmp_path / "out", [], []

    def run(job):
        seen.append(job)
        if len(seen) == 30:
            study.path.write_text(STUDY.replace("seed = 7", "seed = 8"))
        return run_toy(job)

    assert tables(run_study(study, out, run, say=told.append)) == alone
    assert told == [
        f"{study.path} was changed while the study ran; this study goes on as it began, and to resume it"
        f" you will need the file as it was ({out / 'study.toml'})"
    ]
    with pytest.raises(StudyError, match="seed was 7 when the study in .* began and is 8 now"):
        resume(out)
