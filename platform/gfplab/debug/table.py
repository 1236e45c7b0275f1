"""The table `decisions`: what a Recorder wrote down, one row a decision, with names where it has numbers."""

import numpy as np
import polars as pl

from gfplab.debug.answers import answer_words
from gfplab.debug.recorder import HEAD, Recorder, Traced
from gfplab.tables.frames import Tables, conform

AFTER = ".after"


def decisions_frame(recorder: Recorder, index: int = 0) -> pl.DataFrame:
    """The decisions of one run. A field that the policy of a row does not read is null there."""
    layout = recorder.machine.layout
    parts = [_part(traced) for shared in recorder.traced.values() for traced in shared]
    frame = pl.concat([pl.DataFrame(schema=_HEAD_TYPES), *parts], how="diagonal")
    comms = ["", *(plan.comm for plan in layout.tasks[1:])]
    pids = recorder.machine.arrays["tasks"]["pid"].tolist()
    tasks = pl.DataFrame({"task": range(len(comms)), "comm": comms, "pid": pids[: len(comms)]})
    tasks = tasks.with_columns(pl.col("task", "pid").cast(pl.Int64))
    frame = frame.join(tasks, on="task", how="left", maintain_order="left").drop("task")
    own = [name for name in frame.columns if name.startswith("my.")]
    frame = frame.select(pl.exclude(own), *own)  # what was seen of the machine, then the policies' own numbers
    return conform("decisions", frame.with_columns(run=pl.lit(index, pl.Int64)))


def with_decisions(tables: Tables, recorder: Recorder) -> Tables:
    """The tables of a run and its decisions."""
    provenance = tables.provenance | {
        "decisions": {
            "traced": list(recorder.traced),
            "taken": recorder.total,
            "kept": min(recorder.total, recorder.limit),
        }
    }
    return Tables(tables.frames | {"decisions": decisions_frame(recorder)}, provenance)


def limits(recorder: Recorder) -> list[str]:
    """Sentences about what the trace does not hold; none if it holds everything."""
    said = [f"{what} has too many numbers and is not traced" for what in recorder.left_out]
    if recorder.total > recorder.limit:
        said.append(
            f"the first {recorder.limit} of {recorder.total} decisions are traced; name fewer decisions, such as "
            "--trace-decisions mempool_step, or a shorter run"
        )
    return said


_HEAD_TYPES = {name: pl.Int64 for name in HEAD if name != "answer"}
_HEAD_TYPES |= {"decision": pl.String, "plugin": pl.String, "answer": pl.String, "value": pl.Int64}


def _part(traced: Traced) -> pl.DataFrame:
    """The rows of one decision point."""
    rows = traced.rows()
    columns = {name: rows[:, place].copy() for place, name in enumerate(HEAD)}
    columns["value"] = columns.pop("answer")
    first = len(HEAD)
    for place, name in enumerate(traced.fields):
        columns[name] = rows[:, first + place].copy()
    first += len(traced.fields)
    frame = pl.DataFrame(columns)
    own = []
    for place, (name, _slot, kind) in enumerate(traced.my):
        before, after = rows[:, first + place], rows[:, first + len(traced.my) + place]
        own.append(_numbers(name, before, kind))
        if (before != after).any():
            own.append(_numbers(name + AFTER, after, kind).set(pl.Series(before == after), None))
    words = {value: answer_words(traced.decision, value) for value in frame["value"].unique().to_list()}
    return frame.with_columns(
        *own,
        decision=pl.lit(traced.decision),
        plugin=pl.lit(traced.plugin),
        answer=pl.col("value").replace_strict(words, return_dtype=pl.String, default=""),
    )


def _numbers(name: str, slots: np.ndarray, kind: str) -> pl.Series:
    """A column of `my`: whole numbers, or floats in the same eight bytes."""
    column = np.ascontiguousarray(slots)
    return pl.Series(name, column.view(np.float64) if kind == "f8" else column)
