"""Figures that no metric names: `stalls.duration_ns.p99`, a column of a table of a run drawn together."""

from collections.abc import Callable, Iterable

import polars as pl

from gfplab.kernel.types import GAUGES, VMSTAT
from gfplab.tables.frames import Frames
from gfplab.tables.schema import TABLES
from gfplab.world.toml import did_you_mean


def _percentile(percent: int) -> Callable[[pl.Expr], pl.Expr]:
    return lambda column: column.quantile(percent / 100, "linear")


AGGREGATES: dict[str, Callable[[pl.Expr], pl.Expr]] = {
    "min": pl.Expr.min,
    "max": pl.Expr.max,
    "mean": pl.Expr.mean,
    "median": pl.Expr.median,
    "sum": pl.Expr.sum,
    "std": pl.Expr.std,
    "first": pl.Expr.first,
    "last": pl.Expr.last,
    "count": pl.Expr.count,
    **{f"p{percent}": _percentile(percent) for percent in (5, 10, 25, 75, 90, 95, 99)},
}
_NUMBERS = ("i64", "f64", "bool")


def column_fault(text: str) -> str:
    """Why `table.column.aggregate` names no figure, in one sentence; "" if it names one."""
    table, column, aggregate = text.split(".")
    tables = [name for name in TABLES if name != "runs"]  # a row of runs is metrics, which have names of their own
    if table not in tables:
        return f"no table is named '{table}'{did_you_mean(table, tables)}"
    known = _columns(table)
    if column not in known:
        return f"{table} has no column '{column}'{did_you_mean(column, known)}"
    if known[column] not in _NUMBERS:
        return f"{table}.{column} is no number; choose among {', '.join(n for n in known if known[n] in _NUMBERS)}"
    if aggregate not in AGGREGATES:
        return f"'{aggregate}' is no way to draw a column together{did_you_mean(aggregate, AGGREGATES)}"
    return ""


def unit_of(text: str) -> str:
    """The unit of such a figure."""
    table, column, aggregate = text.split(".")
    found = TABLES[table].column(column)
    return found.unit if found and aggregate != "count" else ""


def column_values(tables: Frames, texts: Iterable[str]) -> dict[str, float]:
    """The figures of the only run in `tables`; 0 where there is nothing to draw together."""
    return {text: _value(tables, text) for text in texts}


def _columns(table: str) -> dict[str, str]:
    """Column -> dtype."""
    further = dict.fromkeys((*VMSTAT, *GAUGES), "i64") if table == "vmstat" else {}
    return {column.name: column.dtype for column in TABLES[table].columns} | further


def _value(tables: Frames, text: str) -> float:
    table, column, aggregate = text.split(".")
    expression = AGGREGATES[aggregate](pl.col(column).cast(pl.Float64)).cast(pl.Float64)
    value = tables[table].select(expression).item()
    return 0.0 if value is None else value
