"""`gfplab expectations`: run the storms under the policies that were argued over and write down who was right."""

import os
from pathlib import Path

import click

from gfplab.cli.progress import progress


@click.command("expectations")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("docs/expectations.md"),
    show_default=True,
    help="File to write; one that is there is replaced.",
)
@click.option("--quick", is_flag=True, help="One seed, four seconds, two numbers of CPUs: to see that it works.")
def cli(out: Path, quick: bool) -> int:
    """Measure what experts expected of each policy, and v6.1 beside v4.7, and write a page about it.

    It takes some fifteen minutes on one core.
    """
    from gfplab.report.expectations_page import expectations_page
    from gfplab.study.eras import era_rows
    from gfplab.study.expectations import fast_path_rows, run_rows, storm_rows
    from gfplab.world.shipped import scenario_path

    rows, between = storm_rows(quick) + fast_path_rows(quick), era_rows(quick)
    paths = {name: scenario_path(name) for name in {row.scenario for row in (*rows, *between)}}
    with progress("measuring", quiet=False) as report:
        found = run_rows(rows, paths, report)
    with progress("measuring both kernels", quiet=False) as report:
        eras = run_rows(between, paths, report)
    out.parent.mkdir(parents=True, exist_ok=True)
    unfinished = out.with_name(f".{out.name}.{os.getpid()}.unfinished")
    unfinished.write_text(expectations_page(found, eras))
    os.replace(unfinished, out)
    click.echo(f"written to {out}")
    return 0
