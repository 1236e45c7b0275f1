"""Values of [search] as a study file writes them: numbers and quantities, lists of values, conditions on other keys."""

from collections.abc import Mapping
from typing import Any

from gfplab.study.space import Value

NUMBER: dict[str, Any] = {"type": ["number", "string"]}
SCALAR: dict[str, Any] = {"type": ["number", "string", "boolean"]}
VALUES: dict[str, Any] = {"type": "array", "items": SCALAR, "minItems": 1}
# a table of this kind may hold others, where its keys are cut at their dots
WHEN: dict[str, Any] = {"$ref": "#/$defs/When"}
WHEN_SCHEMA: dict[str, Any] = {
    "type": "object",
    "minProperties": 1,
    "additionalProperties": {
        "anyOf": [
            SCALAR,
            VALUES,
            {
                "type": "object",
                "properties": {"low": NUMBER, "high": NUMBER},
                "additionalProperties": False,
                "minProperties": 1,
            },
            WHEN,
        ]
    },
}


def read_number(value: Any) -> Value:
    """A number, or a quantity with its unit."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError('not a number; write digits, or a quantity in quotes such as "64MiB"')
    return value


def read_values(value: Any) -> tuple[Value, ...]:
    """A list of values, each once."""
    if (
        not isinstance(value, list)
        or not value
        or not all(isinstance(each, bool | int | float | str) for each in value)
    ):
        raise ValueError("not a list of values; write for example choices = [16, 32, 64]")
    if len(set(value)) < len(value):
        raise ValueError("the same value twice; write each once")
    return tuple(value)


def read_when(value: Any) -> dict[str, Any]:
    """Other key -> the answers wanted, or {"low": .., "high": ..}; tables in tables are dotted keys."""
    found = _answers(value) if isinstance(value, Mapping) else {}
    if not found:
        raise ValueError(
            'not a table of other keys and their values; write for example when = { policy = "neil_mask" }'
        )
    return found


def _answers(tables: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in tables.items():
        name = f"{before}.{key}" if before else key
        if isinstance(value, Mapping):
            ends = value.keys() <= {"low", "high"} and value
            found |= {name: _ends(name, value)} if ends else _answers(value, name)
            continue
        values = value if isinstance(value, list) else [value]
        if not values or not all(isinstance(each, bool | int | float | str) for each in values):
            raise ValueError(f"{name}: not a value, a list of values or {{ low, high }}")
        found[name] = tuple(values)
    return found


def _ends(name: str, table: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return {end: read_number(value) for end, value in table.items()}
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
