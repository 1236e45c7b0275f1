"""`gfplab export`: the tables of a results folder in another format."""

from pathlib import Path

import click

FORMATS = (
    "parquet",
    "csv",
    "arrow",
    "ndjson",
    "markdown",
)  # as in gfplab.tables.export, which is too slow to import here


@click.command("export")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--format", "format", type=click.Choice(FORMATS), default="parquet", show_default=True, help="What to write."
)
@click.option(
    "--to", "target", metavar="DIR", type=click.Path(path_type=Path), required=True, help="New folder to write to."
)
def cli(folder: Path, format: str, target: Path) -> int:
    """Write the tables in DIR to a new folder, each with the provenance of its numbers."""
    from gfplab.tables.export import export, read_folder

    if (folder / "journal.jsonl").exists():
        from gfplab.cli.study import study_tables

        tables = study_tables(folder)
    else:
        tables = read_folder(folder)
    export(tables, target, format)
    click.echo(f"{len(tables.frames)} tables in {target}")
    return 0
