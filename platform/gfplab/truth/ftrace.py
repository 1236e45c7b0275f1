"""Traces of a real and of a simulated kernel as the same long table, and one query that is put to both.

Columns: time_ns, comm, pid, event, fields. `fields` is text of `name=value` pairs; what ftrace writes in another form
(block_rq_issue) is brought into it, and what the simulator numbers (reasons, directions, masks) is written out.
"""

import gzip
import re
import zlib
from pathlib import Path

import polars as pl

from gfplab.kernel.gfp import gfp_names
from gfplab.kernel.tracepoints import TRACEPOINTS
from gfplab.truth.measured import Measured, MeasurementError, Row

SCHEMA = {"time_ns": pl.Int64, "comm": pl.String, "pid": pl.Int64, "event": pl.String, "fields": pl.String}
LINE = re.compile(r"^\s*(.{1,16}?)-(\d+)\s+\[\d+\]\s+\S+\s+(\d+)\.(\d{6,9}):\s+(\w+):\s*(.*)$")
BLOCK = re.compile(r"^\d+,\d+ (\w+)(?: \d+)? \(.*?\) (\d+) \+ (\d+)")
SECTORS = 8
SLICE_NS = 100_000_000
SIZES = ((1, "1"), (2, "2"), (6, "3-6"), (32, "7-32"), (128, "33-128"))  # pages of a request

REASONS = {1: "WRITEBACK", 2: "ISOLATED", 3: "NOPROGRESS", 4: "CONGESTED"}
RENAMED = {"mm_vmscan_writepage": "mm_vmscan_write_folio", "mm_vmscan_writepage_folio": "mm_vmscan_write_folio"}
UNTRACED = ("mm_page_alloc", "global_dirty_state")  # of the model: it has no such event, or not at every call
THROTTLES = ("mm_vmscan_throttled", "throttle_vm_writeout", "writeback_congestion_wait")


def read_ftrace(path: str | Path) -> pl.DataFrame:
    """A capture of /sys/kernel/tracing/trace, plain or gzipped."""
    path = Path(path)
    try:
        raw = path.read_bytes()
        text = (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode("utf-8", "replace")
    except OSError as error:
        raise MeasurementError(f"{path}: cannot be read ({error.strerror or error}); give a trace of ftrace") from None
    except (EOFError, zlib.error):
        raise MeasurementError(f"{path}: the gzip file ends too early; copy it again") from None
    rows, wrong = [], 0
    for line in text.splitlines():
        if line.startswith("#") or not line.strip():
            continue
        found = LINE.match(line)
        if not found:
            wrong += 1
            continue
        comm, pid, seconds, fraction, event, fields = found.groups()
        time = int(seconds) * 1_000_000_000 + int(fraction.ljust(9, "0"))
        rows.append((time, comm.strip(), int(pid), event, _plain(event, fields)))
    if not rows or wrong > len(rows):
        raise MeasurementError(f"{path}: holds no event; give what /sys/kernel/tracing/trace printed")
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _plain(event: str, fields: str) -> str:
    """The fields as `name=value` pairs."""
    if event in ("block_rq_issue", "block_rq_complete"):
        block = BLOCK.match(fields)
        return f"rw={block[1][0]} sector={block[2]} nr_pages={int(block[3]) // SECTORS}" if block else fields
    return fields.replace("usect_delayed", "usec_delayed").replace("VMSCAN_THROTTLE_", "")


def simulated_trace(run) -> pl.DataFrame:
    """The trace of a Run; events that happen in an interrupt are <idle>'s, as nearly all are in a capture."""
    comms, tasks = run.names["comms"], run.arrays["tasks"]
    rows = []
    for row in run.trace.tolist():
        said = dict(zip(run.trace.dtype.names, row, strict=True))
        name, arguments = TRACEPOINTS[said["kind"]]
        task = said["task"]
        comm = comms[task] if 0 < task < len(comms) else "<idle>"
        values = dict(zip(arguments, (said[each] for each in "abcd"), strict=False))
        rows.append((said["time"], comm, int(tasks["pid"][task]) if task else 0, *_written_out(name, values)))
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _written_out(name: str, values: dict) -> tuple[str, str]:
    """Event and fields as ftrace would name them."""
    if "rw" in values:
        values["rw"] = "W" if values["rw"] else "R"
        values["sector"] *= SECTORS
    if "reason" in values:
        values["reason"] = REASONS.get(values["reason"], str(values["reason"]))
    if "gfp_flags" in values:
        values["gfp_flags"] = gfp_names(values["gfp_flags"])
    return RENAMED.get(name, name), " ".join(f"{key}={value}" for key, value in values.items())


def comparable(frame: pl.DataFrame) -> pl.DataFrame:
    """Time counts from the first waking of kswapd; of page allocations only those a mempool may reclaim for."""
    woken = frame.filter(pl.col("event") == "mm_vmscan_kswapd_wake")["time_ns"].min()
    begin = frame["time_ns"].min() if woken is None else woken
    allocation = pl.col("event") == "mm_page_alloc"
    flags = pl.col("fields")
    pool = flags.str.contains("__GFP_NOMEMALLOC") & flags.str.contains(
        "GFP_(NOIO|KERNEL|NOFS)|DIRECT_RECLAIM|__RECLAIM"
    )
    return frame.filter((pl.col("time_ns") >= begin) & (~allocation | pool)).with_columns(pl.col("time_ns") - begin)


def role() -> pl.Expr:
    """Who an event happened to."""
    comm = pl.col("comm")
    return (
        pl.when(comm.str.starts_with("kswapd"))
        .then(pl.lit("kswapd"))
        .when(comm.str.contains(r"^kworker/\d+:\d+H"))
        .then(pl.lit("kblockd"))
        .when(comm.str.starts_with("kworker"))
        .then(pl.lit("kcryptd"))
        .when(comm.str.starts_with("dmcrypt_write"))
        .then(pl.lit("dmcrypt_write"))
        .when(comm.str.contains("idle|swapper"))
        .then(pl.lit("interrupt"))
        .otherwise(pl.lit("task"))
    )


def _number(name: str) -> pl.Expr:
    return pl.col("fields").str.extract(rf"\b{name}=(-?\d+)", 1).cast(pl.Int64)


def trace_summary(frame: pl.DataFrame) -> pl.DataFrame:
    """The one query: per 100 ms, how many of everything. Columns: slice, what, key, n, mean (of a size or a time)."""
    events = frame.lazy().sort("time_ns", maintain_order=True).with_columns(
        slice=pl.col("time_ns") // SLICE_NS, role=role()
    )  # fmt: skip
    issued = events.filter(pl.col("event") == "block_rq_issue").with_columns(pages=_number("nr_pages"))
    written = events.filter(pl.col("event") == "mm_vmscan_write_folio").with_columns(
        gap=pl.col("time_ns").diff().over("pid").cast(pl.Float64)
    )
    throttled = events.filter(pl.col("event").is_in(THROTTLES)).with_columns(
        why=pl.col("fields").str.extract(r"\breason=(\w+)", 1).fill_null(pl.col("event")),
        delay=_number("usec_delayed"),
    )
    parts = [
        _count(events, "events", pl.col("event"), None),
        _count(issued, "request size, pages", _size_class(pl.col("pages")), pl.col("pages")),
        _count(issued, "issued by", pl.col("role"), pl.col("pages")),
        _count(written, "ns between write_folio of", pl.col("role"), pl.col("gap")),
        _count(throttled, "throttled, us", pl.col("why"), pl.col("delay")),
        *_reclaims(events),
    ]
    return pl.concat(parts).collect().sort("what", "key", "slice", maintain_order=True)


def _size_class(pages: pl.Expr) -> pl.Expr:
    found: pl.Expr = pl.lit("more")
    for largest, name in reversed(SIZES):
        found = pl.when(pages <= largest).then(pl.lit(name)).otherwise(found)
    return found


def _count(frame: pl.LazyFrame, what: str, key: pl.Expr, value: pl.Expr | None) -> pl.LazyFrame:
    mean = pl.lit(None, pl.Float64) if value is None else value.cast(pl.Float64).mean()
    return (
        frame.group_by("slice", key=key.cast(pl.String))
        .agg(n=pl.len().cast(pl.Int64), mean=mean)
        .select("slice", pl.lit(what).alias("what"), "key", "n", "mean")
    )


def _reclaims(events: pl.LazyFrame) -> list[pl.LazyFrame]:
    """Direct reclaims from begin to end: how long, and how many pages the task wrote in it."""
    begin, end = "mm_vmscan_direct_reclaim_begin", "mm_vmscan_direct_reclaim_end"
    own = events.filter(pl.col("event").is_in([begin, end, "mm_vmscan_write_folio"])).with_columns(
        nth=(pl.col("event") == begin).cum_sum().over("pid"),
    )
    reclaims = (
        own.filter((pl.col("nth") > 0) & (pl.col("role") != "kswapd"))
        .group_by("pid", "nth")
        .agg(
            slice=pl.col("slice").first(),
            role=pl.col("role").first(),
            ended=(pl.col("event") == end).sum(),
            ns=pl.col("time_ns").filter(pl.col("event") == end).first()
            - pl.col("time_ns").filter(pl.col("event") == begin).first(),
            pages=(pl.col("event") == "mm_vmscan_write_folio").sum(),
        )
        .filter(pl.col("ended") > 0)
    )
    return [
        _count(reclaims, "direct reclaim of, us", pl.col("role"), pl.col("ns") / 1000),
        _count(reclaims, "pages written in a direct reclaim of", pl.col("role"), pl.col("pages")),
    ]


def side_by_side(captured: pl.DataFrame, simulated: pl.DataFrame, until_ns: int | None = None) -> pl.DataFrame:
    """Both summaries over the same time: per what and key, events a second and the mean, real and simulated.

    Kinds of events that were not switched on in the capture are left out of the simulated trace, and what the model
    does not trace out of the capture.
    """
    both = []
    captured = captured.filter(~pl.col("event").is_in(UNTRACED))
    kinds = [*captured["event"].unique().to_list(), "mm_vmscan_throttled", "oom_kill_process"]
    simulated = simulated.filter(pl.col("event").is_in(kinds))
    end = min(captured["time_ns"].max(), simulated["time_ns"].max())
    end = end if until_ns is None else min(end, until_ns)
    seconds = max(end / 1e9, 1e-9)
    for frame, side in ((captured, "captured"), (simulated, "simulated")):
        rows = trace_summary(frame.filter(pl.col("time_ns") <= end))
        weighted = (pl.col("mean") * pl.col("n")).sum() / pl.col("n").filter(pl.col("mean").is_not_null()).sum()
        both.append(
            rows.group_by("what", "key", maintain_order=True).agg(
                (pl.col("n").sum() / seconds).alias(f"{side}_per_s"), weighted.fill_nan(None).alias(f"{side}_mean")
            )
        )
    joined = both[0].join(both[1], on=["what", "key"], how="full", coalesce=True)
    rates = ("captured_per_s", "simulated_per_s")
    return (
        joined.with_columns(pl.col(rates).fill_null(0.0), seconds=pl.lit(seconds))
        .with_columns(ratio=pl.when(pl.col("captured_per_s") > 0).then(pl.col(rates[1]) / pl.col(rates[0])))
        .sort("what", "key")
    )


def compare_capture(path: Path, row: Row) -> pl.DataFrame:
    """side_by_side() of a capture and of the simulation of its row."""
    from gfplab.truth.replay import simulate_row

    simulated = simulated_trace(simulate_row(row.settings, trace_all=True))
    return side_by_side(comparable(read_ftrace(path)), comparable(simulated))


def row_of_capture(measured: Measured, path: Path) -> Row:
    """The row that a capture is of: the one its file is named after, or the only one."""
    named = [row for row in measured.rows if path.name.startswith((f"{row['name']}_", f"{row['name']}."))]
    if not named and len(measured.rows) != 1:
        raise MeasurementError(
            f"{path}: is named after none of the {len(measured.rows)} runs; choose its run with --only name=RUN"
        )
    return max(named or measured.rows, key=lambda row: len(str(row["name"])))
