"""The results of free-running workers: one Parquet dataset for all studies, a folder `study=<name>` for each.

A row is one metric of one run, so studies with other metrics and other parameters share the columns, and Polars scans
all of them at once.  A worker writes a file for each trial that it has finished; `merge` makes one of those of a study.
"""

import io
import json
from pathlib import Path

import polars as pl

from gfplab.study.files import write_whole
from gfplab.study.store import Trial

SCHEMA = {
    "number": pl.Int64,
    "worker": pl.String,
    "label": pl.String,
    "origin": pl.String,
    "values": pl.String,  # JSON: dimension -> answer
    "failure": pl.String,  # why the trial could not be measured; such a trial may have no metric
    "scenario": pl.String,
    "seed": pl.Int64,
    "metric": pl.String,
    "value": pl.Float64,
}
_MERGED = "trials.parquet"
_ORDER = ["number", "worker", "scenario", "seed", "metric"]


def add(place: Path, study: str, trial: Trial, worker: str) -> None:
    """Put a finished trial into the dataset at `place`, whole or not at all."""
    said = (trial.number, worker, trial.label, trial.origin, json.dumps(trial.values, sort_keys=True), trial.failure)
    rows = [
        (*said, scenario, seed, metric, float(value))
        for scenario, seed, metrics in trial.runs
        for metric, value in metrics.items()
    ]
    frame = pl.DataFrame(rows or [(*said, None, None, None, None)], schema=SCHEMA, orient="row")
    folder = place / f"study={study}"
    folder.mkdir(parents=True, exist_ok=True)
    _write(frame, folder / f"{trial.number:06}-{worker}.parquet")


def scan(place: Path | str) -> pl.LazyFrame:
    """All rows of all studies, lazily, with a column `study`; `place` may be the URL of an object store."""
    return pl.scan_parquet(f"{place}/*/*.parquet", hive_partitioning=True, hive_schema={"study": pl.String})


def merge(place: Path) -> dict[str, int]:
    """Make one file of each study's many, while no worker writes; study -> how many trials it has."""
    trials = {}
    for folder in sorted(place.glob("study=*")):
        files = sorted(folder.glob("*.parquet"))
        if not files:
            continue
        # killed between the merged file and the deletion of the others, rows would be there twice
        frame = pl.concat([pl.read_parquet(file, hive_partitioning=False) for file in files]).unique()
        _write(frame.sort(_ORDER), folder / _MERGED)
        for file in files:
            if file.name != _MERGED:
                file.unlink()
        trials[folder.name.removeprefix("study=")] = frame.select("number", "worker").n_unique()
    return trials


def _write(frame: pl.DataFrame, path: Path) -> None:
    content = io.BytesIO()
    frame.write_parquet(content, compression="zstd")
    write_whole(path, content.getvalue())
