"""One decision point shared by several plugins: one for a pool or a task that is named, another for all the rest.

    [policies.mempool_step]
    default = "stock"
    "swap0.page_pool" = "pool_first"

The same is `"mempool_step@swap0.page_pool" = "pool_first"`, and `-p pool_first@swap0.page_pool` on the command line.  A
name is that of a pool, of tasks (`kswapd0`, `kworker/*`) or of a role (`kworker`, `rescuer`, `user`); where both are
named, a pool's plugin goes before a task's.

The engine sees one BoundDecision.  Its own range of k.my holds a row for every pool and task with the number of the
plugin that answers for it, and says where the ranges of these plugins begin, counted from its own beginning.
"""

import ctypes
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from gfplab.engine.decision import Decision
from gfplab.engine.state import record_class
from gfplab.errors import PolicyError
from gfplab.policy.faults import OutsideArray
from gfplab.policy.places import INDEX, Layout, rows_of
from gfplab.policy.plugin import ARGUMENTS, Plugin, did_you_mean

KINDS = ("task", "pool")  # the later goes before the earlier
DEFAULT = 0


def kinds_of(decision: str) -> list[str]:
    """The kinds of names by which a decision can be shared."""
    return [kind for kind in KINDS if kind in ARGUMENTS[decision]]


def share_layout(decision: str, members: int) -> Layout:
    """The range of k.my that a shared decision has for itself."""
    rows = [(field, "i8", 1) for kind in kinds_of(decision) for field in (f"{kind}_at", f"{kind}_nr")]
    return (*rows, *((f"my_{member}", "i8", 1) for member in range(members)))


def share_numbers(decision: str, shares: Mapping[str, Plugin], machine: Any, mys: Sequence[int], rows_at: int):
    """(the range, the rows): `mys` are the plugins' ranges and `rows_at` the rows, all counted from this range."""
    tables = rows(decision, shares, machine)
    numbers = []
    for table in tables:
        numbers += [rows_at, len(table)]
        rows_at += len(table)
    return [*numbers, *mys], [member for table in tables for member in table]


def rows(decision: str, shares: Mapping[str, Plugin], machine: Any) -> list[list[int]]:
    """For each kind, which plugin answers for each record; PolicyError for a name that this machine does not have."""
    tables = {kind: [DEFAULT] * rows_of(machine, kind) for kind in kinds_of(decision)}
    if machine is None:
        return list(tables.values())
    faults = []
    for member, who in enumerate(shares, DEFAULT + 1):
        named = {kind: _called(machine.layout.named(kind), who) for kind in reversed(tables)}
        kind = next((kind for kind, found in named.items() if found), "")
        if not kind:
            fault = unknown(decision, who, {each: machine.layout.named(each) for each in KINDS})
            faults.append(f"policies.{decision}@{who}: {fault}")
        for number in named.get(kind, ()):
            tables[kind][number] = member
    if faults:
        raise PolicyError("\n".join(faults))
    return list(tables.values())


def share_fault(decision: str, who: str, named: Mapping[str, Mapping[str, Sequence[int]]]) -> str:
    """Why nobody of this name is asked about among those of a machine, or nothing."""
    return "" if any(_called(named[kind], who) for kind in kinds_of(decision)) else unknown(decision, who, named)


def unknown(decision: str, who: str, named: Mapping[str, Mapping[str, Sequence[int]]]) -> str:
    """Why nobody of this name is asked about, in one sentence."""
    asked = kinds_of(decision)
    for kind in KINDS:
        if kind not in asked and _called(named[kind], who):
            return f"{decision} is not asked about a {kind}; name a {asked[0]}"
    known = list(dict.fromkeys(name for kind in reversed(asked) for name in named[kind]))
    return f"there is no {' or '.join(reversed(asked))} '{who}' in this scenario; {did_you_mean(who, known)}"


def _called(named: Mapping[str, Sequence[int]], who: str) -> list[int]:
    """The numbers of all records whose name is `who`, or fits it."""
    return sorted({number for name, numbers in named.items() if fnmatchcase(name, who) for number in numbers})


def share_python(decision: Decision, members: Sequence[Plugin]) -> Callable[..., int]:
    """The interpreted form: each question goes to the plugin whose share it is."""
    from gfplab.policy.compile import python_function  # numba, which a list of names does without

    asked = [name for name, _records in decision.args]
    places = [(kind, asked.index(kind)) for kind in kinds_of(decision.name)]
    answers = [python_function(plugin, decision) for plugin in members]
    kept = [record_class("my", plugin.layout) if plugin.layout else None for plugin in members]

    def share(*records):
        """(number of the plugin that is asked, its `my`)."""
        own = records[-1]
        start, which = ctypes.addressof(own), DEFAULT
        for kind, place in places:
            number = getattr(records[place], INDEX)
            if not 0 <= number < getattr(own, f"{kind}_nr"):
                raise OutsideArray(beyond(decision.name, kind))
            which = ctypes.c_int64.from_address(start + 8 * (getattr(own, f"{kind}_at") + number)).value or which
        my, offset = kept[which], getattr(own, f"my_{which}")
        return which, my.from_address(start + 8 * offset) if my else None

    def answer(*records):
        which, my = share(*records)
        return answers[which](*records[:-1], my)

    answer.__name__ = decision.name
    return answer


def beyond(decision: str, kind: str) -> str:
    """What is said of a record that the machine did not have when it booted."""
    return f"{decision}: a {kind} whose index is beyond those of this machine"
