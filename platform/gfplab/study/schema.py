"""JSON Schema of a study file, and the page of its keys in docs/studies.md: both from the declarations in file.py."""

from typing import Any, get_origin

from gfplab.study.file import Aim, Range, StudyFile
from gfplab.study.values import SCALAR, VALUES, WHEN_SCHEMA
from gfplab.world.fields import keys_of, table_of
from gfplab.world.schema import json_schema

_TABLE = ("type", "description", "properties", "additionalProperties")
_HOLDS_TABLES = {"not": {"properties": {"when": True}, "additionalProperties": {"not": {"type": "object"}}}}


def study_schema() -> dict[str, Any]:
    """The schema of a study file.

    [search] may be cut into tables at any dot, so a table there is a range or holds more of the same; file.py says how
    the two are told apart.
    """
    schema = json_schema(StudyFile, "A study of gfplab")
    entry = json_schema(Range, "What is searched")
    schema["$defs"]["Range"] = {
        key: entry[key] for key in ("type", "description", "properties", "additionalProperties")
    }
    schema["$defs"]["When"] = WHEN_SCHEMA
    aim = json_schema(Aim, "What is asked for")
    schema["$defs"]["Aim"] = {key: aim[key] for key in (*_TABLE, "required")}
    ways = aim["properties"]["seeds"]["enum"]
    schema["properties"]["objectives"]["additionalProperties"] = {"anyOf": [{"enum": ways}, {"$ref": "#/$defs/Aim"}]}
    value = [SCALAR, VALUES, {"$ref": "#/$defs/Range"}]
    inner = {"type": "object", **_HOLDS_TABLES, "additionalProperties": {"$ref": "#/$defs/Searched"}}
    words = {"propertyNames": {"not": {"enum": list(keys_of(Range))}}, "minProperties": 1}
    outer = {
        "type": "object",
        "anyOf": [_HOLDS_TABLES, words],
        "additionalProperties": {"$ref": "#/$defs/Searched"},
    }
    schema["$defs"]["Searched"] = {"anyOf": [*value, inner]}
    schema["properties"]["search"] |= {
        "patternProperties": {r"\.": {"$ref": "#/$defs/Searched"}},
        "additionalProperties": {"anyOf": [*value, outer]},
    }
    return schema


PAGE = """| key | means | when not written |
|---|---|---|
"""


def keys_page() -> str:
    """Every key of a study file and of the entries of its [search] and [objectives], as Markdown tables."""
    parts = {"The file": StudyFile, "An entry of [objectives]": Aim, "An entry of [search]": Range}
    return "\n".join(f"### {title}\n\n{_rows(table)}" for title, table in parts.items())


def _rows(table: type) -> str:
    rows = []
    for key, declared in keys_of(table).items():
        name = f"`[{key}]`" if get_origin(table_of(declared.type)) is dict else f"`{key}`"
        unsaid = "has to be written" if declared.required else _shown(declared.default)
        choices = json_schema(table, "")["properties"][key].get("enum")
        means = declared.help + (f": {', '.join(map(str, choices))}" if choices else "")
        rows.append(f"| {name} | {means} | {unsaid} |\n")
    return PAGE + "".join(rows)


def _shown(default: object) -> str:
    if default is None or default == ():
        return ""
    return ", ".join(map(str, default)) if isinstance(default, tuple) else str(default)
