"""Whether the process that runs a job has the sources that the study began with.

A worker process that is spawned late, or stands on another machine, reads gfplab's and the policies' files anew; what
it ran with others would be filed under the hash of those that the study knows.
"""

from collections.abc import Mapping
from functools import cache

from gfplab.errors import StudyError
from gfplab.study.ground import OWN_CODE
from gfplab.study.jobs import Job, RunJob
from gfplab.tables.provenance import sources_hash


class SameSources:
    """`run_job`, where nothing has changed.  `made_of` is the study's, with gfplab's own code.  To be pickled."""

    def __init__(self, run_job: RunJob, made_of: Mapping[str, str]):
        self._run_job = run_job
        self._made_of = tuple(sorted(item for item in made_of.items() if not item[0].startswith("scenario ")))

    def __call__(self, job: Job) -> Mapping[str, float]:
        if name := _changed(self._made_of):
            raise StudyError(
                f"{name} is not what it was when the study began, and nothing was run with it; put it back and resume,"
                " or start a new folder with --out"
            )
        return self._run_job(job)


@cache
def _changed(made_of: tuple[tuple[str, str], ...]) -> str:
    """The first thing that this process has in another form, or has not at all; "" if there is none."""
    from gfplab.tables.job import plugins_here  # which imports the simulator

    here = {OWN_CODE: sources_hash()} | {f"plugin {each.name}": each.source_hash for each in plugins_here().values()}
    return next((name for name, made in made_of if here.get(name) != made), "")
