"""kill -9 at any moment, of the coordinator or of a worker: no finished trial is lost, and no result is another one."""

import json
import multiprocessing
import os
import random
import signal
import time

import pytest
import study_toy
from study_toy import run_toy
from test_resume import JOURNAL, children_of

from gfplab.study.search import run_study
from gfplab.study.spec import load_study

TRIALS, KILLS = 50, 10


def coordinate(path, out):
    """The life of one coordinator with two worker processes."""
    study = load_study(path, study_toy.PLUGINS)
    run_study(study, out, study_toy.run_slowly, workers=2, executor="processes", trials=TRIALS)


def whole_lines(journal):
    """What a reader of the journal would believe."""
    text = journal.read_bytes() if journal.exists() else b""
    return text[: text.rfind(b"\n") + 1]


def wait_until(true, what):
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.002)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2016])
def test_ten_kills_at_random_moments_change_nothing(study, tmp_path, seed):
    """The moments are drawn: some trials after the last kill, and then a little later; so is who is killed."""
    run_study(study, tmp_path / "alone", run_toy, trials=TRIALS)
    # forked from a server that has imported everything, or starting would take longer than running
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["gfplab.study.search", "study_toy"])
    out, draw = tmp_path / "out", random.Random(seed)
    journal, victims, coordinator, orphans = out / JOURNAL, [], None, set()
    while len(victims) < KILLS:
        before = whole_lines(journal)
        if coordinator is None:
            coordinator = context.Process(target=coordinate, args=(study.path, out))
            coordinator.start()
        more = before.count(b"\n") + draw.randint(0, 2)
        wait_until(lambda more=more: whole_lines(journal).count(b"\n") >= more, "the study never got going")
        time.sleep(draw.uniform(0, 0.03))
        workers = children_of(coordinator.pid)
        victim = draw.choice(["coordinator", "worker"]) if workers else "coordinator"
        assert coordinator.is_alive(), "the study ended before it was killed often enough"
        os.kill(coordinator.pid if victim == "coordinator" else draw.choice(workers), signal.SIGKILL)
        victims.append(victim)
        orphans.update(workers)
        if victim == "coordinator":
            coordinator.join()
            coordinator = None
        assert whole_lines(journal).startswith(before), "a finished trial was lost"
    assert set(victims) == {"coordinator", "worker"}
    if coordinator is None:
        coordinator = context.Process(target=coordinate, args=(study.path, out))
        coordinator.start()
    coordinator.join()
    assert coordinator.exitcode == 0
    numbers = [json.loads(line)["trial"]["number"] for line in journal.read_bytes().splitlines()[1:]]
    assert sorted(numbers) == list(range(TRIALS)), "a finished trial was run again"
    for table in ("trials.parquet", "runs.parquet"):
        assert (out / table).read_bytes() == (tmp_path / "alone" / table).read_bytes()
    wait_until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in orphans), "a worker outlived its coordinator")
