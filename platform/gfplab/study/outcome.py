"""What a study has found, as tables: one row for each trial, one for each run, the stock kernel always first.

Everything here is worked out from the journal alone, so it needs neither the plugins nor the scenarios any more, and
says the same whoever ran the trials in whatever order.
"""

import io
import json
import math
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path

import polars as pl

from gfplab.kernel.gfp import gfp_names
from gfplab.study import pareto
from gfplab.study.compare import against_frame, confirmed_frame
from gfplab.study.files import write_whole
from gfplab.study.hypervolume import progress_frame
from gfplab.study.objectives import Constraint, Objective
from gfplab.study.space import Choice, Dimension, Mask, Range, Space
from gfplab.study.store import Record, Trial, read_journal

SCHEMA_VERSION = 1

_DTYPES = {"str": pl.String, "mask": pl.String, "i64": pl.Int64, "f64": pl.Float64, "bool": pl.Boolean}


MOST_FINALISTS = 8  # of the front; with many objectives nearly every trial is on it
MOST_CANDIDATES = 24  # of whom the seeds of selection choose these


@dataclass(frozen=True)
class Outcome:
    """A study as far as it has come."""

    directory: Path
    title: str
    status: str  # "done" | "stopped" | "out of time"
    done: int
    wanted: int
    objectives: list[Objective]
    constraints: list[Constraint]
    trials: pl.DataFrame
    runs: pl.DataFrame
    selected: pl.DataFrame  # the candidates again, with seeds to choose by: number, values, and whether still unbeaten
    confirmed: pl.DataFrame  # the finalists again, with fresh seeds, against stock
    against: pl.DataFrame  # what the search has found against every baseline, with the same fresh seeds
    shape: dict  # of the journal's header: columns, ranges, objectives, constraints
    units: dict[str, str]  # column of trials -> "time", "size", "rate" or "pages", where its numbers count such

    @cached_property
    def progress(self) -> pl.DataFrame:
        """Hypervolume and size of the front after each trial."""
        return progress_frame(self.trials, self.objectives)

    @cached_property
    def importance(self) -> pl.DataFrame:
        """Which parameters decide each objective."""
        from gfplab.study.importance import importance_frame  # Optuna takes half a second to import

        shape = self.shape
        return importance_frame(self.trials, shape["columns"], shape.get("ranges", {}), self.objectives, shape["when"])

    @property
    def tables(self) -> dict[str, pl.DataFrame]:
        """Every table of the study, by name."""
        names = ("trials", "runs", "selected", "confirmed", "against", "progress", "importance")
        return {name: getattr(self, name) for name in names}

    @property
    def front(self) -> list[int]:
        """Numbers of the feasible trials that no other feasible trial dominates."""
        return self.trials.filter(pl.col("pareto"))["number"].to_list()

    @property
    def finalists(self) -> list[int]:
        """Numbers of the baselines and of the front's best by each objective, as far as they could be measured."""
        found = self._found(self.trials)
        if self.selected.height:
            found = {n: v for n, v in self._found(self.selected).items() if n in found}
        best = pareto.best_by_turns(found, self.objectives, MOST_FINALISTS)
        final = (pl.col("origin") == "baseline") | pl.col("number").is_in(best)
        return self.trials.filter(final & (pl.col("state") == "complete"))["number"].to_list()

    @property
    def candidates(self) -> list[int]:
        """Numbers of the front's best by each objective, which are run again before the finalists are chosen."""
        return sorted(pareto.best_by_turns(self._found(self.trials), self.objectives, MOST_CANDIDATES))

    def _found(self, table: pl.DataFrame) -> dict[int, tuple[float, ...]]:
        """The front without the baselines: number -> values of the objectives."""
        found = table.filter(pl.col("pareto") & (pl.col("origin") != "baseline"))
        return {row[0]: row[1:] for row in found.select("number", *(o.name for o in self.objectives)).iter_rows()}

    def report_rows(self) -> pl.DataFrame:
        """The stock kernel, then the front, best first objective first; each value also as a ratio to stock's."""
        names = [objective.name for objective in self.objectives]
        stock = self.trials.filter(pl.col("number") == 0)
        best_first = self.objectives[0].direction == "maximize"
        others = self.trials.filter(pl.col("pareto") & (pl.col("number") != 0)).sort(
            names[0], "number", descending=[best_first, False]
        )
        rows = pl.concat([stock, others])
        of_stock = stock.row(0, named=True) if stock.height else dict.fromkeys(names)
        return rows.with_columns((pl.col(name) / of_stock[name]).alias(f"{name} / stock") for name in names)

    def write(self) -> list[Path]:
        """Put the tables as Parquet files into the study's folder."""
        said = {"schema_version": str(SCHEMA_VERSION), "study": self.title}
        written = []
        for name, frame in self.tables.items():
            path = self.directory / f"{name}.parquet"
            content = io.BytesIO()
            frame.write_parquet(content, compression="zstd", metadata=said)
            write_whole(path, content.getvalue())
            written.append(path)
        return written


def read_study(directory: Path | str) -> Outcome:
    """What the study in `directory` has found so far; it may be running meanwhile."""
    directory = Path(directory)
    record = read_journal(directory)
    return outcome(directory, record, "done" if len(record.trials) >= record.header["wanted"] else "stopped")


def outcome(directory: Path, record: Record, status: str) -> Outcome:
    """The tables of a journal."""
    header, trials = record.header, record.trials
    shape = header["shape"]
    objectives = [Objective(**said) for said in shape["objectives"]]
    constraints = [Constraint(**said) for said in shape["constraints"]]
    in_order = [trials[number] for number in sorted(trials)]
    table = _trials_frame(in_order, shape["columns"], objectives, constraints)
    found = Outcome(
        directory=directory,
        title=header["title"],
        status=status,
        done=len(trials),
        wanted=header["wanted"],
        objectives=objectives,
        constraints=constraints,
        trials=table,
        runs=_runs_frame(in_order),
        selected=pl.DataFrame(),
        confirmed=pl.DataFrame(),
        against=pl.DataFrame(),
        shape=shape,
        units={name: unit for name, _, unit in shape["columns"] if unit},
    )
    found = replace(found, selected=_selected_frame(record.selected, found.candidates, objectives, constraints))
    return replace(
        found,
        confirmed=confirmed_frame(record.confirmed, found.finalists, objectives),
        against=against_frame(record.confirmed, found.finalists, objectives),
    )


def shape_of(space: Space, objectives: list[Objective], constraints: list[Constraint]) -> dict:
    """What a reader of the journal must know of the study, as JSON."""
    dimensions = space.dimensions()
    return {
        "columns": [[each.name, _dtype_of(each), getattr(each, "kind", "")] for each in dimensions],
        "ranges": {each.name: each.log for each in dimensions if isinstance(each, Range)},
        "when": {name: [each.text for each in conditions] for name, conditions in space.conditions.items()},
        "objectives": [asdict(objective) for objective in objectives],
        "constraints": [asdict(constraint) for constraint in constraints],
    }


def _dtype_of(dimension: Dimension) -> str:
    if isinstance(dimension, Mask):
        return "mask"
    if isinstance(dimension, Range):
        return "i64" if dimension.whole else "f64"
    kinds = {type(value) for value in dimension.values} if isinstance(dimension, Choice) else {str}
    for dtype, allowed in (("bool", {bool}), ("i64", {int}), ("f64", {int, float})):
        if kinds <= allowed:
            return dtype
    return "str"


def _trials_frame(
    trials: list[Trial], columns: list[list[str]], objectives: list[Objective], constraints: list[Constraint]
) -> pl.DataFrame:
    values: dict[int, list[float]] = {}
    violated: dict[int, list[str]] = {}
    for trial in trials:
        if not trial.failed:
            runs = trial.measured
            values[trial.number] = [objective.value(runs) for objective in objectives]
            violated[trial.number] = [c.name for c in constraints if c.violation(runs) > 0]
    out = _repeated(trials) | {trial.number for trial in trials if trial.dropped}
    front = set(pareto.front({n: v for n, v in values.items() if not violated[n] and n not in out}, objectives))

    data: dict[str, list] = {
        "number": [t.number for t in trials],
        "batch": [t.batch for t in trials],
        "origin": [t.origin for t in trials],
        "label": [t.label for t in trials],
        "state": ["failed" if t.failed else "dropped" if t.dropped else "complete" for t in trials],
        "seeds": [len({seed for _, seed in t.measured}) for t in trials],
        "beaten_by": [t.beaten_by for t in trials],
    }
    schema = {"number": pl.Int64, "batch": pl.Int64, "origin": pl.String, "label": pl.String, "state": pl.String}
    schema |= {"seeds": pl.Int64, "beaten_by": pl.Int64}
    for name, dtype, _ in columns:
        data[name] = [_cell(t.values.get(name), dtype) for t in trials]
        schema[name] = _DTYPES[dtype]
    for i, objective in enumerate(objectives):
        data[objective.name] = [values[t.number][i] if t.number in values else None for t in trials]
        schema[objective.name] = pl.Float64
    data["feasible"] = [t.number in values and not violated[t.number] for t in trials]
    data["violated"] = [", ".join(violated.get(t.number, [])) for t in trials]
    data["pareto"] = [t.number in front for t in trials]
    data["failure"] = [t.failure for t in trials]
    schema |= {"feasible": pl.Boolean, "violated": pl.String, "pareto": pl.Boolean, "failure": pl.String}
    return pl.DataFrame(data, schema=schema, strict=True)


def _selected_frame(
    selected: dict[int, Trial], candidates: list[int], objectives: list[Objective], constraints: list[Constraint]
) -> pl.DataFrame:
    """The candidates by their runs for selection; empty until all of them have been run with the same seeds."""
    trials = [selected[number] for number in candidates if number in selected]
    if len(trials) < len(candidates) or len({tuple(sorted(trial.measured)) for trial in trials if trial.runs}) > 1:
        trials = []
    return _trials_frame(trials, [], objectives, constraints)


def _repeated(trials: list[Trial]) -> set[int]:
    """Numbers of the trials that another one before them has been, setting for setting."""
    first: dict[str, int] = {}
    keys = {t.number: json.dumps([t.policies, t.tunables, t.values], sort_keys=True) for t in trials}
    return {number for number, key in keys.items() if first.setdefault(key, number) != number}


def _cell(value, dtype: str):
    if value is None:
        return None
    if dtype == "mask":
        return gfp_names(value)
    return {"i64": int, "f64": float, "bool": bool, "str": str}[dtype](value)


def _runs_frame(trials: list[Trial]) -> pl.DataFrame:
    rows = [(t.number, scenario, seed, metrics) for t in trials for scenario, seed, metrics in t.runs]
    names = sorted({name for *_, metrics in rows for name in metrics})
    data = {
        "number": [number for number, *_ in rows],
        "scenario": [scenario for _, scenario, *_ in rows],
        "seed": [seed for _, _, seed, _ in rows],
    } | {name: [float(metrics.get(name, math.nan)) for *_, metrics in rows] for name in names}
    schema = {"number": pl.Int64, "scenario": pl.String, "seed": pl.Int64} | dict.fromkeys(names, pl.Float64)
    return pl.DataFrame(data, schema=schema, strict=True).sort("number", "scenario", "seed")
