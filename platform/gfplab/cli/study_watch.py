"""`gfplab study watch`: a running study, seen from a second terminal."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import click

from gfplab.cli.output import JSON, print_json

PATIENCE_S = 5.0  # for a study that is just beginning


@click.command("watch")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--every", type=click.FloatRange(min=0.1), default=1.0, show_default=True, help="Seconds between looks.")
@JSON
def watch(folder: Path, every: float, as_json: bool) -> int:
    """Watch the study in DIR until it ends: trials, front, time left, runs from the cache, simulations a second.

    Where there is no terminal a line is printed whenever something has changed; --json looks once.
    """
    from gfplab.study.live import view_of

    view = view_of(folder)
    if as_json:
        print_json(view.as_json())
        return 0
    if view.running:
        follow(folder, every) if sys.stdout.isatty() else _lines(folder, every)
        view = view_of(folder)
    from gfplab.report.live import live_page
    from gfplab.report.tables import print_page

    print_page(live_page(view))
    return 0


def follow(folder: Path, every: float, until: Callable[[], bool] = lambda: False) -> None:
    """Draw the page over itself until the study has ended."""
    from rich.live import Live

    from gfplab.report.live import live_page
    from gfplab.study.live import view_of

    with Live(auto_refresh=False, transient=True) as screen:
        while (view := view_of(folder)).running and not until():
            screen.update(live_page(view), refresh=True)
            time.sleep(every)


def _lines(folder: Path, every: float) -> None:
    from gfplab.study.live import view_of

    said = None
    while (view := view_of(folder)).running:
        if (view.found.done, view.phase) != said:
            said = view.found.done, view.phase
            click.echo(view.line)
        time.sleep(every)
