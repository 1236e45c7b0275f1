"""Read a TOML file strictly: every mistake at once, one a line, each with its place and what to write instead.

A place is a dotted address, the same that `--set` takes: `[disk.vda] bandwith` is the key `bandwith` of the [[disk]]
named vda. pydantic finds the mistakes; the sentences are ours.
"""

import difflib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, get_origin

import tomli
from pydantic import TypeAdapter, ValidationError

from gfplab import units
from gfplab.errors import GfplabError, ScenarioError, one_line
from gfplab.world.fields import choices_of, keys_of, member_of, quantity_of, table_of

# The keys by which an item of a list is known, in addresses and on the command line.
NAMES = ("name", "comm")


def read_toml(path: str | Path, error: type[GfplabError] = ScenarioError) -> dict[str, Any]:
    """The tables of a file; one sentence with file and line if it is no TOML."""
    path = Path(path)
    try:
        text = path.read_bytes().decode("utf-8-sig")
        return tomli.loads(text)
    except FileNotFoundError:
        there = sorted(each.name for each in path.parent.glob("*.toml")) if path.parent.is_dir() else []
        close = difflib.get_close_matches(path.name, there, n=1, cutoff=0.75)
        raise error(f"{path}: no such file{f'; did you mean {path.parent / close[0]}?' if close else ''}") from None
    except IsADirectoryError:
        raise error(f"{path}: this is a folder; write the path of a .toml file") from None
    except OSError as problem:
        raise error(f"{path}: cannot be read: {problem.strerror}") from None
    except UnicodeDecodeError as problem:
        line = path.read_bytes()[: problem.start].count(b"\n") + 1
        raise error(f"{path}:{line}: byte {problem.start} is not UTF-8; save the file as UTF-8 text") from None
    except tomli.TOMLDecodeError as problem:
        said = "this key is written twice; keep one" if "overwrite" in problem.msg else _lower(problem.msg)
        raise error(f"{path}:{problem.lineno}: {said} (column {problem.colno})") from None


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def did_you_mean(word: object, known: Iterable[object], before: str = "") -> str:
    """`; did you mean 'x'?`, or what there is if nothing is close; `before` is the address of the table."""
    words = [str(each) for each in known]
    close = difflib.get_close_matches(str(word), words, n=1) or [
        each for each in words if each.lower() == str(word).lower()
    ]
    if close:
        return f"; did you mean '{before + '.' if before else ''}{close[0]}'?"
    return f"; one of: {', '.join(words)}" if words else ""


def check(
    table: type,
    data: Mapping[str, Any],
    where: str | Path,
    error: type[GfplabError] = ScenarioError,
    labels: Mapping[str, str] | None = None,
) -> Any:
    """`data` as a `table`, or `error` with every mistake; `labels` are places of addresses that were set by hand."""
    try:
        return _adapter(table).validate_python(data)
    except ValidationError as problems:
        lines = []
        for problem in problems.errors():
            address, annotation, value = _address(table, data, problem["loc"])
            if problem["type"].startswith("union_tag"):
                address += ("kind",)
            lines.append(one_line(f"{place(where, address, labels)}: {_sentence(dict(problem), annotation, value)}"))
        raise error("\n".join(dict.fromkeys(lines))) from None


@cache
def _adapter(table: type) -> TypeAdapter[Any]:
    return TypeAdapter(table)


def place(where: str | Path, address: Iterable[str], labels: Mapping[str, str] | None = None) -> str:
    """`s1.toml: [disk.vda] bandwidth`, or the label of that address."""
    steps = tuple(address)
    label = (labels or {}).get(".".join(steps))
    if label is not None:
        return label
    *tables, key = steps or ("",)
    return f"{where}: " + (f"[{'.'.join(tables)}] " if tables else "") + key


def _address(table: type, data: Any, steps: tuple[int | str, ...]) -> tuple[tuple[str, ...], Any, Any]:
    """The dotted address of a pydantic location, with the declared type and the value that stand there."""
    address: list[str] = []
    annotation: Any = table
    for step in steps:
        if isinstance(step, int):
            data = data[step]
            annotation = member_of(annotation, step, data)
            name = next((data[key] for key in NAMES if key in data), None) if isinstance(data, Mapping) else None
            address.append(name if isinstance(name, str) and name else f"#{step + 1}")
        elif isinstance(data, Mapping) and data.get("kind") == step and step not in data:
            continue  # pydantic names the member of a union here
        else:
            data = data.get(step) if isinstance(data, Mapping) else None
            parent, annotation = annotation, member_of(annotation, step, data)
            address.append(step)
            if annotation is None:
                annotation = parent
    return tuple(address), annotation, data


def _sentence(problem: dict[str, Any], annotation: Any, value: Any) -> str:
    """What is wrong and what to write, for one of pydantic's kinds of mistake."""
    kind, context = problem["type"], problem.get("ctx", {})
    match kind:
        case "unexpected_keyword_argument" | "extra_forbidden":
            return "unknown key" + did_you_mean(problem["loc"][-1], keys_of(table_of(annotation)))
        case "missing":
            return f"missing; write {_sample(problem['loc'][-1], annotation)}"
        case "int_type" | "int_from_float":
            return f"{_shown(value)} is not a whole number; write digits without quotes"
        case "float_type" | "finite_number":
            return f"{_shown(value)} is not a number; write digits without quotes"
        case "string_type":
            return f"{_shown(value)} is not text; write it in quotes"
        case "bool_type":
            return f"{_shown(value)} is neither true nor false; write one of them without quotes"
        case "greater_than_equal":
            return f"{value} is too small; write at least {context['ge']}"
        case "less_than_equal":
            return f"{value} is too large; write at most {context['le']}"
        case "literal_error":
            return f"{_shown(value)} is not a choice" + did_you_mean(value, choices_of(annotation))
        case "union_tag_invalid":
            known = [each.strip().strip("'") for each in context["expected_tags"].split(",")]
            return f"{_shown(context['tag'])} is not a choice" + did_you_mean(context["tag"], known)
        case "union_tag_not_found":
            return 'missing; write for example kind = "anon_toucher"'
        case "string_pattern_mismatch":
            return f"{_shown(value)} is not a name; use letters, digits and _ - + / :, no blanks, no dots"
        case "string_too_long":
            return f"{_shown(value)} is too long; write at most {context['max_length']} letters"
        case "tuple_type":
            return f"{_shown(value)} is not a list; write [[{problem['loc'][-1]}]], a table for each"
        case "dict_type" | "dataclass_type" | "model_attributes_type":
            return f"{_shown(value)} is not a table; write [{problem['loc'][-1]}] and its keys below"
        case "value_error":
            return str(context["error"])
    return _lower(problem["msg"])


def _shown(value: Any) -> str:
    """A value as TOML writes it, shortened."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list):
        return "a list"
    text = f"'{value}'" if isinstance(value, str) else str(value)
    return text if len(text) <= 40 else text[:36] + "...'"


def _sample(key: object, annotation: Any) -> str:
    """A line that would fill the gap."""
    quantity, choices = quantity_of(annotation), choices_of(annotation)
    table = table_of(annotation)
    if quantity:
        return f'{key} = "{units.example(quantity.kind)}"'
    if choices:
        return f"{key} = " + (f'"{choices[0]}"' if isinstance(choices[0], str) else str(choices[0]))
    if get_origin(table) is tuple:
        return f"a table [[{key}]]"
    if isinstance(table, type) and hasattr(table, "__dataclass_fields__"):
        return f"a table [{key}]"
    return f'{key} = "..."' if table is str else f"{key} = 1"
