"""Free-running workers on one PostgreSQL server: as many machines as there are, and nobody waits for anybody.

Each worker asks Optuna for a trial as soon as it has ended one, so what is proposed depends on who ended when: unlike a
study that a coordinator runs (search.py), this one is not reproducible.  A worker that is killed leaves a trial without
a heartbeat, and another worker runs that one again.  The first worker queues the baselines, which are run as any trial
is; a lock on the server keeps two workers that begin together from queueing them twice.
"""

import os
import re
import socket
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import optuna
from optuna.exceptions import ExperimentalWarning, StorageInternalError
from optuna.storages import RDBStorage, RetryHeartbeatStaleTrialCallback
from optuna.trial import TrialState
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, ProgrammingError, SQLAlchemyError

from gfplab.engine.cache import digest
from gfplab.errors import GfplabError, StudyError
from gfplab.study import dataset
from gfplab.study.baselines import Baseline
from gfplab.study.cache import kept_jobs
from gfplab.study.ground import moved
from gfplab.study.jobs import RunJob
from gfplab.study.samplers import ONE_MIND, new_sampler, unlearnable
from gfplab.study.spec import Study
from gfplab.study.store import Trial

HEARTBEAT_S = 15
GRACE_S = 60  # without a heartbeat, until a trial's worker is held for dead
SCHEME = "postgresql://"
TRIES = 6
_FAILURE = "failure"
_BASELINE = "baseline"


class CannotMeasure(Exception):
    """A trial whose runs gave no objectives; it is told as failed."""


def work(
    study: Study,
    run_job: RunJob,
    url: str,
    place: dataset.Place,
    *,
    trials: int | None = None,
    progress: Callable[[Trial, int], None] = lambda _trial, _done: None,
    identity: dict[str, str] | None = None,
    cache: Path | None = None,
    heartbeat: int = HEARTBEAT_S,
    grace: int = GRACE_S,
) -> int:
    """Run trials until the study on the server at `url` has `trials` in all; how many it has.

    Results go into the dataset at `place`.  k workers that end together may run up to k - 1 trials more than wanted.
    With a `cache` folder, jobs that any study has run before are not run again.
    """
    if study.sampler in ONE_MIND:
        raise StudyError(
            f"{study.path}: sampler: {study.sampler} counts its proposals, which workers that run freely cannot do"
            " together; write random or tpe, or use gfplab study run"
        )
    name = name_of(study, identity or {})
    wanted = trials or study.trials
    worker = f"{socket.gethostname()}-{os.getpid()}"
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    storage = connect(url, heartbeat, grace)
    if cache is not None:
        made_of = {**study.made_of, **(identity or {})}
        run_job = kept_jobs(run_job, cache, made_of, study.stock)
    started = time.monotonic()

    def objective(asked: optuna.Trial) -> list[float]:
        trial = _trial(study, asked)
        runs, failure = [], ""
        for job in study.jobs(trial):
            try:
                runs.append((job.scenario, job.seed, dict(run_job(job))))
            except StudyError:
                raise
            except GfplabError as error:
                failure = failure or " / ".join(error.lines)
        trial = replace(trial, runs=runs, failure=failure)
        trial = replace(trial, failure=failure or study.unmeasured(trial))
        if edited := moved(study.scenarios, study.made_of):
            raise StudyError(
                f"{study.scenarios[edited]}: was changed while this worker ran, and its last trial is not kept;"
                " start the worker again: an edited scenario is another study"
            )
        try:
            dataset.add(place, name, trial, worker)
        except OSError as error:
            raise StudyError(
                f"{place}: cannot be written ({error.strerror or error}), and the last trial is not kept; those before"
                " it are on the server and in the dataset: see to the place, then start the worker again"
            ) from None
        progress(trial, len(_ended(served)) + 1)
        if trial.failed:
            asked.set_user_attr(_FAILURE, trial.failure)
            raise CannotMeasure
        if trial.origin == "baseline" and unlearnable(study.sampler, study.space, trial.values):
            asked.set_user_attr(_FAILURE, f"measured, but nothing that {study.sampler} could learn from")
            raise CannotMeasure
        for constraint in study.constraints:
            asked.set_constraint(constraint.name, constraint.violation(trial.measured))
        return [each.value(trial.measured) for each in study.objectives]

    def enough(_study: optuna.Study, _trial: object) -> None:
        if len(_ended(served)) >= wanted or (study.seconds and time.monotonic() - started > study.seconds):
            served.stop()

    try:
        seed = int.from_bytes(os.urandom(4), "big")  # two workers with one seed would propose the same
        served = optuna.create_study(
            storage=storage,
            study_name=name,
            directions=[each.direction for each in study.objectives],
            sampler=new_sampler(study.sampler, len(study.objectives), study.batch)(seed),
            load_if_exists=True,
        )
        _queue(study.baselines[:wanted], served, storage, study)
        if len(_ended(served)) < wanted:
            served.optimize(objective, catch=(CannotMeasure,), callbacks=[enough])
        return len(_ended(served))
    except StudyError:
        raise
    except Exception as error:
        lost = _of_storage(error)
        if lost is None:
            raise
        raise StudyError(
            f"--storage: the PostgreSQL server at {_place(url)} was lost ({_cause(lost)}); finished trials are there"
            " and in the dataset: start the worker again when the server is back"
        ) from None
    finally:
        disconnect(storage)


def _trial(study: Study, asked: optuna.Trial) -> Trial:
    """The baseline that was queued, or what the sampler answers."""
    label = asked.user_attrs.get(_BASELINE)
    baseline = next((each for each in study.baselines if each.label == label), None)
    if baseline is None:
        return study.asked(asked.number, 0, study.space.ask(asked))
    for dimension in study.space.dimensions():
        if dimension.name in baseline.values:
            dimension.ask(asked)  # the queue holds the answer; asking has the server note it
    return Trial(asked.number, 0, "baseline", baseline.label, dict(baseline.values), dict(baseline.policies), {})


def _queue(baselines: tuple[Baseline, ...], served: optuna.Study, storage: RDBStorage, study: Study) -> None:
    """Queue those baselines that nobody has queued yet, or that a worker left which was ended in the middle."""
    with storage.engine.begin() as connection:  # the lock is gone with the connection, also when we are killed
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": served.study_name})
        open_trials = served.get_trials(deepcopy=False, states=(TrialState.WAITING, TrialState.RUNNING))
        queued = {trial.user_attrs.get(_BASELINE) for trial in (*open_trials, *_ended(served))}
        for baseline in baselines:
            if baseline.label not in queued:
                answers = {name: answer for name, (answer, _) in study.space.as_params(baseline.values).items()}
                served.enqueue_trial(answers, user_attrs={_BASELINE: baseline.label})


def name_of(study: Study, identity: dict[str, str]) -> str:
    """A name for the study on the server and in the dataset; a changed question has another one."""
    said = study.header(identity)
    words = "-".join(re.findall(r"[a-z0-9]+", study.path.stem.lower()))
    return f"{words}-{digest(repr(sorted(said['said'].items())), repr(sorted(said['made_of'].items())))[:8]}"


def _ended(served: optuna.Study) -> list:
    """Trials that were measured, or could not be; not those of workers that died."""
    found = served.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.FAIL))
    return [trial for trial in found if trial.state == TrialState.COMPLETE or _FAILURE in trial.user_attrs]


def connect(url: str, heartbeat: int = HEARTBEAT_S, grace: int = GRACE_S) -> RDBStorage:
    """Optuna's storage on the server at `url`, to be ended by `disconnect`; StudyError if the server lets nobody in."""
    if not url.startswith(SCHEME) or _port(url) is None:
        raise StudyError(f"--storage: '{url}' is no address of a server; write {SCHEME}USER@HOST:PORT/DATABASE")
    attempt = 0
    while True:
        attempt += 1
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ExperimentalWarning)
                return RDBStorage(
                    f"postgresql+psycopg://{url.removeprefix(SCHEME)}",
                    engine_kwargs={"pool_pre_ping": True, "connect_args": {"connect_timeout": 10}},
                    heartbeat_interval=heartbeat,
                    grace_period=grace,
                    heartbeat_stale_trial_callback=RetryHeartbeatStaleTrialCallback(),
                )
        except ImportError:
            raise StudyError("--storage: psycopg is not installed; write pip install 'gfplab[postgres]'") from None
        except (SQLAlchemyError, StorageInternalError) as error:
            # the first workers of an empty database make its tables at the same time, and trip over one another
            if isinstance(error, IntegrityError | ProgrammingError) and attempt < TRIES:
                time.sleep(0.3 * attempt)
                continue
            raise StudyError(
                f"--storage: no PostgreSQL server lets us in at {_place(url)} ({_cause(error)});"
                " start it, or see to user and database"
            ) from None


def disconnect(storage: RDBStorage) -> None:
    """Close every connection, also to a server that is gone."""
    storage.remove_session()
    storage.engine.dispose()


def _of_storage(error: BaseException | None) -> BaseException | None:
    """What went wrong with the server, behind whatever Optuna stumbled over then; None if nothing did."""
    while error is not None and not isinstance(error, StorageInternalError | SQLAlchemyError):
        error = error.__cause__ or error.__context__
    return error


def _place(url: str) -> str:
    """Where the server is, without the password."""
    parts = urlsplit(url)
    return f"{parts.hostname or 'this machine'}:{_port(url)}{parts.path}"


def _port(url: str) -> int | None:
    """The server's port; None if what is written is none."""
    try:
        return urlsplit(url).port or 5432
    except ValueError:
        return None


def _cause(error: BaseException) -> str:
    """The innermost reason, on one line."""
    while error.__cause__ is not None:
        error = error.__cause__
    said = [line for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    return re.sub(r"^\([^)]*\) ", "", said[0]).strip()
