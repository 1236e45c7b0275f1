"""Which parameters decide each objective: PED-ANOVA, by Optuna.

It compares where the best tenth of the trials lie in a parameter with where all of them lie: a parameter that the best
agree on, and the others do not, is important.  That is importance for being good, not for making a difference at all.
"""

import warnings
from collections.abc import Mapping, Sequence

import optuna
import polars as pl
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.importance import PedAnovaImportanceEvaluator

from gfplab.study.objectives import Objective

FEWEST = 20  # trials: of fewer, the best tenth is one

_SCHEMA = {
    "objective": pl.String,
    "parameter": pl.String,
    "importance": pl.Float64,  # shares of 1 among the parameters of a group
    "group": pl.String,  # "" for those that every trial has; else what those trials have in common
    "trials": pl.Int64,
}


def importance_frame(
    trials: pl.DataFrame,
    columns: Sequence[Sequence[str]],
    ranges: Mapping[str, bool],
    objectives: Sequence[Objective],
    when: Mapping[str, Sequence[str]] | None = None,
) -> pl.DataFrame:
    """One row for each objective and parameter.

    Tunables come and go with their plugins, and other parameters with their conditions, so parameters are taken in
    groups: those that the same trials have.
    columns: name first; ranges: name -> whether it was searched by its logarithm, of what is a range of numbers;
    when: name -> what had to hold for it to be asked.
    """
    rows: list[tuple] = []
    if trials.height:
        measured = trials.filter(pl.col(objectives[0].name).is_not_null())
        for names in _groups(trials, [column[0] for column in columns]):
            having = measured.filter(pl.all_horizontal(pl.col(name).is_not_null() for name in names))
            searched = {name: _distribution(having[name], ranges.get(name)) for name in names}
            known = {name: each for name, each in searched.items() if each is not None}
            if having.height < FEWEST or not known:
                continue
            group = "" if _everywhere(trials, names[0]) else _common(names, when or {})
            for objective in objectives:
                shares = _shares(having, known, objective)
                rows += [(objective.name, name, share, group, having.height) for name, share in shares.items()]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def _groups(trials: pl.DataFrame, names: Sequence[str]) -> list[list[str]]:
    """The parameters, those that the same proposals have together."""
    proposed = trials.filter(pl.col("origin") != "baseline")
    groups: dict[bytes, list[str]] = {}
    for name in names:
        if proposed[name].is_not_null().any():
            groups.setdefault(proposed[name].is_not_null().to_numpy().tobytes(), []).append(name)
    return list(groups.values())


def _common(names: Sequence[str], when: Mapping[str, Sequence[str]]) -> str:
    """What the trials that have these parameters have in common."""
    conditions = {text for name in names for text in when.get(name, ())}
    plugins = {name.rpartition(".")[0] for name in names if name not in when}
    return ", ".join([*sorted(plugins), *sorted(conditions)])


def _everywhere(trials: pl.DataFrame, name: str) -> bool:
    return bool(trials.filter(pl.col("origin") != "baseline")[name].is_not_null().all())


def _distribution(values: pl.Series, log: bool | None) -> BaseDistribution | None:
    """What Optuna is told of a parameter, by what was tried of it; None if that was one value."""
    distinct = values.unique().sort().to_list()
    if len(distinct) < 2:
        return None
    if log is None:
        return CategoricalDistribution(distinct)
    low, high = distinct[0], distinct[-1]
    if values.dtype == pl.Int64:
        return IntDistribution(low, high, log=log and low > 0)
    return FloatDistribution(low, high, log=log and low > 0)


def _shares(trials: pl.DataFrame, known: Mapping[str, BaseDistribution], objective: Objective) -> dict[str, float]:
    """parameter -> importance, the greatest first; nothing where the objective never differs."""
    sign = 1.0 if objective.direction == "minimize" else -1.0
    losses = (trials[objective.name] * sign).to_list()
    if len(set(losses)) < 2:
        return {}
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(storage=optuna.storages.InMemoryStorage())
    study.add_trials(
        [
            optuna.create_trial(value=loss, params={name: row[name] for name in known}, distributions=dict(known))
            for row, loss in zip(trials.to_dicts(), losses, strict=True)
        ]
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = optuna.importance.get_param_importances(study, evaluator=PedAnovaImportanceEvaluator())
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))
