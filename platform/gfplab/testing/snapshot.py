"""A table under test is exactly what it was: a file beside the test holds it, in Markdown or CSV, for people to review.

The file is `snapshots/<test file>/<test>[-name].md`, written by `pytest --gfplab-update` and by nothing else.
"""

import difflib
import re
from collections.abc import Sequence
from pathlib import Path

import polars as pl

FORMATS = ("md", "csv")


class Snapshots:
    """What the fixture table_snapshot gives: compare a frame with the file of this test."""

    def __init__(self, test_file: Path, test: str, update: bool):
        self.folder = test_file.parent / "snapshots" / test_file.stem
        self.test, self.update = re.sub(r"[^\w.=-]+", "-", test).strip("-"), update

    def __call__(
        self,
        frame: pl.DataFrame,
        name: str = "",
        columns: Sequence[str] = (),
        digits: int = 6,
        format: str = "md",
    ) -> None:
        """The frame, or these columns of it, with floats of so many digits, equals the file."""
        __tracebackhide__ = True
        if format not in FORMATS:
            raise ValueError(f"format={format!r} is not one of {', '.join(FORMATS)}")
        path = self.folder / f"{self.test}{'-' + name if name else ''}.{format}"
        text = written(frame.select(columns) if columns else frame, digits, format)
        if self.update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            return
        if not path.exists():
            raise AssertionError(f"{_shown(path)} does not exist yet; write it with pytest --gfplab-update")
        before = path.read_text(encoding="utf-8")
        if before != text:
            lines = difflib.unified_diff(
                before.splitlines(), text.splitlines(), "as it was", "as it is", lineterm="", n=1
            )
            raise AssertionError(
                "\n".join(
                    [f"the table is not what {_shown(path)} holds; if it should be: pytest --gfplab-update", *lines]
                )
            )


def written(frame: pl.DataFrame, digits: int, format: str) -> str:
    """A frame as text: aligned Markdown, so that a diff of it can be read, or CSV."""
    rows = [frame.columns, *([_cell(value, digits) for value in row] for row in frame.iter_rows())]
    if format == "csv":
        return "".join(",".join(_quoted(cell) for cell in row) + "\n" for row in rows)
    rows = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    widths = [max(3, *(len(row[place]) for row in rows)) for place in range(frame.width)]
    right = [dtype.is_numeric() for dtype in frame.dtypes]
    lines = [
        "| " + " | ".join(c.rjust(w) if r else c.ljust(w) for c, w, r in zip(row, widths, right, strict=True)) + " |"
        for row in rows
    ]
    rule = (
        "|" + "|".join(f" {'-' * (w - 1)}: " if r else f" {'-' * w} " for w, r in zip(widths, right, strict=True)) + "|"
    )
    return "\n".join([lines[0], rule, *lines[1:]]) + "\n"


def _cell(value: object, digits: int) -> str:
    if isinstance(value, float):
        text = f"{value:.{digits}g}"
        return f"{float(text):.0f}" if "e+" in text and abs(value) < 1e15 else text
    if isinstance(value, list):
        return ";".join(map(str, value))
    return "" if value is None else str(value).replace("\n", " ")


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if any(c in cell for c in ',"') else cell


def _shown(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
