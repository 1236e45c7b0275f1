"""Results of jobs that were run before, by anyone, in any study: asking again costs nothing.

A result is filed under the hash of everything that it depends on: the job, its scenario, the sources of the plugins in
use and of the stock kernel, and the build of the simulator.  So nothing in the cache is ever wrong, editing a plugin
costs only its own runs, and a trial that was interrupted halfway keeps the runs that had ended.  What nobody asks for
any more stays until somebody prunes (cache_contents.py), so each file says what it is the result of.
"""

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

from gfplab.engine import cache as compiled
from gfplab.study.durations import TimedJobs, seconds_folder
from gfplab.study.files import write_whole
from gfplab.study.ground import stands
from gfplab.study.jobs import Job, RunJob

FORMAT = "2"  # of a result's file: {"of": what was run, "metrics": what it gave}


def results_folder() -> Path:
    """Where the results of this user's studies are kept."""
    return compiled.root() / "runs"


class CachedJobs:
    """`run_job`, looked up before it is run.  Picklable if run_job is: worker processes share the folder."""

    def __init__(self, run_job: RunJob, folder: Path, made_of: Mapping[str, str], stock: tuple[str, ...]):
        self._run_job, self._folder, self._made_of, self._stock = run_job, folder, dict(made_of), stock

    def __call__(self, job: Job) -> Mapping[str, float]:
        ground = self._ground(job)
        path = self._path(job, ground)
        if (found := _read(path)) is not None:
            with contextlib.suppress(OSError):
                os.utime(path)  # its age is the time since it was last of use
            return found
        metrics = dict(self._run_job(job))
        if stands(job.scenario, job.path, self._made_of):
            with contextlib.suppress(OSError):  # a cache that cannot be written costs time and nothing else
                path.parent.mkdir(parents=True, exist_ok=True)
                write_whole(path, json.dumps({"of": _of(job, ground), "metrics": metrics}).encode())
        return metrics

    def known(self, job: Job) -> Mapping[str, float] | None:
        """The result of the job, if it has been run; nothing is run for it."""
        return _read(self._path(job, self._ground(job)))

    def _ground(self, job: Job) -> dict[str, str]:
        """What of `made_of` this job's result depends on."""
        plugins = {*self._stock, *job.policies.values()}
        return {
            name: made_of
            for name, made_of in self._made_of.items()
            if name.partition(" ")[0] not in ("scenario", "plugin")
            or name == f"scenario {job.scenario}"
            or name.removeprefix("plugin ") in plugins
        }

    def _path(self, job: Job, ground: Mapping[str, str]) -> Path:
        key = compiled.digest(FORMAT, job.key, json.dumps(ground, sort_keys=True))
        return self._folder / key[:2] / f"{key}.json"


def kept_jobs(run_job: RunJob, folder: Path, made_of: Mapping[str, str], stock: tuple[str, ...]) -> CachedJobs:
    """`run_job`, looked up in `folder`; what has to be run is timed."""
    return CachedJobs(TimedJobs(run_job, seconds_folder(folder)), folder, made_of, stock)


def _read(path: Path) -> Mapping[str, float] | None:
    """The metrics in a result's file; None if there is none, or it is torn, or no file can be there."""
    try:
        return json.loads(path.read_bytes())["metrics"]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _of(job: Job, ground: Mapping[str, str]) -> dict:
    return {
        "scenario": job.scenario,
        "overrides": dict(job.overrides),
        "policies": dict(job.policies),
        "tunables": dict(job.tunables),
        "seed": job.seed,
        "made_of": dict(ground),
    }
