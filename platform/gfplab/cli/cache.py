"""`gfplab cache`: what runs and compiled kernels are kept, and making room."""

import re
from collections.abc import Callable

import click

from gfplab.cli.output import JSON, print_json
from gfplab.errors import GfplabError

_AGE = re.compile(r"(\d+)(min|h|d)")
_SECONDS = {"min": 60, "h": 3600, "d": 86400}


@click.group("cache")
def cli() -> None:
    """Show and prune the runs that studies need not make again."""


@cli.command("ls")
@JSON
def ls(as_json: bool) -> int:
    """List the kept results by scenario and policies; those that this gfplab can use no more are marked stale."""
    from gfplab.study import cache_contents
    from gfplab.study.cache import results_folder
    from gfplab.units import about_size

    folder = results_folder()
    found, kernels = cache_contents.entries(folder), cache_contents.compiled()
    rows = cache_contents.groups(found)
    if as_json:
        compiled = [{"folder": str(k.path), "bytes": k.size, "current": k.current} for k in kernels]
        print_json({"folder": str(folder), "results": rows, "compiled": compiled})
        return 0
    table = [
        (
            row["scenario"] or "(of another gfplab)",
            row["policies"] if row["scenario"] else "",
            str(row["results"]),
            about_size(row["bytes"]),
            f"{row['days']:.1f} d",
            row["engine"][:8] + (" stale" if row["stale"] else ""),
        )
        for row in rows
    ]
    if table:
        _print([("scenario", "policies", "results", "size", "unused", "engine"), *table])
    stale = sum(entry.stale for entry in found)
    click.echo(f"{len(found)} results, {about_size(sum(e.size for e in found))}, {stale} of them stale; in {folder}")
    others = [kernel for kernel in kernels if not kernel.current]
    said = f"compiled kernels, {about_size(sum(k.size for k in kernels))}"
    click.echo(said + (f"; {about_size(sum(k.size for k in others))} of other versions" if others else ""))
    return 0


@cli.command("prune")
@click.option("--older", metavar="AGE", help="Results that were of no use for so long: 30d, 12h, 90min.")
@click.option("--stale", is_flag=True, help="Results of other builds and sources, compiled kernels of other versions.")
@click.option("--max", "most", metavar="SIZE", help="Then the results of longest ago, until so much is left: 1GiB.")
@click.option("--dry-run", is_flag=True, help="Say what would be removed and remove nothing.")
@JSON
def prune(older: str | None, stale: bool, most: str | None, dry_run: bool, as_json: bool) -> int:
    """Remove what is kept; studies lose nothing but the time to run it again."""
    from gfplab.study import cache_contents
    from gfplab.study.cache import results_folder
    from gfplab.units import about_size, parse_size

    if older is None and most is None and not stale:
        raise GfplabError("cache prune: nothing says what to remove; write --older 30d, --stale or --max 1GiB")
    folder = results_folder()
    seconds = None if older is None else _seconds(older)
    size = None if most is None else _parsed("--max", parse_size, most)
    kernels = cache_contents.compiled() if stale else []
    found = cache_contents.entries(folder)
    gone = cache_contents.prune(folder, found, kernels, older=seconds, stale=stale, most=size, dry=dry_run)
    if as_json:
        print_json({"results": gone.results, "folders": gone.folders, "bytes": gone.size, "dry_run": dry_run})
        return 0
    kernels_too = f" and the compiled kernels of {gone.folders} other versions" if gone.folders else ""
    removed = "would be removed, which would free" if dry_run else "removed, which freed"
    click.echo(f"{gone.results} of {len(found)} results{kernels_too} {removed} {about_size(gone.size)}")
    return 0


def _seconds(age: str) -> float:
    match = _AGE.fullmatch(age.strip())
    if match is None:
        raise GfplabError(f"--older: '{age}' is not an age; write for example 30d, 12h or 90min")
    return int(match[1]) * _SECONDS[match[2]]


def _parsed(option: str, parse: Callable[[object], int], text: str) -> int:
    try:
        return parse(text)
    except ValueError as error:
        raise GfplabError(f"{option}: {error}") from None


def _print(table: list[tuple[str, ...]]) -> None:
    """Columns with their widths; numbers to the right."""
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    for row in table:
        cells = [
            f"{c:>{w}}" if i in (2, 3, 4) else f"{c:<{w}}" for i, (c, w) in enumerate(zip(row, widths, strict=True))
        ]
        click.echo("  ".join(cells).rstrip())
