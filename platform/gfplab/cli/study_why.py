"""`gfplab study why`: why a trial was proposed, and what it changed."""

from dataclasses import asdict
from pathlib import Path

import click

from gfplab.cli.output import JSON, print_json


@click.command("why")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.argument("number", metavar="N", type=click.IntRange(min=0))
@click.option(
    "--neighbours", type=click.IntRange(min=0), default=3, show_default=True, help="Trials to compare it with."
)
@JSON
def why(folder: Path, number: int, neighbours: int, as_json: bool) -> int:
    """Say why trial N of the study in DIR was proposed, which trials are most like it, and what it changed."""
    from gfplab.study.why import explain_trial

    explained, found = explain_trial(folder, number, neighbours)
    if as_json:
        print_json(asdict(explained))
        return 0
    from gfplab.report.tables import print_page
    from gfplab.report.why import why_page

    print_page(why_page(explained, found))
    return 0
