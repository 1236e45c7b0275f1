"""Who looks on from another terminal sees what the study's own terminal shows."""

import json
import threading
import time

import pytest
from study_toy import STUDY, run_toy

from gfplab.cli.main import run_command_line
from gfplab.errors import StudyError
from gfplab.study.live import LIVE, SILENCE_S, view_of
from gfplab.study.search import run_study


@pytest.fixture
def halfway(study, tmp_path):
    """What was seen of a study after its tenth trial, while it ran; and its folder."""
    seen = []

    def look(at):
        if at.done in (1, 10):
            time.sleep(0.6 if at.done == 10 else 0)
        if at.done == 11:
            seen.append(view_of(tmp_path / "out"))

    run_study(study, tmp_path / "out", run_toy, cache=tmp_path / "runs", progress=look)
    return seen[0], tmp_path / "out"


def test_a_running_study_is_seen_with_its_front_its_speed_and_the_time_left(halfway):
    view, _ = halfway
    assert view.running and view.phase == "search"
    assert 10 <= view.found.done <= 11 and view.found.front
    assert view.ran > 0 and view.cached == 0 and view.rate == pytest.approx(view.ran / view.elapsed_s)
    made = view.found.done
    assert view.left_s == pytest.approx((22 - made) * view.elapsed_s / made)
    assert f"{made} of 22 trials, searching; " in view.line and "about " in view.line


def test_an_ended_study_is_not_running_and_has_no_time_left(halfway):
    view = view_of(halfway[1])
    assert not view.running and view.left_s is None and view.waiting == 0
    assert view.line.startswith("22 of 22 trials, done; ")


def test_runs_from_the_cache_are_counted_apart_from_those_that_were_made(study, halfway, tmp_path):
    """The same study again makes none."""
    first = view_of(halfway[1])
    run_study(study, tmp_path / "again", run_toy, cache=tmp_path / "runs")
    view = view_of(tmp_path / "again")
    assert (view.ran, view.cached) == (0, first.ran) and view.rate is None
    assert f"0 simulations; {first.ran} from the cache" in view.line


def test_a_resumed_study_counts_its_time_by_the_trials_that_it_made_itself(study_of, tmp_path):
    """Trials that were recorded before tell nothing about the speed of now."""
    run_study(study_of(STUDY.replace("trials = 22", "trials = 10")), tmp_path / "out", run_toy)
    run_study(study_of(STUDY), tmp_path / "out", run_toy)
    said = json.loads((tmp_path / "out" / LIVE).read_text())
    assert said["had"] == 10 and said["ended"] == "done"


def test_a_study_whose_coordinator_was_killed_is_not_running(halfway):
    """Its file says nothing of an end, and its heart has not beaten for a while."""
    folder = halfway[1]
    said = json.loads((folder / LIVE).read_text())
    (folder / LIVE).write_text(json.dumps(said | {"ended": ""}))
    assert view_of(folder, now=said["beat"] + 1).running
    assert not view_of(folder, now=said["beat"] + SILENCE_S + 1).running


@pytest.mark.parametrize("damage", [None, "", "{", "[]"])
def test_a_study_without_the_file_is_seen_as_its_journal_has_it(halfway, damage):
    folder = halfway[1]
    (folder / LIVE).unlink()
    if damage is not None:
        (folder / LIVE).write_text(damage)
    view = view_of(folder)
    assert view.found.done == 22 and not view.running


def test_what_is_no_study_is_a_sentence(tmp_path):
    with pytest.raises(StudyError, match="not the folder of a study"):
        view_of(tmp_path)


def test_watching_prints_lines_until_the_study_ends_and_then_the_page(study, tmp_path, capsys):
    """Without a terminal; the watched study does not notice."""
    out = tmp_path / "out"

    def slowly(job):
        time.sleep(0.02)
        return run_toy(job)

    runner = threading.Thread(target=run_study, args=(study, out, slowly))
    runner.start()
    while not (out / LIVE).exists():
        time.sleep(0.01)
    assert run_command_line(["study", "watch", str(out), "--every", "0.1"]) == 0
    runner.join()
    lines = capsys.readouterr().out.splitlines()
    assert sum("searching; " in line for line in lines) >= 2
    assert "Toy" in lines and any("22 of 22 trials, done" in line for line in lines)


def test_one_look_as_one_document(halfway, capsys):
    assert run_command_line(["study", "watch", str(halfway[1]), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["done"], said["wanted"], said["running"]) == (22, 22, False)
    assert said["rows"][0]["number"] == 0 and said["ran"] > 0
