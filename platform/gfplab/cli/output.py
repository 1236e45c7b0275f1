"""What every verb puts out in the same way: the one JSON document, the folder of results, a new file."""

import json
import math
import os
from datetime import datetime
from pathlib import Path

import click

from gfplab.errors import GfplabError

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


def write_new(path: Path, text: str) -> None:
    """Write a file whole or not at all, and never over another one."""
    if path.exists():
        raise GfplabError(f"{path}: already exists; name another file")
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    try:
        unfinished.write_text(text)
        os.rename(unfinished, path)
    except OSError as error:
        raise GfplabError(f"{path}: cannot be written ({error.strerror}); name another file") from None
    finally:
        unfinished.unlink(missing_ok=True)
