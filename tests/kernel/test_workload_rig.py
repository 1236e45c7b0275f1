"""Tasks of the measuring rig: kernel-truth's workload, in small machines of v4.7 and v6.1 (MODEL: workload)."""

from functools import cache

import numpy as np
import pytest

from gfplab.policy.select import select
from gfplab.run import simulate
from gfplab.world.scenario import build_world

MS = 1_000_000
HOG = {
    "kind": "anon_toucher", "comm": "hog", "count": 2, "size": "2MiB", "passes": 2, "chunk": "64 pages",
    "first_order": "sequential", "read_first": True,
}  # fmt: skip
DISK = {
    "name": "d", "read": "100us", "write": "100us", "bandwidth": "400MB/s", "fifo": True, "jitter_permille": 100,
    "tags": 64,
}  # fmt: skip


def tables(kernel, tasks, **machine):
    return {
        "title": "t", "length": "900s", "until": "done", "kernel": kernel,
        "machine": {
            "cpus": 1, "cpu": "rig", "sampler": True, "zone": [{"name": "DMA32", "managed": "16MiB"}],
            "start": {"free": "12MiB"}, **machine,
        },
        "disk": [DISK], "crypt": [{"name": "c", "device": "d", "page_pool": 64}],
        "swap": {"device": "c", "size": "32MiB"}, "task": tasks,
    }  # fmt: skip


@cache
def run(kernel, seed=1, sampler=True, locked="0B"):
    world = build_world(tables(kernel, [{**HOG, "locked": locked}], sampler=sampler), "t.toml")
    return simulate(world, select(kernel), seed, mode="generators", check=True)


@cache
def direct():
    tasks = []
    for size, n in (("4KiB", 20), ("64KiB", 10)):
        for direction in ("write", "read"):
            after = {"after": tasks[-1]["comm"]} if tasks else {}
            tasks.append(
                {"kind": "direct_io", "comm": f"{direction}{size}", "device": "c", "direction": direction}
                | {"size": size, "operations": n, **after}
            )
    return simulate(build_world(tables("v6.1", tasks), "t.toml"), select("v6.1"), 1, mode="generators", check=True)


def site(run, name):
    s = run.names["sites"].index(name)
    return run.hist[s], int(run.arrays["hist_sum"][s]), int(run.arrays["hist_max"][s])


@pytest.mark.parametrize("kernel", ["v4.7", "v6.1"])
def test_every_touch_is_timed_in_the_histogram_of_its_pass(kernel):
    """2 hogs of 512 pages: 1024 first touches and 1024 later ones."""
    r = run(kernel)
    assert r.verdict == "ok"
    (first, first_ns, first_max), (again, again_ns, _) = site(r, "touch first"), site(r, "touch retouch")
    assert first.sum() == again.sum() == 1024
    assert first_ns > again_ns > 0 and first_max < first_ns
    assert int(r.vmstat["touched"][-1]) == 2048


def test_a_touch_of_a_resident_page_costs_no_fault():
    """Nothing was swapped: each later touch takes costs.touch, 64 instructions."""
    hist, ns, largest = site(run("v6.1"), "touch retouch")
    assert (ns, largest) == (1024 * 64, 64) and hist[24] == 1024


def test_the_run_ends_when_the_parent_notices_that_the_last_child_has_ended():
    """It looks each time it has slept 100 ms and read /proc/vmstat: up to a period later."""
    r = run("v6.1")
    finished = r.arrays["workloads"]["finished"]
    assert 0 < finished.max() < r.sim_ns < finished.max() + 101 * MS
    period = np.diff(r.vmstat["time"][:2])[0]
    asleep = 100 * MS + 50_000 + 98_000
    assert asleep <= period < asleep + 10 * MS  # it first had to wait for the CPU


def test_without_a_parent_the_last_task_ends_the_run_itself():
    """To the nanosecond at which it has given its memory back."""
    r = run("v6.1", sampler=False)
    finished = r.arrays["workloads"]["finished"].max()
    assert finished < r.sim_ns < finished + 10 * MS


def test_the_first_pass_is_the_same_for_every_seed_and_the_second_is_not():
    """Chunks come in an order that is drawn per process and pass."""
    one, two = run("v6.1"), run("v6.1", seed=2)
    assert one.log_hash != two.log_hash or (one.arrays["chunk_order"] != two.arrays["chunk_order"]).any()
    orders = one.arrays["chunk_order"][1:].reshape(2, -1)
    assert sorted(orders[0]) == sorted(orders[1]) == list(range(8))


def test_locked_memory_is_the_tasks_until_it_ends():
    """Then it is free: the machine ends with what it had, and the locked pages."""
    none, some = run("v6.1"), run("v6.1", locked="1MiB")
    free = [int(r.arrays["vm"]["nr_free"][0] + r.arrays["pcps"]["count"].sum()) for r in (none, some)]
    assert free[1] - free[0] == 512


def test_direct_io_runs_its_phases_one_after_the_other_and_keeps_the_counters_of_each():
    """A read draws a dm clone and a dm-crypt clone from their pools; a write of 16 pages also 16 ciphertext pages."""
    r = direct()
    loads = r.arrays["workloads"][1:]
    assert list(loads["done"]) == [20, 20, 10, 10]
    assert (loads["began"][1:] >= loads["finished"][:-1]).all()
    pool = r.names["pools"].index("c.page_pool")
    counts = r.arrays["phase_pools"].reshape(4, len(r.names["pools"]), -1)[:, pool, 0]
    assert list(np.diff(counts, prepend=0)) == [20, 0, 160, 0]


def test_one_direct_io_takes_its_latency_its_bytes_and_a_few_microseconds():
    """100 us, 10 us a page at 400 MB/s, and about 18 us a page of cipher and copy."""
    r = direct()
    for name, n, pages in (("write4KiB", 20, 1), ("read64KiB", 10, 16)):
        _, ns, _ = site(r, f"direct_io {name}")
        assert 100_000 + pages * 27_000 < ns / n < 160_000 + pages * 35_000
