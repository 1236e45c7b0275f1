"""The columns of a table of measurements: what a row may say about its configuration, and every metric by name.

The names, units and defaults are those of the rig that measured a real Linux 6.1; a later table may hold any of them in
any order and any mix.
"""

import re
from dataclasses import dataclass

from gfplab.kernel.instrument_types import CONTEXTS, POOL_CLASSES, RECLAIM_PLACES, SOURCES, THROTTLED


@dataclass(frozen=True)
class Setting:
    """A column that says what was run."""

    name: str
    kind: type  # int, float or str
    default: object
    choices: tuple = ()
    low: float | None = None


SETTINGS = {
    each.name: each
    for each in (
        Setting("name", str, ""),
        Setting("cfg", str, ""),
        Setting("policy", int, 0, choices=tuple(range(8))),
        Setting("seed", int, 1, low=0),
        Setting("ram", int, 96, low=16),
        Setting("vcpus", int, 1, low=1),
        Setting("shift", int, 0, low=0),
        Setting("hz", int, 250, low=100),
        Setting("mbps", float, 20, low=0.001),
        Setting("op_ns", int, 0, low=0),
        Setting("lat_ns", int, 100_000, low=0),
        Setting("qd", int, 64, low=1),
        Setting("jitter", int, 10, low=0),
        Setting("backend", str, "slowmem", choices=("slowmem", "virtio", "virtio-blk")),
        Setting("cipher", str, "aesni", choices=("aesni", "aesgen", "null")),
        Setting("swap_bios", int, 2048, low=0),
        Setting("page_limit", int, 4096, low=0),
        Setting("min_free_kbytes", int, None, low=1),
        Setting("writer", int, 0, choices=(0, 1)),
        Setting("procs", int, 4, low=1),
        Setting("pct", float, 200, low=1),
        Setting("passes", int, 2, low=1),
        Setting("chunk", int, 64, low=1),
        Setting("mode", str, "chunk"),
        Setting("work", str, "swap", choices=("swap", "odirect")),
        Setting("swap_mb", int, 320, low=1),
        Setting("file_mb", int, 96, low=0),
        Setting("icount", int, 1, choices=(0, 1)),
    )
}

# what a name of a configuration implies for the columns that the table does not have
NAMED = {
    "slow20": {"mbps": 20},
    "fast100": {"mbps": 100},
    "null20": {"mbps": 20, "cipher": "null"},
    "era2016_20": {"mbps": 20, "swap_bios": 1_000_000, "page_limit": 1_000_000},
    "fastpath": {"mbps": 400, "work": "odirect"},
}

# how a run went; compared with nothing
REMARKS = (
    "hang", "complete", "last_progress_t_s", "last_progress_touched", "killed_at_tmax", "unkillable_left", "hog_pages",
    "ram_pages", "bad_pages", "hung_task_msgs", "oom_msgs", "wall_s", "trace_events",
)  # fmt: skip

# counters of /proc/vmstat that no column here names: a table may hold them, and they are compared if the model has them
VMSTAT_FAMILY = re.compile(
    "(pg|nr_|thp_|numa_|compact_|workingset_|allocstall_|unevictable_|swap_|kswapd_|balloon_|zone_|slabs_|drop_)[a-z0-9_]+"
)

TOUCHES = ("first", "retouch", "all")
QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p999": 0.999}
COUNTERS = (
    "pswpout", "pswpin", "pgfault", "pgmajfault", "allocstall_dma", "allocstall_dma32", "allocstall_normal",
    "allocstall_movable", "pgscan_kswapd", "pgscan_direct", "pgsteal_kswapd", "pgsteal_direct",
    "pgscan_direct_throttle", "pgscan_anon", "pgscan_file", "pgsteal_anon", "pgsteal_file",
    "kswapd_low_wmark_hit_quickly", "kswapd_high_wmark_hit_quickly", "pageoutrun", "nr_vmscan_write",
    "nr_vmscan_immediate_reclaim", "nr_throttled_written", "oom_kill", "swap_ra", "swap_ra_hit",
    "workingset_refault_anon", "workingset_refault_file", "workingset_activate_anon", "workingset_activate_file",
    "nr_dirtied", "nr_written", "pgrotated", "pgactivate", "pgdeactivate", "pgreuse", "drop_slab", "pgskip_dma32",
    "allocstall",
)  # fmt: skip
GAUGES = ("nr_free", "nr_writeback", "nr_swapcached", "nr_inactive_anon")
DISK = ("reads", "rsect", "writes", "wsect", "busy_ns", "max_inflight")
FAST_PHASES = ("write_4096", "read_4096", "write_65536", "read_65536")
FAST = ("n", "mean_ns", "p50_ns", "p99_ns", "n_reserve")


def metric_names() -> tuple[str, ...]:
    """Every metric, in the order of the rig's table."""
    names = ["elapsed_s", "touched", "maxstall_ms", "first_proc_end_s", "last_proc_end_s", "oom_or_signal_exits"]
    for kind in TOUCHES:
        names += [f"touch_{kind}_{each}_ns" for each in (*QUANTILES, "max", "mean")]
        names += [f"touch_{kind}_gt1ms", f"touch_{kind}_gt100ms"]
    names += COUNTERS
    names += [f"psi_{what}_{kind}_us" for what in ("memory", "io", "cpu") for kind in ("some", "full")]
    for pools in (*POOL_CLASSES, "all"):
        names += [f"mp_{pools}_n_{source}" for source in SOURCES]
        names += [f"mp_{pools}_n", *(f"mp_{pools}_{each}_ns" for each in (*QUANTILES, "max", "sum"))]
        names += [f"mp_{pools}_{source}_{each}_ns" for source in SOURCES for each in ("p50", "p99", "max", "sum")]
    for context in CONTEXTS:
        names += [
            name for source in SOURCES for name in (f"ctx_{context}_n_{source}", f"ctx_{context}_{source}_sum_ns")
        ]
        names += [f"ctx_{context}_{each}_ns" for each in (*QUANTILES, "max")]
    names += ["mp_waits", "mp_wait_timeouts"]
    names += [f"mp_{pools}_{what}" for pools in POOL_CLASSES for what in ("waits", "wait_timeouts")]
    names += ["mp_after_wait_under", "mp_after_wait_reserve", "mp_wait_p50_ns", "mp_wait_p99_ns", "mp_wait_maxbin_ns"]
    reclaim = ("n", "sum_ns", "max_ns", "recl", "zero", "p50_ns", "p99_ns")
    names += [f"dr_{place}_{each}" for place in RECLAIM_PLACES for each in reclaim]
    names += [f"thr47_{who}_{each}" for who in THROTTLED for each in ("calls", "sleeps", "ns", "exempted")]
    names += [f"ts_{gauge}_{each}" for gauge in GAUGES for each in ("mean", "max", "min")]
    names += ["pass1_end_s", *(f"disk_{each}" for each in DISK)]
    names += ["writer_MB", "writer_p50_ns", "writer_p99_ns", "writer_max_ns"]
    for phase in FAST_PHASES:
        names += [f"fast_{phase}_{pools}_{each}" for pools in POOL_CLASSES for each in FAST]
        names.append(f"odirect_{phase}_us_per_io")
    return tuple(names)


METRICS = metric_names()


def unit_of(metric: str) -> str:
    """The unit of a metric, which its name says."""
    for ending, unit in (("_us_per_io", "us"), ("_ns", "ns"), ("_us", "us"), ("_ms", "ms"), ("_s", "s"), ("_MB", "MB")):
        if metric.endswith(ending):
            return unit
    return "pages" if metric.startswith(("ts_", "pswp")) else ""
