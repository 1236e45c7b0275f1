"""One job of a study: scenario, policies, tunables and a seed in, metrics out."""

from collections.abc import Sequence
from functools import cache

from gfplab.policy.discover import discover
from gfplab.policy.select import select
from gfplab.run import simulate
from gfplab.tables.metrics import measure
from gfplab.world.scenario import load_scenario

plugins_here = cache(lambda files=(): discover(files=list(files)))


def run_job(job, files: tuple[str, ...] = ()) -> dict[str, float]:
    """Every metric of the run that a study's Job asks for; an OOM kill or a deadlock is a result like any other.

    `files` are plugins by path, beside those that can be found by name.
    """
    world = load_scenario(job.path, dict(job.overrides))
    tunables = {**world.tunables, **job.tunables}
    policies = select(world.kernel, dict(job.policies), tunables=tunables, plugins=plugins_here(files))
    return measure(simulate(world, policies, job.seed), job.columns)


class FileJobs:
    """run_job with plugins by path; picklable."""

    def __init__(self, files: Sequence[str]):
        self._files = tuple(files)

    def __call__(self, job) -> dict[str, float]:
        return run_job(job, self._files)
