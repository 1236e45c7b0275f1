"""Results of jobs that were run before, by anyone, in any study: asking again costs nothing.

A result is filed under the hash of everything that it depends on: the job, its scenario, the sources of the plugins in
use and of the stock kernel, and the build of the simulator.  So nothing in the cache is ever stale, editing a plugin
costs only its own runs, and a trial that was interrupted halfway keeps the runs that had ended.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from gfplab.engine.cache import digest, write
from gfplab.study.jobs import Job, RunJob


class CachedJobs:
    """`run_job`, looked up before it is run.  Picklable if run_job is: worker processes share the folder."""

    def __init__(self, run_job: RunJob, folder: Path, made_of: Mapping[str, str], stock: tuple[str, ...]):
        self._run_job, self._folder, self._made_of, self._stock = run_job, folder, dict(made_of), stock

    def __call__(self, job: Job) -> Mapping[str, float]:
        path = self._path(job)
        if (found := self.known(job)) is not None:
            return found
        path.unlink(missing_ok=True)
        metrics = dict(self._run_job(job))
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, json.dumps(metrics))
        return metrics

    def known(self, job: Job) -> Mapping[str, float] | None:
        """The result of the job, if it has been run; nothing is run for it."""
        try:
            return json.loads(self._path(job).read_bytes())
        except (OSError, ValueError):
            return None

    def _path(self, job: Job) -> Path:
        plugins = {*self._stock, *job.policies.values()}
        ground = {
            name: made_of
            for name, made_of in self._made_of.items()
            if name.partition(" ")[0] not in ("scenario", "plugin")
            or name == f"scenario {job.scenario}"
            or name.removeprefix("plugin ") in plugins
        }
        key = digest(job.key, json.dumps(ground, sort_keys=True))
        return self._folder / key[:2] / f"{key}.json"
