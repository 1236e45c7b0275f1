"""Whether what results depend on is still what it was when the study began: scenarios are read anew for every run.

A study that runs for hours meets people who edit files.  A run that may have seen an edited scenario is neither
recorded nor kept in the cache.
"""

import functools
import os
import time
from collections.abc import Mapping
from pathlib import Path

from gfplab.errors import GfplabError, StudyError
from gfplab.study.jobs import Job, RunJob
from gfplab.world.scenario import load_scenario

_TICK_NS = 100_000_000  # more than the times of files are apart, on any kernel
OWN_CODE = "gfplab's own code"  # the entry of `made_of` that says which simulator it was


class OnGround:
    """`run_job` of the study in `directory`, while a job's scenario stands.  Picklable if run_job is."""

    def __init__(self, run_job: RunJob, made_of: Mapping[str, str], directory: Path):
        self._run_job, self._made_of, self._directory = run_job, dict(made_of), directory

    def __call__(self, job: Job) -> Mapping[str, float]:
        self._check(job)  # or an edit that is taken back while the job runs would not be noticed
        try:
            return self._run_job(job)
        finally:
            self._check(job)

    def _check(self, job: Job) -> None:
        if not stands(job.scenario, job.path, self._made_of):
            raise StudyError(told(self._directory, job.scenario)) from None


def told(directory: Path, scenario: str) -> str:
    """The sentence with which a study ends whose scenario was edited."""
    return (
        f"{directory}: scenario {scenario} was changed while the study ran, and what ran since is not kept;"
        f" put it back and write gfplab study resume {directory}, or start a new folder with --out"
    )


def moved(scenarios: Mapping[str, Path], made_of: Mapping[str, str]) -> str:
    """The first scenario that is not what `made_of` says ("scenario <name>" -> hash) any more, or ""."""
    return next((name for name, path in scenarios.items() if not stands(name, path, made_of)), "")


def stands(name: str, path: Path | str, made_of: Mapping[str, str]) -> bool:
    """Whether the file at `path` is still the scenario `name` that `made_of` says."""
    try:
        at = os.stat(path)
        # two edits within a tick of the clock leave the same signature
        read = _hash if time.time_ns() - at.st_mtime_ns > _TICK_NS else _hash.__wrapped__
        return read(str(path), at.st_mtime_ns, at.st_size, at.st_ino) == made_of.get(f"scenario {name}")
    except (OSError, GfplabError):  # gone, or no scenario at the moment
        return False


@functools.lru_cache(maxsize=256)
def _hash(path: str, *_signature: int) -> str:
    """Of the scenario in the file.  A file with an unchanged signature is read once."""
    return load_scenario(path).sha256()
