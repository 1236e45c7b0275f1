"""A capture and a simulated trace become the same table, and one query counts both."""

import gzip
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from gfplab.engine.records import engine_schema
from gfplab.kernel import tracepoints as tp
from gfplab.truth.ftrace import comparable, read_ftrace, side_by_side, simulated_trace, trace_summary
from gfplab.truth.measured import MeasurementError

CAPTURE = """\
# tracer: nop
#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION
            init-1       [000] .....     0.100000: mm_vmscan_write_folio: page=(____ptrval____) pfn=0x1 flags=X
         kswapd0-23      [000] .....     0.200000: mm_vmscan_kswapd_wake: nid=0 order=0
         kswapd0-23      [000] .....     0.200010: mm_vmscan_write_folio: page=(____ptrval____) pfn=0x1 flags=X
         kswapd0-23      [000] .....     0.200030: mm_vmscan_write_folio: page=(____ptrval____) pfn=0x2 flags=X
 dmcrypt_write/2-55      [000] .....     0.200100: block_rq_issue: 259,0 W 81920 () 131072 + 160 [dmcrypt_write/2]
    kworker/0:1H-26      [000] .....     0.200200: block_rq_issue: 259,0 WS 4096 () 8 + 8 [kworker/0:1H]
          <idle>-0       [000] d.h..     0.201000: block_rq_complete: 259,0 W () 131072 + 160 [0]
  kworker/u2:0-8-8       [000] .....     0.210000: mm_vmscan_direct_reclaim_begin: order=0 gfp_flags=GFP_NOIO
  kworker/u2:0-8-8       [000] .....     0.212500: mm_vmscan_direct_reclaim_end: nr_reclaimed=4
            init-57      [000] .....     0.310000: mm_vmscan_direct_reclaim_begin: order=0 gfp_flags=GFP_KERNEL
            init-57      [000] .....     0.310100: mm_vmscan_write_folio: page=(____ptrval____) pfn=0x3 flags=X
            init-57      [000] .....     0.320000: mm_vmscan_direct_reclaim_end: nr_reclaimed=1
         kswapd0-23      [000] .....     0.330000: mm_vmscan_throttled: nid=0 usec_timeout=100000 \
usect_delayed=8000 reason=VMSCAN_THROTTLE_WRITEBACK
            init-57      [000] .....     0.331000: mm_page_alloc: page=0000000000000000 pfn=0x0 order=0 \
migratetype=0 gfp_flags=GFP_KERNEL
"""


@pytest.fixture
def capture(tmp_path):
    path = tmp_path / "a_trace.txt.gz"
    path.write_bytes(gzip.compress(CAPTURE.encode()))
    return path


def rows(summary, what):
    """key -> (events, mean) of one question, over all slices."""
    chosen = summary.filter(pl.col("what") == what)
    return {row["key"]: (row["n"], row["mean"]) for row in chosen.iter_rows(named=True)}


def test_a_capture_becomes_one_row_an_event(capture):
    frame = read_ftrace(capture)
    assert frame.height == 14 and frame.row(1) == (200_000_000, "kswapd0", 23, "mm_vmscan_kswapd_wake", "nid=0 order=0")
    assert frame["fields"][4] == "rw=W sector=131072 nr_pages=20"
    assert frame["comm"].unique().sort().to_list()[1] == "dmcrypt_write/2"


def test_a_file_without_events_is_refused(tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("# tracer: nop\nnothing here\n")
    with pytest.raises(MeasurementError, match="holds no event"):
        read_ftrace(path)
    path.write_bytes(gzip.compress(CAPTURE.encode())[:60])
    with pytest.raises(MeasurementError, match="ends too early"):
        read_ftrace(path)
    with pytest.raises(MeasurementError, match="cannot be read"):
        read_ftrace(tmp_path / "gone.txt")


def test_time_begins_with_the_first_waking_of_kswapd_and_allocations_are_those_of_pools(capture):
    frame = comparable(read_ftrace(capture))
    assert frame["time_ns"].min() == 0 and frame.height == 12
    assert "mm_page_alloc" not in frame["event"].to_list()


def test_the_query_answers_its_six_questions(capture):
    found = trace_summary(comparable(read_ftrace(capture)))
    assert rows(found, "request size, pages") == {"1": (1, 1.0), "7-32": (1, 20.0)}
    assert rows(found, "issued by") == {"dmcrypt_write": (1, 20.0), "kblockd": (1, 1.0)}
    assert rows(found, "ns between write_folio of")["kswapd"] == (2, 20_000.0)
    assert rows(found, "direct reclaim of, us") == {"kcryptd": (1, 2500.0), "task": (1, 10_000.0)}
    assert rows(found, "pages written in a direct reclaim of") == {"kcryptd": (1, 0.0), "task": (1, 1.0)}
    assert rows(found, "throttled, us") == {"WRITEBACK": (1, 8000.0)}
    assert found["slice"].unique().sort().to_list() == [0, 1]


def simulated():
    """A Run with five trace rows."""
    events = [
        (5000, tp.mm_vmscan_kswapd_wake, 1, (0, 0, 0, 0)),
        (6000, tp.mm_vmscan_writepage, 1, (4, 9, 0, 0)),
        (7000, tp.block_rq_issue, 2, (1, 1, 16, 20)),
        (8000, tp.block_rq_complete, 0, (1, 0, 16, 20)),
        (8000, tp.workqueue_execute_end, 2, (1, 0, 0, 0)),
    ]
    trace = np.zeros(len(events), engine_schema().dtype("trace"))
    for row, (time, kind, task, arguments) in zip(trace, events, strict=True):
        row["time"], row["kind"], row["task"] = time, kind, task
        row["a"], row["b"], row["c"], row["d"] = arguments
    tasks = np.zeros(3, [("pid", "i8")])
    tasks["pid"] = [0, 23, 55]
    comms = ("", "kswapd0", "dmcrypt_write/2")
    return SimpleNamespace(trace=trace, names={"comms": comms}, arrays={"tasks": tasks})


def test_a_simulated_trace_has_the_same_columns_and_words(capture):
    frame = simulated_trace(simulated())
    assert frame.schema == read_ftrace(capture).schema
    assert frame["event"][1] == "mm_vmscan_write_folio" and frame["comm"][3] == "<idle>"
    assert frame["fields"][2] == "disk=1 rw=W sector=128 nr_pages=20" and "rw=R" in frame["fields"][3]


def test_both_are_counted_over_the_time_that_both_have(capture):
    found = side_by_side(comparable(read_ftrace(capture)), comparable(simulated_trace(simulated())))
    row = found.filter(what="events", key="mm_vmscan_kswapd_wake").row(0, named=True)
    assert row["seconds"] == pytest.approx(3e-6) and row["ratio"] == 1.0
    assert found.filter(what="events", key="block_rq_issue")["captured_per_s"].to_list() == [0.0]
    assert found.filter(key="workqueue_execute_end").is_empty()  # the capture had it switched off
