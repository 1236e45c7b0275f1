"""A running study on a terminal: how far it is, how fast, and whom nobody beats so far."""

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.text import Text

from gfplab.report.study import front_table
from gfplab.study.live import View

ROWS = 8


def live_page(view: View) -> RenderableType:
    """The page on a View."""
    found = view.found
    bar = ProgressBar(total=max(found.wanted, 1), completed=found.done, width=60)
    parts: list[RenderableType] = [Text(found.title), bar, Text(view.line)]
    rows = found.report_rows()
    if rows.height:
        parts.append(front_table(rows.head(ROWS + 1), found))
        if rows.height > ROWS + 1:
            parts.append(Text(f"and {rows.height - ROWS - 1} more that no other trial beats"))
    return Group(*parts)
