"""`gfplab study plan`: what a study would do, and how long it would take."""

from pathlib import Path

import click

from gfplab.cli import options
from gfplab.cli.output import JSON, print_json


@click.command("plan")
@click.argument("study", metavar="STUDY.toml", type=click.Path(path_type=Path))
@options.WORKERS
@click.option(
    "--measure/--no-measure",
    default=True,
    show_default=True,
    help="Time one run of each scenario that has never been timed here.",
)
@JSON
def plan(study: Path, workers: int, measure: bool, as_json: bool) -> int:
    """Say what a study would run, what of it is in the cache, what is refused, and how long it would take."""
    from gfplab.cli.study import identity, warnings_of
    from gfplab.policy.discover import discover
    from gfplab.study import durations
    from gfplab.study.cache import CachedJobs, results_folder
    from gfplab.study.plan import plan_study
    from gfplab.study.spec import load_study
    from gfplab.tables.job import run_job

    plugins = discover()
    asked = load_study(study, plugins)
    folder = results_folder()
    timed = durations.seconds_folder(folder)
    cached = CachedJobs(run_job, folder, {**asked.made_of, **identity()}, asked.stock)
    planned = plan_study(asked, plugins, cached)
    measured: list[str] = []
    if measure and planned.counted.to_run:
        stock = asked.first_trials(1)[0]
        first = {job.scenario: job for job in reversed(asked.jobs(stock))}
        measured = durations.measure(first, run_job, timed)
    seconds, each = planned.seconds(timed, workers)
    source = "measured now" if measured else "earlier runs on this machine" if seconds is not None else "none"
    warnings = warnings_of(asked)
    if as_json:
        time = {"seconds": seconds, "workers": workers, "source": source, "of_a_run": each, "measured": measured}
        print_json(planned.as_json() | {"time": time, "warnings": warnings})
        return 0
    from gfplab.report.plan import plan_page
    from gfplab.report.tables import print_page

    print_page(plan_page(planned, workers, seconds, each, measured))
    return 0
