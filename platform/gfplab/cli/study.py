"""`gfplab study`: search policies and tunables, stop and go on, look at what was found."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gfplab.cli.options import CACHE, EXECUTOR, WORKERS
from gfplab.cli.output import JSON, default_folder, print_json
from gfplab.cli.study_plan import plan
from gfplab.cli.study_watch import watch
from gfplab.cli.study_why import why
from gfplab.cli.study_worker import contents, merge, worker

if TYPE_CHECKING:
    from gfplab.study.spec import Study

_HOW = (
    WORKERS,
    EXECUTOR,
    click.option(
        "--trials", type=click.IntRange(min=1), help="Trials in all, baselines included.  [default: the study's]"
    ),
    CACHE,
)


def _runs(verb: Callable[..., int]) -> Callable[..., int]:
    """The options of a verb that runs trials; it hands them to `_run` as they are."""
    for option in reversed(_HOW):
        verb = option(verb)
    return verb


@click.group("study")
def cli() -> None:
    """Search policies and tunables over many runs."""


cli.add_command(plan)
cli.add_command(worker)
cli.add_command(merge)
cli.add_command(contents)
cli.add_command(why)
cli.add_command(watch)


@cli.command("run")
@click.argument("study", metavar="STUDY.toml", type=click.Path(path_type=Path))
@_runs
@click.option("--out", type=click.Path(path_type=Path), help="Folder for the study.  [default: results/<study>/<time>]")
@JSON
def run(study: Path, out: Path | None, as_json: bool, **how: Any) -> int:
    """Run a study. The same study gives the same trials with any number of workers, and after any interruption."""
    from gfplab.study.spec import load_study

    return _run(load_study(study), out or default_folder(study.stem), as_json, **how)


@cli.command("resume")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@_runs
@JSON
def resume(folder: Path, as_json: bool, **how: Any) -> int:
    """Go on with the study in DIR, or give it more trials."""
    from gfplab.study.search import began

    return _run(began(folder), folder, as_json, **how)


def _run(asked: "Study", folder: Path, as_json: bool, *, cache: bool, **how: Any) -> int:
    """Run a study in its folder, or go on with it there, and print its page."""
    from gfplab.study.cache import results_folder
    from gfplab.study.same_sources import SameSources
    from gfplab.study.search import run_study
    from gfplab.tables.job import run_job

    warnings = warnings_of(asked)
    kept = results_folder() if cache else None
    with _trials(as_json, folder) as report:
        jobs = SameSources(run_job, {**asked.made_of, **identity()})
        found = run_study(asked, folder, jobs, progress=report, identity=identity(), cache=kept, **how)
    return _present(found, as_json, warnings)


@cli.command("show")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@JSON
def show(folder: Path, as_json: bool) -> int:
    """Show what the study in DIR has found so far; it may be running meanwhile."""
    return show_study(folder, as_json)


def show_study(folder: Path, as_json: bool) -> int:
    """Print a study's page."""
    from gfplab.study.outcome import read_study

    return _present(read_study(folder), as_json)


def study_tables(folder: Path):
    """The trials and runs of a study as tables to export."""
    from gfplab.study.outcome import read_study
    from gfplab.tables.frames import Tables
    from gfplab.tables.provenance import versions
    from gfplab.tables.schema import SCHEMA_VERSION

    found = read_study(folder)
    provenance = {
        "schema_version": SCHEMA_VERSION,
        "study": found.title,
        "status": found.status,
        "versions": versions(),
    }
    return Tables(
        found.tables,
        provenance,
    )


def identity() -> dict[str, str]:
    """What a resumed study must find unchanged besides its own files."""
    from gfplab.study.ground import OWN_CODE
    from gfplab.tables.provenance import sources_hash

    return {OWN_CODE: sources_hash()}


def warnings_of(asked) -> list[str]:
    """What of each scenario, and of the policies, was never compared with a real kernel: one sentence a scenario."""
    from gfplab.cli.run import warn
    from gfplab.truth.envelope import label_of_plugins
    from gfplab.world.scenario import load_scenario

    stacks = [*asked.space.stacks.values(), *(each.policies for each in asked.baselines)]
    said = []
    for name, path in asked.scenarios.items():
        world = load_scenario(path)
        labels = dict.fromkeys(label_of_plugins({*stack.values()}, world.kernel) for stack in stacks)
        said += warn(world, name, list(labels))
    return said


def _present(found, as_json: bool, warnings: Sequence[str] = ()) -> int:
    objectives = [{"name": each.name, "direction": each.direction, "unit": each.unit} for each in found.objectives]
    rows = found.report_rows()
    if as_json:
        print_json(
            {
                "title": found.title,
                "status": found.status,
                "done": found.done,
                "wanted": found.wanted,
                "out": str(found.directory),
                "objectives": objectives,
                "front": found.front,
                "rows": rows.to_dicts(),
                "selected": found.selected.to_dicts(),
                "confirmed": found.confirmed.to_dicts(),
                "against": found.against.to_dicts(),
                "progress": found.progress.to_dicts(),
                "importance": found.importance.to_dicts(),
                "trials": found.trials.to_dicts(),
                "warnings": list(warnings),
            }
        )
        return 0
    from gfplab.report.study import study_page
    from gfplab.report.tables import print_page

    print_page(study_page(found))
    return 0


class _trials:
    """Says on standard error how far a study is: the page of `study watch` on a terminal, elsewhere a line a trial."""

    def __init__(self, quiet: bool, folder: Path):
        self._quiet, self._folder, self._screen = quiet, folder, None

    def __enter__(self):
        if not self._quiet and sys.stderr.isatty():
            from rich.console import Console
            from rich.live import Live

            console = Console(file=sys.stderr)
            self._screen = Live(get_renderable=self._page, console=console, refresh_per_second=2, transient=True)
            self._screen.start()
        return self._say

    def __exit__(self, *what):
        if self._screen is not None:
            self._screen.stop()

    def _page(self):
        from rich.text import Text

        from gfplab.errors import GfplabError
        from gfplab.report.live import live_page
        from gfplab.study.live import view_of

        try:
            return live_page(view_of(self._folder))
        except GfplabError:
            return Text("")  # the journal has not been begun, or cannot be read, which the study itself will say

    def _say(self, at) -> None:
        from gfplab.report.tables import number

        if self._screen is None and not self._quiet and not at.recorded:
            values = ", ".join(f"{name} {number(value)}" for name, value in at.values.items()) or at.trial.failure
            click.echo(f"trial {at.trial.number} ({at.done} of {at.wanted}): {values}", err=True)
