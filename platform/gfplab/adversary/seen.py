"""What a run showed: how long tasks were stuck, what else went wrong, and how near it came to either."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from gfplab.kernel.types import POOL_SLAB
from gfplab.run import stuck_ns
from gfplab.tables.frames import FramesOf
from gfplab.tables.metrics import IO_WORKERS, longest_stall_ms
from gfplab.units import MSEC

# whose stalls can be asked for
WHO = {
    "pool": pl.col("pool") != "",
    "worker": pl.col("role").is_in(IO_WORKERS),
    "user": pl.col("role") == "user",
    "any": pl.lit(True),
}


@dataclass(frozen=True)
class Seen:
    """What a run showed. From `shortage` on: how near a harmless run came to trouble."""

    verdict: str  # as in the table `runs`; "failed" if the policy ended the run, "illegal" if nothing could run
    stalls: Mapping[str, float] = field(default_factory=dict)  # longest by WHO, ms
    worst: str = ""  # who was stuck for longest inside mempool_alloc(), or anywhere if nobody was
    oom_kills: int = 0
    min_free_pages: int = 0
    error: str = ""
    shortage: float = 0.0  # min marks over the fewest free pages
    drawn: float = 0.0  # share of its reserve that a pool had out at most, mean over the pools
    demand: float = 0.0  # pages that page pools had out beyond their reserves at a sample, over these reserves
    crowd: int = 0  # most tasks at once that slept for the same pool
    stuck_ms: float = 0.0  # at the end, since when nothing had come back to empty pools that tasks waited for


def seen(run) -> Seen:
    """What a finished run showed."""
    frames = FramesOf(run)
    stalls, vmstat, pools = frames["stalls"], frames["vmstat"], frames["pools"]
    longest = {who: _longest(stalls.filter(keep)) for who, keep in WHO.items()}
    min_free = int(vmstat["min_free"][-1]) if len(vmstat) else 0
    marks = int(run.arrays["zones"]["wmark_min"].sum())
    return Seen(
        run.verdict,
        longest,
        _worst(stalls),
        int(run.arrays["vm"]["oom_kill"][0]),
        min_free,
        shortage=marks / max(1, min_free) if len(vmstat) else 0.0,
        drawn=float(pools.select((1 - pl.col("lowest_nr") / pl.col("min_nr").clip(1)).mean()).item() or 0.0),
        demand=demand(run, vmstat),
        crowd=crowd(stalls),
        stuck_ms=stuck_ns(run.arrays) / MSEC,
    )


def _longest(stalls: pl.DataFrame) -> float:
    """Sleep upon sleep, ms; 0 if there is none."""
    return float(stalls.select(longest_stall_ms()).item() or 0.0) if len(stalls) else 0.0


def demand(run, vmstat: pl.DataFrame) -> float:
    """What the allocator has given to users of page pools would have had to come from the reserves without it."""
    pools = run.arrays["pools"][1 : len(run.names["pools"])]
    reserves = int(pools["min_nr"][pools["kind"] != POOL_SLAB].sum())
    if not reserves or not len(vmstat):
        return 0.0
    return max(0, int(vmstat.select(pl.col("mempool_pages").max()).item()) - reserves) / reserves


def crowd(stalls: pl.DataFrame) -> int:
    """Of the sleeps that are long enough to be logged."""
    inside = stalls.filter(WHO["pool"])
    if not len(inside):
        return 0
    begins = inside.select("pool", time="start_ns", more=pl.lit(1))
    ends = inside.select("pool", time=pl.col("start_ns") + pl.col("duration_ns"), more=pl.lit(-1))
    changes = pl.concat([begins, ends]).sort("time", "more")  # who is woken leaves before the next comes
    return int(changes.select(pl.col("more").cum_sum().over("pool").max()).item())


def _worst(stalls: pl.DataFrame) -> str:
    """Who spent most time in such sleeps, in which pool, and why: in words."""
    rows = stalls.filter(WHO["pool"]) if stalls["pool"].ne("").any() else stalls
    if not len(rows):
        return ""
    spent = rows.group_by("comm", "pool", "cause").agg(total=pl.col("duration_ns").sum())
    row = spent.sort("total", "comm", "pool", "cause", descending=[True, False, False, False]).row(0, named=True)
    where = f" for an element of {row['pool']}" if row["pool"] else ""
    return f"{row['comm']}{where}, mostly in {row['cause']}"
