"""`gfplab policies`: which plugins there are and what each one answers."""

import click

from gfplab.cli.output import JSON, print_json


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
    width = max((len(row["name"]) for row in rows), default=0)
    for row in rows:
        click.echo(f"{row['name']:<{width}}  {row['argument']}")
        click.echo(f"{'':<{width}}  {', '.join(row['decisions'])}")
    return 0
