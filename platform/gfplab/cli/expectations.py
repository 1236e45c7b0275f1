"""`gfplab expectations`: run the storms under the policies that were argued over and write down who was right."""

import os
from pathlib import Path

import click

from gfplab.cli.progress import progress

SCENARIOS = ("s1_dm_crypt_swap", "s2_pure_anon", "s10_fast_path")


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
    """Measure what experts expected of each policy and write a page about it: some ten minutes on one core."""
    from gfplab.report.expectations_page import expectations_page
    from gfplab.study.expectations import fast_path_rows, run_rows, storm_rows
    from gfplab.world.shipped import scenario_path

    rows = storm_rows(quick) + fast_path_rows(quick)
    with progress("measuring", quiet=False) as report:
        found = run_rows(rows, {name: scenario_path(name) for name in SCENARIOS}, report)
    out.parent.mkdir(parents=True, exist_ok=True)
    unfinished = out.with_name(f".{out.name}.{os.getpid()}.unfinished")
    unfinished.write_text(expectations_page(found))
    os.replace(unfinished, out)
    click.echo(f"written to {out}")
    return 0
