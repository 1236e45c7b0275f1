"""`gfplab validate`: simulate what a real kernel was measured at, and print both side by side."""

from pathlib import Path

import click

from gfplab.cli import options
from gfplab.cli.output import JSON, default_folder, print_json
from gfplab.cli.progress import progress


@click.command("validate")
@click.argument("table", metavar="CSV", type=click.Path(path_type=Path))
@click.option("--only", multiple=True, metavar="COLUMN=VALUE,..", help="Rows with these values; may be repeated.")
@click.option("--seeds", type=click.IntRange(min=1), help="At most so many seeds of each configuration and policy.")
@click.option("--metric", "metrics", multiple=True, metavar="NAME", help="Print this metric too; may be repeated.")
@options.WORKERS
@options.LOCAL_EXECUTOR
@click.option("--out", type=click.Path(path_type=Path), help="Folder for the tables.  [default: results/<CSV>/<time>]")
@click.option("--page", type=click.Path(path_type=Path, dir_okay=False), help="Write the page about it to this file.")
@click.option("--trace", type=click.Path(path_type=Path), help="Compare this capture of ftrace with its run instead.")
@JSON
def cli(table, only, seeds, metrics, workers, executor, out, page, trace, as_json) -> int:
    """Simulate the runs in CSV, which a real kernel was measured at, and compare.

    The exit code is 0 if every judged median is within its bound and the policies come out in the measured order, 1 if
    not, 2 if the file is wrong.
    """
    from gfplab.truth.measured import read_measured, selected

    measured = read_measured(table)
    if trace is not None:
        return compare_trace(measured, only, trace, as_json)
    if only or seeds:
        measured = selected(measured, only, seeds)
    for metric in metrics:
        known_metric(metric)
    folder = out or default_folder(table.stem)
    from gfplab.tables.folder import refuse_existing
    from gfplab.truth.replay import replay

    refuse_existing(folder)
    with progress("simulating", quiet=as_json) as report:
        comparison = replay(measured, workers=workers, executor=executor, progress=report)
    return present(comparison, folder, metrics, page, as_json, only, seeds)


def known_metric(name: str) -> None:
    """Refuse a metric that there is not."""
    from gfplab.errors import GfplabError
    from gfplab.truth.columns import METRICS
    from gfplab.world.toml import did_you_mean

    if name not in METRICS:
        guess = did_you_mean(name, METRICS)
        raise GfplabError(f"--metric {name}: there is no such metric{guess if guess.startswith('; did') else ''}")


def present(comparison, folder, metrics, page, as_json, only, seeds) -> int:
    """Write the tables and the chart, print the page or the document, and return the exit code."""
    from gfplab.errors import GfplabError
    from gfplab.tables.export import export
    from gfplab.tables.provenance import sources_hash, versions
    from gfplab.truth.chart import save_chart
    from gfplab.truth.compare import tables_of
    from gfplab.truth.view import document, validation_page

    provenance = {
        "measured": comparison.measured.source,
        "measured_sha256": comparison.measured.sha256,
        "only": list(only),
        "seeds": seeds,
        "sources_hash": sources_hash(),
        "versions": versions(),
    }
    export(tables_of(comparison, provenance), folder)
    chart, warnings = folder / "validate.png", []
    try:
        save_chart(comparison, chart)
    except GfplabError as error:  # altair is an extra: without it there are the tables
        chart = None
        warnings.append(str(error))
    if page is not None:
        from gfplab.truth.page import write_page

        write_page(comparison, page, f"gfplab validate {Path(comparison.measured.source).name} --page {page.name}")
    for warning in warnings:
        click.echo(f"gfplab: {warning}", err=True)
    if as_json:
        files = {"out": str(folder), "chart": None if chart is None else str(chart), "provenance": provenance}
        print_json(document(comparison, files | {"warnings": warnings}))
    else:
        from gfplab.report.tables import print_page

        print_page(validation_page(comparison, metrics))
        click.echo(f"tables in {folder}" + (f", chart in {chart}" if chart else ""))
    judged = any(cell.within is not None for cell in comparison.medians())
    return 0 if judged and not comparison.out_of_bounds() else 1


def compare_trace(measured, only, trace: Path, as_json: bool) -> int:
    """Print what the query says of a capture and of its simulation."""
    from gfplab.report.tables import print_page
    from gfplab.truth.ftrace import compare_capture, read_ftrace, row_of_capture
    from gfplab.truth.measured import selected
    from gfplab.truth.view import trace_page

    read_ftrace(trace)  # before anything is simulated
    row = row_of_capture(selected(measured, only, None) if only else measured, trace)
    found = compare_capture(trace, row)
    if as_json:
        print_json({"trace": str(trace), "run": row["name"], "rows": found.to_dicts()})
    else:
        print_page(trace_page(str(trace), str(row["name"]), found))
    return 0
