"""Free-running workers on a real PostgreSQL server: who is killed, worker or server, loses no finished trial."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import optuna
import polars as pl
import psycopg
import pytest
import study_toy
from study_toy import run_failing, run_toy

from gfplab.errors import StudyError
from gfplab.study import dataset
from gfplab.study.search import run_study
from gfplab.study.throughput import connect, disconnect, name_of, work

pytestmark = pytest.mark.timeout(120)

WORKER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import study_toy
from gfplab.errors import GfplabError
from gfplab.study.spec import load_study
from gfplab.study.throughput import work

study = load_study(Path(sys.argv[2]), study_toy.PLUGINS)
say = lambda trial, done: print("trial", trial.number, flush=True)
try:
    work(study, study_toy.run_slowly, sys.argv[3], Path(sys.argv[4]), progress=say, trials=14, heartbeat=1, grace=2)
except GfplabError as error:
    print(error, flush=True)
    raise SystemExit(error.exit_code)
"""


class Server:
    """A PostgreSQL of the Debian package, in a folder of its own, on the loopback."""

    def __init__(self):
        places = [Path(shutil.which("initdb") or "/none").parent, *sorted(Path("/usr/lib/postgresql").glob("*/bin"))]
        self._bin = next((place for place in reversed(places) if (place / "initdb").exists()), None)
        assert self._bin, "these tests start a PostgreSQL server; install one (Debian: apt-get install postgresql)"
        self._folder = Path(tempfile.mkdtemp(prefix="gfplab-postgres-"))
        self._user = {}
        if os.getuid() == 0:  # which PostgreSQL refuses to run as
            owner = pwd.getpwnam("postgres")
            self._user = {"user": owner.pw_uid, "group": owner.pw_gid}
            os.chown(self._folder, owner.pw_uid, owner.pw_gid)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"postgresql://gfplab@127.0.0.1:{self.port}/postgres"
        self._run(
            "initdb",
            "-D",
            self._folder / "data",
            "-U",
            "gfplab",
            "-A",
            "trust",
            "--no-sync",
            "--no-locale",
            "-E",
            "UTF8",
        )
        self.start()

    def _run(self, tool, *arguments):
        command = [self._bin / tool, *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=self._folder, **self._user)

    def start(self):
        log = (self._folder / "log").open("a")
        listen = ["-h", "127.0.0.1", "-p", str(self.port), "-k", self._folder, "-F"]
        command = [self._bin / "postgres", "-D", self._folder / "data", *listen]
        self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self._folder, **self._user)
        log.close()
        deadline = time.monotonic() + 60
        while True:
            try:
                return psycopg.connect(self.url).close()
            except psycopg.OperationalError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    self.process.kill()
                    raise AssertionError((self._folder / "log").read_text()) from None
                time.sleep(0.05)

    def kill(self):
        """At once, as when the machine goes; SIGQUIT takes the server's children along."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait()

    def close(self):
        self.kill()
        shutil.rmtree(self._folder)


@pytest.fixture(scope="module")
def server():
    server = Server()
    yield server
    server.close()


@pytest.fixture
def start(study, server, tmp_path):
    """A function that starts one worker process on the toy study."""
    script, started = tmp_path / "worker.py", []
    script.write_text(WORKER)

    def start():
        arguments = [Path(study_toy.__file__).parent, study.path, server.url, tmp_path / "dataset"]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, script, *arguments]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.slow
def test_a_killed_worker_and_a_killed_server_lose_no_finished_trial(study, server, start, tmp_path):
    """Two workers; one is killed in a trial, then the server; a third worker ends the study, and all is counted."""
    first, second = start(), start()
    for process in (first, second):
        assert process.stdout.readline().startswith("trial ")
    first.kill()
    for _ in range(3):
        assert second.stdout.readline().startswith("trial ")
    server.kill()
    said = second.communicate(timeout=60)[0].splitlines()[-1]
    assert second.returncode == 2
    assert said.startswith(f"--storage: the PostgreSQL server at 127.0.0.1:{server.port}/postgres was lost (")
    assert said.endswith("start the worker again when the server is back")
    measured = dataset.scan(tmp_path / "dataset").select("number").unique().collect().height
    server.start()
    third = start()
    third.communicate(timeout=60)
    assert third.returncode == 0
    storage = connect(server.url)
    trials = optuna.load_study(study_name=name_of(study, {}), storage=storage).trials
    disconnect(storage)
    numbers = {trial.number for trial in trials if trial.state.name == "COMPLETE"}
    assert len(numbers) == 14
    rows = dataset.scan(tmp_path / "dataset").collect()
    kept = set(rows["number"])
    assert numbers <= kept and len(kept) >= measured
    assert set(rows["study"]) == {name_of(study, {})}
    retried = [trial for trial in trials if "failed_trial" in trial.system_attrs]
    assert retried, "nobody ran the killed worker's trial again"


@pytest.mark.slow
def test_the_results_of_workers_are_one_dataset_before_and_after_merging(study, server, tmp_path):
    """A row for each metric of each run; Polars scans lazily; what a server has is what the files have."""
    place, done = tmp_path / "dataset", []
    count = work(study, run_toy, server.url, place, trials=4, identity={"a": "1"}, progress=lambda t, _: done.append(t))
    work(study, run_toy, server.url, place, trials=2, identity={"a": "2"})
    assert count == len(done) == 4
    before = dataset.scan(place).sort(pl.all()).collect(engine="in-memory")
    assert sorted(dataset.merge(place).values()) == [2, 4]
    assert len(list(place.rglob("*.parquet"))) == 2
    assert dataset.scan(place).sort(pl.all()).collect(engine="in-memory").equals(before)
    assert sorted(dataset.merge(place).values()) == [2, 4]
    stalls = before.filter(metric="worst_io_stall_ms", study=name_of(study, {"a": "1"}), number=done[0].number)
    assert set(stalls["value"]) == {metrics["worst_io_stall_ms"] for _, _, metrics in done[0].runs}
    assert work(study, run_toy, server.url, place, trials=4, identity={"a": "1"}) == 4


def baselines_of(place):
    """(label, number, worker) of the baselines in a dataset."""
    rows = dataset.scan(place).filter(pl.col("origin") == "baseline").select("label", "number", "worker")
    return sorted(rows.unique().collect().rows())


@pytest.mark.slow
def test_baselines_come_first_and_once_however_many_workers_begin_together(study_of, server, start, tmp_path):
    """Their answers are known to the sampler; a patient's tries, which the study does not search at 1, are not."""
    study = study_of(study_toy.STUDY.replace("seed = 7", "seed = 8"))
    for process in [start() for _ in range(3)]:
        process.communicate(timeout=60)
        assert process.returncode == 0
    assert [label for label, *_ in baselines_of(tmp_path / "dataset")] == ["patient", "stock"]
    storage = connect(server.url)
    trials = optuna.load_study(study_name=name_of(study, {}), storage=storage).trials
    disconnect(storage)
    first = {trial.user_attrs["baseline"]: trial for trial in trials[:2]}
    assert first["stock"].params == {"policy": "stock", "too_many_isolated": "stock"}
    assert first["patient"].params == {"policy": "patient", "too_many_isolated": "stock", "patient.timeout": 5 * 10**9}
    assert not any("baseline" in trial.user_attrs for trial in trials[2:])


@pytest.mark.slow
def test_a_baseline_that_was_interrupted_is_run_by_the_next_worker(study, server, tmp_path):
    """Ctrl-C in the first trial, which is a baseline: Optuna has it as failed, and it was never measured."""

    def interrupt(job):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work(study, interrupt, server.url, tmp_path, trials=4, identity={"interrupted": "yes"})
    assert work(study, run_toy, server.url, tmp_path, trials=4, identity={"interrupted": "yes"}) == 4
    assert [label for label, *_ in baselines_of(tmp_path)] == ["patient", "stock"]


@pytest.mark.slow
def test_evolution_learns_although_baselines_leave_keys_open(study_of, server, tmp_path):
    """They are measured, and are in the dataset, and count, and the sampler is told of them."""
    study = study_of(study_toy.STUDY.replace("[policies]", 'sampler = "nsga2"\n\n[policies]', 1))
    assert work(study, run_toy, server.url, tmp_path, trials=5, heartbeat=1, grace=2) == 5
    assert [label for label, *_ in baselines_of(tmp_path)] == ["patient", "stock"]
    storage = connect(server.url)
    states = [trial.state.name for trial in optuna.load_study(study_name=name_of(study, {}), storage=storage).trials]
    disconnect(storage)
    assert states == ["COMPLETE"] * 5


@pytest.mark.slow
def test_runs_of_any_study_are_taken_from_the_cache(study, server, tmp_path):
    """Those of a coordinator's study too: both file a run under what it depends on."""
    cache, ran = tmp_path / "cache" / "runs", []
    made = run_study(study, tmp_path / "out", run_toy, trials=2, identity={"build": "1"}, cache=cache)

    def run(job):
        ran.append((job.scenario, job.seed, dict(job.policies)))
        return run_toy(job)

    work(study, run, server.url, tmp_path / "a", trials=2, identity={"build": "1"}, cache=cache)
    assert ran == []
    rows = dataset.scan(tmp_path / "a").filter(pl.col("metric") == "worst_io_stall_ms").collect()
    assert sorted(rows["value"]) == sorted(made.runs["worst_io_stall_ms"])
    work(study, run, server.url, tmp_path / "b", trials=2, identity={"build": "2"}, cache=cache)
    assert len(ran) == made.runs.height


@pytest.mark.slow
def test_seconds_end_a_worker_as_they_end_a_study(study_of, server, tmp_path):
    """The trial at hand is ended first."""
    study = study_of("seconds = 1\n" + study_toy.STUDY)

    def run(job):
        time.sleep(0.3)
        return run_toy(job)

    assert 1 <= work(study, run, server.url, tmp_path, trials=20, identity={"slow": "yes"}) < 5


@pytest.mark.parametrize("sampler", ["grid", "qmc"])
def test_a_sampler_that_counts_its_proposals_cannot_be_many(study_of, tmp_path, sampler):
    """Two of a grid's workers would both begin with its first point."""
    search = '[search]\n"patient.tries" = [2, 4]\n[objectives]\n"calm.fast_path_ns" = "mean"\n'
    head = study_toy.STUDY.partition("[policies]")[0]
    study = study_of(head + f'sampler = "{sampler}"\n' + search)
    with pytest.raises(StudyError, match=f"sampler: {sampler} counts its proposals, which workers that run freely"):
        work(study, run_toy, "postgresql://lab@127.0.0.1:1/lab", tmp_path)


@pytest.mark.slow
def test_a_trial_that_cannot_be_measured_counts_and_says_why(study, server, tmp_path):
    """It is told as failed, and nobody runs it again."""
    assert work(study, run_failing, server.url, tmp_path, trials=12, identity={"fails": "yes"}) == 12
    rows = dataset.scan(tmp_path).select("number", "failure").unique().collect()
    assert rows.height == 12 and rows["number"].n_unique() == 12
    failures = set(rows["failure"]) - {""}
    assert failures and failures <= {f"{name}: invariant 4 broken at 0.5 s" for name in ("storm", "calm")}


@pytest.mark.slow
def test_a_scenario_edited_under_a_worker_ends_it(study, server, tmp_path):
    """What ran since is in no dataset."""
    storm = tmp_path / "files" / "storm.toml"

    def edit(trial, done):
        if done == 2:
            storm.write_text(storm.read_text().replace("200us", "300us", 1))

    with pytest.raises(StudyError) as caught:
        work(study, run_toy, server.url, tmp_path / "dataset", trials=6, identity={"edited": "yes"}, progress=edit)
    assert str(caught.value) == (
        f"{storm}: was changed while this worker ran, and its last trial is not kept;"
        " start the worker again: an edited scenario is another study"
    )
    assert dataset.scan(tmp_path / "dataset").select("number").unique().collect().height == 2


@pytest.mark.slow
def test_a_dataset_that_cannot_be_written_is_a_sentence(study, server, tmp_path):
    """The trial is run again by whoever comes next, and nothing that had finished is lost."""
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StudyError) as caught:
        work(study, run_toy, server.url, tmp_path / "file", trials=3, identity={"disk": "no"})
    assert str(caught.value) == (
        f"{tmp_path / 'file'}: cannot be written (Not a directory), and the last trial is not kept; those before it are"
        " on the server and in the dataset: see to the place, then start the worker again"
    )
    assert work(study, run_toy, server.url, tmp_path / "there", trials=3, identity={"disk": "no"}) == 3
    assert [label for label, *_ in baselines_of(tmp_path / "there")] == ["patient", "stock"]


def test_a_server_that_is_not_there_is_a_sentence(study, tmp_path):
    """And the password is not in it."""
    with pytest.raises(StudyError) as caught:
        work(study, run_toy, "postgresql://me:secret@127.0.0.1:1/lab", tmp_path)
    said = str(caught.value)
    assert said.startswith("--storage: no PostgreSQL server lets us in at 127.0.0.1:1/lab (") and "\n" not in said
    assert said.endswith("); start it, or see to user and database") and "secret" not in said
    for url in ("sqlite:///x", "postgresql://me@host:port/lab", "postgresql://me@[host/lab"):
        with pytest.raises(StudyError) as caught:
            work(study, run_toy, url, tmp_path)
        said = f"--storage: '{url}' is no address of a server; write postgresql://USER@HOST:PORT/DATABASE"
        assert str(caught.value) == said
