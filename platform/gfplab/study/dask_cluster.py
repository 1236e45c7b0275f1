"""A Dask cluster as a place for jobs: `--executor dask://HOST:PORT` (pip install 'gfplab[dask]').

Dask moves a job whose worker dies to another one by itself.  What it cannot see is that two machines would compute
different things, so every worker compares what it is made of with what the coordinator is, before its first job and
with every one: workers come and go.
"""

import functools
import logging
import queue
import threading
import traceback
import warnings
from collections.abc import Callable, Mapping
from typing import Any

from gfplab.errors import GfplabError, StudyError
from gfplab.study.ground import OWN_CODE
from gfplab.study.jobs import Job, RunJob
from gfplab.tables.provenance import sources_hash, versions

PATIENCE_S = 10.0  # for a scheduler to answer, and for a first worker to be there


class Cluster:
    """The workers behind the scheduler at "HOST:PORT"."""

    def __init__(self, address: str, run_job: RunJob):
        try:
            from distributed import Client
        except ModuleNotFoundError:
            raise StudyError("--executor: Dask is not installed; write pip install 'gfplab[dask]'") from None
        host, colon, port = address.rpartition(":")
        if not (host and colon and port.isdigit()):
            raise StudyError(f"--executor: 'dask://{address}' is no address; write dask://HOST:PORT")
        logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what it has to say, we say in a sentence
        self._address, self._run_job = address, run_job
        client = _patiently(lambda: Client(f"tcp://{address}", timeout=PATIENCE_S, set_as_default=False))
        if isinstance(
            client, Exception
        ):  # a refused connection, a name without an address, something else that answers
            raise StudyError(
                f"--executor: no Dask scheduler answers at {address} ({_first_line(client)});"
                " start one with dask scheduler, or take --executor processes"
            )
        self._client = client
        try:
            self.threads = self._checked()
        except BaseException:
            self.close()
            raise

    def run(self, job: Job) -> Mapping[str, float]:
        """What `run_job` gives on one of the workers."""
        from distributed import KilledWorker

        try:
            result = self._client.submit(run_there, self._run_job, job, made_of(), pure=False).result()
        except KilledWorker as killed:
            raise StudyError(
                f"{job.scenario}, seed {job.seed}: {killed.allowed_failures + 1} Dask workers were killed while they"
                " ran this; give them more memory, and resume the study"
            ) from None
        except Exception as error:  # only what Dask itself raises: run_there returns what went wrong in the job
            raise StudyError(
                f"--executor: the Dask scheduler at {self._address} was lost ({_first_line(error)});"
                " start it again, and resume the study"
            ) from None
        if isinstance(result, Exception):
            raise result
        return result

    def close(self) -> None:
        """Let the cluster go; what still runs there is given up."""
        self._client.close(timeout=PATIENCE_S)

    def _checked(self) -> int:
        """How many jobs the cluster can run at a time; StudyError if it has none, or one is made otherwise."""
        try:
            self._client.wait_for_workers(1, timeout=PATIENCE_S)
        except TimeoutError:
            raise StudyError(
                f"--executor: the Dask scheduler at {self._address} has no workers; start some with"
                f" dask worker {self._address}"
            ) from None
        for worker, found in self._client.run(difference, made_of(), on_error="return").items():
            if isinstance(found, Exception):
                found = f"cannot load this gfplab ({_first_line(found)})"
            if found:
                raise StudyError(_differs(worker, found))
        return sum(self._client.nthreads().values())


def run_there(run_job: RunJob, job: Job, expected: Mapping[str, str]) -> Mapping[str, float] | Exception:
    """On the worker: the job's metrics, or what went wrong; Dask would take an exception for a reason to complain."""
    if found := difference(expected):
        from distributed import get_worker

        return StudyError(_differs(get_worker().address, found))
    try:
        return dict(run_job(job))
    except GfplabError as error:
        return error
    except Exception:
        return RuntimeError(f"on a Dask worker:\n{traceback.format_exc()}")


def difference(expected: Mapping[str, str]) -> str:
    """On the worker: the first thing that this process is made of and the coordinator is not, in words, or ""."""
    here = made_of()
    name = next((name for name in expected if here.get(name) != expected[name]), "")
    if name == OWN_CODE:
        return f"has other sources of gfplab ({here[name]}, here {expected[name]})"
    return name and f"has {name} {here.get(name)}, here {expected[name]}"


@functools.cache
def made_of() -> dict[str, str]:
    """Everything about a process that can change a number: versions, and gfplab's own code."""
    return {**versions(), OWN_CODE: sources_hash()}


def _patiently(connect: Callable[[], Any]) -> Any:
    """What `connect` gives or raises; TimeoutError if it does neither, for Dask waits for ever on a port that accepts
    and says nothing."""
    answers: queue.SimpleQueue = queue.SimpleQueue()

    def ask() -> None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of versions: those that matter here are compared later
                answers.put(connect())
        except Exception as error:
            answers.put(error)

    threading.Thread(target=ask, daemon=True).start()
    try:
        return answers.get(timeout=2 * PATIENCE_S)
    except queue.Empty:
        return TimeoutError("it accepts and says nothing")


def _differs(worker: str, found: str) -> str:
    return f"--executor: Dask worker {worker} {found}; its results would not compare, so install the same on both"


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
