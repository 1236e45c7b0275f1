"""What a person reads after a study: a column for the stock kernel and one for each trial that no other trial beats."""

import polars as pl
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from gfplab.report.tables import number

MOST = 6
# what the trials table says about a trial beyond its parameters and its objectives
_ABOUT = {"number", "batch", "origin", "label", "state", "feasible", "violated", "pareto", "failure"}


def study_page(found) -> RenderableType:
    """The page on a gfplab.study.outcome.Outcome."""
    rows = found.report_rows()
    head = f"{found.title}\n{found.done} of {found.wanted} trials, {found.status}; in {found.directory}"
    failures = found.trials.filter(pl.col("state") == "failed")["failure"] if found.trials.height else []
    if len(failures):
        head += f"\n{len(failures)} of them failed: {failures[0]}"
    if not rows.height:
        return Text(f"{head}\nno trial has finished")
    parts = [Text(head), _table(rows.head(MOST + 1), found.objectives)]
    if rows.height > MOST + 1:
        parts.append(Text(f"the first {MOST} of {rows.height - 1} trials that no other trial beats"))
    if found.confirmed.height:
        parts += [
            Text("the same again with fresh seeds; the difference to stock with its 95 % interval"),
            _fresh(found),
        ]
    return Group(*parts)


def _table(rows: pl.DataFrame, objectives) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("", no_wrap=True)
    trials = rows.to_dicts()
    for trial in trials:
        name = "stock" if trial["number"] == 0 else f"trial {trial['number']}"
        table.add_column(Text(name), justify="right", overflow="fold")  # a mask is one long word
    names = [objective.name for objective in objectives]
    ratios = {f"{name} / stock" for name in names}
    for name in rows.columns:
        if name not in _ABOUT and name not in ratios and name not in names:
            _row(table, name, [_text(trial[name]) for trial in trials])
    for objective in objectives:
        unit = f", {objective.unit}" if objective.unit else ""
        cells = [_with_ratio(trial[objective.name], trial[f"{objective.name} / stock"]) for trial in trials]
        _row(table, f"{objective.direction} {objective.name}{unit}", cells)
    if not all(trial["feasible"] for trial in trials):
        _row(table, "violated", [_text(trial["violated"]) for trial in trials])
    return table


def _fresh(found) -> Table:
    """The best of many has been lucky as well as good: what is left of it under seeds that chose nobody."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("trial", "objective"):
        table.add_column(name, no_wrap=True)
    for name in ("stock", "value", "difference", "interval", "seeds", "surely better"):
        table.add_column(name, justify="right")
    for row in found.confirmed.to_dicts():
        cells = [_text(row[name]) for name in ("number", "objective", "stock", "value", "difference")]
        cells += [f"{_text(row['low'])} .. {_text(row['high'])}", _text(row["seeds"])]
        cells += ["yes" if row["surely_better"] else "no"]
        table.add_row(*(Text(cell) for cell in cells))
    return table


def _with_ratio(value: float | None, ratio: float | None) -> str:
    times = "" if ratio is None or ratio == 1 or ratio != ratio else f" ({ratio:.3g}x)"
    return _text(value) + times


def _text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    return "" if value is None else number(value) if isinstance(value, float) else str(value)


def _row(table: Table, name: str, cells: list[str]) -> None:
    table.add_row(Text(name), *(Text(cell) for cell in cells))
