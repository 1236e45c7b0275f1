"""Simulates the rows of a table of measurements, several at a time, and stops in good order when told to.

compare = replay(read_measured("runs.csv"), workers=2)
"""

import hashlib
import json
import signal
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gfplab.errors import GfplabError
from gfplab.truth.compare import Comparison, Outcome
from gfplab.truth.measured import Measured, Row


@dataclass(frozen=True)
class RowJob:
    """One row to simulate; rows that differ in their names alone are one job."""

    settings: Mapping[str, object]

    @property
    def scenario(self) -> str:
        """What the row is called."""
        return str(self.settings["name"])

    @property
    def seed(self) -> int:
        """The row's seed."""
        return int(self.settings["seed"])

    @property
    def key(self) -> str:
        """Equal jobs have equal keys."""
        said = {name: value for name, value in self.settings.items() if name not in ("name", "cfg")}
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def run_row(job: RowJob) -> dict[str, float]:
    """The metrics of one row's world under its policy."""
    from gfplab.truth.simulated import metrics_of_run

    return metrics_of_run(simulate_row(job.settings))


def simulate_row(settings: Mapping[str, object], trace_all: bool = False):
    """The Run of one row."""
    from gfplab.run import simulate

    return simulate(world_of_row(settings), policies_of_row(settings), int(settings["seed"]), trace_all=trace_all)


def world_of_row(settings: Mapping[str, object]):
    """The machine and workload that the row describes; a GfplabError if the simulator has no such thing."""
    from gfplab.truth.rows import world_of

    return world_of(settings)


def policies_of_row(settings: Mapping[str, object]):
    """The stock kernel of the rig's era with the row's policy on top."""
    from gfplab.truth.policies import rig_policies

    return rig_policies(int(settings["policy"]))


def why_not(row: Row) -> str:
    """Why the simulator cannot do a row; empty if it can."""
    try:
        world_of_row(row.settings)
        policies_of_row(row.settings)
    except GfplabError as error:
        return " / ".join(error.lines)
    return ""


def replay(
    measured: Measured,
    workers: int = 1,
    executor: str = "threads",
    run_job: Callable[[RowJob], Mapping[str, float]] = run_row,
    refuse: Callable[[Row], str] = why_not,
    progress: Callable[[int, int, str], None] | None = None,
) -> Comparison:
    """Every row simulated. Ctrl-C once: what runs is ended and KeyboardInterrupt says how far it got."""
    from gfplab.study.executors import Workers

    refused = {id(row): refuse(row) for row in measured.rows}
    jobs = {id(row): RowJob(row.settings) for row in measured.rows if not refused[id(row)]}
    todo = {job.key: job for job in jobs.values()}
    ended: dict[str, Mapping[str, float] | GfplabError] = {}
    crew = Workers(run_job, min(workers, max(len(todo), 1)), executor)
    interrupted = threading.Event()
    before = _on_interrupt(lambda *_: interrupted.set())
    try:
        for key, job in todo.items():
            crew.give(key, job)
        while len(ended) < len(todo):
            if interrupted.is_set():
                raise KeyboardInterrupt(f"stopped after {len(ended)} of {len(todo)} simulations; nothing was written")
            taken = crew.take()
            if taken is None:
                continue
            key, result = taken
            if not isinstance(result, GfplabError | Mapping):
                raise result
            ended[key] = result
            if progress:
                progress(len(ended), len(todo), str(todo[key].settings["name"]))
    finally:
        crew.drop_waiting()
        crew.close()
        if before is not None:
            signal.signal(signal.SIGINT, before)
    return Comparison(measured, [_outcome(measured, row, refused[id(row)], jobs, ended) for row in measured.rows])


def _on_interrupt(handler):
    """Take over Ctrl-C, where that is possible; what was there before, or None."""
    if threading.current_thread() is not threading.main_thread():
        return None
    return signal.signal(signal.SIGINT, handler)


def _outcome(measured: Measured, row: Row, refused: str, jobs, ended) -> Outcome:
    label = measured.label(row)
    if refused:
        return Outcome(row, label, skipped=refused)
    result = ended[jobs[id(row)].key]
    if isinstance(result, GfplabError):
        return Outcome(row, label, skipped=" / ".join(result.lines), failed=True)
    return Outcome(row, label, dict(result))
