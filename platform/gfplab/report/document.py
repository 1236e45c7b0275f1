"""The same page for programs: what `--json` prints about a run."""

from pathlib import Path

from gfplab.report.stacks import blocked_at, stacks_by_time, worst_moment
from gfplab.report.tables import stalls_by_cause
from gfplab.tables.frames import Tables
from gfplab.tables.metrics import METRICS, metrics_of
from gfplab.tables.verdict import verdict_of


def document(tables: Tables, folder: Path, stacks: bool = False) -> dict:
    """Verdict, metrics, stalls, pools and provenance of the only run in `tables`."""
    run = tables["runs"].row(0, named=True)
    verdict = verdict_of(tables)
    found = {
        "verdict": verdict.word,
        "sentence": verdict.sentence,
        "exit_code": verdict.exit_code,
        "out": str(folder),
        "run": {name: value for name, value in run.items() if name not in METRICS},
        "metrics": metrics_of(tables),
        "units": {name: metric.unit for name, metric in METRICS.items()},
        "stalls": stalls_by_cause(tables).to_dicts(),
        "pools": tables["pools"].drop("run").to_dicts(),
        "provenance": tables.provenance,
    }
    if stacks:
        time_ns = worst_moment(tables)
        tasks = [] if time_ns is None else [vars(task) for task in blocked_at(tables, time_ns)]
        found["blocked"] = {"time_ns": time_ns, "tasks": tasks}
        found["stacks"] = stacks_by_time(tables)
    return found
