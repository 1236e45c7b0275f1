"""Simulated against measured, as a picture: a panel for each judged metric, both axes logarithmic.

The band is what the bound allows, the line is equality; a point is the median of a configuration (colour) under a
policy (shape).
"""

from pathlib import Path

import polars as pl

from gfplab.report.charts import load_altair
from gfplab.truth.bounds import BOUNDS
from gfplab.truth.compare import Comparison
from gfplab.truth.view import scale_of, title_of

PANELS = 3  # beside one another
SIDE = 230
SHAPES = ("circle", "square", "cross", "diamond", "triangle-up", "triangle-down", "triangle-right", "triangle-left")


def points_of(comparison: Comparison) -> pl.DataFrame:
    """metric, configuration, policy, measured, simulated: medians that both axes can show."""
    return pl.DataFrame(
        [
            (
                each.metric, each.configuration, str(each.policy),
                each.measured_median * scale_of(each.metric)[0], simulated * scale_of(each.metric)[0],
            )
            for each in comparison.medians()
            if each.metric in BOUNDS and not BOUNDS[each.metric].same_zero
            and (simulated := each.simulated_median) and each.measured_median > 0
        ],
        schema=["metric", "configuration", "policy", "measured", "simulated"],
        orient="row",
    )  # fmt: skip


def save_chart(comparison: Comparison, path: Path) -> Path:
    """Draw the comparison into a .png or .svg file."""
    chart(points_of(comparison)).save(path, ppi=110)
    return path


def chart(points: pl.DataFrame):
    """The altair chart."""
    alt = load_altair()
    present = [metric for metric in BOUNDS if metric in points["metric"].to_list()]
    configurations = sorted(points["configuration"].unique().to_list())
    policies = sorted(points["policy"].unique().to_list())
    colour = alt.Color(
        "configuration:N", scale=alt.Scale(domain=configurations), legend=alt.Legend(title="configuration")
    )
    shape = alt.Shape(
        "policy:N",
        scale=alt.Scale(domain=policies, range=list(SHAPES[: len(policies)])),
        legend=alt.Legend(title="policy"),
    )
    panels = [_panel(alt, points.filter(pl.col("metric") == metric), metric, colour, shape) for metric in present]
    if not panels:
        return alt.Chart(pl.DataFrame({"x": [0]})).mark_point(opacity=0).properties(title="nothing to compare")
    rows = [alt.hconcat(*panels[i : i + PANELS], spacing=24) for i in range(0, len(panels), PANELS)]
    return alt.vconcat(*rows, spacing=24).configure_axis(gridColor="#eeeeee")


def _panel(alt, points: pl.DataFrame, metric: str, colour, shape):
    bound = BOUNDS[metric]
    low = min(points["measured"].min(), points["simulated"].min()) / 1.5
    high = max(points["measured"].max(), points["simulated"].max()) * 1.5
    edge = pl.DataFrame({"measured": [low, high]}).with_columns(
        low=pl.col("measured") * bound.low, high=pl.col("measured") * bound.high, simulated=pl.col("measured")
    )
    scale = alt.Scale(type="log", domain=[low, high], nice=False)
    axis = alt.Axis(tickCount=5, format="~s")
    x = alt.X("measured:Q", scale=scale, axis=axis, title="measured")
    y = alt.Y("simulated:Q", scale=scale, axis=axis, title="simulated")
    band = alt.Chart(edge).mark_area(opacity=0.18, color="#4477aa", clip=True).encode(
        x=x, y=alt.Y("low:Q", scale=scale, axis=axis, title="simulated"), y2="high:Q"
    )  # fmt: skip
    line = alt.Chart(edge).mark_line(color="#888888", strokeWidth=1, clip=True).encode(x=x, y=y)
    marks = alt.Chart(points).mark_point(size=70, filled=True, opacity=0.85, stroke="black", strokeWidth=0.4).encode(
        x=x, y=y, color=colour, shape=shape
    )  # fmt: skip
    title = alt.Title(title_of(metric), subtitle=f"band: {bound}")
    return (band + line + marks).properties(width=SIDE, height=SIDE, title=title)
