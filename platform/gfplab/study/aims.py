"""What [objectives] and constraints mean: of which scenarios, which figure, drawn together how, which way is better.

A figure is a metric, or `table.column.aggregate` of a run's tables; a scenario's name may stand before it.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gfplab.study.file import Aim
from gfplab.study.objectives import DIRECTIONS, Objective
from gfplab.tables.columns import column_fault, unit_of
from gfplab.tables.metrics import METRICS
from gfplab.world.toml import did_you_mean

if TYPE_CHECKING:
    from gfplab.study.resolve import Resolver


def objective_of(name: str, aim: Aim, resolver: "Resolver") -> Objective | None:
    """The objective of one line; None after saying what is wrong with it."""
    where, scenarios = f"[objectives] {name}", resolver.scenario_names
    found = figure_of(name, "[objectives]", resolver)
    if found is None:
        return None
    scenario, metric = found
    fault = _scenarios_fault(scenario, metric, aim, scenarios) or _direction_fault(metric, aim)
    if fault:
        resolver.wrong(where, fault)
        return None
    direction = aim.direction or DIRECTIONS[METRICS[metric].better]
    unit = METRICS[metric].unit if metric in METRICS else unit_of(metric)
    if aim.scenarios is None and aim.weights is None:
        return Objective(name, scenario or scenarios[0], metric, aim.seeds, direction, unit)
    weights = [[each, float(weight)] for each, weight in (aim.weights or dict.fromkeys(scenarios, 1)).items()]
    return Objective(name, "", metric, aim.seeds, direction, unit, aim.scenarios or "mean", weights)


def figure_of(name: str, where: str, resolver: "Resolver") -> tuple[str | None, str] | None:
    """(scenario or None, figure) of `scenario.figure` or `figure`; None after saying that there is no such thing."""
    first, dot, rest = name.partition(".")
    parts = name.count(".") + 1
    scenario = first if dot and (first in resolver.scenario_names or parts in (2, 4)) else None
    figure = rest if scenario else name
    if scenario and scenario not in resolver.scenario_names:
        known = did_you_mean(scenario, resolver.scenario_names)
        resolver.wrong(where, f"no scenario of this study is named '{scenario}'{known}")
        return None
    if figure.count(".") == 2:
        fault = column_fault(figure)
    else:
        fault = "" if figure in METRICS else f"no metric is named '{figure}'{did_you_mean(figure, METRICS)}"
    if fault:
        resolver.wrong(where, fault)
        return None
    return scenario, figure


def _scenarios_fault(scenario: str | None, metric: str, aim: Aim, scenarios: Sequence[str]) -> str:
    if aim.scenarios is None and aim.weights is None:
        if scenario is None and len(scenarios) > 1:
            return f'of which scenario? write "{scenarios[0]}.{metric}" = "{aim.seeds}"'
        return ""
    if scenario is not None:
        return f"this is of {scenario} alone; leave {scenario} out of the key to draw scenarios together"
    if aim.scenarios == "worst" and aim.weights is not None:
        return 'the worst of several has no weights; write scenarios = "mean", or leave weights out'
    for name in aim.weights or ():
        if name not in scenarios:
            return f"weights: no scenario of this study is named '{name}'{did_you_mean(name, scenarios)}"
    return ""


def _direction_fault(metric: str, aim: Aim) -> str:
    if metric not in METRICS:
        if aim.direction is None:
            return f'is more or less of it better? write {{ seeds = "{aim.seeds}", direction = "minimize" }}'
        return ""
    better = METRICS[metric].better
    if better not in DIRECTIONS:
        return "" if aim.direction else "neither more nor less of this is better; bound it in constraints"
    if aim.direction not in (None, DIRECTIONS[better]):
        return f"{'less' if better == 'min' else 'more'} of this is better; leave direction out"
    return ""
