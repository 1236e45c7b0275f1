"""The tables of uninterruptible sleep: which stacks there were, and every sleep that was long enough to be logged."""

import functools

import numpy as np
import polars as pl

from gfplab.engine.records import TASK_IOWAIT
from gfplab.engine.requests import TASK_KILLABLE, TASK_UNINTERRUPTIBLE
from gfplab.kernel.gfp import gfp_names
from gfplab.tables.callchain import whole_chain
from gfplab.tables.causes import cause_of
from gfplab.tables.schema import DTYPES, TABLES

STATES = ("X", "S", "D", "K", "R", "R")  # by the engine's TASK_* without its flags
STATE_MASK = 7
STALL_FIELDS = ("start", "duration", "task", "state", "stack", "context_a", "context_b", "timeout")


def stacks_of(run) -> pl.DataFrame:
    """The table `stacks`; a sleep that had not ended counts as far as it got."""
    columns = {name: [] for name in TABLES["stacks"].names if name != "run"}
    ongoing: dict[int, list[int]] = {}
    for stack_id, duration in _ongoing(run).select("stack", "duration").iter_rows():
        ongoing.setdefault(stack_id, []).append(duration)
    for stack in run.stacks:
        columns["stack_id"].append(stack.id)
        columns["cause"].append(_cause(tuple(getattr(stack, "chain", stack.frames))))
        columns["frames"].append(_chain(tuple(stack.frames), stack.wait, run.world.kernel))
        cut_short = ongoing.get(stack.id, [])
        columns["count"].append(stack.count + len(cut_short))
        columns["total_ns"].append(stack.total_ns + sum(cut_short))
        columns["max_ns"].append(max(stack.max_ns, *cut_short, 0))
    types = {column.name: DTYPES[column.dtype] for column in TABLES["stacks"].columns if column.name in columns}
    return pl.DataFrame(columns, schema=types)


# the runs of a study sleep in the same places


@functools.lru_cache(maxsize=1 << 16)
def _cause(frames: tuple[str, ...]) -> str:
    return cause_of(list(frames))


@functools.lru_cache(maxsize=1 << 16)
def _chain(frames: tuple[str, ...], wait: str, kernel: str) -> list[str]:
    return whole_chain(list(frames), wait, kernel)


def stalls_of(run, tasks: pl.DataFrame, stacks: pl.DataFrame) -> pl.DataFrame:
    """The table `stalls`: the logged sleeps, then those that the end of the run cut short."""
    ended = pl.DataFrame({name: run.stalls[name].astype(np.int64) for name in STALL_FIELDS})
    cut_short = _ongoing(run).filter(pl.col("duration") >= run.world.stall_min_ns)
    frame = pl.concat([ended.with_columns(ongoing=pl.lit(False)), cut_short.with_columns(ongoing=pl.lit(True))])
    pools = run.names["pools"]
    masks = {mask: gfp_names(mask) if mask else "" for mask in frame["context_a"].unique().to_list()}
    return (
        frame.join(tasks.select("task", "pid", "comm", "role"), on="task", how="left", maintain_order="left")
        .join(
            stacks.select("stack_id", "cause"), left_on="stack", right_on="stack_id", how="left", maintain_order="left"
        )
        .with_columns(
            start_ns="start",
            duration_ns="duration",
            iowait=pl.col("state") & TASK_IOWAIT != 0,
            state=(pl.col("state") & STATE_MASK).replace_strict(dict(enumerate(STATES)), return_dtype=pl.String),
            timeout_ns="timeout",
            timed_out=(pl.col("timeout") >= 0) & (pl.col("duration") >= pl.col("timeout")),
            stack_id="stack",
            gfp_mask="context_a",
            gfp_flags=pl.col("context_a").replace_strict(masks, default="", return_dtype=pl.String),
            pool=pl.col("context_b").replace_strict(dict(enumerate(pools)), default="", return_dtype=pl.String),
        )
    )


def _ongoing(run) -> pl.DataFrame:
    """Sleeps that had not ended when the run did; nobody logged them, so they are read off the tasks."""
    tasks = run.arrays["tasks"]
    asleep = np.isin(tasks["state"] & STATE_MASK, (TASK_UNINTERRUPTIBLE, TASK_KILLABLE))
    rows = np.flatnonzero(asleep)
    columns = {name: tasks[field][rows].astype(np.int64) for name, field in _ONGOING_FIELDS.items()}
    return pl.DataFrame(
        {"start": columns["start"], "duration": run.sim_ns - columns["start"], "task": rows.astype(np.int64)} | columns
    ).select(STALL_FIELDS)


_ONGOING_FIELDS = {
    "start": "block_start",
    "state": "state",
    "stack": "block_stack",
    "context_a": "context_a",
    "context_b": "context_b",
    "timeout": "req_b",
}
