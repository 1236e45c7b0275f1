"""One job of a study: scenario, policies, tunables and a seed in, metrics out."""

from functools import cache

from gfplab.policy.discover import discover
from gfplab.policy.select import select
from gfplab.run import simulate
from gfplab.tables.metrics import measure
from gfplab.world.scenario import load_scenario

_plugins = cache(discover)


def run_job(job) -> dict[str, float]:
    """Every metric of the run that a study's Job asks for; an OOM kill or a deadlock is a result like any other."""
    world = load_scenario(job.path, dict(job.overrides))
    tunables = {**world.tunables, **job.tunables}
    policies = select(world.kernel, dict(job.policies), tunables=tunables, plugins=_plugins())
    return measure(simulate(world, policies, job.seed))
