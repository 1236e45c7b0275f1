"""`gfplab scenarios`: which scenarios there are."""

import click

from gfplab.cli.output import JSON, print_json


@click.command("scenarios")
@JSON
def cli(as_json: bool) -> int:
    """List the scenarios: those in ./studies/scenarios and those that came with gfplab."""
    import tomli

    from gfplab.world.shipped import scenario_files

    rows = []
    for name, path in scenario_files().items():
        try:
            table = tomli.loads(path.read_text())
        except (OSError, tomli.TOMLDecodeError) as error:
            table = {"title": f"cannot be read: {error}"}
        rows.append(
            {"name": name, "title": table.get("title", ""), "kernel": table.get("kernel", ""), "path": str(path)}
        )
    if as_json:
        print_json(rows)
        return 0
    width = max((len(row["name"]) for row in rows), default=0)
    for row in rows:
        click.echo(f"{row['name']:<{width}}  {row['title']}")
    if not rows:
        click.echo("no scenarios here; write the path of a .toml file to `gfplab run`", err=True)
    return 0
