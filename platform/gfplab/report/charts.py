"""A run as a picture: free memory against the watermark, writeback, and the swap-out rate over time.

altair and vl-convert-python draw it without a browser; they are an extra (`pip install 'gfplab[charts]'`).
"""

from pathlib import Path

import polars as pl

from gfplab.errors import GfplabError
from gfplab.tables.frames import Tables

POINTS = 1000  # altair refuses to embed more than 5000 rows in a chart
SERIES = {"nr_free_pages": "free pages", "nr_writeback": "pages under writeback"}


def save_chart(tables: Tables, path: str | Path) -> Path:
    """Draw the only run in `tables` into a .png or .svg file."""
    path = Path(path)
    if path.suffix not in (".png", ".svg"):
        raise GfplabError(f"{path}: a chart is a .png or a .svg file; name it so")
    if not len(tables["vmstat"]):
        raise GfplabError("vmstat: the run has no sample to draw; make it longer than its sample period")
    chart(tables).save(path)
    return path


def chart(tables: Tables):
    """The altair chart: pages above, swap-out rate below, one time axis."""
    alt = load_altair()
    run = tables["runs"].row(0, named=True)
    samples = series(tables["vmstat"])
    time = alt.X("time_s:Q", title="simulated time, s")
    pages = alt.Chart(
        samples.unpivot(list(SERIES.values()), index="time_s", variable_name="counter", value_name="pages")
    )
    mark = alt.Chart(pl.DataFrame({"pages": [run["wmark_min_pages"]]})).mark_rule(strokeDash=[4, 4]).encode(y="pages:Q")
    above = (pages.mark_line(strokeWidth=1).encode(x=time, y="pages:Q", color="counter:N") + mark).properties(
        width=700,
        height=220,
        title=alt.Title(f"{run['scenario']}, seed {run['seed']}: {run['title']}", subtitle="dashed: min watermark"),
    )
    rate = alt.Y("swapout_kib_s:Q", title="swap-out, KiB/s")
    below = alt.Chart(samples).mark_line(strokeWidth=1).encode(x=time, y=rate).properties(width=700, height=120)
    return above & below


def series(vmstat: pl.DataFrame) -> pl.DataFrame:
    """What is drawn: at most POINTS rows of time_s, the SERIES, and the swap-out rate between one row and the next."""
    rows = vmstat.gather_every(max(1, -(-len(vmstat) // POINTS)))
    seconds = pl.col("time_ns").diff() / 1e9
    return rows.select(
        time_s=pl.col("time_ns") / 1e9,
        **{title: pl.col(counter) for counter, title in SERIES.items()},
        swapout_kib_s=(pl.col("swap_written").diff() * 4 / seconds).fill_null(0.0),
    )


def load_altair():
    """altair, or a sentence that says how to get it."""
    try:
        import altair
        import vl_convert  # noqa: F401  altair asks for it only when the file is written
    except ImportError as error:
        raise GfplabError(f"charts: {error.name} is not installed; write pip install 'gfplab[charts]'") from None
    return altair
