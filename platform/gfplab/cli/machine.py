"""`gfplab machine import`: a real machine's /proc becomes the machine of a scenario."""

from pathlib import Path

import click

from gfplab.cli.output import write_new


@click.group("machine")
def cli() -> None:
    """Describe a real machine as a scenario's machine."""


@cli.command("import")
@click.option(
    "--proc",
    default="/proc",
    show_default=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="/proc, or a copy of it.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="File for the machine table.  [default: standard output]",
)
def import_(proc: Path, out: Path | None) -> int:
    """Read zones, watermarks and sysctls from /proc and write them as TOML; a scenario imports the file."""
    from gfplab.world.procfs import import_machine

    capture = import_machine(proc)
    for note in capture.notes:
        click.echo(f"note: {note}", err=True)
    if out is None:
        click.echo(capture.toml, nl=False)
        return 0
    write_new(out, capture.toml)
    for name, value in capture.summary:
        click.echo(f"{name:<12} {value}")
    click.echo(f'machine in {out}; write import = "{out}" under [machine] of a scenario')
    return 0
