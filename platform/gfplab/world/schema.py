"""JSON Schema (draft 2020-12) of a table of a TOML file, for editors: made of the declarations that check it.

What only shows when keys are seen together, or when plugins and scenarios are known, is left to the program: whatever
the program accepts the schema accepts, and a key that no table has is refused by both.
"""

import types
from dataclasses import is_dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import Strict, TypeAdapter
from pydantic.fields import FieldInfo

from gfplab.units import example, unit_pattern, write
from gfplab.world.fields import (
    Declared,
    Quantity,
    Tables,
    Whole,
    choices_of,
    keys_of,
    metadata_of,
    quantity_of,
    table_of,
)

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]


def json_schema(table: type, title: str) -> Schema:
    """The schema of a whole file."""
    definitions: dict[str, Schema] = {}
    root = _table(table, definitions)
    return {"$schema": DIALECT, "title": title, **root, "$defs": dict(sorted(definitions.items()))}


def _table(table: type, definitions: dict[str, Schema]) -> Schema:
    keys = keys_of(table)
    required = [key for key, declared in keys.items() if declared.required]
    properties = {key: _key(declared, definitions) for key, declared in keys.items()}
    said: Schema = {"type": "object", "description": _first_line(table), "properties": properties}
    said["additionalProperties"] = False
    if required and "import" in keys:  # what another file says is not missing here
        said["anyOf"] = [{"required": required}, {"required": ["import"]}]
    elif required:
        said["required"] = required
    return said


def _first_line(table: type) -> str:
    return (table.__doc__ or "").partition("\n")[0]


def _key(declared: Declared, definitions: dict[str, Schema]) -> Schema:
    found = _value(declared.type, definitions)
    said: Schema = {"description": declared.help} if declared.help else {}
    shown, quantity = declared.default, quantity_of(declared.type)
    if isinstance(shown, int) and quantity:
        said["default"] = write(quantity.kind, shown)
    elif isinstance(shown, bool | str) or (
        isinstance(shown, int | float) and found.get("type") in ("integer", "number")
    ):
        said["default"] = shown
    return {**said, **found}


def _value(annotation: Any, definitions: dict[str, Schema]) -> Schema:
    """The schema of a value; TOML has no null, so `| None` says nothing."""
    metadata, kind = metadata_of(annotation), table_of(annotation)
    for said in metadata:
        if isinstance(found := getattr(said, "json_schema", None), dict):
            return found
        if isinstance(said, Quantity):
            return {"type": "string", "pattern": unit_pattern(said.kind), "examples": [example(said.kind)]}
        if isinstance(said, Whole):
            return {"type": "integer", "minimum": said.low, "maximum": said.high}
    origin = get_origin(kind)
    if is_dataclass(kind) and isinstance(kind, type):
        if kind.__name__ not in definitions:
            definitions[kind.__name__] = {}
            definitions[kind.__name__] = _table(kind, definitions)
        return {"$ref": f"#/$defs/{kind.__name__}"}
    if origin is Literal:
        return {"enum": list(choices_of(annotation))}
    if origin is tuple:
        return {"type": "array", "items": _value(get_args(kind)[0], definitions)}
    if origin is dict:
        value = _value(get_args(kind)[1], definitions)
        if any(isinstance(said, Tables) for said in metadata):
            value = {"anyOf": [value, {"type": "object", "additionalProperties": value}]}
        return {"type": "object", "additionalProperties": value}
    if origin in (Union, types.UnionType):
        return {"oneOf": [_value(member, definitions) for member in get_args(kind)]}
    rules = tuple(s for s in metadata if isinstance(s, Strict) or (isinstance(s, FieldInfo) and s.metadata))
    return TypeAdapter(Annotated[kind, *rules] if rules else kind).json_schema()
