"""How a table of a TOML file is declared: one frozen dataclass, whose fields are the keys.

A key is the field's name without its unit (`write_ns` is written `write = "200us"`), because in the file the value
carries the unit. `Annotated[TYPE, "what it means"]` explains the key to people, `Field(alias="zone")` gives a list its
singular name, and whatever has no default must be written.
"""

import functools
import types
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

from pydantic import ConfigDict, Field, Strict
from pydantic_core import core_schema

from gfplab import units

_SUFFIXES = ("_ns", "_bytes", "_pages", "_bps")


def key_of(field_name: str) -> str:
    """The TOML key of a field: its name without the unit."""
    for suffix in _SUFFIXES:
        if field_name.endswith(suffix):
            return field_name.removesuffix(suffix)
    return field_name


# Unknown keys are errors; numbers are strict one by one, for a strict dataclass would not accept a table.
TABLE = ConfigDict(extra="forbid", alias_generator=key_of)


@dataclass(frozen=True)
class Quantity:
    """A value written in quotes with its unit; `low` and `high` are in the base unit."""

    kind: str
    low: int = 0
    high: int = units.INT64_MAX

    def read(self, text: object) -> int:
        """The number that the text stands for, within the bounds."""
        value = units.parse(self.kind, text)
        if value < self.low:
            raise ValueError(f"'{text}' is too small; write at least \"{units.write(self.kind, self.low)}\"")
        if value > self.high:
            raise ValueError(f"'{text}' is too large; write at most \"{units.write(self.kind, self.high)}\"")
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)


@dataclass(frozen=True)
class Whole:
    """A whole number between two bounds; `true` is none."""

    low: int
    high: int

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        return core_schema.int_schema(strict=True, ge=self.low, le=self.high)


@dataclass(frozen=True)
class Tables:
    """Said of a table of values: [a.b] c = 1 and [a] "b.c" = 1 are the same."""


Size = Annotated[int, Quantity("size")]
SomeSize = Annotated[int, Quantity("size", low=1)]
Pages = Annotated[int, Quantity("pages")]
SomePages = Annotated[int, Quantity("pages", low=1)]
Time = Annotated[int, Quantity("time")]
SomeTime = Annotated[int, Quantity("time", low=1)]
SomeRate = Annotated[int, Quantity("rate", low=1)]

Text = Annotated[str, Strict()]
Flag = Annotated[bool, Strict()]
Share = Annotated[float, Strict(), Field(ge=0, le=1)]
# A name becomes a word of a dotted address such as disk.vda.bandwidth, so it has no dot and no blank.
Name = Annotated[str, Strict(), Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_/:+-]*$", max_length=31)]
# TASK_COMM_LEN is 16 with the closing zero.
Comm = Annotated[str, Strict(), Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_/:+-]*$", max_length=15)]


class Declared(NamedTuple):
    """One key of a table as its dataclass declares it."""

    key: str
    field: str
    type: Any
    required: bool
    default: Any
    help: str


def table_of(annotation: Any) -> Any:
    """The annotation without Annotated and without `| None`."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        elif get_origin(annotation) in (Union, types.UnionType) and type(None) in get_args(annotation):
            rest = [each for each in get_args(annotation) if each is not type(None)]
            annotation = rest[0] if len(rest) == 1 else Union[tuple(rest)]  # noqa: UP007
        else:
            return annotation


def metadata_of(annotation: Any) -> tuple[Any, ...]:
    """What is said beside the type, through `| None` as well."""
    found: tuple[Any, ...] = ()
    while True:
        if get_origin(annotation) is Annotated:
            annotation, *said = get_args(annotation)
            found += tuple(said)
        elif get_origin(annotation) in (Union, types.UnionType) and type(None) in get_args(annotation):
            annotation = next(each for each in get_args(annotation) if each is not type(None))
        else:
            return found


def quantity_of(annotation: Any) -> Quantity | None:
    """The quantity that the annotation stands for, if it stands for one."""
    return next((said for said in metadata_of(annotation) if isinstance(said, Quantity)), None)


@functools.cache
def keys_of(table: Any) -> Mapping[str, Declared]:
    """Every key of a table, in the order of its fields."""
    return {declared.key: declared for declared in _declared(table)}


def _declared(table: Any) -> Iterator[Declared]:
    hints = get_type_hints(table, include_extras=True)
    for field in fields(table):
        if not field.init:
            continue
        annotation = hints[field.name]
        said = metadata_of(annotation)
        alias = next((each.alias for each in said if hasattr(each, "alias") and each.alias), None)
        default = field.default if field.default is not MISSING else None
        required = field.default is MISSING and field.default_factory is MISSING
        help_text = next((each for each in said if isinstance(each, str)), "")
        yield Declared(alias or key_of(field.name), field.name, annotation, required, default, help_text)


def member_of(annotation: Any, key: object, data: Any) -> Any:
    """The type one step down: the item of a list, the value of a key, the kind of task that `data` says it is."""
    table = table_of(annotation)
    if get_origin(table) is tuple:
        return choose(get_args(table)[0], data)
    if get_origin(table) is dict:
        return get_args(table)[1]
    if is_dataclass(table) and key in (keys := keys_of(table)):
        return choose(keys[str(key)].type, data)
    return None


def choose(annotation: Any, data: Any) -> Any:
    """Of a union told apart by `kind`, the member that `data` names; anything else as it is."""
    table = table_of(annotation)
    if get_origin(table) in (Union, types.UnionType):
        kind = data.get("kind") if isinstance(data, dict) else None
        for member in get_args(table):
            if is_dataclass(member) and kind in choices_of(keys_of(member)["kind"].type):
                return member
        return None
    return annotation


def choices_of(annotation: Any) -> tuple[Any, ...]:
    """The values of a choice."""
    table = table_of(annotation)
    return get_args(table) if get_origin(table) is Literal else ()
