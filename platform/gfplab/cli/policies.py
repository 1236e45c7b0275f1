"""`gfplab policies`: which plugins there are, what each one argues and answers, and where it is from."""

import shutil
import textwrap

import click

from gfplab.cli.output import JSON, print_json

WIDEST = 120


@click.command("policies")
@JSON
def cli(as_json: bool) -> int:
    """List the policy plugins: shipped ones, installed ones, and those in ./plugins."""
    from gfplab.policy.discover import discover
    from gfplab.policy.explain import catalogue_rows

    rows = catalogue_rows(discover())
    if as_json:
        print_json(rows)
        return 0
    width = max((len(row["name"]) for row in rows), default=0) + 2
    columns = max(60, min(WIDEST, shutil.get_terminal_size().columns))
    for row in rows:
        lines = [row["argument"], _answers(row), _from(row)]
        wrapped = [
            part for line in lines if line for part in textwrap.wrap(line, columns - width, break_on_hyphens=False)
        ]
        for number, line in enumerate(wrapped):
            click.echo(f"{row['name'] if number == 0 else '':<{width}}{line}")
    return 0


def _answers(row: dict) -> str:
    """`mempool: mempool_step, mempool_free; throttle: ...`."""
    from gfplab.policy.plugin import ARGUMENTS

    if len(row["decisions"]) == len(ARGUMENTS):
        return f"every decision point of {', '.join(row['families'])}"
    return "; ".join(f"{family}: {', '.join(decisions)}" for family, decisions in row["by_family"].items())


def _from(row: dict) -> str:
    """Where it is from, and the names of its tunables."""
    names = ", ".join(tunable["name"] for tunable in row["tunables"])
    return f"{row['origin']}" + (f"; tunables: {names}" if names else "")
