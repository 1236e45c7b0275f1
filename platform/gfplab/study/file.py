"""A study file as it is written: which keys there are and what they may hold, before any of them means something.

A string where one thing is fixed, a list where it is searched, a table where it has a range.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic_core import core_schema

from gfplab.errors import StudyError
from gfplab.study.space import Value
from gfplab.study.values import NUMBER, VALUES, WHEN, read_number, read_values, read_when
from gfplab.world.fields import TABLE, Flag, Tables, Text, Whole, keys_of
from gfplab.world.overrides import flatten_policies
from gfplab.world.toml import check


@dataclass(frozen=True)
class Read:
    """A key whose value one function reads; its ValueError is the sentence.  `json_schema` says the same to editors."""

    function: Callable[[Any], Any]
    json_schema: dict[str, Any] = field(default_factory=dict, compare=False, hash=False)

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(self.function)


_TEXT: dict[str, Any] = {"type": "string", "minLength": 1}
_TEXTS: dict[str, Any] = {"type": "array", "items": _TEXT, "uniqueItems": True}
_SOME_TEXTS: dict[str, Any] = _TEXTS | {"minItems": 1}
_SEEDS: dict[str, Any] = {
    "type": "array",
    "items": {"type": "integer", "minimum": 0},
    "minItems": 1,
    "uniqueItems": True,
}
_CONFIDENCE: dict[str, Any] = {"type": "number", "exclusiveMinimum": 0.5, "exclusiveMaximum": 1}
_STACK: dict[str, Any] = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT, "minItems": 1}]}
_STACKS: dict[str, Any] = {"anyOf": [_TEXT, {"type": "array", "items": _STACK, "uniqueItems": True}]}
_DECISION: dict[str, Any] = {"anyOf": [_TEXT, _SOME_TEXTS]}


def _texts(example: str) -> Callable[[Any], tuple[str, ...]]:
    def read(value: Any) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(each, str) and each for each in value):
            raise ValueError(f"not a list of texts; write for example {example}")
        if len(set(value)) < len(value):
            raise ValueError("the same thing twice; write each once")
        return tuple(value)

    return read


def _some_texts(example: str) -> Callable[[Any], tuple[str, ...]]:
    def read(value: Any) -> tuple[str, ...]:
        if not (texts := _texts(example)(value)):
            raise ValueError(f"an empty list; write for example {example}")
        return texts

    return read


def _seeds(value: Any) -> tuple[int, ...]:
    if not isinstance(value, list) or not value or not all(type(seed) is int and seed >= 0 for seed in value):
        raise ValueError("not a list of whole numbers; write for example seeds = [1, 2, 3]")
    if len(set(value)) < len(value):
        raise ValueError("a seed twice; it would give the same run twice, so write each once")
    return tuple(value)


def _confidence(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.5 < value < 1:
        raise ValueError("not between 0.5 and 1; write for example confidence = 0.95")
    return float(value)


def _stack(value: Any) -> str:
    """The label of a whole-plugin choice: `a`, or `a+b` for a list."""
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not names or not all(isinstance(name, str) and name for name in names):
        raise ValueError('not a plugin; write "neil_mask", or ["neil_mask", "no_throttle"] for two that go together')
    return "+".join(names)


def _stacks(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        value = [value]
    labels = tuple(_stack(each) for each in value)
    if len(set(labels)) < len(labels):
        raise ValueError("the same plugin twice; write each once")
    return labels


def _decision(value: Any) -> tuple[str, ...]:
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not names or not all(isinstance(name, str) and name for name in names):
        raise ValueError('not a plugin; write "neil_mask", or ["stock", "neil_mask"] to have the study choose')
    if len(set(names)) < len(names):
        raise ValueError("the same plugin twice; write each once")
    return tuple(names)


def _weights(value: Any) -> dict[str, float]:
    numbers = isinstance(value, Mapping) and all(type(each) in (int, float) and each > 0 for each in value.values())
    if not numbers or not value:
        raise ValueError("not a table of numbers above 0; write for example weights = { s1 = 2, s10 = 1 }")
    return dict(value)


Number = Annotated[Any, Read(read_number, NUMBER)]


@dataclass(frozen=True)
class Range:
    """What [search] says of one key."""

    __pydantic_config__ = TABLE

    low: Annotated[Number | None, "least value"] = None
    high: Annotated[Number | None, "greatest value"] = None
    step: Annotated[Number | None, "distance between values"] = None
    log: Annotated[Flag | None, "search by the logarithm"] = None
    choices: Annotated[tuple[Value, ...] | None, Read(read_values, VALUES), "the only values"] = None
    masks: Annotated[
        tuple[str, ...] | None,
        Read(_some_texts('masks = ["optimistic", "full"]'), _SOME_TEXTS),
        "masks that the steps of a program ask with",
    ] = None
    waits: Annotated[
        tuple[str, ...] | None, Read(_some_texts('waits = ["10ms", "5s"]'), _SOME_TEXTS), "times that a program sleeps"
    ] = None
    scenarios: Annotated[
        tuple[str, ...] | None, Read(_some_texts('scenarios = ["s1"]'), _SOME_TEXTS), "that have this key"
    ] = None
    when: Annotated[
        dict[str, Any] | None,
        Read(read_when, WHEN),
        "asked only if another key has one of these values, or lies from low to high",
    ] = None
    fixed: Annotated[Value | None, "held at this value"] = field(default=None, init=False)

    @property
    def said(self) -> dict[str, Any]:
        """What is said, without what is not."""
        return {key: value for key, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class Aim:
    """What [objectives] says of one key; a text alone is its `seeds`."""

    __pydantic_config__ = TABLE

    seeds: Annotated[Literal["mean", "median", "worst"], "how its seeds are drawn together"]
    scenarios: Annotated[
        Literal["mean", "worst"] | None, "how scenarios are drawn together, seed by seed, where the key names none"
    ] = None
    weights: Annotated[
        dict[str, float] | None,
        Read(_weights, {"type": "object", "additionalProperties": {"type": "number", "exclusiveMinimum": 0}}),
        "scenario = its share of the mean; those not named are left out",
    ] = None
    direction: Annotated[
        Literal["minimize", "maximize"] | None, "of a column of a table; a metric knows which is better"
    ] = None


@dataclass(frozen=True)
class EarlyStop:
    """When a trial may be left with fewer seeds than the others."""

    __pydantic_config__ = TABLE

    confidence: Annotated[float, Read(_confidence, _CONFIDENCE), "that the front would beat it, in each comparison"]
    min_seeds: Annotated[int, Whole(2, 1_000_000), "seeds that each trial runs"] = 2


@dataclass(frozen=True)
class StudyFile:
    """The whole file."""

    __pydantic_config__ = TABLE

    title: Annotated[Text, "the question, in one line"]
    scenarios: Annotated[
        tuple[str, ...],
        Read(_some_texts('scenarios = ["scenarios/s1.toml"]'), _SOME_TEXTS),
        "files, or names of shipped scenarios",
    ]
    objectives: Annotated[
        dict[str, Any],
        "metric, scenario.metric or table.column.aggregate = how its seeds are drawn together, or a table",
    ]
    seed: Annotated[int, Whole(0, 2**63 - 1), "of the sampler"] = 0
    trials: Annotated[int | None, Whole(1, 1_000_000), "how many, baselines included"] = None
    seconds: Annotated[int | None, Whole(1, 10**9), "budget of time: no new batch after so many"] = None
    batch: Annotated[int, Whole(1, 10_000), "trials asked at once"] = 4
    sampler: Annotated[
        Literal["tpe", "nsga2", "nsga3", "gp", "cmaes", "qmc", "random", "grid"],
        "who proposes the trials after the baselines",
    ] = "tpe"
    seeds: Annotated[tuple[int, ...], Read(_seeds, _SEEDS), "of the simulations; every trial runs all"] = (1,)
    early_stop: Annotated[
        EarlyStop | None, "drop a trial that the front surely beats, such as { confidence = 0.95, min_seeds = 2 }"
    ] = None
    select: Annotated[tuple[int, ...], Read(_seeds, _SEEDS), "more seeds, that choose the best of the front"] = ()
    confirm: Annotated[tuple[int, ...], Read(_seeds, _SEEDS), "fresh seeds that judge the chosen and baselines"] = ()
    policy: Annotated[tuple[str, ...], Read(_stacks, _STACKS), "whole plugins to choose from"] = ()
    baselines: Annotated[tuple[str, ...], Read(_stacks, _STACKS), "whole plugins to run first, at their defaults"] = ()
    policies: Annotated[
        dict[str, Annotated[Any, Read(_decision, _DECISION)]],
        Tables(),
        "decision point, alone or @pool or @task = plugin, or a list of which the study chooses",
    ] = field(default_factory=dict)
    constraints: Annotated[
        tuple[str, ...], Read(_texts('constraints = ["no_oom"]'), _TEXTS), "what a trial must keep"
    ] = (
        "no_oom",
        "no_deadlock",
    )
    search: Annotated[dict[str, Any], "plugin.tunable or key of the scenarios = range"] = field(default_factory=dict)


def read_file(tables: Mapping[str, Any], where: str | Path) -> tuple[StudyFile, dict[str, Range], dict[str, Aim]]:
    """The file, the entries of its [search] and those of its [objectives]; StudyError with every mistake of form."""
    lines: list[str] = []
    entries: dict[str, Range] = {}
    study: StudyFile | None = None
    tables = flatten_policies(dict(tables))
    try:
        study = check(StudyFile, tables, where, StudyError)
    except StudyError as error:
        lines += error.lines
    aims: dict[str, Aim] = {}
    said = tables.get("objectives", {})
    for key, value in (said if isinstance(said, Mapping) else {}).items():
        try:
            aims[key] = _aim(value, f"{where}: [objectives] {key}")
        except StudyError as error:
            lines += error.lines
    search = tables.get("search", {})
    for key, value in _flatten(search if isinstance(search, Mapping) else {}).items():
        try:
            entries[key] = _entry(value, f"{where}: [search] {key}")
        except StudyError as error:
            lines += error.lines
    if lines or study is None:
        raise StudyError("\n".join(lines))
    return study, entries, aims


def _aim(value: Any, where: str) -> Aim:
    if isinstance(value, Mapping):
        return check(Aim, value, where, StudyError)
    try:
        return check(Aim, {"seeds": value}, where, StudyError)
    except StudyError as error:
        raise StudyError("\n".join(line.replace(f"{where}: seeds:", f"{where}:") for line in error.lines)) from None


def _entry(value: Any, where: str) -> Range:
    if isinstance(value, list):
        value = {"choices": value}
    if isinstance(value, Mapping):
        return check(Range, value, where, StudyError)
    if not isinstance(value, bool | int | float | str):
        raise StudyError(f"{where}: a date cannot be searched; write a value, a [list] of values, or {{ low, high }}")
    entry = Range()
    object.__setattr__(entry, "fixed", value)
    return entry


def _flatten(tables: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """[search.plugin] x = {} and [search] "plugin.x" = {} are the same.

    A range holds no table but `when`, and nothing searchable of a plugin has a name without a dot: so a table has to be
    gone into if it holds other tables, or if its name has no dot and none of its keys belongs to a range.
    """
    words = set(keys_of(Range))
    flat: dict[str, Any] = {}
    for key, value in tables.items():
        name = f"{before}.{key}" if before else key
        inner = isinstance(value, Mapping) and (
            any(isinstance(each, Mapping) for word, each in value.items() if word != "when")
            or ("." not in name and value and not words & set(value))
        )
        flat |= _flatten(value, name) if inner else {name: value}
    return flat
