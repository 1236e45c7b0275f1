"""A study may be stopped anywhere: what it found stays found, and going on gives what never stopping gives."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import study_toy
from study_toy import STUDY, run_failing, run_toy
from test_determinism import optunas_copy, tables

from gfplab.errors import StudyError
from gfplab.study import store
from gfplab.study.outcome import read_study
from gfplab.study.search import resume_study, run_study

JOURNAL = "journal.jsonl"


@pytest.fixture
def alone(study, tmp_path):
    return tables(run_study(study, tmp_path / "alone", run_toy))


def resume(folder, run_job=run_toy, **more):
    return resume_study(folder, run_job, plugins=study_toy.PLUGINS, **more)


def test_a_study_killed_after_any_trial_goes_on_as_if_it_had_not_been(study, tmp_path, alone):
    """At every batch boundary and in the middle of every batch: the journal cut after each of its lines."""
    run_study(study, tmp_path / "whole", run_toy)
    lines = (tmp_path / "whole" / JOURNAL).read_bytes().splitlines(keepends=True)
    for kept in range(1, len(lines), 3):
        folder = tmp_path / f"cut-{kept}"
        folder.mkdir()
        (folder / JOURNAL).write_bytes(b"".join(lines[:kept]))
        ran = []
        outcome = resume(folder, lambda job, ran=ran: ran.append(job) or run_toy(job))
        assert tables(outcome) == alone
        assert len(ran) == (len(lines) - kept) * 4, "a finished trial was run again"


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_a_line_torn_by_a_kill_is_cut_and_its_trial_run_again(study, tmp_path, alone, end):
    """Wherever in the line the kill struck, and also if the disk kept the line's end but not its middle."""
    run_study(study, tmp_path / "whole", run_toy)
    lines = (tmp_path / "whole" / JOURNAL).read_bytes().splitlines(keepends=True)
    for length in (1, 40, len(lines[9]) - 2):
        folder = tmp_path / f"torn-{length}"
        folder.mkdir()
        (folder / JOURNAL).write_bytes(b"".join(lines[:9]) + lines[9][:length] + end)
        assert read_study(folder).done == 8
        assert tables(resume(folder)) == alone
        assert tables(read_study(folder)) == alone, "what came after the tear was glued to it"


def test_every_line_is_on_disk_before_anything_builds_on_it(study, tmp_path, monkeypatch):
    """Each line is flushed by itself: a machine that loses its power keeps what a killed process keeps."""
    journal, flushed = tmp_path / "out" / JOURNAL, []
    monkeypatch.setattr(store.os, "fdatasync", lambda fd: flushed.append(journal.read_bytes().count(b"\n")))
    run_study(study, tmp_path / "out", run_toy, trials=6, progress=lambda at: flushed.append(at.trial.number))
    assert flushed[:1] + flushed[1::2] == [1, 2, 3, 4, 5, 6, 7], "header, then each trial before it is reported"
    assert sorted(flushed[2::2]) == [0, 1, 2, 3, 4, 5]


def test_a_header_torn_by_a_kill_is_written_again(study, tmp_path, alone):
    """A study killed in its first millisecond begins again in the same folder."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / JOURNAL).write_bytes(b'{"gfplab_study":2,"tit')
    assert tables(run_study(study, tmp_path / "out", run_toy)) == alone


SLOW_STUDY = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import study_toy
from gfplab.study.search import run_study, StudyInterrupted
from gfplab.study.spec import load_study

def main():
    study = load_study(Path(sys.argv[2]), study_toy.PLUGINS)
    try:
        run_study(study, Path(sys.argv[3]), study_toy.run_slowly, workers=2, executor=sys.argv[4])
    except StudyInterrupted as stopped:
        print(stopped, flush=True)
        raise SystemExit(130)

if __name__ == "__main__":
    main()
"""


def start_slowly(tmp_path, out, executor):
    """The toy study in a process of its own, once it has recorded a few trials."""
    script = tmp_path / "slow.py"
    script.write_text(SLOW_STUDY)
    process = subprocess.Popen(
        [sys.executable, script, Path(study_toy.__file__).parent, tmp_path / "files" / "toy.toml", out, executor],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if (out / JOURNAL).exists() and (out / JOURNAL).read_bytes().count(b'"trial":') >= 3:
            return process
        time.sleep(0.01)
    raise AssertionError(f"the study never got going: {process.communicate()}")


def children_of(pid: int) -> list[int]:
    """Processes whose parent it is, read from /proc."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(stat.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(stat.parent.name))
        except OSError:
            continue
    return found


@pytest.mark.slow
@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_kill_9_loses_no_finished_trial_and_leaves_no_worker(study, tmp_path, alone, executor):
    """The real thing: SIGKILL to the coordinator while trials run; its worker processes end by themselves."""
    out = tmp_path / "out"
    process = start_slowly(tmp_path, out, executor)
    workers = children_of(process.pid)
    process.kill()
    process.communicate()
    recorded = (out / JOURNAL).read_bytes().count(b'{"trial":')
    deadline = time.monotonic() + 20
    while any(Path(f"/proc/{pid}").exists() for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(Path(f"/proc/{pid}").exists() for pid in workers)
    assert 3 <= recorded < 22 and read_study(out).done in (recorded, recorded - 1)
    assert tables(resume(out)) == alone


@pytest.mark.slow
@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_ctrl_c_stops_with_130_and_says_how_to_go_on(study, tmp_path, alone, executor):
    """SIGINT to the whole group, as a terminal sends it: the running jobs end, their trials are kept, no traceback."""
    out = tmp_path / "out"
    process = start_slowly(tmp_path, out, executor)
    os.killpg(process.pid, signal.SIGINT)
    said, complaints = process.communicate(timeout=60)
    done = read_study(out).done
    assert process.returncode == 130
    assert said == f"{out}: stopped after {done} of 22 trials; gfplab study resume {out} goes on\n"
    assert "Traceback" not in complaints
    assert tables(resume(out)) == alone


def test_more_trials_go_on_where_fewer_ended(study_of, study, tmp_path, alone):
    """A study of 9 trials, then of 14, then of 22, is the study of 22, although 9 and 14 end inside a batch."""
    run_study(study, tmp_path / "out", run_toy, trials=9)
    assert read_study(tmp_path / "out").status == "done"
    assert resume(tmp_path / "out", trials=14).done == 14
    outcome = resume(tmp_path / "out")
    assert tables(outcome) == alone
    assert resume(tmp_path / "out", trials=14).wanted == 14


def test_when_the_seconds_are_over_no_new_batch_begins(study_of, tmp_path, alone):
    """And the trials so far are the first ones of the whole study."""
    study = study_of(STUDY.replace("batch = 4", "batch = 4\nseconds = 1"))

    def run(job):
        time.sleep(0.06)
        return run_toy(job)

    outcome = run_study(study, tmp_path / "out", run)
    assert outcome.status == "out of time"
    assert 2 < outcome.done < 22
    assert alone[1].startswith(outcome.runs.write_csv())


def test_a_failed_run_fails_its_trial_and_not_the_study(study, tmp_path):
    """The sentence of the run is kept with the trial, also over a resume."""
    outcome = run_study(study, tmp_path / "out", run_failing)
    failed = outcome.trials.filter(state="failed")
    assert 0 < failed.height < 22
    assert set(failed["policy"]) == {"masked"}
    assert set(failed["failure"]) <= {f"{s}: invariant 4 broken at 0.5 s" for s in ("storm", "calm")}
    assert not failed["feasible"].any() and not failed["pareto"].any()
    assert tables(resume(tmp_path / "out", run_failing)) == tables(outcome)


def test_a_study_whose_every_baseline_fails_stops(study, tmp_path):
    """With the sentence of the first failure: what is wrong is not what was proposed."""

    def run(job):
        return {**run_toy(job), "fast_path_ns": float("nan")}

    with pytest.raises(StudyError, match="no baseline could be measured: calm, seed 1: the run gives no fast_path_ns"):
        run_study(study, tmp_path / "out", run)


def test_a_bug_in_the_simulator_stops_the_study_and_can_be_gone_on_from(study, tmp_path, alone):
    """An exception that is no sentence of ours is not a result, so it is not recorded."""

    def run(job):
        if job.policies.get("mempool_step") == "masked":
            raise ZeroDivisionError("a bug")
        return run_toy(job)

    with pytest.raises(ZeroDivisionError):
        run_study(study, tmp_path / "out", run)
    assert tables(resume(tmp_path / "out")) == alone


@pytest.mark.parametrize(
    "before, after, sentence",
    [
        ("seed = 7", "seed = 8", "seed was 7 when the study in {out} began and is 8 now"),
        ("high = 8 }", "high = 9 }", "[search.patient.tries] high was 8 when the study in {out} began and is 9 now"),
        (
            '"patient.timeout" = {}\n',
            '"patient.timeout" = { low = "5ms" }\n',
            '[search.patient.timeout] low was not there when the study in {out} began and is "5ms" now',
        ),
        ("seeds = [1, 2]", "seeds = [1, 3]", "seeds was [1, 2] when the study in {out} began and is [1, 3] now"),
    ],
)
def test_a_changed_study_is_not_gone_on_with(study, tmp_path, before, after, sentence):
    """One sentence that names the changed key, was and is."""
    out = tmp_path / "out"
    run_study(study, out, run_toy, trials=3)
    study_toy.write_study(tmp_path / "files", STUDY.replace(before, after))
    with pytest.raises(StudyError) as caught:
        resume(out)
    told = f"{study.path}: {sentence.format(out=out)}; put it back, or start a new folder with --out"
    assert str(caught.value) == told


def test_title_and_budget_may_change_under_a_study(study, tmp_path, alone):
    """They say how far it goes, not what it finds on the way."""
    run_study(study, tmp_path / "out", run_toy, trials=3)
    study_toy.write_study(tmp_path / "files", STUDY.replace("Toy", "Another").replace("trials = 22", "trials = 20"))
    assert resume(tmp_path / "out", trials=22).trials.write_csv() == alone[0]


@pytest.mark.parametrize("what", ["scenario storm", "plugin patient", "plugin linux_4_7", "kernel build"])
def test_trials_on_different_ground_are_not_mixed(study, tmp_path, what):
    """A scenario, a plugin or the simulator that has changed is named."""
    out = tmp_path / "out"
    run_study(study, out, run_toy, trials=3, identity={"kernel build": "a"})
    identity, plugins = {"kernel build": "a"}, dict(study_toy.PLUGINS)
    if what == "scenario storm":
        storm = tmp_path / "files" / "storm.toml"
        storm.write_text(storm.read_text().replace("200us", "300us", 1))
    elif what.startswith("plugin"):
        name = what.removeprefix("plugin ")
        plugins[name] = study_toy.replace(plugins[name], source_hash="1")
    else:
        identity = {"kernel build": "b"}
    with pytest.raises(StudyError) as caught:
        resume_study(out, run_toy, plugins=plugins, identity=identity)
    assert str(caught.value) == (
        f"{out}: {what} has changed since this study began, so its trials would not compare;"
        " put it back, or start a new folder with --out"
    )


def test_without_its_file_a_study_goes_on_from_the_copy_in_its_folder(study, tmp_path, alone):
    """The scenarios are looked for where they were."""
    run_study(study, tmp_path / "out", run_toy, trials=3)
    study.path.unlink()
    assert tables(resume(tmp_path / "out")) == alone


def test_two_coordinators_cannot_share_a_folder(study, tmp_path):
    """The second is told at once, and the first is not disturbed."""
    told = []

    def run(job):
        if not told:
            told.append("")
            with pytest.raises(StudyError) as caught:
                run_study(study, tmp_path / "out", run_toy)
            told[0] = str(caught.value)
        return run_toy(job)

    assert run_study(study, tmp_path / "out", run).status == "done"
    assert told == [f"{tmp_path / 'out'}: another gfplab is working here; wait for it, or use another --out"]


def test_a_damaged_line_is_named_and_what_to_keep(study, tmp_path):
    """In the middle of the journal a bad line is no tear: nothing is guessed."""
    out = tmp_path / "out"
    run_study(study, out, run_toy)
    lines = (out / JOURNAL).read_bytes().splitlines(keepends=True)
    lines[5] = lines[5][:30] + b"\0" * 20 + lines[5][50:]
    (out / JOURNAL).write_bytes(b"".join(lines))
    with pytest.raises(StudyError) as caught:
        resume(out)
    assert str(caught.value) == (
        f"{out / JOURNAL}:6: this line is damaged, and trials after it depend on it;"
        f" keep the first 5 lines and run gfplab study resume {out}"
    )


def test_a_digit_that_has_changed_is_damage_too(study, tmp_path):
    """A line that is still JSON would give other results, and nobody would know."""
    run_study(study, tmp_path, run_toy, trials=6)
    lines = (tmp_path / JOURNAL).read_bytes().splitlines(keepends=True)
    for number in range(len(lines)):
        place = next(at for at, byte in enumerate(lines[number]) if byte in b"12345678" and at > 30)
        line = lines[number][:place] + b"9" + lines[number][place + 1 :]
        (tmp_path / JOURNAL).write_bytes(b"".join([*lines[:number], line, *lines[number + 1 :]]))
        if number + 1 == len(lines):  # as if it had been torn: it is run again
            assert read_study(tmp_path).done == 5
            continue
        with pytest.raises(StudyError, match=f":{number + 1}: this line is damaged, and"):
            read_study(tmp_path)


def test_no_damage_is_more_than_a_sentence(study, tmp_path):
    """Bytes changed, lines cut, lost and swapped: what can be read is read, and what cannot is told in one line."""
    draw = random.Random(7)
    run_study(study, tmp_path, run_toy, trials=8)
    whole = (tmp_path / JOURNAL).read_bytes()
    for _ in range(120):
        lines, byte = whole.splitlines(keepends=True), bytearray(whole)
        byte[draw.randrange(len(byte))] = draw.randrange(256)
        lost = draw.randrange(len(lines))
        damaged = draw.choice(
            [bytes(byte), whole[: draw.randrange(len(whole))], b"".join(lines[:lost] + lines[lost + 1 :])]
        )
        (tmp_path / JOURNAL).write_bytes(damaged)
        try:
            assert read_study(tmp_path).done <= 8
        except StudyError as error:
            assert "\n" not in str(error)
        assert (tmp_path / JOURNAL).read_bytes() == damaged


@pytest.mark.parametrize("text", ["hello\n", "hello", '{"a": 1}\n', "\n", "[1]\n", '{"op_code": 0}'])
def test_a_foreign_journal_is_left_alone(study, tmp_path, text):
    """A file of the same name that is not ours is neither read nor cut."""
    out = tmp_path / "out"
    out.mkdir()
    (out / JOURNAL).write_text(text)
    for attempt in (lambda: run_study(study, out, run_toy), lambda: read_study(out)):
        with pytest.raises(StudyError, match="this is not the journal of a gfplab study; use another folder"):
            attempt()
    assert (out / JOURNAL).read_text() == text


def test_a_journal_of_another_format_is_named(study, tmp_path):
    """A later gfplab's journal is told apart from a foreign file."""
    run_study(study, tmp_path, run_toy, trials=2)
    journal = tmp_path / JOURNAL
    journal.write_text(journal.read_text().replace('"gfplab_study":2', '"gfplab_study":3', 1))
    with pytest.raises(StudyError, match=r"written by another gfplab \(format 3, this one reads 2\); use that one"):
        read_study(tmp_path)


def test_a_folder_without_a_study_is_told(tmp_path):
    with pytest.raises(StudyError, match="there is no journal.jsonl here, so this is not the folder of a study"):
        read_study(tmp_path)


def test_a_record_that_this_search_would_not_ask_for_is_refused(study, tmp_path):
    """Another version of optuna draws other numbers; its trials are not mixed with ours."""
    run_study(study, tmp_path / "out", run_toy, trials=8)
    journal = tmp_path / "out" / JOURNAL
    lines = journal.read_bytes().splitlines(keepends=True)
    trial = json.loads(lines[5])
    del trial["crc32"]
    trial["trial"]["values"]["machine.min_free_kbytes"] += 1
    journal.write_bytes(b"".join([*lines[:5], store.written(trial), *lines[6:]]))
    number = trial["trial"]["number"]
    with pytest.raises(StudyError, match=f"trial {number} was recorded with machine.min_free_kbytes = "):
        resume(tmp_path / "out")


def test_optunas_journal_holds_every_trial_and_never_a_running_one(study, tmp_path):
    """What optuna-dashboard shows after a kill, a resume, a torn tail or a left lock is what the study found."""
    out = tmp_path / "out"
    run_study(study, out, run_toy, trials=9)
    with (out / "optuna.journal").open("ab") as file:
        file.write(b'{"op_code": 4, "wor')
    os.symlink("nobody", out / "optuna.journal.lock")
    began = time.monotonic()
    outcome = resume(out)
    assert time.monotonic() - began < 20, "waited for a lock that nobody holds"
    stored = optunas_copy(out)
    assert len(stored.trials) == 22
    assert {trial.state.name for trial in stored.trials} == {"COMPLETE"}
    names = [objective.name for objective in outcome.objectives]
    assert [tuple(trial.values) for trial in stored.trials] == outcome.trials.select(names).rows()
    assert sorted(trial.number for trial in stored.best_trials) == outcome.front
