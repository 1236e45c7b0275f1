"""What a simulated run would have given had the rig measured it: the metrics of a Run under the rig's names.

A metric whose counter the simulated kernel does not have is left out, never made up.

Leaves out: psi_io_* and psi_cpu_*, where the model has no such account; allocstall_* by zone; wall-clock times.
"""

import numpy as np

from gfplab.kernel.instrument_types import (
    CELLS_PER_CLASS,
    CELLS_PER_CONTEXT,
    CONTEXTS,
    HIST_BINS,
    POOL_CLASSES,
    RECLAIM_PLACES,
    SOURCES,
    THROTTLED,
)
from gfplab.kernel.types import POOL_PAGE
from gfplab.truth.columns import COUNTERS, GAUGES, QUANTILES
from gfplab.truth.histogram import MS, MS_100, above, largest_bin, quantile, quantiles

NSEC_PER_SEC = 1e9
SECTORS = 8  # of 512 bytes in a page
HALVES = {"p50": 0.5, "p99": 0.99}
SAMPLED = {"nr_free": "nr_free_pages", "nr_swapcached": "nr_swapcached"}  # the rig's name: the model's


def metrics_of_run(run) -> dict[str, float]:
    """Every metric that the run can give."""
    found: dict[str, float | None] = {}
    for part in (_ends, _touches, _counters, _pressure, _pools, _contexts, _waits, _reclaim, _throttle, _samples):
        found |= part(run)
    found |= _disk(run) | _writer(run) | _fast_path(run)
    return {name: float(value) for name, value in found.items() if value is not None}


def _hogs(run) -> np.ndarray:
    """The rows of the workloads that touch anonymous memory."""
    rows = run.arrays["workloads"]
    return rows[rows["mm"] > 0]


def _ends(run) -> dict:
    hogs = _hogs(run)
    if not len(hogs):
        return {"elapsed_s": run.sim_ns / NSEC_PER_SEC, "oom_or_signal_exits": 0}
    over = hogs["finished"][hogs["finished"] > 0] / NSEC_PER_SEC
    first_pass = hogs["first_pass_end"][hogs["first_pass_end"] > 0] / NSEC_PER_SEC
    everybody = len(over) == len(hogs)
    return {
        "elapsed_s": run.sim_ns / NSEC_PER_SEC,
        "touched": hogs["done"].sum(),
        "first_proc_end_s": over.min() if len(over) else None,
        "last_proc_end_s": over.max() if everybody else run.sim_ns / NSEC_PER_SEC,
        "oom_or_signal_exits": run.arrays["tasks"]["killed"].sum(),
        "pass1_end_s": first_pass.max() if len(first_pass) == len(hogs) else None,
        "maxstall_ms": _longest_standstill(run.vmstat),
    }


def _longest_standstill(vmstat) -> float | None:
    """The longest time without a touch by anybody, as one sees it who looks at each sample."""
    if "touched" not in (vmstat.dtype.names or ()) or not len(vmstat):
        return None
    worst, since, before = 0, 0, 0
    for time, touched in zip(vmstat["time"].tolist(), vmstat["touched"].tolist(), strict=True):
        if touched != before:
            since, before = time, touched
        worst = max(worst, time - since)
    return worst / 1e6


def _sites(run, names: tuple[str, ...]) -> tuple[np.ndarray, float | None, float | None]:
    """Histogram, largest value and sum of all sites of these names together."""
    sites = [i for i, name in enumerate(run.names["sites"]) if i and name in names]
    counts = run.hist[sites].sum(axis=0) if sites else np.zeros(HIST_BINS, np.int64)
    total, largest = (
        (run.arrays[array][sites] if sites and array in run.arrays and len(run.arrays[array]) > max(sites) else None)
        for array in ("hist_sum", "hist_max")
    )
    return counts, None if largest is None else int(largest.max()), None if total is None else int(total.sum())


def _touches(run) -> dict:
    found: dict[str, float | None] = {}
    kinds = {"first": ("touch first",), "retouch": ("touch retouch",), "all": ("touch first", "touch retouch")}
    for kind, names in kinds.items():
        counts, largest, total = _sites(run, names)
        n = int(counts.sum())
        if not n:
            continue
        for name, value in quantiles(counts, QUANTILES).items():
            found[f"touch_{kind}_{name}_ns"] = value
        found[f"touch_{kind}_max_ns"] = largest
        found[f"touch_{kind}_mean_ns"] = None if total is None else total / n
        found[f"touch_{kind}_gt1ms"] = above(counts, MS)
        found[f"touch_{kind}_gt100ms"] = above(counts, MS_100)
    return found


def counter_of(run, name: str) -> float | None:
    """A counter of /proc/vmstat at the end, wherever the model keeps it."""
    if len(run.vmstat) and name in run.vmstat.dtype.names:
        return int(run.vmstat[name][-1])
    vm = run.arrays["vm"]
    return int(vm[name][0]) if name in vm.dtype.names else None


def _counters(run) -> dict:
    return {name: counter_of(run, name) for name in COUNTERS}


def _pressure(run) -> dict:
    fields = {"memory_some": "psi_some", "memory_full": "psi_full"}
    fields |= {f"{what}_{kind}": f"psi_{what}_{kind}" for what in ("io", "cpu") for kind in ("some", "full")}
    ns = {name: counter_of(run, field) for name, field in fields.items()}
    return {f"psi_{name}_us": None if value is None else value // 1000 for name, value in ns.items()}


def cells_of(run, pools: str = "all", context: str = "", source: str = "") -> list[int]:
    """Which cells count the calls of that class of pools, context and source."""
    return [
        1 + c * CELLS_PER_CLASS + x * CELLS_PER_CONTEXT + s
        for c, each in enumerate(POOL_CLASSES)
        if pools in ("all", each)
        for x, who in enumerate(CONTEXTS)
        if context in ("", who)
        for s, where in enumerate(SOURCES)
        if source in ("", where)
    ]


def _sum(run, cells: list[int]) -> tuple[int, int, int, np.ndarray]:
    """Calls, ns, longest and histogram of these cells."""
    rows, hist = run.arrays["mempool_cells"][cells], run.arrays["mp_hist"].reshape(-1, HIST_BINS)[cells]
    return int(rows["n"].sum()), int(rows["sum_ns"].sum()), int(rows["max_ns"].max()), hist.sum(axis=0)


def _succeeded(cells: list[int]) -> list[int]:
    """Without the calls that failed."""
    return [cell for cell in cells if (cell - 1) % CELLS_PER_CONTEXT != SOURCES.index("fail")]


def _pools(run) -> dict:
    found: dict[str, float | None] = {}
    for pools in (*POOL_CLASSES, "all"):
        n, total, largest, counts = _sum(run, _succeeded(cells_of(run, pools)))
        found |= {f"mp_{pools}_n": n, f"mp_{pools}_sum_ns": total, f"mp_{pools}_max_ns": largest}
        found |= {f"mp_{pools}_{name}_ns": value for name, value in quantiles(counts, QUANTILES).items()}
        for source in SOURCES:
            n, total, largest, counts = _sum(run, cells_of(run, pools, source=source))
            found |= {f"mp_{pools}_n_{source}": n, f"mp_{pools}_{source}_sum_ns": total}
            if n:
                found[f"mp_{pools}_{source}_max_ns"] = largest
                found |= {f"mp_{pools}_{source}_{name}_ns": value for name, value in quantiles(counts, HALVES).items()}
    return found


def _contexts(run) -> dict:
    found: dict[str, float | None] = {}
    for context in CONTEXTS:
        for source in SOURCES:
            n, total, _, _ = _sum(run, cells_of(run, context=context, source=source))
            found |= {f"ctx_{context}_n_{source}": n, f"ctx_{context}_{source}_sum_ns": total}
        n, _, largest, counts = _sum(run, _succeeded(cells_of(run, context=context)))
        if n:
            found[f"ctx_{context}_max_ns"] = largest
            found |= {f"ctx_{context}_{name}_ns": value for name, value in quantiles(counts, QUANTILES).items()}
    return found


def _waits(run) -> dict:
    rows = run.arrays["mempool_waits"][1:]
    counts = run.arrays["mempool_wait_hist"].reshape(-1, HIST_BINS)[1:].sum(axis=0)
    found = {f"mp_{pools}_waits": rows["n"][i] for i, pools in enumerate(POOL_CLASSES)}
    found |= {f"mp_{pools}_wait_timeouts": rows["timeouts"][i] for i, pools in enumerate(POOL_CLASSES)}
    return found | {
        "mp_waits": rows["n"].sum(),
        "mp_wait_timeouts": rows["timeouts"].sum(),
        "mp_after_wait_under": rows["after_wait_under"].sum(),
        "mp_after_wait_reserve": rows["after_wait_reserve"].sum(),
        "mp_wait_p50_ns": quantile(counts, 0.5),
        "mp_wait_p99_ns": quantile(counts, 0.99),
        "mp_wait_maxbin_ns": largest_bin(counts),
    }


def _reclaim(run) -> dict:
    found: dict[str, float | None] = {}
    for i, place in enumerate(RECLAIM_PLACES, 1):
        row = run.arrays["reclaim_cells"][i]
        found |= {f"dr_{place}_{name}": row[name] for name in ("n", "sum_ns", "max_ns", "recl", "zero")}
        counts = run.arrays["reclaim_hist"].reshape(-1, HIST_BINS)[i]
        found |= {f"dr_{place}_{name}_ns": value for name, value in quantiles(counts, HALVES).items()}
    return found


def _throttle(run) -> dict:
    """Calls that the policy lets through whatever the limit says are not calls to the rig but exemptions."""
    found: dict[str, float | None] = {}
    rows = run.arrays["writeout_cells"][1:]
    on = bool(rows["sleeps"].sum())  # the stock kernel of 6.1 has no such function: nobody calls it
    for who, row in zip(THROTTLED, rows, strict=True):
        exempt = on and who == "inside_mempool" and row["sleeps"] == 0
        found[f"thr47_{who}_calls"] = int(row["calls"]) if on and not exempt else 0
        found[f"thr47_{who}_exempted"] = int(row["calls"]) if exempt else 0
        found |= {f"thr47_{who}_sleeps": row["sleeps"], f"thr47_{who}_ns": row["ns"]}
    return found


def _samples(run) -> dict:
    found: dict[str, float | None] = {}
    names = run.vmstat.dtype.names or ()
    for gauge in GAUGES:
        column = SAMPLED.get(gauge, gauge)
        if column in names and len(run.vmstat):
            values = run.vmstat[column][run.vmstat["time"] > 0]
            if len(values):
                found |= {f"ts_{gauge}_{each}": getattr(values, each)() for each in ("mean", "max", "min")}
    return found


def _swap_disk(run) -> int:
    """The disk at the bottom of the stack that swap lies on; the first one if there is no swap."""
    device = run.world.swap.device if run.world.swap else None
    lower = {crypt.name: crypt.device for crypt in run.world.crypts}
    while device in lower:
        device = lower[device]
    return 1 + next((i for i, disk in enumerate(run.world.disks) if disk.name == device), 0)


def _disk(run) -> dict:
    if not run.world.disks:
        return {}
    row = run.arrays["disks"][_swap_disk(run)]
    return {
        "disk_reads": row["nr_reads"],
        "disk_writes": row["nr_writes"],
        "disk_rsect": row["read_pages"] * SECTORS,
        "disk_wsect": row["write_pages"] * SECTORS,
        "disk_busy_ns": row["busy_ns"],
        "disk_max_inflight": row["max_inflight"],
    }


def _writer(run) -> dict:
    counts, largest, _ = _sites(run, ("file_writer",))
    if not counts.sum():
        return {}
    found = {f"writer_{name}_ns": value for name, value in quantiles(counts, HALVES).items()}
    rows = run.arrays["workloads"]
    pages = sum(int(row["done"]) for row in rows[1:] if row["mm"] == 0 and row["file"] > 0)
    return found | {"writer_max_ns": largest, "writer_MB": pages / 256}


def _fast_path(run) -> dict:
    """Direct I/O without pressure: each task of it is a phase, at whose end the histograms were put by."""
    if "phase_hist" not in run.arrays or len(run.arrays["phase_hist"]) < 2:
        return {}
    found: dict[str, float | None] = {}
    tasks = [task for task in run.world.tasks if getattr(task, "kind", "") == "direct_io"]
    sites, pools = len(run.hist), run.arrays["pools"]
    hists = run.arrays["phase_hist"].reshape(-1, sites, HIST_BINS)
    sums = run.arrays["phase_hist_sum"].reshape(-1, sites)
    counters = run.arrays["phase_pools"].reshape(len(hists), len(pools), -1)
    loads = {int(row["phase"]): row for row in run.arrays["workloads"][1:] if row["began"] > 0}
    for phase, task in enumerate(tasks):
        name = f"{task.direction}_{task.size_bytes}"
        before = phase - 1
        hist, ns, count = (each[phase] - (each[before] if phase else 0) for each in (hists, sums, counters))
        for number, kind in enumerate(POOL_CLASSES):
            of_kind = [p for p in range(1, len(pools)) if (pools["kind"][p] == POOL_PAGE) == (number == 0)]
            at = [int(pools["site"][p]) for p in of_kind if pools["site"][p]]
            counts, total = hist[at].sum(axis=0), int(ns[at].sum())
            n = int(counts.sum())
            found |= {f"fast_{name}_{kind}_n": n, f"fast_{name}_{kind}_n_reserve": int(count[of_kind, 2].sum())}
            if n:
                found[f"fast_{name}_{kind}_mean_ns"] = total / n
                found |= {f"fast_{name}_{kind}_{q}_ns": value for q, value in quantiles(counts, HALVES).items()}
        load = loads.get(phase)
        if load is not None and load["done"]:
            found[f"odirect_{name}_us_per_io"] = (load["finished"] - load["began"]) / 1000 / load["done"]
    return found
