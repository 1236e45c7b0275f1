"""Which fields of its records a policy looks at: what a trace of its decisions has to show."""

import ast

from gfplab.kernel.decisions import DECISIONS
from gfplab.policy.interpret import reached

MOST_NUMBERS = 64  # of one field of `my`: longer arrays are left out of a trace, which says so


def fields_read(plugin, decision: str, schema) -> dict[str, list[str]]:
    """Record -> the fields that the policy's function reads, itself or through functions of its file, in source order.

    A plugin whose source is not Python is taken to read every field.
    """
    arguments = dict(next(d.args for d in DECISIONS if d.name == decision))
    definitions = getattr(plugin, "definitions", {})
    if decision not in definitions:
        return {name: list(schema.fields[records]) for name, records in arguments.items()}
    found: dict[str, dict[str, None]] = {name: {} for name in arguments}
    for node in (n for name in reversed(reached(plugin, decision)) for n in ast.walk(definitions[name])):
        match node:
            case ast.Attribute(value=ast.Name(id=record), attr=field) if record in found:
                found[record][field] = None
    return {
        name: [field for field in fields if field in schema.fields[arguments[name]]]
        for name, fields in found.items()
        if fields
    }


def my_columns(layout) -> tuple[list[tuple[str, int, str]], list[str]]:
    """(column, slot, kind) of every number in `my`, and the arrays that are too long to be traced."""
    columns, left_out, slot = [], [], 0
    for field, kind, length in layout:
        if length > MOST_NUMBERS:
            left_out.append(f"my.{field}")
        elif length == 1:
            columns.append((f"my.{field}", slot, kind))
        else:
            columns += [(f"my.{field}[{i}]", slot + i, kind) for i in range(length)]
        slot += length
    return columns, left_out
