"""Named metrics: what a run is judged by, each an expression on one table. Only here are results aggregated.

A study's objectives and constraints, the `runs` table and the summary after a run all name metrics from here.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from gfplab.tables.columns import column_values
from gfplab.tables.frames import Frames, FramesOf, Tables, frames_of, row_of
from gfplab.tables.schema import TABLES

IO_WORKERS = ("kworker", "rescuer", "dmcrypt_write")
PAGE_KIB = 4
STILL_STUCK_NS = 100_000


@dataclass(frozen=True)
class Metric:
    name: str
    unit: str
    better: str  # min, max, or "" if neither
    meaning: str
    table: str
    value: pl.Expr  # one number on the rows of one run
    empty: float = 0.0  # value where the table has no row that counts


def _ns(column: str, keep: pl.Expr) -> pl.Expr:
    return pl.col(column).filter(keep)


def _last(column: str) -> pl.Expr:
    return pl.col(column).last()


def _quantile(site: str, share: float) -> pl.Expr:
    """Quantile of a histogram, linear inside a bin (a quarter of an octave wide); equal bins of sites add up."""
    rows = pl.col("site").str.starts_with(site)
    order = pl.col("lower_bound_ns").filter(rows)
    count = pl.col("count").filter(rows).sort_by(order)
    lower = order.sort()
    wanted = count.sum() * share
    inside = lower + (wanted - (count.cum_sum() - count)) / count * (lower / 4)
    return inside.filter(count.cum_sum() >= wanted).first()


def _rate() -> pl.Expr:
    """KiB a second whose write to swap completed between the first and the last sample in which swap_written grew."""
    swapped = pl.col("swap_written")
    moving = (swapped.diff() > 0).fill_null(swapped > 0)
    times = pl.col("time_ns")
    # the sample before the first that grew is where the interval begins
    begin = times.shift(1, fill_value=0).filter(moving).min()
    return swapped.last() * PAGE_KIB / ((times.filter(moving).max() - begin) / 1e9)


def _floor(window_s: int) -> pl.Expr:
    """The lowest such rate over any `window_s` seconds; the whole rate if swap-out did not last that long."""
    swapped, times, window = pl.col("swap_written"), pl.col("time_ns"), window_s * 1_000_000_000
    moving = (swapped.diff() > 0).fill_null(swapped > 0)
    begin, end = times.shift(1, fill_value=0).filter(moving).min(), times.filter(moving).max()
    grown = swapped - swapped.rolling_min_by("time_ns", window_size=f"{window}i", closed="both")
    return (grown * PAGE_KIB / window_s).filter((times >= begin + window) & (times <= end)).min().fill_null(_rate())


def longest_stall_ms(roles: tuple[str, ...] = ()) -> pl.Expr:
    """How long a task was stuck: its sleeps less than 100 us apart, such as nap after nap, are one stall."""
    pid, start, duration, role = (
        pl.col(name).sort_by("pid", "start_ns") for name in ("pid", "start_ns", "duration_ns", "role")
    )
    ended = (start + duration).shift(1)
    anew = ((pid != pid.shift(1)) | (start - ended > STILL_STUCK_NS)).fill_null(True)
    slept = duration.cum_sum()
    stuck = slept - pl.when(anew).then(slept - duration).forward_fill()
    return (stuck.filter(role.is_in(roles)) if roles else stuck).max() / 1e6


_of_worker = pl.col("role").is_in(IO_WORKERS)
_kworker_nap = (pl.col("role") == "kworker") & (pl.col("cause") == "throttle_vm_writeout")
_awake = pl.col("running_ns") + pl.col("runnable_ns") + pl.col("d_ns")

METRICS = {
    metric.name: metric
    for metric in (
        Metric(
            "worst_io_stall_ms",
            "ms",
            "min",
            "longest time that a task which write-out must pass through was stuck, sleep upon sleep",
            "stalls",
            longest_stall_ms(IO_WORKERS),
        ),
        Metric(
            "io_stall_ms",
            "ms",
            "min",
            "time that these tasks spent in such sleeps, together",
            "stalls",
            _ns("duration_ns", _of_worker).sum() / 1e6,
        ),
        Metric(
            "worst_stall_ms",
            "ms",
            "min",
            "longest time that any task was stuck, sleep upon sleep",
            "stalls",
            longest_stall_ms(),
        ),
        Metric(
            "throttled_ms",
            "ms",
            "min",
            "time that workers spent in throttle_vm_writeout(), together",
            "stalls",
            _ns("duration_ns", _kworker_nap).sum() / 1e6,
        ),
        Metric(
            "psi_some_pct",
            "%",
            "min",
            "share of the time with at least one task stalled on memory",
            "vmstat",
            _last("psi_some_ns") * 100 / _last("time_ns"),
        ),
        Metric(
            "psi_full_pct",
            "%",
            "min",
            "share of the time with a task stalled on memory and none productive",
            "vmstat",
            _last("psi_full_ns") * 100 / _last("time_ns"),
        ),
        Metric(
            "swapout_kib_s",
            "KiB/s",
            "max",
            "swap-out rate from the first page swapped out to the last",
            "vmstat",
            _rate(),
        ),
        Metric(
            "swapout_floor_kib_s",
            "KiB/s",
            "max",
            "lowest swap-out rate over any five seconds of that time",
            "vmstat",
            _floor(5),
        ),
        Metric("pswpout", "pages", "", "pages swapped out", "vmstat", _last("pswpout")),
        Metric("pswpin", "pages", "", "pages swapped in", "vmstat", _last("pswpin")),
        Metric("direct_reclaims", "", "min", "times a task had to reclaim for itself", "vmstat", _last("allocstall")),
        Metric("oom_kills", "", "min", "tasks killed for want of memory", "vmstat", _last("oom_kill")),
        Metric("min_free_pages", "pages", "max", "fewest free pages at any time", "vmstat", _last("min_free")),
        Metric(
            "mempool_p50_ns",
            "ns",
            "min",
            "median of mempool_alloc() over all pools",
            "latency",
            _quantile("mempool_alloc", 0.5),
        ),
        Metric(
            "mempool_p99_ns",
            "ns",
            "min",
            "99th percentile of mempool_alloc() over all pools",
            "latency",
            _quantile("mempool_alloc", 0.99),
        ),
        Metric(
            "idle_reserve_bytes",
            "B",
            "min",
            "memory that lay in the reserves of all pools, mean over the samples",
            "vmstat",
            pl.col("reserve_bytes").mean(),
        ),
        Metric("mempool_waits", "", "min", "sleeps on an empty pool", "pools", pl.col("waits").sum()),
        Metric(
            "pool_empty_ms",
            "ms",
            "min",
            "longest that any pool was empty, in sum",
            "pools",
            pl.col("empty_ns").max() / 1e6,
        ),
        Metric(
            "reserve_full_during_naps_pct",
            "%",
            "",
            "share of the naps of pool users during which the reserve was full",
            "pools",
            pl.col("nap_full_ns").sum() * 100 / pl.col("nap_ns").sum(),
        ),
        Metric(
            "kworker_d_pct",
            "%",
            "min",
            "share of their busy time that workers spent in uninterruptible sleep",
            "tasks",
            _ns("d_ns", pl.col("role") == "kworker").sum() * 100 / _awake.filter(pl.col("role") == "kworker").sum(),
        ),
        Metric(
            "kworker_busy_ms",
            "ms",
            "",
            "time that workers had something to do, sleeping over it included",
            "tasks",
            _awake.filter(pl.col("role") == "kworker").sum() / 1e6,
        ),
        Metric(
            "mempool_pair_ns",
            "ns",
            "min",
            "mean of mempool_alloc() and mempool_free() together, in pool loops",
            "tasks",
            pl.col("pool_ns").sum() / _ns("done", pl.col("pool_ns") > 0).sum(),
        ),
        Metric(
            "fast_path_ns",
            "ns",
            "min",
            "the same; where there is no pool loop, the median of mempool_alloc()",
            "runs",
            pl.when(pl.col("mempool_pair_ns") > 0)
            .then(pl.col("mempool_pair_ns"))
            .otherwise(pl.col("mempool_p50_ns"))
            .first(),
        ),
        Metric(
            "work_done",
            "",
            "max",
            "pages touched, written and read and pool operations done by all user tasks",
            "tasks",
            pl.col("done").sum(),
        ),
        Metric(
            "kcryptd_throttled_pct",
            "%",
            "min",
            "share of that time that they spent in throttle_vm_writeout()",
            "runs",
            pl.col("throttled_ms") * 100 / pl.col("kworker_busy_ms"),
        ),
        Metric(
            "swapout_of_device_pct",
            "%",
            "max",
            "swap-out rate as a share of what the disk under the swap can move",
            "runs",
            pl.col("swapout_kib_s") * 1024 * 100 / pl.col("swap_device_bytes_s"),
        ),
        Metric(
            "deadlock",
            "",
            "min",
            "1 if tasks wait for elements of mempools that only they could give back",
            "runs",
            (pl.col("verdict") == "deadlock").any().cast(pl.Float64),
        ),
    )
}


def tabulate(run, index: int = 0) -> Tables:
    """Every table of one run; its row of `runs` holds every metric."""
    return with_metrics(frames_of(run, index))


def with_metrics(tables: Tables) -> Tables:
    """The tables of one run with every metric as a column of its row in `runs`."""
    found = _found(tables, tables["runs"])
    runs = tables["runs"].with_columns(**{name: pl.lit(found[name], pl.Float64) for name in METRICS})
    return Tables(tables.frames | {"runs": runs.select(*TABLES["runs"].names, *METRICS)}, tables.provenance)


def _found(frames: Frames, row: pl.DataFrame) -> dict[str, float]:
    """Every metric of the run that `frames` are of and `row` is the row of."""
    found: dict[str, float] = {}
    for table in TABLES:
        wanted = {name: metric for name, metric in METRICS.items() if metric.table == table and table != "runs"}
        if wanted:
            found |= _values(frames[table], wanted)
    # what is read off the row of `runs` may use the metrics that were just found
    runs = row.with_columns(**{name: pl.lit(value, pl.Float64) for name, value in found.items()})
    return found | _values(runs, {name: metric for name, metric in METRICS.items() if metric.table == "runs"})


def _values(frame: pl.DataFrame, metrics: dict[str, Metric]) -> dict[str, float]:
    if not metrics or not len(frame):
        return {name: metric.empty for name, metric in metrics.items()}
    row = frame.select(**{name: metric.value.cast(pl.Float64) for name, metric in metrics.items()}).row(0, named=True)
    return {name: value if _is_number(value) else metrics[name].empty for name, value in row.items()}


# columns of a row of `runs` that metrics read
_READ_OFF_ROW = {
    name for metric in METRICS.values() if metric.table == "runs" for name in metric.value.meta.root_names()
}


def _is_number(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def measure(run, columns: Iterable[str] = ()) -> dict[str, float]:
    """Every named metric of a run, and the figures `table.column.aggregate` of it; no other table is made."""
    frames = FramesOf(run)
    row = {name: value for name, value in row_of(run).items() if name in _READ_OFF_ROW}
    found = _found(frames, pl.DataFrame(row))
    return {name: found[name] for name in METRICS} | column_values(frames, columns)


def metrics_of(tables: Tables) -> dict[str, float]:
    """Every named metric of the only run in `tables`."""
    row = tables["runs"].row(0, named=True)
    return {name: row[name] for name in METRICS}
