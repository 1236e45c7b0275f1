"""Run -> Polars frames: the tables of schema.py, filled.

Arrays of a run are copied column by column: numpy hands Polars its memory as it is, and the run goes on using it.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import polars as pl

from gfplab.boot.layout import ROLES
from gfplab.kernel.tracepoints import TRACEPOINTS
from gfplab.tables.provenance import provenance_of, scenario_name
from gfplab.tables.schema import DTYPES, ON_REQUEST, TABLES
from gfplab.tables.sleeps import STATE_MASK, STATES, stacks_of, stalls_of


class Frames(Protocol):
    """Tables of one run by name."""

    def __getitem__(self, name: str, /) -> pl.DataFrame: ...


@dataclass(frozen=True)
class Tables:
    """The frames of one or more runs by table name, and where they come from."""

    frames: dict[str, pl.DataFrame]
    provenance: dict

    def __getitem__(self, name: str) -> pl.DataFrame:
        return self.frames[name]


def frames_of(run, index: int = 0) -> Tables:
    """Every table of one run, without its metrics; `index` is its number in a folder that holds several."""
    made = FramesOf(run, index)
    return Tables({name: made[name] for name in FramesOf.NAMES}, provenance_of(run))


class FramesOf:
    """The tables of one run, each made when it is first asked for: a search asks for few of them."""

    NAMES = ("runs", "events", "vmstat", "stalls", "stacks", "latency", "tasks", "pools")

    def __init__(self, run, index: int = 0):
        self.run, self._index = run, index
        self._made: dict[str, pl.DataFrame] = {}

    def __getitem__(self, name: str) -> pl.DataFrame:
        """The table `name`, as conform() leaves it."""
        if name not in self._made:
            self._made[name] = conform(name, self._raw(name).with_columns(run=pl.lit(self._index, pl.Int64)))
        return self._made[name]

    def _raw(self, name: str) -> pl.DataFrame:
        run = self.run
        match name:
            case "runs":
                return pl.DataFrame({name: [value] for name, value in row_of(run).items()})
            case "events":
                return _events(run, self._tasks)
            case "vmstat":
                # the last sample is taken when the run ends, which may be when another was due
                return _columns(run.vmstat, {"time": "time_ns"}).unique("time_ns", keep="last", maintain_order=True)
            case "stalls":
                return stalls_of(run, self._tasks, self._stacks)
            case "stacks":
                return self._stacks
            case "latency":
                return _latency(run)
            case "tasks":
                return self._tasks
            case "pools":
                return _pools(run)
        raise KeyError(name)

    @cached_property
    def _tasks(self) -> pl.DataFrame:
        return _tasks(self.run)

    @cached_property
    def _stacks(self) -> pl.DataFrame:
        return stacks_of(self.run)


def conform(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with the schema's columns first, in its order and types, sorted by the table's key."""
    table = (TABLES | ON_REQUEST)[name]
    listed = [pl.col(column.name).cast(DTYPES[column.dtype]) for column in table.columns]
    rest = [pl.col(column) for column in frame.columns if column not in table.names] if table.further else []
    return frame.lazy().select(*listed, *rest).sort(table.key, maintain_order=True).collect()


def _columns(array: np.ndarray, rename: dict[str, str] | None = None) -> pl.DataFrame:
    rename = rename or {}
    return pl.DataFrame({rename.get(name, name): array[name].astype(np.int64) for name in array.dtype.names})


def row_of(run) -> dict:
    """The row of `runs`, without its metrics."""
    world = run.world
    return {
        "scenario": scenario_name(world),
        "title": world.title,
        "kernel": world.kernel,
        "policies": sorted(f"{decision}={plugin}" for decision, plugin in run.policies.names().items()),
        "seed": run.seed,
        "mode": run.mode,
        "verdict": run.verdict,
        "error": run.error,
        "sim_ns": run.sim_ns,
        "wall_s": run.wall_s,
        "events": run.events,
        "nr_cpus": world.machine.cpus,
        "managed_pages": int(run.arrays["zones"]["managed"].sum()),
        "wmark_min_pages": int(run.arrays["zones"]["wmark_min"].sum()),
        "swap_device_bytes_s": _swap_bandwidth(world),
        "scenario_sha256": world.sha256(),
        "build_hash": str(run.build_hash),
        "log_hash": str(run.log_hash),
    }


def _swap_bandwidth(world) -> int:
    """Bandwidth of the disk at the bottom of the stack that swap lies on."""
    device = world.swap.device if world.swap else None
    lower = {crypt.name: crypt.device for crypt in world.crypts}
    while device in lower:
        device = lower[device]
    return next((disk.bandwidth_bps for disk in world.disks if disk.name == device), 0)


_TIMES = ("t_running", "t_runnable", "t_d", "t_iowait", "t_s")


def _tasks(run) -> pl.DataFrame:
    array, workloads = run.tasks, run.arrays["workloads"]
    array = array[
        (array["pid"] > 0) & (sum(array[name] for name in _TIMES) > 0)
    ]  # workers that were never created have none
    work = run.arrays["tasks"]["work"][array["task"]]  # workload 0 is nobody's and has done nothing
    return pl.DataFrame(
        {
            "task": array["task"].astype(np.int64),
            "pid": array["pid"].astype(np.int64),
            "comm": [str(comm) for comm in array["comm"]],
            "role": [ROLES[role] for role in array["role"]],
            "state": [STATES[int(state) & STATE_MASK] for state in array["state"]],
            "running_ns": array["t_running"].astype(np.int64),
            "runnable_ns": array["t_runnable"].astype(np.int64),
            "d_ns": (array["t_d"] + array["t_iowait"]).astype(np.int64),
            "iowait_ns": array["t_iowait"].astype(np.int64),
            "s_ns": array["t_s"].astype(np.int64),
            "done": workloads["done"][work].astype(np.int64),
            "pool_ns": workloads["busy_ns"][work].astype(np.int64),
            "finished_ns": workloads["finished"][work].astype(np.int64),
        },
        schema_overrides={"comm": pl.String, "role": pl.String, "state": pl.String},
    )


def _events(run, tasks: pl.DataFrame) -> pl.DataFrame:
    names = {kind: name for kind, (name, _) in TRACEPOINTS.items()}
    frame = _columns(run.trace, {"time": "time_ns"}).with_row_index("seq").with_columns(pl.col("seq").cast(pl.Int64))
    # task 0 is interrupt context, which no row of `tasks` stands for
    return frame.join(tasks.select("task", "pid", "comm"), on="task", how="left", maintain_order="left").with_columns(
        event=pl.col("kind").replace_strict(names, default="", return_dtype=pl.String),
        pid=pl.col("pid").fill_null(0),
        comm=pl.col("comm").fill_null(""),
    )


def tracepoint(events: pl.DataFrame, name: str) -> pl.DataFrame:
    """The events of one tracepoint, with the arguments under the names that the kernel gives them."""
    fields = next(fields for event, fields in TRACEPOINTS.values() if event == name)
    rename = dict(zip("abcd", fields, strict=False))
    return events.filter(pl.col("event") == name).drop([c for c in "abcd" if c not in rename]).rename(rename)


def lower_bound(bin: int) -> int:
    """Smallest duration of a bin, as the kernel's hist_bin() has it: four to an octave, below 4 ns one for each."""
    return bin if bin < 4 else ((4 + bin % 4) << (bin // 4)) // 4


def _latency(run) -> pl.DataFrame:
    sites, bins = np.nonzero(run.hist)
    return pl.DataFrame(
        {
            "site": [run.names["sites"][site] for site in sites],
            "lower_bound_ns": [lower_bound(int(bin)) for bin in bins],
            "count": run.hist[sites, bins].astype(np.int64),
        },
        schema_overrides={"site": pl.String, "lower_bound_ns": pl.Int64},
    )


_POOL_FIELDS = {
    "element_bytes": "element_bytes",
    "min_nr": "min_nr",
    "curr_nr": "curr_nr",
    "lowest_nr": "lowest",
    "allocs": "n_alloc",
    "from_reserve": "n_reserve",
    "waits": "n_wait",
    "timeouts": "n_timeout",
    "wait_ns": "t_wait",
    "empty_ns": "t_empty",
    "failed": "n_fail",
    "nap_ns": "nap_ns",
    "nap_full_ns": "nap_full_ns",
}


def _pools(run) -> pl.DataFrame:
    pools, names = run.arrays["pools"], run.names["pools"]
    rows = range(1, len(names))
    columns = {column: pools[field][1 : len(names)].astype(np.int64) for column, field in _POOL_FIELDS.items()}
    return pl.DataFrame({"pool": [names[row] for row in rows]} | columns, schema_overrides={"pool": pl.String})
