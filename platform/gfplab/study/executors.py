"""Where jobs run: threads of this process, spawned processes, or a Dask cluster.

One thread of ours feeds each worker, whatever the worker is, so a worker process that is killed costs one job's time
and nothing else: it is replaced and the job is given out again.  Workers never see Optuna, and the order in which they
finish never reaches it either (search.py), so a study's trials do not depend on what is chosen here.

Processes are spawned, never forked: a lazy Polars query in a forked child hangs.
"""

import gc
import itertools
import math
import multiprocessing
import os
import queue
import signal
import threading
import time
import traceback
from collections.abc import Mapping
from multiprocessing import resource_tracker

from gfplab.errors import GfplabError, StudyError
from gfplab.study.jobs import Job, RunJob

KINDS = ("threads", "processes", "dask://HOST:PORT")
ATTEMPTS = 3  # a job that has killed this many workers is not given out again
STARTS = 6  # so many workers in a row that die, some before they have seen the job, are no accident either

_POLL_S = 0.1


class Workers:
    """`count` workers, or as many as a cluster has, that give back results as they come.

    Of the jobs that wait, one of the scenario that has taken longest so far is begun first: so the short ones fill the
    end of a batch, and no worker stands idle for the length of a long one.
    """

    def __init__(self, run_job: RunJob, count: int = 1, kind: str = "threads"):
        if count < 1:
            raise StudyError(f"--workers: {count} workers cannot run anything; write 1 or more")
        self._open, self._close, least = _opener(run_job, kind)
        self._waiting: queue.PriorityQueue = queue.PriorityQueue()
        self._given = itertools.count()
        self._seconds: dict[str, float] = {}  # scenario -> of its last job
        self._finished: queue.SimpleQueue = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._closed = self._frozen = False
        self._processes: set = set()
        # daemons, because a simulation that is abandoned must not keep Python from leaving
        self._threads = [
            threading.Thread(target=self._feed, name=f"worker {i}", daemon=True) for i in range(max(count, least))
        ]
        for thread in self._threads:
            thread.start()

    def give(self, label: object, job: Job) -> None:
        """Queue one job; its result will come back under `label`."""
        expected = self._seconds.get(job.scenario, math.inf)
        self._waiting.put((-expected, next(self._given), (label, job)))

    def take(self, timeout: float = _POLL_S) -> tuple[object, Mapping[str, float] | Exception] | None:
        """(label, metrics or the exception) of a job that has ended; None if none has within `timeout` seconds."""
        try:
            return self._finished.get(timeout=timeout)
        except queue.Empty:
            return None

    def drop_waiting(self) -> int:
        """Forget the jobs that nobody has begun; how many they were."""
        dropped = 0
        while True:
            try:
                self._waiting.get_nowait()
            except queue.Empty:
                return dropped
            dropped += 1

    def close(self) -> None:
        """End the workers; what still runs in a process is killed, what still runs in a thread is left behind."""
        self.drop_waiting()
        for _ in self._threads:
            self._waiting.put((math.inf, next(self._given), None))
        with self._lock:
            self._closed = True
            for process in self._processes:
                process.kill()
            if self._frozen:
                gc.unfreeze()
        self._close()

    def _feed(self) -> None:
        """One worker's life: take a job, run it, put the result."""
        worker = None
        while (item := self._waiting.get()[-1]) is not None:
            label, job = item
            began = time.monotonic()
            result: Mapping[str, float] | Exception = StudyError(
                f"{job.scenario}, seed {job.seed}: the worker process was killed again and again while it ran this;"
                " give the machine more memory or use fewer --workers, and resume the study"
            )
            deaths = starts = 0
            while deaths < ATTEMPTS and starts < STARTS:
                try:
                    if worker is None:
                        starts += 1
                        worker = self._open(self)
                    result = worker.run(job)
                    break
                except WorkerLost:
                    deaths += worker is not None
                    worker = None
                    if self._closed:
                        return
                except Exception as error:  # handed over to the coordinator, who decides
                    result = error
                    break
            self._seconds[job.scenario] = time.monotonic() - began
            self._freeze()
            self._finished.put((label, result))
        if worker:
            worker.close()

    def _freeze(self) -> None:
        """What the first job has loaded, a hundred thousand objects, stays: no collection need walk it while jobs run.

        A walk takes a tenth of a second, in which no other thread gets on.
        """
        with self._lock:
            if not self._frozen and not self._closed:
                self._frozen = True
                gc.freeze()

    def _adopt(self, process) -> None:
        with self._lock:
            self._processes.add(process)

    def _bury(self, process) -> None:
        process.join()
        with self._lock:
            self._processes.discard(process)


class WorkerLost(Exception):
    """The worker died under a job; nothing is known about the job."""


class _Thread:
    """Runs jobs where it stands, or has somebody else run them."""

    def __init__(self, run_job: RunJob):
        self.run = run_job

    def close(self) -> None:
        pass


class _Process:
    """A spawned process at the other end of a pipe.  If this process dies, the pipe closes and that one ends."""

    def __init__(self, run_job: RunJob, workers: Workers):
        spawn = multiprocessing.get_context("spawn")
        self._pipe, theirs = spawn.Pipe()
        # Ctrl-C goes to the whole process group, and the coordinator decides for all: the child inherits a mask without
        # SIGINT.  The tracker goes first, for starting it takes the mask off again.
        resource_tracker.ensure_running()
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        self._process = spawn.Process(target=_serve, args=(theirs, run_job), daemon=True)
        self._process.start()
        theirs.close()
        self._workers = workers
        workers._adopt(self._process)
        self._answer()  # it is there: if it dies from now on, the job may be why

    def _answer(self):
        try:
            return self._pipe.recv()
        except (EOFError, OSError):
            self._workers._bury(self._process)
            raise WorkerLost from None

    def run(self, job: Job) -> Mapping[str, float]:
        try:
            self._pipe.send(job)
        except OSError:
            self._workers._bury(self._process)
            raise WorkerLost from None
        result = self._answer()
        if isinstance(result, Exception):
            raise result
        return result

    def close(self) -> None:
        self._pipe.close()
        self._workers._bury(self._process)


def _serve(pipe, run_job: RunJob) -> None:
    """The worker process: a word that it is there, then jobs in, metrics or an exception out, until the other end is
    gone."""
    try:
        pipe.send("here")
    except OSError:
        return
    while True:
        try:
            job = pipe.recv()
        except (EOFError, OSError):
            return
        result: dict[str, float] | Exception
        try:
            result = dict(run_job(job))
        except GfplabError as error:
            result = error
        except Exception:
            result = RuntimeError(f"in worker process {os.getpid()}:\n{traceback.format_exc()}")
        if not gc.get_freeze_count():
            gc.freeze()
        try:
            pipe.send(result)
        except OSError:
            return


def _opener(run_job: RunJob, kind: str):
    """A function that opens one worker of the kind for a given `Workers`, one that ends what they share, and how many
    workers there are to feed at least."""
    if kind == "threads":
        return lambda _workers: _Thread(run_job), lambda: None, 1
    if kind == "processes":
        return lambda workers: _Process(run_job, workers), lambda: None, 1
    if kind.startswith("dask://"):
        from gfplab.study.dask_cluster import Cluster

        cluster = Cluster(kind.removeprefix("dask://"), run_job)
        return lambda _workers: _Thread(cluster.run), cluster.close, cluster.threads
    raise StudyError(f"--executor: '{kind}' is none of {', '.join(KINDS)}")
