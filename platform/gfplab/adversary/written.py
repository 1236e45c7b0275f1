"""The tables of a scenario as TOML, under a comment."""

from collections.abc import Mapping, Sequence
from typing import Any


def scenario_text(tables: Mapping[str, Any], comment: Sequence[str]) -> str:
    """A scenario file: the comment, what stands alone, then each table and each list of tables, in their order."""
    lines = [f"# {line}".rstrip() for line in comment]
    lines += ["", *_table(tables, "")] if comment else _table(tables, "")
    return "\n".join(lines).rstrip("\n") + "\n"


def _table(table: Mapping[str, Any], name: str) -> list[str]:
    lines = [f"{_key(key)} = {_value(value)}" for key, value in table.items() if not _is_table(value)]
    for key, value in table.items():
        inner = f"{name}.{_key(key)}" if name else _key(key)
        if isinstance(value, Mapping):
            lines += ["", f"[{inner}]", *_table(value, inner)]
        elif _is_table(value):
            for item in value:
                lines += ["", f"[[{inner}]]", *_table(item, inner)]
    return lines


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping) or (isinstance(value, list) and all(isinstance(each, Mapping) for each in value))


def _key(key: str) -> str:
    return key if key.replace("_", "").replace("-", "").isalnum() and key.isascii() else _value(key)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list):
        return "[" + ", ".join(_value(each) for each in value) + "]"
    escaped = "".join(c if c.isprintable() and c not in '"\\' else f"\\u{ord(c):04x}" for c in str(value))
    return f'"{escaped}"'
