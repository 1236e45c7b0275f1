"""How sure one can be of what a search has chosen: its trials again, with seeds that chose nobody, against stock.

Who is picked as the best of many has been lucky as well as good; the same trial under fresh seeds says how good.  Every
seed makes the same machine and the same workload for both, so their differences are compared seed by seed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import astuple

import polars as pl

from gfplab.study.objectives import Objective
from gfplab.study.statistics import paired_interval
from gfplab.study.store import Trial

_SCHEMA = {
    "number": pl.Int64,
    "label": pl.String,
    "objective": pl.String,
    "value": pl.Float64,
    "stock": pl.Float64,
    "difference": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "interval": pl.String,  # "bootstrap" | "student" | "none" (statistics.py)
    "seeds": pl.Int64,
    "surely_better": pl.Boolean,
}


_AGAINST = {
    "number": pl.Int64,
    "baseline": pl.String,
    "objective": pl.String,
    "difference": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "interval": pl.String,
    "verdict": pl.String,  # "better" or "worse" where the interval leaves 0 out, else "open"
}


def confirmed_frame(
    confirmed: Mapping[int, Trial], finalists: Sequence[int], objectives: Sequence[Objective]
) -> pl.DataFrame:
    """One row for each finalist and each objective: its value under fresh seeds, and the way from stock's."""
    rows = []
    stock = confirmed.get(0)
    for number in finalists:
        trial = confirmed.get(number)
        if number == 0 or trial is None or stock is None or trial.failed or stock.failed:
            continue
        if trial.measured.keys() != stock.measured.keys():
            continue  # the fresh seeds were changed, and one of the two has not been run with the new ones yet
        for objective in objectives:
            mine, theirs = (objective.by_seed(each.measured) for each in (trial, stock))
            found = paired_interval(mine, theirs)
            better = found.high < 0 if objective.direction == "minimize" else found.low > 0
            values = (objective.value(trial.measured), objective.value(stock.measured))
            rows.append((number, trial.label, objective.name, *values, *astuple(found), len(mine), better))
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def against_frame(
    confirmed: Mapping[int, Trial], finalists: Sequence[int], objectives: Sequence[Objective]
) -> pl.DataFrame:
    """One row for each trial of the search, each baseline and each objective: their difference under fresh seeds."""
    rows = []
    measured = {n: confirmed[n] for n in finalists if n in confirmed and not confirmed[n].failed}
    baselines = [trial for trial in measured.values() if trial.origin == "baseline"]
    for number, trial in measured.items():
        for other in baselines if trial.origin != "baseline" else ():
            if trial.measured.keys() != other.measured.keys():
                continue
            for objective in objectives:
                mine, theirs = (objective.by_seed(each.measured) for each in (trial, other))
                found = paired_interval(mine, theirs)
                less, more = found.high < 0, found.low > 0
                better, worse = (less, more) if objective.direction == "minimize" else (more, less)
                verdict = "better" if better else "worse" if worse else "open"
                rows.append((number, other.label, objective.name, *astuple(found), verdict))
    return pl.DataFrame(rows, schema=_AGAINST, orient="row")


def standing(against: pl.DataFrame) -> pl.DataFrame:
    """number, dominates, dominated_by, trades_with, even_with: baselines by what is sure of the differences to them.

    Of two trials one dominates the other if it is surely better in something and surely worse in nothing.
    """
    names = ("dominates", "dominated_by", "trades_with", "even_with")
    rows: dict[int, dict[str, list[str]]] = {}
    for (number, baseline), group in against.group_by("number", "baseline", maintain_order=True):
        seen = set(group["verdict"])
        place = {(True, False): 0, (False, True): 1, (True, True): 2, (False, False): 3}[
            "better" in seen, "worse" in seen
        ]
        rows.setdefault(int(str(number)), {name: [] for name in names})[names[place]].append(str(baseline))
    schema = {"number": pl.Int64} | dict.fromkeys(names, pl.List(pl.String))
    return pl.DataFrame([{"number": number, **row} for number, row in rows.items()], schema=schema)
