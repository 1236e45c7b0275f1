"""What a person reads after `gfplab compare`: one table for each metric, policies below each other."""

import math

import polars as pl
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from gfplab.report.tables import number
from gfplab.study.versus import SURE, least_p
from gfplab.tables.metrics import METRICS


def versus_page(scenario: str, comparisons: pl.DataFrame) -> RenderableType:
    """The page on the comparisons of one scenario."""
    first = comparisons.row(0, named=True)
    seeds, against = first["seeds"], first["against"]
    parts: list[RenderableType] = [
        Text(f"{scenario}: against {against}, {seeds} common seeds, {comparisons.height} comparisons")
    ]
    for (metric,), rows in comparisons.group_by("metric", maintain_order=True):
        about = METRICS[str(metric)]
        aim = {"min": ", less is better", "max": ", more is better"}.get(about.better, "")
        unit = f" in {about.unit}" if about.unit else ""
        parts += [Text(f"\n{metric}{unit}{aim}: {about.meaning}"), _table(rows)]
    parts.append(
        Text(
            "\ndifference: mean of the pairs and its 95 % interval, by paired bootstrap"
            + (" (t: Student's)" if "student" in comparisons["interval"] else "")
            + "\nCliff's delta: 1 if every run is above every run of the other, -1 if below, 0 if neither"
            + f"\np: Wilcoxon's signed ranks; corrected: by Holm for {comparisons.height} comparisons;"
            + f" the last column is of it (below {SURE})"
        )
    )
    if least_p(comparisons) >= SURE:
        parts.append(
            Text(f"with {seeds} seeds no corrected p can be below {number(least_p(comparisons))}; take more --seeds")
        )
    return Group(*parts)


def _table(rows: pl.DataFrame) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("policy", no_wrap=True)
    for name in ("mean", "difference", "95 % interval", "Cliff's delta", "p", "corrected"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("")
    first = rows.row(0, named=True)
    table.add_row(first["against"], number(first["reference"]))
    for row in rows.to_dicts():
        table.add_row(
            row["policy"],
            number(row["value"]),
            number(row["difference"]),
            between(row),
            f"{row['cliffs_delta']:+.2f}",
            f"{row['p']:.2g}",
            f"{row['p_holm']:.2g}",
            row["verdict"],
        )
    return table


def between(row: dict) -> str:
    """The interval of a row in words: `-3.1 to 4.2`, (t) behind it where it is Student's."""
    if not math.isfinite(row["low"]):
        return "none"
    mark = " (t)" if row["interval"] == "student" else ""
    return f"{number(row['low'])} to {number(row['high'])}{mark}"
