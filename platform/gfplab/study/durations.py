"""How long runs of a scenario took on this machine, to say beforehand how long a study will take.

The last runs of every scenario are kept beside the cache, under the hash of its file; the median of them is not moved
by the one run that had to wait for the compiler.
"""

import contextlib
import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from statistics import median

from gfplab.study.files import write_whole
from gfplab.study.jobs import Job, RunJob

KEPT = 20


def seconds_folder(results: Path) -> Path:
    """Where durations are kept, beside the folder of results."""
    return results.parent / "run-seconds"


class TimedJobs:
    """`run_job`, with a note of how many seconds it took.  Picklable if run_job is."""

    def __init__(self, run_job: RunJob, folder: Path):
        self._run_job, self._folder = run_job, folder

    def __call__(self, job: Job) -> Mapping[str, float]:
        began = time.perf_counter()
        metrics = self._run_job(job)
        with contextlib.suppress(OSError):  # a full disk, or the scenario is gone: only a forecast misses it
            note(self._folder, Path(job.path), time.perf_counter() - began)
        return metrics


def note(folder: Path, scenario: Path, seconds: float) -> None:
    """Keep the duration of one run; of two processes that do so at once, one may be forgotten."""
    path = _path(folder, scenario)
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps([*noted(folder, scenario), seconds][-KEPT:]).encode())


def noted(folder: Path, scenario: Path) -> list[float]:
    """Seconds of the last runs of a scenario, oldest first."""
    try:
        return [float(each) for each in json.loads(_path(folder, scenario).read_bytes())]
    except (OSError, ValueError, TypeError):
        return []


def usual(folder: Path, scenario: Path) -> float | None:
    """Seconds that a run of the scenario usually takes; None if none was made."""
    seen = noted(folder, scenario)
    return median(seen) if seen else None


def _path(folder: Path, scenario: Path) -> Path:
    return folder / f"{hashlib.sha256(scenario.read_bytes()).hexdigest()[:20]}.json"


def measure(jobs: Mapping[str, Job], run_job: RunJob, folder: Path) -> list[str]:
    """Time one job of each scenario that never was, after a millisecond of it for the compiler; their names."""
    wanting = [name for name, job in jobs.items() if usual(folder, Path(job.path)) is None]
    for name in wanting:
        job = jobs[name]
        run_job(replace(job, overrides={**job.overrides, "length": "1ms"}))
        TimedJobs(run_job, folder)(job)
    return wanting
