"""Pieces of a page in Markdown, and files that are there whole or not at all."""

import os
import textwrap
from collections.abc import Sequence
from pathlib import Path


def markdown_table(rows: Sequence[Sequence[str]]) -> str:
    """The first row is the heading; columns but the first are numbers or short words and stand to the right."""
    head, *body = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join([head, f"|---|{'---:|' * (len(rows[0]) - 1)}", *body])


def replace_file(path: Path, text: str) -> None:
    """Write a file whole, or leave the old one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    unfinished.write_text(text)
    os.replace(unfinished, path)


def filled(text: str, bullet: bool = False) -> str:
    """A paragraph, or a point of a list, in lines of 120 characters."""
    begin, rest = ("* ", "  ") if bullet else ("", "")
    return textwrap.fill(
        text, 120, initial_indent=begin, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )
