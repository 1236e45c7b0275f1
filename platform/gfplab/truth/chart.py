"""Simulated against measured, as pictures.

`save_chart`: a panel for each judged metric, both axes logarithmic; the band is what the bound allows, the line is
equality, a point is the median of a configuration (colour) under a policy (shape).

`save_ratios`: all of it in one picture, a row for each metric, simulated / measured to the right.
"""

from pathlib import Path

import polars as pl

from gfplab.report.charts import load_altair
from gfplab.report.png import make_small
from gfplab.truth.bounds import BOUNDS
from gfplab.truth.compare import Comparison
from gfplab.truth.view import scale_of, title_of

PANELS = 3  # beside one another
SIDE = 230
ROW = 92  # points of height for a metric
WIDTH = 620
PPI = 110
TICKS = (0.1, 0.2, 0.3, 0.5, 0.7, 0.85, 1, 1.15, 1.5, 2, 3, 5, 8, 15, 30)
LEAST, MOST = 0.45, 2.2  # what the axis of ratios shows at least
DIRECT = "direct I/O, time of an operation"
SHAPES = ("circle", "square", "cross", "diamond", "triangle-up", "triangle-down", "triangle-right", "triangle-left")


def points_of(comparison: Comparison) -> pl.DataFrame:
    """panel, metric, configuration, policy, measured, simulated and the range of each: medians that axes can show."""
    found = []
    for each in comparison.medians():
        simulated = each.simulated_median
        if each.metric not in BOUNDS or BOUNDS[each.metric].same_zero or not simulated or each.measured_median <= 0:
            continue
        scale = scale_of(each.metric)[0]
        values = (
            each.measured_median, min(each.measured), max(each.measured),
            simulated, min(each.simulated), max(each.simulated),
        )  # fmt: skip
        panel = DIRECT if each.metric.startswith("odirect") else title_of(each.metric)
        found.append((panel, each.metric, each.configuration, str(each.policy), *(value * scale for value in values)))
    ranges = ("measured", "measured_low", "measured_high", "simulated", "simulated_low", "simulated_high")
    return pl.DataFrame(found, schema=["panel", "metric", "configuration", "policy", *ranges], orient="row")


def save_chart(comparison: Comparison, path: Path) -> Path:
    """Draw simulated against measured into a .png or .svg file."""
    return _save(chart(points_of(comparison)), path)


def save_ratios(comparison: Comparison, path: Path) -> Path:
    """Draw the ratios of all metrics into a .png or .svg file."""
    return _save(ratios(points_of(comparison)), path)


def _save(drawn, path: Path) -> Path:
    drawn.save(path, ppi=PPI)
    if path.suffix == ".png":
        make_small(path)
    return path


def _nothing(alt):
    return alt.Chart(pl.DataFrame({"x": [0]})).mark_point(opacity=0).properties(title="nothing to compare")


def _encodings(alt, points: pl.DataFrame):
    """Colour and shape, the same in every panel."""
    policies = sorted(points["policy"].unique().to_list())
    configurations = sorted(points["configuration"].unique().to_list())
    colours = alt.Scale(domain=configurations)
    shapes = alt.Scale(domain=policies, range=list(SHAPES[: len(policies)]))
    return (
        alt.Color("configuration:N", scale=colours, legend=alt.Legend(title="configuration")),
        alt.Shape("policy:N", scale=shapes, legend=alt.Legend(title="policy")),
    )


def _bound(points: pl.DataFrame, panel: str):
    return BOUNDS[points.filter(pl.col("panel") == panel)["metric"][0]]


def chart(points: pl.DataFrame):
    """The altair chart of panels."""
    alt = load_altair()
    colour, shape = _encodings(alt, points)
    panels = [_panel(alt, points, panel, colour, shape) for panel in _panels(points)]
    if not panels:
        return _nothing(alt)
    rows = [alt.hconcat(*panels[i : i + PANELS], spacing=24) for i in range(0, len(panels), PANELS)]
    return alt.vconcat(*rows, spacing=24).configure_axis(gridColor="#eeeeee")


def _panels(points: pl.DataFrame) -> list[str]:
    order = points.with_columns(at=pl.col("metric").replace_strict({m: i for i, m in enumerate(BOUNDS)}))
    return order.sort("at", maintain_order=True)["panel"].unique(maintain_order=True).to_list()


def _panel(alt, points: pl.DataFrame, panel: str, colour, shape):
    bound, points = _bound(points, panel), points.filter(pl.col("panel") == panel)
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
    title = alt.Title(panel, subtitle=f"band: {bound}")
    return (band + line + marks).properties(width=SIDE, height=SIDE, title=title)


def ratios(points: pl.DataFrame):
    """The altair chart of ratios: bands are bounds, grey bars what the seeds of the rig differ, lines the model's."""
    alt = load_altair()
    panels = _panels(points)
    if not panels:
        return _nothing(alt)
    colour, shape = _encodings(alt, points)
    points = points.with_columns(
        cell=pl.format("{} {} {}", "configuration", "policy", "metric"),
        ratio=pl.col("simulated") / pl.col("measured"),
        low=pl.col("simulated_low") / pl.col("measured"),
        high=pl.col("simulated_high") / pl.col("measured"),
        rig_low=pl.col("measured_low") / pl.col("measured"),
        rig_high=pl.col("measured_high") / pl.col("measured"),
    )
    ends = [min(LEAST, points["ratio"].min() / 1.1), max(MOST, points["ratio"].max() * 1.1)]
    x = {"scale": alt.Scale(type="log", domain=ends, nice=False, clamp=True), "title": "simulated / measured"}
    x["axis"] = alt.Axis(values=[tick for tick in TICKS if ends[0] <= tick <= ends[1]], format="~g")
    y = alt.Y("panel:N", sort=panels, title=None, axis=alt.Axis(labelLimit=260, ticks=False, domain=False))
    offset = alt.YOffset("cell:N", sort=sorted(points["cell"].to_list()))
    bounds = pl.DataFrame(
        [(panel, _bound(points, panel).low, _bound(points, panel).high) for panel in panels],
        schema=["panel", "low", "high"],
        orient="row",
    )
    band = alt.Chart(bounds).mark_bar(color="#4477aa", opacity=0.16).encode(y=y, x=alt.X("low:Q", **x), x2="high:Q")
    equal = alt.Chart(pl.DataFrame({"one": [1.0]})).mark_rule(color="#888888").encode(x=alt.X("one:Q", **x))
    base = alt.Chart(points)
    rig = base.mark_rule(strokeWidth=5, color="#bbbbbb", clip=True).encode(
        y=y, yOffset=offset, x=alt.X("rig_low:Q", **x), x2="rig_high:Q"
    )  # fmt: skip
    spread = base.mark_rule(strokeWidth=1.2, clip=True).encode(
        y=y, yOffset=offset, color=colour, x=alt.X("low:Q", **x), x2="high:Q"
    )  # fmt: skip
    marks = base.mark_point(size=42, filled=True, stroke="black", strokeWidth=0.4).encode(
        y=y, yOffset=offset, color=colour, shape=shape, x=alt.X("ratio:Q", **x)
    )  # fmt: skip
    return (band + equal + rig + spread + marks).properties(width=WIDTH, height=ROW * len(panels))
