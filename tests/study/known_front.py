"""A study whose answer is known: every point of its space was measured once and for all, under every one of 64 seeds.

A study's seed draws one of the recorded seeds by chance, the same one for all trials, so runs of one seed remain pairs
and the truth about a trial is its mean over all recorded seeds, to the last digit.  Another repetition draws anew.
tests/bench/bench_known_front.py makes the record and asks it.
"""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import polars as pl

from gfplab.study.hypervolume import MARGIN, hypervolume
from gfplab.study.jobs import Job
from gfplab.study.objectives import DIRECTIONS, Objective
from gfplab.study.outcome import Outcome, outcome
from gfplab.study.samplers import every_point
from gfplab.study.search import run_study
from gfplab.study.spec import Study, load_study
from gfplab.study.store import Record, Trial, read_journal
from gfplab.tables.metrics import METRICS

FOLDER = Path(__file__).parents[1] / "files" / "known_front"
RECORD = FOLDER / "known_front.parquet"
# column of the record, whole numbers -> the metric, and how many of its units one is
COLUMNS = {
    "worst_stall_us": ("worst_stall_ms", 1e-3),
    "io_stall_us": ("io_stall_ms", 1e-3),
    "psi_full_pct_1000": ("psi_full_pct", 1e-3),
    "swapout_kib_s": ("swapout_kib_s", 1.0),
    "idle_reserve_bytes": ("idle_reserve_bytes", 1.0),
    "oom_kills": ("oom_kills", 1.0),
}


HARDER = ("worst_stall_ms", "swapout_kib_s", "idle_reserve_bytes")


def known_study(metrics: Sequence[str] = ()) -> Study:
    """The study as its file has it, or with the means of other metrics for objectives."""
    study = load_study(FOLDER / "study.toml")
    (scenario,) = study.scenarios
    found = [METRICS[name] for name in metrics]
    other = tuple(Objective(m.name, scenario, m.name, "mean", DIRECTIONS[m.better], m.unit) for m in found)
    return replace(study, objectives=other or study.objectives)


def all_trials(study: Study) -> list[Trial]:
    """The baselines, then every point of the space, in the order of the record."""
    baselines = study.first_trials(len(study.baselines))
    points = (study.asked(len(baselines) + n, 1, values) for n, values in enumerate(every_point(study.space)))
    return [*baselines, *points]


@dataclass
class KnownFront:
    """The record, and what follows from it."""

    study: Study
    record: pl.DataFrame

    @cached_property
    def measured(self) -> np.ndarray:
        """(points, seeds, metrics of COLUMNS)."""
        ordered = self.record.sort("point", "seed")
        values = [ordered[column].to_numpy() * unit for column, (_, unit) in COLUMNS.items()]
        return np.column_stack(values).reshape(ordered["point"].n_unique(), -1, len(COLUMNS))

    @cached_property
    def places(self) -> Mapping[str, int]:
        """Key of a trial's job, without its seed -> point."""
        return {self._key(self.study.jobs(trial)[0]): place for place, trial in enumerate(all_trials(self.study))}

    @cached_property
    def truth(self) -> np.ndarray:
        """(points, objectives): the means over all seeds, as they are."""
        metrics = [metric for metric, _ in COLUMNS.values()]
        return self.measured[:, :, [metrics.index(each.metric) for each in self.study.objectives]].mean(axis=1)

    @cached_property
    def losses(self) -> np.ndarray:
        """The truth with less being better everywhere."""
        return self.truth * [1.0 if each.direction == "minimize" else -1.0 for each in self.study.objectives]

    @cached_property
    def reference(self) -> np.ndarray:
        """As a study's own: beyond the worst of the baselines by a tenth of their range."""
        baselines = self.losses[: len(self.study.baselines)]
        return baselines.max(axis=0) + MARGIN * (baselines.max(axis=0) - baselines.min(axis=0))

    @cached_property
    def volume(self) -> float:
        """Of the true front."""
        return hypervolume(self.losses, self.reference)

    def front(self) -> list[int]:
        """The points that nobody truly beats."""
        beaten = [((self.losses <= mine).all(axis=1) & (self.losses < mine).any(axis=1)).any() for mine in self.losses]
        return [place for place, lost in enumerate(beaten) if not lost]

    def place(self, trial: Trial) -> int:
        """The point that a trial has tried."""
        return self.places[self._key(self.study.jobs(trial)[0])]

    def share(self, trials: Sequence[Trial]) -> float:
        """What these trials truly dominate, of what the true front does."""
        return hypervolume(self.losses[[self.place(trial) for trial in trials]], self.reference) / self.volume

    def run_job(self, repetition: int):
        """A simulator that looks up what was recorded; each of its seeds is one of the recorded ones."""

        @cache
        def drawn(seed: int) -> int:
            return int(np.random.default_rng([repetition, seed]).integers(self.measured.shape[1]))

        def run(job: Job) -> dict[str, float]:
            metrics = [metric for metric, _ in COLUMNS.values()]
            found = self.measured[self.places[self._key(job)], drawn(job.seed)].tolist()
            return dict(zip(metrics, found, strict=True)) | {"deadlock": 0.0}

        return run

    def run(self, repetition: int, **changes) -> tuple[Outcome, Record]:
        """The study with a seed of its own and other draws of the simulation's seeds."""
        study = replace(self.study, seed=repetition, **changes)
        with tempfile.TemporaryDirectory() as folder:
            found = run_study(study, folder, self.run_job(repetition), say=lambda _text: None)
            return found, read_journal(Path(folder))

    def shares(self, record: Record, trials: Sequence[int]) -> list[float]:
        """Of the front that the study reported after so many trials, what it truly is worth."""
        found = []
        for count in trials:
            begun = Record(record.header, {number: t for number, t in record.trials.items() if number < count})
            reported = outcome(Path(), begun, "").front
            found.append(self.share([record.trials[number] for number in reported]))
        return found

    def covered(self, found: Outcome, record: Record) -> pl.DataFrame:
        """The table `against` with the true differences, and whether the intervals have them in it."""
        names = [each.name for each in self.study.objectives]
        places = {number: self.place(trial) for number, trial in record.trials.items()}
        baselines = {t.label: places[number] for number, t in record.trials.items() if t.origin == "baseline"}
        true = [
            float((self.truth[places[number]] - self.truth[baselines[baseline]])[names.index(objective)])
            for number, baseline, objective in found.against.select("number", "baseline", "objective").iter_rows()
        ]
        rows = found.against.with_columns(truth=pl.Series(true, dtype=pl.Float64))
        return rows.with_columns(covered=pl.col("truth").is_between(pl.col("low"), pl.col("high")))

    def _key(self, job: Job) -> str:
        return replace(job, seed=0).key


def known_front(metrics: Sequence[str] = ()) -> KnownFront:
    """The recorded problem, if need be with other objectives."""
    return KnownFront(known_study(metrics), pl.read_parquet(RECORD))
