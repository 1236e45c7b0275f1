"""`gfplab scenarios`: which scenarios there are, and where a scenario's name points to."""

from pathlib import Path

import click

from gfplab.cli.output import JSON, print_json


def folders() -> list[Path]:
    """Where scenarios are looked for: below the working directory, then where gfplab is installed or checked out."""
    package = Path(__file__).resolve().parents[1]
    found = [Path("studies/scenarios"), package / "studies" / "scenarios", package.parents[1] / "studies" / "scenarios"]
    return [
        folder
        for place, folder in enumerate(found)
        if folder.is_dir() and folder.resolve() not in [f.resolve() for f in found[:place]]
    ]


def scenario_files() -> dict[str, Path]:
    """Every scenario by its name; a name in the working directory hides the same one that came with gfplab."""
    found = {}
    for folder in reversed(folders()):
        found |= {path.stem: path for path in folder.glob("*.toml")}
    return dict(sorted(found.items()))


def scenario_path(given: str) -> Path:
    """The file that is meant by a path or by the bare name of a scenario."""
    path = Path(given)
    if path.suffix == ".toml" or path.exists() or len(path.parts) > 1:
        return path
    known = scenario_files()
    if given in known:
        return known[given]
    import difflib

    from gfplab.errors import ScenarioError

    close = difflib.get_close_matches(given, known, n=1)
    hint = f"did you mean {close[0]}?" if close else "write the path of a .toml file, or see `gfplab scenarios`"
    raise ScenarioError(f"{given}: no such scenario; {hint}")


@click.command("scenarios")
@JSON
def cli(as_json: bool) -> int:
    """List the scenarios: those in ./studies/scenarios and those that came with gfplab."""
    import tomli

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
