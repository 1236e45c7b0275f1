"""Two real Dask workers on this machine give the table of one thread, also when one of them is killed in the middle."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import study_toy
from study_toy import run_failing, run_slowly, run_toy
from test_determinism import tables

from gfplab.errors import StudyError
from gfplab.study import dask_cluster
from gfplab.study.outcome import read_study
from gfplab.study.search import resume_study, run_study

pytestmark = pytest.mark.timeout(120)


class Node:
    """A Dask scheduler or worker as a process of its own."""

    def __init__(self, kind, *arguments, folder):
        self.log = folder / f"{kind}-{time.monotonic_ns()}.log"
        path = os.pathsep.join([str(Path(study_toy.__file__).parent), *sys.path])
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.dask_{kind}", *arguments, "--no-dashboard"],
                stdout=log,
                stderr=log,
                cwd=folder,
                env={**os.environ, "PYTHONPATH": path, "NO_COLOR": "1"},
            )

    def says(self, pattern):
        """What the log says, once it says it."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            if found := re.search(pattern, self.log.read_text()):
                return found[1]
            time.sleep(0.02)
        raise AssertionError(self.log.read_text())

    def kill(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    """A function that starts a node; whatever is left of them is killed in the end."""
    folder, nodes = tmp_path_factory.mktemp("dask"), []

    def start(kind, *arguments):
        nodes.append(Node(kind, *arguments, folder=folder))
        return nodes[-1]

    yield start
    for node in nodes:
        node.kill()


@pytest.fixture(scope="module")
def scheduler(started):
    """The address of a scheduler on the loopback."""
    node = started("scheduler", "--host", "127.0.0.1", "--port", "0")
    return node.says(r"tcp://(127\.0\.0\.1:\d+)")


@pytest.fixture(scope="module")
def workers(started, scheduler):
    """Two workers with one thread each."""

    def worker():
        return started("worker", f"tcp://{scheduler}", "--host", "127.0.0.1", "--no-nanny", "--nthreads", "1")

    pair = [worker(), worker()]
    for node in pair:
        node.says(r"(Registered to)")
    return pair


@pytest.fixture
def alone(study, tmp_path):
    run_study(study, tmp_path / "alone", run_toy)
    return files(tmp_path / "alone")


def files(folder):
    """The tables as they lie on disk."""
    return {path.name: path.read_bytes() for path in folder.glob("*.parquet")}


@pytest.mark.slow
def test_two_dask_workers_give_the_tables_of_one_thread(study, tmp_path, alone, scheduler, workers):
    """Byte by byte; failed runs come back as their sentences."""
    run_study(study, tmp_path / "out", run_slowly, executor=f"dask://{scheduler}", cache=tmp_path / "cache")
    assert files(tmp_path / "out") == alone
    here = run_study(study, tmp_path / "here", run_failing)
    there = run_study(study, tmp_path / "there", run_failing, executor=f"dask://{scheduler}")
    assert tables(here) == tables(there) and there.trials.filter(state="failed").height


@pytest.mark.slow
def test_a_worker_of_another_make_is_named(study, tmp_path, scheduler, workers, monkeypatch):
    """Before anything is run: its results would not compare."""
    made_of = dask_cluster.made_of()
    for name, other, said in (
        ("numpy", "1.0", f"has numpy {made_of['numpy']}, here 1.0"),
        ("gfplab's own code", "0", f"has other sources of gfplab ({made_of[dask_cluster.OWN_CODE]}, here 0)"),
    ):
        monkeypatch.setattr(dask_cluster, "made_of", lambda name=name, other=other: {**made_of, name: other})
        with pytest.raises(StudyError) as caught:
            run_study(study, tmp_path / "out", run_toy, executor=f"dask://{scheduler}")
        pattern = (
            r"--executor: Dask worker tcp://127.0.0.1:\d+ (.*); its results would not compare, so install the same"
        )
        assert re.match(pattern, str(caught.value))[1] == said
    assert read_study(tmp_path / "out").done == 0


@pytest.mark.slow
def test_a_killed_worker_changes_nothing_and_without_any_the_study_says_so(
    study, tmp_path, alone, scheduler, workers, started
):
    """kill -9 of the first in the middle; then of the second, and a scheduler without workers."""
    killed = []

    def kill(at):
        if at.done == 7 and not killed:
            killed.append(workers[0].process.pid)
            os.kill(workers[0].process.pid, signal.SIGKILL)

    out = tmp_path / "out"
    run_study(study, out, run_slowly, executor=f"dask://{scheduler}", progress=kill)
    assert killed and workers[0].process.wait() == -signal.SIGKILL
    assert files(out) == alone
    workers[1].kill()
    monkey = pytest.MonkeyPatch()
    with monkey.context() as impatient, pytest.raises(StudyError) as caught:
        impatient.setattr(dask_cluster, "PATIENCE_S", 1.0)
        run_study(study, tmp_path / "none", run_toy, executor=f"dask://{scheduler}")
    assert str(caught.value) == (
        f"--executor: the Dask scheduler at {scheduler} has no workers; start some with dask worker {scheduler}"
    )


@pytest.mark.slow
def test_a_scheduler_lost_in_the_middle_is_a_sentence_and_the_study_goes_on_elsewhere(study, tmp_path, alone, started):
    """The trials that had ended are on disk."""
    own = started("scheduler", "--host", "127.0.0.1", "--port", "0")
    address = own.says(r"tcp://(127\.0\.0\.1:\d+)")
    started("worker", f"tcp://{address}", "--host", "127.0.0.1", "--no-nanny", "--nthreads", "1").says(
        r"(Registered to)"
    )

    def kill(at):
        if at.done == 5:
            own.kill()

    with pytest.raises(StudyError, match=f"--executor: the Dask scheduler at {address} was lost .* resume the study"):
        run_study(study, tmp_path / "out", run_slowly, executor=f"dask://{address}", progress=kill)
    assert 5 <= read_study(tmp_path / "out").done < 22
    resume_study(tmp_path / "out", run_toy, plugins=study_toy.PLUGINS)
    assert files(tmp_path / "out") == alone


def test_a_scheduler_that_does_not_answer_is_a_sentence(study, tmp_path, monkeypatch):
    """Nobody listens; or what listens is no scheduler; or there is no port."""
    monkeypatch.setattr(dask_cluster, "PATIENCE_S", 1.0)
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{mute.getsockname()[1]}"
        for listening in (False, True):
            if listening:
                mute.listen()
            with pytest.raises(StudyError) as caught:
                run_study(study, tmp_path / "out", run_toy, executor=f"dask://{address}")
            said = str(caught.value)
            assert said.startswith(f"--executor: no Dask scheduler answers at {address} (") and "\n" not in said
    with pytest.raises(StudyError, match="--executor: 'dask://nowhere' is no address; write dask://HOST:PORT"):
        run_study(study, tmp_path / "out", run_toy, executor="dask://nowhere")


def test_without_dask_a_sentence_says_how_to_get_it(study, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(StudyError, match=r"--executor: Dask is not installed; write pip install 'gfplab\[dask\]'"):
        run_study(study, tmp_path / "none", run_toy, executor="dask://127.0.0.1:8786")
