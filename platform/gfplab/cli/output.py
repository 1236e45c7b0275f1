"""What every verb prints in the same way: the one JSON document, and the folder that results go to by default."""

import json
import math
from datetime import datetime
from pathlib import Path

import click

RESULTS = Path("results")

JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")


def print_json(document: object) -> None:
    """One JSON document on standard output. JSON has no NaN or infinity: they become null."""
    click.echo(json.dumps(_plain(document), indent=2, allow_nan=False))


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def default_folder(name: str) -> Path:
    """`results/<name>/<time>`, with a number behind it if that second has one already."""
    folder = RESULTS / name / datetime.now().strftime("%Y-%m-%dT%H%M%S")
    number = 1
    while folder.exists():
        number += 1
        folder = folder.with_name(f"{folder.name.split('.')[0]}.{number}")
    return folder
