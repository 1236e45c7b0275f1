"""The curve of a reserve against the longest stall, as a page and as a picture."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl
from rich.console import Group, RenderableType
from rich.text import Text

from gfplab.adversary.reserve import Curve, Size
from gfplab.errors import GfplabError
from gfplab.report.charts import load_altair
from gfplab.report.tables import add_row, new_table
from gfplab.units import MSEC, about_time


def reserve_page(title: str, curve: Curve, answer: Sequence[str]) -> RenderableType:
    """The table of sizes under its title, the answer below it."""
    table = new_table(("min_nr", "seeds", "stalled", "longest", "mean of longest", "who"), numbers_from=0)
    table.columns[-1].justify = "left"
    for size in curve.rows:
        worst, mean = about_time(size.worst_ms * MSEC), about_time(size.mean_ms * MSEC)
        add_row(table, size.min_nr, size.seeds, size.stalled, worst, mean, size.why)
    return Group(Text(title, style="bold"), table, Text("\n".join(answer)))


def save_curve(title: str, rows: Sequence[Size], bound_ms: float, path: Path) -> Path:
    """Draw the longest stall over the size, both by their logarithms, with the bound, into a .png or .svg file."""
    if path.suffix not in (".png", ".svg"):
        raise GfplabError(f"{path}: a chart is a .png or a .svg file; name it so")
    alt = load_altair()
    # a logarithm has no 0: what never stalled stands where the shortest stall is that a run records
    frame = pl.DataFrame(
        {
            "min_nr": [size.min_nr for size in rows],
            "worst_ms": [max(size.worst_ms, 1.0) for size in rows],
            "stalls": ["longer than the bound" if size.stalled else "within the bound" for size in rows],
        }
    )
    x = alt.X("min_nr:Q", title="elements in the reserve", scale=alt.Scale(type="log", base=2))
    y = alt.Y("worst_ms:Q", title="longest stall, ms", scale=alt.Scale(type="log"))
    base = alt.Chart(frame).encode(x=x, y=y)
    bound = alt.Chart(pl.DataFrame({"worst_ms": [bound_ms]})).mark_rule(strokeDash=[4, 4]).encode(y=y)
    points = base.mark_point(filled=True, size=60).encode(color=alt.Color("stalls:N", title=None))
    chart = (base.mark_line(strokeWidth=1, color="gray") + points + bound).properties(
        width=640, height=300, title=alt.Title(title, subtitle="dashed: the bound")
    )
    chart.save(path)
    return path
