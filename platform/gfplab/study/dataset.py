"""The results of free-running workers: one Parquet dataset for all studies, a folder `study=<name>` for each.

A row is one metric of one run, so studies with other metrics and other parameters share the columns, and Polars scans
all of them at once.  A worker writes a file for each trial that it has finished; `merge` makes one of those of a study.
The dataset lies in a folder, or at the URL of an object store, which Polars reads and writes as well: credentials and
endpoint are then taken from the environment, or from Polars' `storage_options`.
"""

import contextlib
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from gfplab.errors import StudyError, one_line
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
Place = Path | str  # a folder, or the URL of one
_PATIENCE = {"max_retries": 2}  # the default is half a minute of silence where no store answers
_MERGED = "trials.parquet"
_TRIAL = pl.struct("number", "worker")  # what tells a trial from others: two workers may have run the same number
_ORDER = ["number", "worker", "scenario", "seed", "metric"]


def is_url(place: Place) -> bool:
    return "://" in str(place)


def add(place: Place, study: str, trial: Trial, worker: str, options: Mapping[str, Any] | None = None) -> None:
    """Put a finished trial into the dataset at `place`, whole or not at all; OSError if that cannot be."""
    said = (trial.number, worker, trial.label, trial.origin, json.dumps(trial.values, sort_keys=True), trial.failure)
    rows = [
        (*said, scenario, seed, metric, float(value))
        for scenario, seed, metrics in trial.runs
        for metric, value in metrics.items()
    ]
    frame = pl.DataFrame(rows or [(*said, None, None, None, None)], schema=SCHEMA, orient="row")
    folder, file = f"study={study}", f"{trial.number:06}-{worker}.parquet"
    if is_url(place):
        try:
            frame.write_parquet(
                f"{str(place).rstrip('/')}/{folder}/{file}", storage_options={**_PATIENCE, **(options or {})}
            )
        except (OSError, pl.exceptions.PolarsError) as error:
            raise OSError(_said(error)) from None
        return
    Path(place, folder).mkdir(parents=True, exist_ok=True)
    _write(frame, Path(place, folder, file))


def scan(place: Place, options: Mapping[str, Any] | None = None) -> pl.LazyFrame:
    """All rows of all studies, lazily, with a column `study`; what cannot be read is told when it is collected."""
    return pl.scan_parquet(
        f"{str(place).rstrip('/')}/*/*.parquet",
        hive_partitioning=True,
        hive_schema={"study": pl.String},
        storage_options={**_PATIENCE, **(options or {})} if is_url(place) else None,
    )


def contents(place: Place, metric: str | None = None, options: Mapping[str, Any] | None = None) -> pl.DataFrame:
    """A row for each study: trials, baselines, failed, workers, runs; with a metric, one for each label of each study.

    StudyError if there is no dataset, or if nobody answers where it should be.
    """
    with _reading(place):
        rows = scan(place, options)
        return (_by_study(rows) if metric is None else _by_label(rows, metric)).collect()


def _by_study(rows: pl.LazyFrame) -> pl.LazyFrame:
    counts = {
        "trials": _TRIAL.n_unique(),
        "baselines": _TRIAL.filter(pl.col("origin") == "baseline").n_unique(),
        "failed": _TRIAL.filter(pl.col("failure") != "").n_unique(),
        "workers": pl.col("worker").n_unique(),
        "runs": pl.struct("number", "worker", "scenario", "seed").filter(pl.col("metric").is_not_null()).n_unique(),
    }
    return rows.group_by("study").agg(**counts).sort("study")


def _by_label(rows: pl.LazyFrame, metric: str) -> pl.LazyFrame:
    value, keys = pl.col("value"), ("study", "scenario", "label")
    having = rows.filter(pl.col("metric") == metric).group_by(keys)
    return having.agg(trials=_TRIAL.n_unique(), least=value.min(), mean=value.mean(), greatest=value.max()).sort(keys)


def metrics(place: Place, options: Mapping[str, Any] | None = None) -> list[str]:
    """The names of all metrics in the dataset."""
    with _reading(place):
        return scan(place, options).select(pl.col("metric").drop_nulls().unique().sort()).collect()["metric"].to_list()


@contextlib.contextmanager
def _reading(place: Place) -> Iterator[None]:
    """Around whatever reads a dataset: what is wrong with the place is one sentence."""
    try:
        yield
    except (OSError, ValueError, pl.exceptions.PolarsError) as error:
        if "expanded paths were empty" in str(error) or (isinstance(error, FileNotFoundError) and not is_url(place)):
            raise StudyError(f"{place}: there is no dataset here; gfplab study worker writes one") from None
        see = "the URL, and the store's address and keys in the environment" if is_url(place) else "the files there"
        raise StudyError(f"{place}: cannot be read ({_said(error)}); see to {see}") from None


def _said(error: BaseException) -> str:
    """The innermost thing that an object store's client has to say, on one line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    causes = [line.partition(": ")[2] for line in lines if line[:1].isdigit()]
    said = causes[-1] if causes else (lines or [type(error).__name__])[0]
    return one_line(said.partition(": <?xml")[0])


def merge(place: Path) -> dict[str, int]:
    """Make one file of each study's many, while no worker writes; study -> how many trials it has."""
    trials = {}
    for folder in sorted(place.glob("study=*")):
        files = sorted(folder.glob("*.parquet"))
        if not files:
            continue
        # killed between the merged file and the deletion of the others, rows would be there twice
        with _reading(folder):
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
