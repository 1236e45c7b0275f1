"""A Run made by hand: two kcryptd workers nap in throttle_vm_writeout() while a user task waits for a page from swap.

It has the shape that simulate() returns and numbers that a person can check in the head.
"""

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

from gfplab.kernel.types import GAUGES, VMSTAT

SEC = 1_000_000_000
MSEC = 1_000_000

T5 = (
    "congestion_wait throttle_vm_writeout shrink_zone_memcg shrink_zone do_try_to_free_pages try_to_free_pages "
    "__alloc_pages_nodemask alloc_pages_current new_slab ___slab_alloc __slab_alloc kmem_cache_alloc "
    "mempool_alloc_slab mempool_alloc bio_alloc_bioset kcryptd_crypt process_one_work worker_thread"
).split()
SWAP_IN = "wait_on_page_bit_killable __lock_page_or_retry do_swap_page handle_mm_fault anon_toucher".split()
DIRTY = "balance_dirty_pages balance_dirty_pages_ratelimited generic_perform_write vfs_write".split()


@dataclass(frozen=True)
class Stack:
    id: int
    frames: list
    wait: str
    count: int
    total_ns: int
    max_ns: int


def synthetic_run(**changes):
    """The run; keyword arguments replace its attributes."""
    run = SimpleNamespace(
        world=world(),
        policies=SimpleNamespace(
            names=lambda: {"throttle_vm_writeout": "less_throttle", "mempool_step": "linux_4_7"},
            sources=lambda: {"linux_4_7": "ab" * 32, "less_throttle": "cd" * 32},
            versions=lambda: {"linux_4_7": "gfplab 0.1.0", "less_throttle": ""},
            libraries=dict,
            tunables=lambda: {"less_throttle.boost_pct": 25},
        ),
        seed=7,
        mode="compiled",
        build_hash="b" * 16,
        log_hash="c" * 16,
        events=123_456,
        sim_ns=10 * SEC,
        wall_s=0.5,
        verdict="ok",
        error="",
        names={
            "pools": ("", "fs_bio_set", "crypt_swap.bs", "crypt_swap.page_pool"),
            "sites": ("", "mempool_alloc crypt_swap.bs", "page_fault"),
        },
        tasks=tasks(),
        stacks=stacks(),
        stalls=stalls(),
        trace=trace(),
        vmstat=vmstat(),
        hist=hist(),
        arrays=arrays(),
    )
    for name, value in changes.items():
        setattr(run, name, value)
    return run


def world():
    return SimpleNamespace(
        source="studies/scenarios/s1_quarter.toml",
        title="Swap on dm-crypt, a quarter of the machine of 2016",
        kernel="v4.7",
        sha256=lambda: "a" * 64,
        length_ns=10 * SEC,
        sample_ns=100 * MSEC,
        stall_min_ns=MSEC,
        machine=SimpleNamespace(cpus=2, hz=1000),
        disks=[SimpleNamespace(name="vda", bandwidth_bps=100_000_000)],
        crypts=[SimpleNamespace(name="crypt_swap", device="vda")],
        swap=SimpleNamespace(device="crypt_swap"),
    )


_TASK = [(name, "i8") for name in ("task", "pid")] + [("comm", "U16")]
_TASK += [(name, "i8") for name in ("role", "state", "t_running", "t_runnable", "t_d", "t_iowait", "t_s")]


def tasks():
    rows = [
        (1, 6, "kworker/u4:0", 3, 10, 100 * MSEC, 0, 0, 9 * SEC, 900 * MSEC),
        (2, 7, "kworker/u4:1", 3, 1, 0, 0, 0, 0, 10 * SEC),
        (3, 40, "kswapd0", 2, 1, 500 * MSEC, 0, 0, 0, 9500 * MSEC),
        (4, 1001, "anon", 1, 10, 4 * SEC, SEC, SEC, 4 * SEC, 0),
        (5, 8, "kworker/u4:2", 3, 0, 0, 0, 0, 0, 0),  # never created
    ]
    return np.array(rows, dtype=_TASK)


def stacks():
    return [
        Stack(1, T5, "io_schedule_timeout", 89, 8_900 * MSEC, 100 * MSEC),
        Stack(2, SWAP_IN, "io_schedule", 49, 5 * SEC - 1000, 400 * MSEC),
    ]


STALL = [(name, "i8") for name in "start duration task state stack context_a context_b timeout".split()]


def stalls():
    """The worker naps 90 times from 1 s on; the user task waits twice."""
    mempool_noio = 0x2400000 | 0x11200
    naps = [(SEC + i * 100 * MSEC, 100 * MSEC, 1, 10, 1, mempool_noio, 2, 100 * MSEC) for i in range(89)]
    faults = [(SEC, 400 * MSEC, 4, 10, 2, 0, 0, -1), (5 * SEC, 300 * MSEC, 4, 11, 2, 0, 0, -1)]
    return np.array(sorted(naps + faults), dtype=STALL)


def trace():
    return np.zeros(0, dtype=[(name, "i8") for name in "time kind task cpu a b c d".split()])


def vmstat():
    """A sample every 100 ms; pages leave for swap at 100 a sample from 1 s to 9 s."""
    table = np.zeros(101, dtype=[(name, "i8") for name in ("time", *VMSTAT, *GAUGES)])
    sample = np.arange(101)
    table["time"] = sample * 100 * MSEC
    table["pswpout"] = np.clip(sample - 10, 0, 80) * 100
    table["swap_written"] = table["pswpout"]
    table["pswpin"] = np.clip(sample - 10, 0, 80) * 10
    table["nr_free_pages"] = np.maximum(5000 - sample * 100, 700)
    table["min_free"] = np.minimum.accumulate(table["nr_free_pages"])
    table["nr_writeback"] = 3000
    table["allocstall"] = sample
    table["pageoutrun"] = sample // 10
    table["reserve_bytes"] = 1_000_000 + sample % 2  # the mean is a little less than 1000000.5
    table["psi_some_ns"] = sample * 40 * MSEC
    table["psi_full_ns"] = sample * 10 * MSEC
    return table


def hist():
    """100 calls of mempool_alloc() in the bin that begins at 64 ns, one in the one at 1024 ns."""
    table = np.zeros((3, 256), np.int64)
    table[1, 24], table[1, 40] = 100, 1
    return table


SIZES = {"zones": 3, "tasks": 6, "pools": 4, "workloads": 2}
FIELDS = {
    "zones": ("managed", "wmark_min"),
    "tasks": ("state", "block_start", "block_stack", "context_a", "context_b", "req_b", "work"),
    "workloads": ("done", "finished", "busy_ns"),
    "pools": (
        *("element_bytes", "min_nr", "curr_nr", "lowest", "n_alloc", "n_reserve", "n_wait", "n_timeout", "t_wait"),
        *("t_empty", "n_fail", "nap_ns", "nap_full_ns"),
    ),
}


def arrays():
    kernel = {name: np.zeros(size, [(field, "i8") for field in FIELDS[name]]) for name, size in SIZES.items()}
    kernel["zones"]["managed"][1:] = 4_000, 60_000
    kernel["zones"]["wmark_min"][1:] = 40, 960
    pools = kernel["pools"]
    pools["element_bytes"][1:] = 256, 256, 4096
    pools["min_nr"][1:] = 2, 16, 256
    pools["curr_nr"][1:] = 2, 16, 256
    pools["lowest"][1:] = 2, 0, 200
    pools["n_alloc"][1:] = 1000, 8000, 8000
    pools["n_wait"][2], pools["t_wait"][2] = 5, 2 * MSEC
    pools["nap_ns"][2], pools["nap_full_ns"][2] = 9 * SEC, 8_100 * MSEC
    tasks = kernel["tasks"]
    tasks["state"][:] = 0, 10, 1, 1, 10, 0
    tasks["work"][4] = 1
    kernel["workloads"]["done"][1] = 50_000
    tasks["block_start"][1], tasks["block_stack"][1] = 9_900 * MSEC, 1  # the ninetieth nap, not over yet
    tasks["context_a"][1], tasks["context_b"][1], tasks["req_b"][1] = 0x2400000 | 0x11200, 2, 100 * MSEC
    tasks["block_start"][4], tasks["block_stack"][4] = 10 * SEC - 1000, 2  # too short to be a stall
    return kernel
