"""The first decision at which two runs of one scenario and seed part, and what follows from it.

Both runs meet the same workload and the same disk, so until their policies answer differently they are the same run to
the last byte of the machine's state, which is compared and not assumed.
"""

import dataclasses

import numpy as np
import polars as pl

from gfplab.debug.machine import frames_of
from gfplab.debug.recorder import Recorder
from gfplab.debug.table import AFTER, with_decisions
from gfplab.run import simulate
from gfplab.tables.frames import Tables, tracepoint
from gfplab.tables.metrics import tabulate

WHEN_AND_WHO = ("time_ns", "events", "pid", "cpu", "decision")
AFTERWARDS_NS = 2_000_000_000  # how far beyond the parting the runs are followed


@dataclasses.dataclass
class Side:
    """One of the two runs: what is needed to run it, and what came out, if it was run before."""

    label: str
    world: object = None
    policies: object = None
    seed: int = 1
    tables: Tables | None = None
    why_not: str = ""  # why it cannot be run again, in words

    @property
    def decisions(self) -> pl.DataFrame:
        return self.tables["decisions"]


@dataclasses.dataclass
class Moment:
    """The machine at a decision: copies of its arrays, and who asks."""

    arrays: dict[str, np.ndarray]
    layout: object
    build: object
    task: int
    frames: list[str]
    events: pl.DataFrame  # everything that the kernel traces from there on
    decisions: pl.DataFrame


@dataclasses.dataclass
class Parting:
    """Where two runs part. `place` counts the decisions before; None where they never do."""

    sides: tuple[Side, Side]
    place: int | None
    by_answer: bool = True  # False: they parted before, by something that was not traced
    moments: tuple[Moment, Moment] | None = None
    different: list[str] = dataclasses.field(default_factory=list)  # arrays that were not equal there

    def row(self, side: int) -> dict:
        """The decision at which they part, as that side took it; empty where its trace ends there."""
        frame = self.sides[side].decisions
        return frame.row(self.place, named=True) if self.place < frame.height else {}

    def seen(self) -> list[tuple[str, list]]:
        """(field, [A's value, B's value]) of all that either policy saw; None where it does not read the field."""
        rows = [self.row(side) for side in (0, 1)]
        names = [n for row in rows for n in row if "." in n and not n.endswith(AFTER) and row[n] is not None]
        return [(name, [row.get(name) for row in rows]) for name in dict.fromkeys(names)]


def run_traced(side: Side, wanted=()) -> Side:
    """The side with its tables, decisions included."""
    recorder = Recorder(side.policies, wanted)
    run = simulate(side.world, side.policies, side.seed, attach=recorder.attach)
    recorder.raise_error()
    return dataclasses.replace(side, tables=with_decisions(tabulate(run), recorder))


def first_difference(a: pl.DataFrame, b: pl.DataFrame) -> tuple[int | None, bool]:
    """The place of the first decision that was not the same, and whether only its answer differs."""
    both = min(a.height, b.height)
    columns = [*WHEN_AND_WHO, "value"]
    left, right = (frame.head(both).select(columns) for frame in (a, b))
    differs = pl.any_horizontal(pl.Series(left[name] != right[name]).alias(name) for name in columns)
    places = pl.select(differs.alias("differs"))["differs"].arg_true() if both else pl.Series([], dtype=pl.UInt32)
    if len(places):
        place = int(places[0])
        return place, all(left[name][place] == right[name][place] for name in WHEN_AND_WHO)
    return (None, True) if a.height == b.height else (both, False)


def parting(a: Side, b: Side, wanted=()) -> Parting:
    """Compare two traced runs, and look at the machine where they part if both can be run again."""
    place, by_answer = first_difference(a.decisions, b.decisions)
    found = Parting((a, b), place, by_answer)
    if place is None or not by_answer or a.why_not or b.why_not:
        return found
    found.moments = tuple(moment(side, place, wanted) for side in (a, b))
    one, other = (each.arrays for each in found.moments)
    found.different = [name for name in one if name != "my" and not np.array_equal(one[name], other[name])]
    return found


def moment(side: Side, place: int, wanted=()) -> Moment:
    """Run a side again as far as it is of interest, with every event of the kernel, and stop to look at `place`."""
    recorder, kept = Recorder(side.policies, wanted, at=place), {}

    def look() -> None:
        arrays = recorder.machine.arrays
        kept["arrays"] = {name: array.copy() for name, array in arrays.items()}
        task = kept["task"] = int(arrays["e"]["cur"][0])
        kept["frames"] = frames_of(recorder.build, kept["arrays"], task) if task else []

    recorder.on_reached = look
    until = int(side.decisions["time_ns"][place]) + AFTERWARDS_NS
    run = simulate(side.world, side.policies, side.seed, until_ns=until, trace_all=True, attach=recorder.attach)
    recorder.raise_error()
    tables = with_decisions(tabulate(run), recorder)
    return Moment(
        **kept,
        layout=recorder.machine.layout,
        build=recorder.build,
        events=tables["events"],
        decisions=tables["decisions"].slice(place + 1),
    )


def next_decisions(found: Parting, side: int, most: int) -> list[tuple[int, str]]:
    """(time, what) of the first decisions that the same task, or interrupt context, asks for after the parting."""
    pid = found.row(side)["pid"]
    rows = found.moments[side].decisions.filter(pl.col("pid") == pid).head(most)
    return [(row["time_ns"], f"{row['decision']}: {row['answer']}") for row in rows.iter_rows(named=True)]


def next_events(found: Parting, side: int, most: int) -> list[tuple[int, str, str]]:
    """(time, task, what) of the first events that are not the same on the other side, in the order of the log."""
    mine, others = found.moments[side].events, found.moments[1 - side].events
    columns = ["time_ns", "event", "pid", "cpu", "a", "b", "c", "d"]
    both = min(mine.height, others.height)
    same = (mine[name].head(both) == others[name].head(both) for name in columns)
    equal = pl.select(pl.all_horizontal(*same).alias("same"))["same"] if both else pl.Series([], dtype=pl.Boolean)
    first = both if equal.all() else int(equal.arg_min())
    return [
        (row["time_ns"], row["comm"] or "an interrupt", event_words(mine, row))
        for row in mine.slice(first, most).iter_rows(named=True)
    ]


def event_words(events: pl.DataFrame, row: dict) -> str:
    """`mm_vmscan_writepage page=7 swap_slot=3`."""
    named = tracepoint(events.filter(pl.col("seq") == row["seq"]), row["event"]).row(0, named=True)
    return " ".join([row["event"], *(f"{name}={named[name]}" for name in named if name not in row)])
