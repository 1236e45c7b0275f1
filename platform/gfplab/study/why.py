"""Why a trial was proposed, and what it changed against the trials that are most like it.

The distance of two trials is the mean over all settings that either of them has: 0 for equal ones, 1 for other choices
and for settings that only one of the two has, and for numbers the way between them as a share of all that was tried.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gfplab.errors import StudyError
from gfplab.study.outcome import Outcome, outcome
from gfplab.study.store import Record, Trial, read_journal

DECADES = 2.0  # numbers that were tried over more powers of ten than this are compared by their logarithms


@dataclass(frozen=True)
class Effect:
    """One objective of a trial beside that of a neighbour; None where one of the two has no value."""

    objective: str
    here: float | None
    there: float | None
    better: bool | None  # whether the trial is better than the neighbour; None if equal or unknown


@dataclass(frozen=True)
class Neighbour:
    """A trial that is like the one asked about."""

    number: int
    label: str
    distance: float
    changed: dict[str, tuple[Any, Any]]  # setting -> (the neighbour's, the trial's), None where it has none
    effects: list[Effect]


@dataclass(frozen=True)
class Why:
    """A trial explained."""

    number: int
    label: str
    reason: str
    settings: dict[str, Any]
    unasked: dict[str, str]  # setting that the scenario or the plugin decides here -> the condition that did not hold
    neighbours: list[Neighbour]


def explain_trial(directory: Path | str, number: int, most: int = 3) -> tuple[Why, Outcome]:
    """The explanation of a trial with its `most` nearest neighbours; StudyError if there is no such trial."""
    directory = Path(directory)
    record = read_journal(directory)
    if number not in record.trials:
        had = f"it has trials {min(record.trials)} to {max(record.trials)}" if record.trials else "it has none yet"
        raise StudyError(f"{directory}: this study has no trial {number}; {had}")
    found = outcome(directory, record, "")
    rows = {row["number"]: row for row in found.trials.to_dicts()}
    columns = [name for name, _, _ in record.header["shape"]["columns"]]
    spans = {name: span for name in columns if (span := _span([row[name] for row in rows.values()])) is not None}
    trial = record.trials[number]
    others = [other for other in rows if other != number]
    apart = {other: _distance(rows[number], rows[other], columns, spans) for other in others}
    nearest = sorted(others, key=lambda other: (apart[other], abs(other - number), other))[:most]
    settings = {name: rows[number][name] for name in columns if rows[number][name] is not None}
    neighbours = [_neighbour(rows[number], rows[other], apart[other], columns, found) for other in nearest]
    unasked = {} if trial.origin == "baseline" else _unasked(trial, record.header)
    return Why(number, trial.label, reason_of(trial, record), settings, unasked, neighbours), found


def _unasked(trial: Trial, header: Mapping[str, Any]) -> dict[str, str]:
    """What was not asked because of a condition; a tunable whose plugin is not in use would not be asked anyway."""
    idle = {name.removeprefix("plugin ") for name in header["made_of"]} - {*trial.policies.values()}
    return {
        name: " and ".join(texts)
        for name, texts in header["shape"]["when"].items()
        if name not in trial.values and name.partition(".")[0] not in idle
    }


def reason_of(trial: Trial, record: Record) -> str:
    """Who proposed the trial, when, and from what."""
    if trial.origin == "baseline":
        if trial.number == 0:
            return "baseline: the stock kernel, which every other trial is compared with"
        return "baseline: the study file names it, and it is run before anything is searched"
    sampler = record.header["said"].get("sampler", "the sampler")
    before = sum(other.batch < trial.batch for other in record.trials.values())
    how = f"sampler {sampler}, batch {trial.batch}, after {before} trials"
    return f"{how}; {trial.why}" if trial.why else how


def _span(seen: list[Any]) -> tuple[float, float, bool] | None:
    """(low, high, by logarithm) of a setting of numbers; None for one of choices."""
    numbers = [float(value) for value in seen if isinstance(value, int | float) and not isinstance(value, bool)]
    if not numbers or any(isinstance(value, str | bool) for value in seen):
        return None
    low, high = min(numbers), max(numbers)
    if low > 0 and math.log10(high / low) > DECADES:
        return math.log(low), math.log(high), True
    return low, high, False


def _distance(a: Mapping, b: Mapping, columns: list[str], spans: Mapping[str, tuple[float, float, bool]]) -> float:
    parts = []
    for name in columns:
        mine, theirs = a[name], b[name]
        if mine is None and theirs is None:
            continue
        if mine is None or theirs is None or name not in spans:
            parts.append(float(mine != theirs))
            continue
        low, high, log = spans[name]
        way = abs(math.log(mine / theirs)) if log else abs(mine - theirs)
        parts.append(way / (high - low) if high > low else 0.0)
    return sum(parts) / len(parts) if parts else 0.0


def _neighbour(mine: Mapping, theirs: Mapping, distance: float, columns: list[str], found: Outcome) -> Neighbour:
    changed = {name: (theirs[name], mine[name]) for name in columns if mine[name] != theirs[name]}
    effects = []
    for objective in found.objectives:
        here, there = mine[objective.name], theirs[objective.name]
        known = here is not None and there is not None and here != there
        effects.append(Effect(objective.name, here, there, objective.better(here, there) if known else None))
    return Neighbour(theirs["number"], theirs["label"], distance, changed, effects)
