"""The coordinator of a study: ask a batch, run its jobs wherever there are workers, record, tell, ask again.

What makes the trials the same for any number of workers, and after any kill, is said in three places: each batch is
drawn from (seed, batch) and the trials before it (sampling.py), values are told in number order, and a trial is on disk
before it is told (store.py).  A resumed study asks everything again from the beginning, which costs milliseconds, and
takes from the journal what has been run already.
"""

import contextlib
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from gfplab.errors import GfplabError, StudyError
from gfplab.policy.discover import Catalogue
from gfplab.study.cache import kept_jobs
from gfplab.study.executors import Workers
from gfplab.study.files import write_whole
from gfplab.study.ground import OnGround, moved, told
from gfplab.study.jobs import Job, RunJob
from gfplab.study.live import Live
from gfplab.study.mirror import Mirror
from gfplab.study.outcome import Outcome, outcome
from gfplab.study.sampling import Sampling
from gfplab.study.spec import Study, load_study
from gfplab.study.stopping import Stopping
from gfplab.study.store import Journal, Trial, on_disk, read_journal

COPY = "study.toml"  # of the study file, as it was when the study began


@dataclass(frozen=True)
class Progress:
    """A trial has finished (or was found finished, if `recorded`)."""

    trial: Trial
    done: int
    wanted: int
    values: Mapping[str, float]  # by objective; empty if the trial failed
    violated: tuple[str, ...]
    recorded: bool


class StudyInterrupted(KeyboardInterrupt):
    """Ctrl-C: everything finished is on disk; the text says how to go on."""


def run_study(
    study: Study,
    directory: Path | str,
    run_job: RunJob,
    *,
    workers: int = 1,
    executor: str = "threads",
    trials: int | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
    say: Callable[[str], None] = lambda text: print(text, file=sys.stderr),
    identity: Mapping[str, str] | None = None,
    cache: Path | None = None,
) -> Outcome:
    """Run the study in `directory`, or go on with it there, until it has its trials or its seconds are over.

    `run_job` must be the same function of the job whenever it is called; `identity` names everything else that its
    results depend on (the build of the kernel), so that a study is not resumed on something different.  With a `cache`
    folder, jobs that any study has run before are not run again.
    """
    directory = Path(directory)
    with on_disk(directory):
        directory.mkdir(parents=True, exist_ok=True)
    header = study.header(identity or {})
    header["wanted"] = trials or header["wanted"]
    with on_disk(directory):
        journal = Journal(directory, header)
    with contextlib.closing(journal):
        record = journal.record
        study.check_same(record.header, header, directory)
        with on_disk(directory):
            if not (directory / COPY).exists():
                write_whole(directory / COPY, study.text.encode())
            if trials is not None or record.header["wanted"] < header["wanted"]:
                journal.want(header["wanted"])
        known: Callable[[Job], object] = lambda _job: None  # noqa: E731
        run_job = OnGround(run_job, record.header["made_of"], directory)
        if cache is not None:
            run_job = kept_jobs(run_job, cache, record.header["made_of"], study.stock)
            known = run_job.known
        live = Live(directory, workers, len(record.trials))
        coordinator = _Coordinator(study, directory, journal, progress, say, live, known)
        with _interrupts() as interrupts, contextlib.closing(Workers(run_job, workers, executor)) as crew:
            try:
                status = "stopped"
                status = coordinator.run(crew, interrupts)
            finally:
                live.end(status)
                found = outcome(directory, record, "stopped")
                with on_disk(directory):
                    found.write()
    return replace(found, status=status)


def resume_study(directory: Path | str, run_job: RunJob, *, plugins: Catalogue | None = None, **more) -> Outcome:
    """Go on with the study in `directory`, read again from the file it came from; `more` as for run_study.

    If that file is gone, the copy in the folder does.
    """
    directory = Path(directory)
    return run_study(began(directory, plugins), directory, run_job, **more)


def began(directory: Path | str, plugins: Catalogue | None = None) -> Study:
    """The study that a folder is of, read again."""
    file = Path(read_journal(Path(directory)).header["file"])
    return load_study(file if file.exists() else Path(directory) / COPY, plugins, base=file.parent)


class _Coordinator:
    def __init__(self, study: Study, directory: Path, journal: Journal, progress, say, live: Live, known):
        self._live, self._known = live, known
        self._study, self._directory, self._journal = study, directory, journal
        self._progress, self._say = progress, say
        self._record = journal.record
        self._wanted: int = journal.record.header["wanted"]
        self._done = 0
        self._told_of_edit = False
        self._measured: dict[str, Mapping[str, float]] = {}  # job key -> metrics: equal jobs are run once
        for trial in self._record.trials.values():
            self._remember(trial, study.jobs(trial))

    def run(self, crew: Workers, interrupts: "_Interrupts") -> str:
        """All batches, then the best with seeds to choose by, then the chosen with fresh seeds; why it ended."""
        status = self._search(crew, interrupts)
        study, record, journal = self._study, self._record, self._journal
        if study.select:
            self._live.phase = "select"
            candidates = outcome(self._directory, record, "").candidates
            self._again(candidates, study.select, record.selected, journal.select, crew, interrupts)
        if study.confirm:
            self._live.phase = "confirm"
            finalists = outcome(self._directory, record, "").finalists
            self._again(finalists, study.confirm, record.confirmed, journal.confirm, crew, interrupts)
        return status

    def _search(self, crew: Workers, interrupts: "_Interrupts") -> str:
        study, recorded = self._study, self._record.trials
        sampling = Sampling(study.space, study.objectives, study.constraints, study.sampler, study.seed, study.batch)
        with on_disk(self._directory):
            mirror = Mirror(self._directory, self._record.header["title"], sampling, len(recorded))
        started = time.monotonic()
        for batch in self._batches(sampling):
            fresh = [trial for trial in batch if trial.number not in recorded]
            for trial in batch:
                if trial.number in recorded:
                    self._check_recorded(trial)
                    self._report(recorded[trial.number], recorded=True)
            if fresh and study.seconds is not None and time.monotonic() - started > study.seconds:
                return "out of time"
            before = [recorded[number] for number in sorted(recorded) if number < batch[0].number]
            stopping = Stopping(study.early_stop, study.seeds, study.objectives, study.constraints, before)
            for trial in self._finished(fresh, study.seeds, crew, interrupts, stopping):
                self._record_it(self._journal.add, trial)
                self._report(trial, recorded=False)
            for trial in batch:
                sampling.tell(recorded[trial.number])
            with on_disk(self._directory):
                mirror.update()
            failures = [recorded[trial.number].failure for trial in batch]
            if batch[0].origin == "baseline" and all(failures):
                raise StudyError(f"{self._directory}: no baseline could be measured: {failures[0]}")
        return "done"

    def _again(
        self,
        numbers: list[int],
        seeds: tuple[int, ...],
        recorded: Mapping[int, Trial],
        record: Callable[[Trial], None],
        crew: Workers,
        interrupts: "_Interrupts",
    ) -> None:
        """Run trials with seeds that had no part in finding them, unless they are recorded with just these."""
        fresh = [
            replace(self._record.trials[number], runs=[], failure="")
            for number in numbers
            if number not in recorded or {seed for _, seed in recorded[number].measured} != set(seeds)
        ]
        if fresh:
            self._say(f"running {len(fresh)} baselines and unbeaten trials again with {len(seeds)} fresh seeds")
        for trial in self._finished(fresh, seeds, crew, interrupts):
            self._record_it(record, trial)

    def _record_it(self, record: Callable[[Trial], None], trial: Trial) -> None:
        """Put a trial that has finished just now on disk, unless it may have run on other ground."""
        if name := moved(self._study.scenarios, self._record.header["made_of"]):
            raise StudyError(told(self._directory, name))
        if not self._told_of_edit and self._study.edited:
            self._told_of_edit = True
            self._say(
                f"{self._study.path} was changed while the study ran; this study goes on as it began, and to resume it"
                f" you will need the file as it was ({self._directory / COPY})"
            )
        with on_disk(self._directory):
            record(trial)

    def _batches(self, sampling: Sampling) -> Iterator[list[Trial]]:
        """The trials to run, batch by batch; asking for the next one needs the values of those before."""
        study = self._study
        baselines = study.first_trials(self._wanted)
        yield baselines
        number = len(baselines)
        for batch in count(1):
            size = min(study.batch, self._wanted - number)
            if size <= 0:
                return
            asked = zip(count(number), sampling.ask(batch, size), sampling.why, strict=False)
            yield [study.asked(each, batch, values, why) for each, values, why in asked]
            number += size

    def _finished(
        self,
        trials: list[Trial],
        seeds: tuple[int, ...],
        crew: Workers,
        interrupts: "_Interrupts",
        stopping: Stopping | None = None,
    ) -> Iterator[Trial]:
        """Run the trials with these seeds; each comes out as soon as the last of its jobs has ended.

        `stopping` may let one go that has not run all of them.
        """
        study = self._study
        stopping = stopping or Stopping(None, seeds, study.objectives, study.constraints)
        stages = {
            trial.number: [{job.key: job for job in study.jobs(trial, some)} for some in stopping.stages(trial)]
            for trial in trials
        }
        ended: dict[str, Mapping[str, float] | GfplabError] = {}
        given: set[str] = set()

        def give(trial: Trial) -> int:
            """Queue what the trial's stage lacks and nobody has been given; how many jobs that is."""
            lacking = [key for key in stages[trial.number][0] if key not in self._measured and key not in given]
            jobs = {key: stages[trial.number][0][key] for key in lacking}
            self._live.give(lacking, [key for key, job in jobs.items() if self._known(job) is not None])
            for key, job in jobs.items():
                crew.give(key, job)
            given.update(lacking)
            return len(lacking)

        outstanding = sum(give(trial) for trial in trials)
        open_trials = list(trials)
        leaving = False
        while True:
            for trial in list(open_trials):
                while (measured := self._measure(trial, stages[trial.number][0], ended)) is not None:
                    del stages[trial.number][0]
                    over = measured.failed or not stages[trial.number]
                    rival = None if over else stopping.beaten_by(measured)
                    if over or rival is not None:
                        open_trials.remove(trial)
                        yield replace(measured, beaten_by=rival)
                        break
                    outstanding += 0 if leaving else give(trial)
            if interrupts.count and not leaving:
                leaving = True
                outstanding -= crew.drop_waiting()
                if outstanding and open_trials:
                    self._say(f"stopping: {outstanding} simulations are still running; Ctrl-C again abandons them")
            if leaving and (not outstanding or interrupts.count > 1):
                raise StudyInterrupted(
                    f"{self._directory}: stopped after {self._done} of {self._wanted} trials;"
                    f" gfplab study resume {self._directory} goes on"
                )
            if not open_trials:
                return
            taken = crew.take()
            self._live.beat()
            if taken is not None:
                outstanding -= 1
                key, result = taken
                self._live.took(key)
                if isinstance(result, StudyError) or not isinstance(result, GfplabError | Mapping):
                    raise result
                ended[key] = result

    def _measure(
        self, trial: Trial, jobs: Mapping[str, Job], ended: Mapping[str, Mapping[str, float] | GfplabError]
    ) -> Trial | None:
        """The trial with what its jobs gave; None if one of them has not ended."""
        results = {key: self._measured.get(key, ended.get(key)) for key in jobs}
        if None in results.values():
            return None
        runs, failure = [], ""
        for key, job in jobs.items():
            result = results[key]
            if isinstance(result, Mapping):
                runs.append((job.scenario, job.seed, dict(result)))
            elif result is not None:
                failure = failure or " / ".join(result.lines)
        trial = replace(trial, runs=runs, failure=failure)
        self._remember(trial, list(jobs.values()))
        return replace(trial, failure=failure or self._study.unmeasured(trial))

    def _remember(self, trial: Trial, jobs: list[Job]) -> None:
        """Keep what the trial's jobs gave, for others that ask the same."""
        keys = {(job.scenario, job.seed): job.key for job in jobs}
        for scenario, seed, metrics in trial.runs:
            self._measured[keys[scenario, seed]] = metrics

    def _check_recorded(self, asked: Trial) -> None:
        recorded = self._record.trials[asked.number]
        if recorded.values != asked.values or recorded.policies != asked.policies:
            names = sorted(recorded.values.keys() | asked.values.keys())
            name = next((n for n in names if recorded.values.get(n) != asked.values.get(n)), "policies")
            raise StudyError(
                f"{self._directory}: trial {asked.number} was recorded with {name} ="
                f" {recorded.values.get(name, recorded.policies)}, and the search now asks for"
                f" {asked.values.get(name, asked.policies)}; go on with the versions of optuna and numpy it began with,"
                " or start a new folder with --out"
            )

    def _report(self, trial: Trial, recorded: bool) -> None:
        self._done += 1
        measured = trial.measured
        values = {} if trial.failed else {o.name: o.value(measured) for o in self._study.objectives}
        violated = () if trial.failed else tuple(c.name for c in self._study.constraints if c.violation(measured) > 0)
        self._progress(Progress(trial, self._done, self._wanted, values, violated, recorded))


@dataclass
class _Interrupts:
    count: int = 0

    def __call__(self, _signal, _frame) -> None:
        self.count += 1


@contextlib.contextmanager
def _interrupts() -> Iterator[_Interrupts]:
    """Count Ctrl-C instead of being torn out of the middle of a record; the coordinator looks between two results."""
    seen = _Interrupts()
    if threading.current_thread() is not threading.main_thread():
        yield seen
        return
    before = signal.signal(signal.SIGINT, seen)
    try:
        yield seen
    finally:
        signal.signal(signal.SIGINT, before)
