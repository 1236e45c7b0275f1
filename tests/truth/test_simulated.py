"""The metrics of a Run under the rig's names, from arrays filled by hand."""

from types import SimpleNamespace

import numpy as np
import pytest

from gfplab.kernel.instrument_types import HIST_BINS, INSTRUMENT_SIZES
from gfplab.kernel.types import kernel_schema
from gfplab.truth.columns import METRICS
from gfplab.truth.simulated import cells_of, metrics_of_run

SECOND = 1_000_000_000
US = 17 * 4  # the bin of 131 us and a bit


def arrays(**sizes):
    schema = kernel_schema()
    sizes = {"vm": 1, "workloads": 3, "disks": 3, "pools": 3, "tasks": 4, **INSTRUMENT_SIZES, **sizes}
    found = schema.arrays({name: n for name, n in sizes.items() if name in schema.names()})
    found["vmstat"] = np.zeros(3, schema.dtype("vmstat"))
    return found


@pytest.fixture
def run():
    """Two hogs, two pools, a disk under dm-crypt and another; the samples are at 0.1, 0.2 and 0.3 s."""
    a = arrays()
    a["workloads"]["mm"][1:] = [1, 2]
    a["workloads"]["finished"][1:] = [2 * SECOND, 3 * SECOND]
    a["workloads"]["first_pass_end"][1:] = [SECOND, SECOND // 2]
    a["vmstat"]["time"] = [SECOND // 10, SECOND // 5, 3 * SECOND // 10]
    a["vmstat"]["nr_free_pages"] = [10, 20, 60]
    a["vmstat"]["pswpin"] = [0, 3, 7]
    disk = SimpleNamespace(name="a"), SimpleNamespace(name="b")
    world = SimpleNamespace(
        disks=disk, crypts=[SimpleNamespace(name="c", device="b")], swap=SimpleNamespace(device="c"), tasks=()
    )
    sites = ("", "touch first", "touch retouch", "touch retouch")
    return SimpleNamespace(
        world=world, arrays=a, vmstat=a["vmstat"], sim_ns=3 * SECOND, layout=None,
        hist=np.zeros((4, HIST_BINS), np.int64), names={"sites": sites},
    )  # fmt: skip


def put(run, pools, context, source, n, ns):
    (cell,) = cells_of(run, pools, context, source)
    row = run.arrays["mempool_cells"][cell]
    row["n"] += n
    row["sum_ns"] += n * ns
    row["max_ns"] = max(row["max_ns"], ns)
    run.arrays["mp_hist"][cell * HIST_BINS + US] += n


def test_every_metric_is_one_of_the_rigs_table(run):
    assert set(metrics_of_run(run)) <= set(METRICS)


def test_ends_are_those_of_the_hogs(run):
    found = metrics_of_run(run)
    assert (found["first_proc_end_s"], found["last_proc_end_s"], found["pass1_end_s"]) == (2.0, 3.0, 1.0)


def test_a_hog_that_never_ends_ends_with_the_run(run):
    run.arrays["workloads"]["finished"][1] = 0
    assert metrics_of_run(run)["last_proc_end_s"] == 3.0


def test_samples_have_means_and_extremes_and_counters_their_last_value(run):
    found = metrics_of_run(run)
    assert (found["ts_nr_free_mean"], found["ts_nr_free_max"], found["ts_nr_free_min"]) == (30, 60, 10)
    assert found["pswpin"] == 7


def test_calls_that_fail_are_counted_and_have_no_latency(run):
    put(run, "cryptpage", "kworker", "reserve", 3, 1000)
    put(run, "other", "task", "under_first", 2, 200)
    put(run, "other", "task", "fail", 5, 900)
    found = metrics_of_run(run)
    said = [found[f"mp_all_{what}"] for what in ("n", "n_reserve", "n_fail", "sum_ns")]
    assert said == [5, 3, 5, 3400]
    assert (found["mp_other_max_ns"], found["ctx_kworker_max_ns"], found["ctx_task_n_fail"]) == (200, 1000, 5)
    assert found["mp_cryptpage_reserve_after_dr_sum_ns"] == 0
    assert "mp_cryptpage_reserve_after_dr_max_ns" not in found and "ctx_reclaimer_max_ns" not in found


def test_touches_add_up_over_the_hogs(run):
    run.hist[1, US], run.hist[2, US], run.hist[3, US + 40] = 6, 3, 1
    found = metrics_of_run(run)
    assert found["touch_first_p50_ns"] == found["touch_all_p90_ns"] == found["touch_retouch_p50_ns"]
    assert found["touch_retouch_gt1ms"] == 1 == found["touch_all_gt100ms"]


def test_the_disk_is_the_one_at_the_bottom_under_the_swap(run):
    run.arrays["disks"]["nr_reads"][1:] = [4, 9]
    run.arrays["disks"]["write_pages"][2] = 5
    found = metrics_of_run(run)
    assert (found["disk_reads"], found["disk_wsect"]) == (9, 40)


def test_a_throttle_that_nobody_naps_in_is_not_called_on_the_rig(run):
    run.arrays["writeout_cells"]["calls"][1:] = [10, 20, 30]
    assert metrics_of_run(run)["thr47_kswapd_calls"] == 0
    run.arrays["writeout_cells"]["sleeps"][1] = 1
    found = metrics_of_run(run)
    assert (found["thr47_kswapd_calls"], found["thr47_direct_calls"]) == (10, 20)
    assert (found["thr47_inside_mempool_calls"], found["thr47_inside_mempool_exempted"]) == (0, 30)


def test_a_standstill_lasts_from_sample_to_sample(run):
    if "touched" not in run.vmstat.dtype.names:
        return
    run.vmstat["touched"] = [5, 5, 5]
    assert metrics_of_run(run)["maxstall_ms"] == 200.0
