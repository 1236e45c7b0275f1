"""State that exists once for every pool, task or zone: which record it belongs to, and where it lies in k.my.

    usual = state(0.0, per="pool")

`my.usual` is then that of the pool which the policy is asked about.  The plugin's own range of k.my says where the
rows of one kind begin and how many there are (`per_pool_at`, counted in slots from the beginning of that range, and
`per_pool_nr`); each record knows its own number (`pool.index`).  Everything is relative, so a snapshot can be moved.
"""

import ast
import ctypes
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gfplab.engine.decision import Decision
from gfplab.engine.state import record_class
from gfplab.policy.faults import OutsideArray

if TYPE_CHECKING:
    from gfplab.policy.plugin import Plugin

KINDS = {"pool": "pools", "task": "tasks", "zone": "zones"}  # the argument of a decision -> its record array
INDEX = "index"  # the field in which a record has its own number
WITHOUT_MACHINE = 8  # rows of each kind where no machine says how many there are

Layout = tuple[tuple[str, str, int], ...]


def kinds_of(plugin: "Plugin") -> list[str]:
    """The kinds of records for which the plugin keeps state."""
    return [kind for kind in KINDS if any(state.per == kind for state in plugin.state.values())]


def row_layout(plugin: "Plugin", kind: str) -> Layout:
    """The state that the plugin keeps for one record of a kind."""
    return tuple((name, state.slot, state.length) for name, state in plugin.state.items() if state.per == kind)


def place_layout(plugin: "Plugin") -> Layout:
    """The fields of the plugin's own range that say where its rows are."""
    return tuple((field, "i8", 1) for kind in kinds_of(plugin) for field in (f"per_{kind}_at", f"per_{kind}_nr"))


def rows_of(machine: Any, kind: str) -> int:
    """How many rows of a kind there are, the unused first one included."""
    return WITHOUT_MACHINE if machine is None else len(machine.arrays[KINDS[kind]])


def kind_of_field(plugin: "Plugin") -> dict[str, str]:
    """Name of a state that exists more than once -> its kind."""
    return {name: state.per for name, state in plugin.state.items() if state.per}


def refusal(plugin: "Plugin", kind: str) -> str:
    """What is said of a record whose number is beyond the rows that there are."""
    return f"{plugin.path}: a {kind} without state of its own; its index is beyond those of this machine"


class Own:
    """`my` of an interpreted policy that keeps state for single records: each name leads to where it is kept."""

    __slots__ = ("_kind_of", "_my", "_rows")

    def __init__(self, my: Any, rows: Mapping[str, Any], kind_of: Mapping[str, str]):
        object.__setattr__(self, "_my", my)
        object.__setattr__(self, "_rows", rows)
        object.__setattr__(self, "_kind_of", kind_of)

    def __getattr__(self, name: str):
        return getattr(self._where(name), name)

    def __setattr__(self, name: str, value) -> None:
        setattr(self._where(name), name, value)

    def __repr__(self) -> str:
        return "; ".join(map(repr, (self._my, *self._rows.values())))

    def _where(self, name: str):
        kind = self._kind_of.get(name)
        return self._rows[kind] if kind else self._my


def with_rows(plugin: "Plugin", decision: Decision, function: Callable[..., int]) -> Callable[..., int]:
    """The interpreted function of a decision, whose `my` has the rows of the records that it is asked about."""
    kind_of = kind_of_field(plugin)
    asked = [name for name, _records in decision.args]
    seats = [
        (kind, asked.index(kind), record_class(f"my of this {kind}", row_layout(plugin, kind)))
        for kind in kinds_of(plugin)
        if kind in asked
    ]

    @functools.wraps(function)
    def with_own(*records):
        my = records[-1]
        rows = {kind: _row(plugin, my, kind, records[place], row) for kind, place, row in seats}
        return function(*records[:-1], Own(my, rows, kind_of))

    return with_own


def _row(plugin: "Plugin", my, kind: str, record, row):
    index = record.index
    if not 0 <= index < getattr(my, f"per_{kind}_nr"):
        raise OutsideArray(refusal(plugin, kind))
    return row.from_address(ctypes.addressof(my) + 8 * getattr(my, f"per_{kind}_at") + index * ctypes.sizeof(row))


def slots(layout: Layout) -> int:
    """How many slots of 8 bytes a layout takes."""
    return sum(length for _name, _kind, length in layout)


def first_row(plugin: "Plugin", kind: str) -> Sequence[int | float]:
    """What every row of a kind holds at first."""
    return [value for state in plugin.state.values() if state.per == kind for value in [state.initial] * state.length]


def kinds_used(plugin: "Plugin", names: Sequence[str]) -> list[str]:
    """The kinds of records whose own state these functions read or write."""
    found = {kind for name in names for _node, kind in touches(plugin, name)}
    return [kind for kind in KINDS if kind in found]


def touches(plugin: "Plugin", name: str) -> list[tuple[ast.Attribute, str]]:
    """Every place in a function where it reads or writes state for single records, with the kind of these."""
    kind_of = kind_of_field(plugin)
    return [
        (node, kind_of[node.attr])
        for node in ast.walk(plugin.definitions[name])
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "my"
        and node.attr in kind_of
    ]
