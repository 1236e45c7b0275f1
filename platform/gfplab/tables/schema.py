"""Every table, column by column: what a result means is written here and nowhere else.

Units are in the column's name where one is not obvious (`duration_ns`, `worst_io_stall_ms`); times are nanoseconds of
simulated time since the start, counters have the names of /proc/vmstat, events the names of the kernel's tracepoints.
"""

from dataclasses import dataclass

import polars as pl

SCHEMA_VERSION = 1

DTYPES = {"i64": pl.Int64, "f64": pl.Float64, "bool": pl.Boolean, "str": pl.String, "list": pl.List(pl.String)}


@dataclass(frozen=True)
class Column:
    name: str
    dtype: str  # a key of DTYPES
    unit: str
    meaning: str


@dataclass(frozen=True)
class Table:
    name: str
    meaning: str
    key: tuple[str, ...]  # rows are sorted by these before they are written
    columns: tuple[Column, ...]
    further: str = ""  # what the columns beyond the listed ones are, if a table may have such

    def column(self, name: str) -> Column | None:
        return next((column for column in self.columns if column.name == name), None)

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]


RUN = Column("run", "i64", "", "which run of this folder: the row of `runs` it belongs to")
PID = Column("pid", "i64", "", "process id, as the scenario's boot gave it")
COMM = Column("comm", "str", "", "name of the task, as in /proc/PID/comm")
ROLE = Column("role", "str", "", "what it is: user, kswapd, kworker, rescuer, dmcrypt_write, flusher or oom_reaper")
STACK_ID = Column("stack_id", "i64", "", "row of `stacks`")

TABLES = {
    table.name: table
    for table in (
        Table(
            "runs",
            "One simulation: what was run, how it ended, and every named metric.",
            ("run",),
            (
                RUN,
                Column("scenario", "str", "", "name of the scenario: its file without .toml"),
                Column("title", "str", "", "its title"),
                Column("kernel", "str", "", "kernel era, e.g. v4.7"),
                Column("policies", "list", "", "decision=plugin, for every decision point, sorted"),
                Column("seed", "i64", "", "seed of every random stream"),
                Column(
                    "mode", "str", "", "compiled, steps or generators: which build ran it (the results are the same)"
                ),
                Column("verdict", "str", "", "ok, oom, unfinished, deadlock or failed check"),
                Column("error", "str", "", "the sentence of the check that failed, empty otherwise"),
                Column("sim_ns", "i64", "ns", "simulated time that passed"),
                Column("wall_s", "f64", "s", "wall-clock time that it took"),
                Column("events", "i64", "", "engine events processed"),
                Column("nr_cpus", "i64", "", "CPUs of the machine"),
                Column("managed_pages", "i64", "pages", "memory that the page allocator manages"),
                Column("wmark_min_pages", "i64", "pages", "min watermarks of all zones together"),
                Column(
                    "swap_device_bytes_s", "i64", "B/s", "bandwidth of the disk under the swap, 0 if there is no swap"
                ),
                Column("scenario_sha256", "str", "", "hash of the scenario's canonical form, overrides included"),
                Column("build_hash", "str", "", "hash of engine and kernel sources and of what compiled them"),
                Column("log_hash", "str", "", "hash of every event in order: equal hashes mean equal runs"),
            ),
            further="one column (f64) per metric of gfplab.tables.metrics",
        ),
        Table(
            "events",
            "The trace: one row per event that the scenario switched on, named as the kernel's tracepoints.",
            ("run", "seq"),
            (
                RUN,
                Column("seq", "i64", "", "order of the events; events of one time are ordered by it"),
                Column("time_ns", "i64", "ns", "when"),
                Column("event", "str", "", "tracepoint, e.g. mm_vmscan_direct_reclaim_begin"),
                PID,
                COMM,
                Column("cpu", "i64", "", "CPU it happened on"),
                Column(
                    "a", "i64", "", "first argument; gfplab.tables.frames.tracepoint() gives the arguments their names"
                ),
                Column("b", "i64", "", "second argument"),
                Column("c", "i64", "", "third argument"),
                Column("d", "i64", "", "fourth argument"),
            ),
        ),
        Table(
            "vmstat",
            "Time series of the machine's counters, one row per sample.",
            ("run", "time_ns"),
            (RUN, Column("time_ns", "i64", "ns", "when the sample was taken")),
            further="one column (i64) per counter, called as in /proc/vmstat, and per gauge that is not there",
        ),
        Table(
            "stalls",
            "Every uninterruptible sleep that lasted at least the scenario's stall_min.",
            ("run", "start_ns", "pid"),
            (
                RUN,
                Column("start_ns", "i64", "ns", "when the task went to sleep"),
                Column("duration_ns", "i64", "ns", "how long it slept (so far, if it never woke)"),
                PID,
                COMM,
                ROLE,
                Column("state", "str", "", "D uninterruptible, K killable (also D in a task dump)"),
                Column("iowait", "bool", "", "counted as waiting for I/O (io_schedule)"),
                Column("cause", "str", "", "why, read off the stack: gfplab.tables.causes lists them"),
                Column("timeout_ns", "i64", "ns", "time-out that it slept with, -1 for none"),
                Column("timed_out", "bool", "", "true if it slept for its whole time-out: nobody woke it"),
                Column("ongoing", "bool", "", "true if it still slept when the run ended"),
                STACK_ID,
                Column("gfp_mask", "i64", "", "mask of the allocation that it slept in, 0 for none (v4.7 bits)"),
                Column("gfp_flags", "str", "", "the same by name, as a v4.7 report prints it"),
                Column("pool", "str", "", "mempool that it was allocating from, empty for none"),
            ),
        ),
        Table(
            "stacks",
            "Every distinct stack that a task slept on uninterruptibly, however short the sleep.",
            ("run", "stack_id"),
            (
                RUN,
                STACK_ID,
                Column("cause", "str", "", "why, read off the frames"),
                Column("frames", "list", "", "functions, top first, as a v4.7 task dump prints them"),
                Column("count", "i64", "", "sleeps on this stack"),
                Column("total_ns", "i64", "ns", "time slept on it by all tasks together"),
                Column("max_ns", "i64", "ns", "longest of these sleeps"),
            ),
        ),
        Table(
            "latency",
            "Histograms of how long things took, four bins to an octave; empty bins are left out.",
            ("run", "site", "lower_bound_ns"),
            (
                RUN,
                Column("site", "str", "", "what was timed, e.g. mempool_alloc"),
                Column("lower_bound_ns", "i64", "ns", "lower edge of the bin"),
                Column("count", "i64", "", "how many took this long"),
            ),
        ),
        Table(
            "tasks",
            "Where each task spent the run.",
            ("run", "pid"),
            (
                RUN,
                PID,
                COMM,
                ROLE,
                Column("state", "str", "", "state at the end: R S D K, X for one that ended"),
                Column("running_ns", "i64", "ns", "on a CPU"),
                Column("runnable_ns", "i64", "ns", "waiting for a CPU"),
                Column("d_ns", "i64", "ns", "in uninterruptible sleep (killable included)"),
                Column("iowait_ns", "i64", "ns", "the part of d_ns that counts as waiting for I/O"),
                Column("s_ns", "i64", "ns", "in interruptible sleep: idle, for a worker"),
                Column("done", "i64", "", "work of a user task: pages touched, written or read, or pool operations"),
                Column("pool_ns", "i64", "ns", "time that a pool loop spent in mempool_alloc() and mempool_free()"),
                Column("finished_ns", "i64", "ns", "when it had done all its work, 0 if it never had"),
            ),
        ),
        Table(
            "pools",
            "Every mempool at the end of the run.",
            ("run", "pool"),
            (
                RUN,
                Column("pool", "str", "", "name of the pool"),
                Column("element_bytes", "i64", "B", "size of one element"),
                Column("min_nr", "i64", "", "elements it guarantees"),
                Column("curr_nr", "i64", "", "elements in the reserve at the end"),
                Column("lowest_nr", "i64", "", "fewest elements ever in the reserve"),
                Column("allocs", "i64", "", "mempool_alloc() calls that got an element"),
                Column("from_reserve", "i64", "", "those that took it from the reserve"),
                Column("waits", "i64", "", "sleeps on the empty pool"),
                Column("timeouts", "i64", "", "those that nobody woke within the 5 s time-out"),
                Column("wait_ns", "i64", "ns", "time slept on it by all tasks together"),
                Column("empty_ns", "i64", "ns", "time during which the reserve was empty"),
                Column("failed", "i64", "", "calls that returned NULL (callers that may not sleep)"),
                Column("nap_ns", "i64", "ns", "time that its users spent in throttle_vm_writeout()"),
                Column("nap_full_ns", "i64", "ns", "the part of nap_ns during which its reserve was full"),
            ),
        ),
    )
}

# tables that are there only if they were asked for
ON_REQUEST = {
    table.name: table
    for table in (
        Table(
            "decisions",
            "Every decision that --trace-decisions asked for: who asked, what the policy saw and what it answered.",
            ("run", "seq"),
            (
                RUN,
                Column("seq", "i64", "", "order of the decisions, from 0; every traced decision point counts"),
                Column("time_ns", "i64", "ns", "local clock of whoever asked: events of that time, and its time debt"),
                Column("events", "i64", "", "engine events so far"),
                PID,
                COMM,
                Column("cpu", "i64", "", "CPU it ran on"),
                Column("decision", "str", "", "decision point"),
                Column("plugin", "str", "", "plugin that answered"),
                Column("answer", "str", "", "its answer, in words where the decision has words"),
                Column("value", "i64", "", "the same as the number that it returned"),
            ),
            further=(
                "one column per field that a policy reads (`pool.curr_nr`), null in rows of policies that do not; its "
                "own numbers before the decision (`my.n`) and, where they changed, after it (`my.n.after`)"
            ),
        ),
    )
}
