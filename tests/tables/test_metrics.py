"""Every metric is what a person computes in the head from the run made by hand."""

import pytest

from gfplab.tables import frames
from gfplab.tables.columns import column_values
from gfplab.tables.metrics import METRICS, measure, metrics_of, tabulate

EXPECTED = {
    "worst_io_stall_ms": 9000,  # ninety naps in a row; the user task's 400 ms are not an I/O worker's
    "io_stall_ms": 9000,
    "worst_stall_ms": 9000,
    "throttled_ms": 9000,  # 90 naps
    "psi_some_pct": 40,
    "psi_full_pct": 10,
    "swapout_kib_s": 4000,  # 8000 pages in the 8 s between 1 s and 9 s
    "swapout_floor_kib_s": 4000,
    "pswpout": 8000,
    "direct_reclaims": 100,
    "min_free_pages": 700,
    "mempool_pair_ns": 0,  # nobody loops on a pool
    "fast_path_ns": 72.08,  # so it is the median: 50.5 of 100 calls into the bin 64..80
    "idle_reserve_bytes": 1_000_000 + 50 / 101,
    "mempool_waits": 5,
    "reserve_full_during_naps_pct": 90,
    "kworker_busy_ms": 9100,
    "kcryptd_throttled_pct": 100 * 9000 / 9100,
    "swapout_of_device_pct": 4.096,
    "work_done": 50_000,
    "oom_kills": 0,
    "deadlock": 0,
}


@pytest.mark.parametrize("name", EXPECTED)
def test_metric(tables, name):
    assert metrics_of(tables)[name] == pytest.approx(EXPECTED[name])


def test_measure_gives_every_metric_as_a_finite_number(synthetic):
    found = measure(synthetic.synthetic_run())
    assert list(found) == list(METRICS)
    assert all(isinstance(value, float) for value in found.values())


def test_measuring_a_run_makes_no_table_that_no_figure_needs_and_finds_what_the_tables_say(synthetic, monkeypatch):
    run = synthetic.synthetic_run()
    said = metrics_of(tabulate(run)) | column_values(tabulate(run), ["stalls.duration_ns.p99"])
    monkeypatch.setattr(frames, "_events", lambda *_: pytest.fail("the table of events was made"))
    assert measure(run, ["stalls.duration_ns.p99"]) == said
    with pytest.raises(pytest.fail.Exception):
        measure(run, ["events.a.max"])


def test_a_run_in_which_nothing_happened_measures_zero_and_not_nothing(synthetic):
    run, arrays = synthetic.synthetic_run(), synthetic.arrays()
    arrays["tasks"]["state"][:] = 1
    quiet = {name: getattr(run, name)[:0] for name in ("stalls", "vmstat")}
    found = measure(synthetic.synthetic_run(**quiet, stacks=[], arrays=arrays))
    assert {found[name] for name in ("worst_stall_ms", "swapout_kib_s", "swapout_floor_kib_s", "psi_full_pct")} == {0.0}


def test_a_pool_loop_measures_the_fast_path_as_the_mean_of_a_pair(synthetic):
    arrays = synthetic.arrays()
    arrays["workloads"]["busy_ns"][1] = 50_000 * 61
    assert measure(synthetic.synthetic_run(arrays=arrays))["fast_path_ns"] == 61.0


def test_the_slowest_five_seconds_are_found_inside_the_storm_and_nowhere_else(synthetic):
    vmstat = synthetic.vmstat()
    stalled = slice(20, 80)  # six seconds in which nothing is swapped out, between 1 s and 9 s
    written = vmstat["swap_written"]
    written[stalled] = written[20]
    written[80:] = written[20] + (written[80:] - written[80]) + 100
    found = measure(synthetic.synthetic_run(vmstat=vmstat))
    assert found["swapout_floor_kib_s"] == 0.0 and found["swapout_kib_s"] > 0.0


def test_a_deadlock_is_one_and_anything_else_is_zero(synthetic):
    assert measure(synthetic.synthetic_run(verdict="deadlock"))["deadlock"] == 1.0
    assert measure(synthetic.synthetic_run(verdict="oom"))["deadlock"] == 0.0


def test_the_same_run_measures_the_same_to_the_last_bit(synthetic):
    runs = [tabulate(synthetic.synthetic_run())["runs"] for _ in range(3)]
    assert runs[0].equals(runs[1]) and runs[1].equals(runs[2])


def test_every_metric_says_its_unit_its_direction_and_its_meaning():
    for metric in METRICS.values():
        assert metric.better in ("min", "max", "") and metric.meaning
