"""`gfplab show`: the page of a run, a study or a comparison, printed again from its folder."""

from pathlib import Path

import click

from gfplab.cli.output import JSON
from gfplab.errors import GfplabError


@click.command("show")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@JSON
@click.option("--stacks", is_flag=True, help="Print the blocked tasks as SysRq-W does.")
@click.option("--chart", type=click.Path(path_type=Path), metavar="FILE", help="Draw the run into a .png or .svg file.")
def cli(folder: Path, as_json: bool, stacks: bool, chart: Path | None) -> int:
    """Print the results in DIR as they were printed when they were made; the exit code is 0 whatever they say."""
    if (folder / "journal.jsonl").exists():
        from gfplab.cli.study import show_study

        return show_study(folder, as_json)
    from gfplab.cli.run import present
    from gfplab.tables.export import read_folder

    tables = read_folder(folder)
    if "comparisons" in tables.frames:
        from gfplab.cli.compare import present as present_comparison

        return present_comparison(tables, folder, as_json)
    if "runs" not in tables.frames:
        raise GfplabError(
            f"{folder}: holds {', '.join(tables.frames)}, not a run; query these tables, or run gfplab validate again"
        )
    if chart is not None:
        from gfplab.report.charts import save_chart

        save_chart(tables, chart)
    present(tables, folder, as_json, stacks)
    return 0
