"""`gfplab study worker`, `merge` and `dataset`: machines that run one study freely, and their results as a dataset."""

from pathlib import Path

import click

from gfplab.cli.options import CACHE
from gfplab.cli.output import JSON, RESULTS, print_json

PLACE = RESULTS / "dataset"


class _PlaceType(click.ParamType):
    name = "place"

    def convert(self, value, param, ctx):
        """A folder, or a URL as it is."""
        return value if isinstance(value, Path) or "://" in value else Path(value)


@click.command("worker")
@click.argument("study", metavar="STUDY.toml", type=click.Path(path_type=Path))
@click.option("--storage", required=True, metavar="postgresql://USER@HOST:PORT/DATABASE", help="Where workers meet.")
@click.option("--trials", type=click.IntRange(min=1), help="Trials of all workers.  [default: the study's]")
@click.option(
    "--out", type=_PlaceType(), default=PLACE, show_default=True, help="Folder or URL of the Parquet dataset."
)
@CACHE
@JSON
def worker(study: Path, storage: str, trials: int | None, out: Path | str, cache: bool, as_json: bool) -> int:
    """Run trials of a study that any number of workers share. NOT reproducible: trials depend on who ended when."""
    from gfplab.cli.study import identity
    from gfplab.study.cache import results_folder
    from gfplab.study.same_sources import SameSources
    from gfplab.study.spec import load_study
    from gfplab.study.throughput import name_of, work
    from gfplab.tables.job import run_job

    asked = load_study(study)
    click.echo("free-running workers: what they propose cannot be reproduced; gfplab study run can", err=True)

    def report(trial, done: int) -> None:
        click.echo(
            f"trial {trial.number} ({done} of {trials or asked.trials}): {trial.failure or trial.label}", err=True
        )

    kept = results_folder() if cache else None
    jobs = SameSources(run_job, {**asked.made_of, **identity()})
    done = work(asked, jobs, storage, out, trials=trials, progress=report, identity=identity(), cache=kept)
    name = name_of(asked, identity())
    if as_json:
        print_json({"study": name, "done": done, "dataset": str(out), "reproducible": False})
        return 0
    click.echo(f"{name}: {done} trials; results in {out} (gfplab study dataset {out})")
    return 0


@click.command("merge")
@click.argument("folder", metavar="DIR", type=_PlaceType(), default=PLACE)
@JSON
def merge(folder: Path | str, as_json: bool) -> int:
    """Make one Parquet file of each study's many in the dataset that workers wrote."""
    from gfplab.errors import StudyError
    from gfplab.study import dataset

    if isinstance(folder, str):
        raise StudyError(f"{folder}: files of an object store stay as they are; gfplab study dataset reads them all")
    merged = dataset.merge(folder)
    if not merged:
        raise StudyError(f"{folder}: there is no dataset here; gfplab study worker writes one")
    if as_json:
        print_json({"dataset": str(folder), "studies": merged})
        return 0
    for name, trials in merged.items():
        click.echo(f"{name}: {trials} trials in {folder / f'study={name}'}")
    return 0


@click.command("dataset")
@click.argument("place", metavar="DIR|URL", type=_PlaceType(), default=PLACE)
@click.option("--metric", help="Compare the policies of each study by one metric.")
@JSON
def contents(place: Path | str, metric: str | None, as_json: bool) -> int:
    """Say what is in a dataset that workers wrote, in a folder or in an object store (s3://BUCKET/FOLDER)."""
    from gfplab.errors import StudyError
    from gfplab.study import dataset
    from gfplab.world.toml import did_you_mean

    found = dataset.contents(place, metric)
    if metric is not None and not found.height:
        raise StudyError(f"--metric: {place} has no '{metric}'{did_you_mean(metric, dataset.metrics(place))}")
    if as_json:
        print_json({"dataset": str(place), "rows": found.to_dicts()})
        return 0
    from gfplab.report.dataset import dataset_page
    from gfplab.report.tables import print_page

    print_page(dataset_page(found))
    return 0
