"""The figures that the experts' expectations are about, beyond the named metrics: peaks, naps, and the steady state."""

import polars as pl

from gfplab.tables.causes import THROTTLES
from gfplab.tables.frames import Tables
from gfplab.tables.metrics import IO_WORKERS, METRICS, PAGE_KIB, Metric, longest_stall_ms, metrics_of

STEADY_NS = 2_000_000_000  # when a storm has eaten what was free at the start


def _per_second(column: str) -> pl.Expr:
    """Growth of a counter per second after the first two seconds."""
    late = pl.col("time_ns") >= STEADY_NS
    count, time = pl.col(column).filter(late), pl.col("time_ns").filter(late)
    return (count.last() - count.first()) * 1e9 / (time.last() - time.first())


_worker = pl.col("role").is_in(IO_WORKERS)
# a sleep that the end of the run cut short says nothing about its length
_nap = (pl.col("role") == "kworker") & (pl.col("cause") == "throttle_vm_writeout") & ~pl.col("ongoing")
_nap_ms = pl.col("duration_ns").filter(_nap) / 1e6
_throttled = pl.col("cause").is_in(THROTTLES)
_in_worker = pl.col("frames").list.contains("worker_thread")
_scanned = pl.col("pgscan_direct").last() + pl.col("pgscan_kswapd").last()
_freed = pl.col("pgsteal_direct").last() + pl.col("pgsteal_kswapd").last()

FIGURES = {
    figure.name: figure
    for figure in (
        Metric("naps", "", "", "naps of workers in throttle_vm_writeout()", "stalls", _nap.sum()),
        Metric(
            "pool_naps",
            "",
            "",
            "those inside mempool_alloc(); the others create workers",
            "stalls",
            (_nap & (pl.col("pool") != "")).sum(),
        ),
        Metric("shortest_nap_ms", "ms", "", "the shortest of these naps", "stalls", _nap_ms.min()),
        Metric("longest_nap_ms", "ms", "", "the longest of them", "stalls", _nap_ms.max()),
        Metric(
            "worst_pool_stall_ms",
            "ms",
            "min",
            "longest single sleep of an I/O worker inside mempool_alloc()",
            "stalls",
            pl.col("duration_ns").filter(_worker & (pl.col("pool") != "")).max() / 1e6,
        ),
        Metric(
            "kcryptd_stall_ms",
            "ms",
            "min",
            "longest time that a worker was stuck, sleep upon sleep",
            "stalls",
            longest_stall_ms(("kworker",)),
        ),
        Metric(
            "kcryptd_throttle_s",
            "s",
            "min",
            "time that workers slept where reclaim throttles its callers, together",
            "stacks",
            pl.col("total_ns").filter(_throttled & _in_worker).sum() / 1e9,
        ),
        Metric(
            "throttle_s",
            "s",
            "min",
            "time that all tasks slept there",
            "stacks",
            pl.col("total_ns").filter(_throttled).sum() / 1e9,
        ),
        Metric(
            "gate_s",
            "s",
            "",
            "time that submitters slept because too many bios are in flight",
            "stacks",
            pl.col("total_ns").filter(pl.col("cause") == "down").sum() / 1e9,
        ),
        Metric(
            "elapsed_s", "s", "min", "until the workload was done, or the end", "runs", pl.col("sim_ns").first() / 1e9
        ),
        Metric(
            "steady_swapout_kib_s",
            "KiB/s",
            "max",
            "swap pages whose write completed, after the first 2 s",
            "vmstat",
            _per_second("swap_written") * PAGE_KIB,
        ),
        Metric(
            "steady_swapin_kib_s",
            "KiB/s",
            "",
            "pages read from swap, after the first 2 s",
            "vmstat",
            _per_second("pswpin") * PAGE_KIB,
        ),
        Metric("peak_writeback", "pages", "", "most pages under writeback", "vmstat", pl.col("nr_writeback").max()),
        Metric("peak_slab", "pages", "", "most pages of slab caches", "vmstat", pl.col("nr_slab_unreclaimable").max()),
        Metric(
            "scanned_per_freed", "", "min", "pages that reclaim scanned for each it freed", "vmstat", _scanned / _freed
        ),
    )
}


def figures_of(tables: Tables) -> dict[str, float]:
    """Every metric and every figure of the only run in `tables`, and the min watermark."""
    run = tables["runs"].row(0, named=True)
    found = dict.fromkeys(FIGURES, 0.0) | metrics_of(tables) | {"wmark_min_pages": float(run["wmark_min_pages"])}
    for table in ("stalls", "stacks", "vmstat", "runs"):
        wanted = [figure for figure in FIGURES.values() if figure.table == table]
        values = tables[table].select(**{figure.name: figure.value.cast(pl.Float64) for figure in wanted})
        for name, value in (values.row(0, named=True) if values.height else {}).items():
            found[name] = value if value is not None and value == value else 0.0
    return found


UNITS = {name: metric.unit for name, metric in (METRICS | FIGURES).items()}
