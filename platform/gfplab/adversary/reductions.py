"""How a scenario can be made smaller by one step: fewer tasks and devices, smaller sizes and counts, a shorter run."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from gfplab import units
from gfplab.adversary.knobs import decades, powers
from gfplab.units import KIB, SEC

Tables = Mapping[str, Any]

# keys of a task that are better small, with what they are
SIZES = {"size": "size", "resident": "size", "locked": "size", "rate": "rate"}
COUNTS = ("count", "operations", "passes")
LENGTHS = decades(SEC // 10, 1000 * SEC) + [12 * SEC, 15 * SEC]


def reductions(tables: Tables) -> Iterator[dict[str, Any]]:
    """Every scenario that is one step smaller, those that take most away first."""
    yield from _without_tasks(tables)
    yield from _without_devices(tables)
    yield from _shorter(tables)
    for i, task in enumerate(tables["task"]):
        if "start" in task:
            yield _with(tables, i, "start", None)
        for key in COUNTS:
            if key in task:
                default = key == "count" and task[key] == 1
                lower = (
                    [None] if default else _lower(sorted({*decades(1, task[key]), *powers(1, task[key])}), task[key])
                )
                for value in lower:
                    yield _with(tables, i, key, value)
        for key, kind in SIZES.items():
            if key in task:
                now = units.parse(kind, task[key])
                steps = powers(4 * KIB, now) if kind == "size" else decades(10**6, now)
                for value in _lower(steps, now):
                    yield _with(tables, i, key, units.write(kind, value))
    cpus = tables["machine"]["cpus"]
    for value in _lower([1, 2, 3, 4, 8], cpus):
        changed = deepcopy(dict(tables))
        changed["machine"]["cpus"] = value
        yield changed


def _lower(steps: list[int], now: int) -> list[int]:
    """Of the steps below `now`: the lowest, one halfway, the next."""
    below = [step for step in steps if step < now]
    return list(dict.fromkeys([below[0], below[len(below) // 2], below[-1]])) if below else []


def _with(tables: Tables, task: int, key: str, value: Any) -> dict[str, Any]:
    """A key of a task set, or taken away."""
    changed = deepcopy(dict(tables))
    if value is None:
        del changed["task"][task][key]
    else:
        changed["task"][task][key] = value
    return changed


def _without_tasks(tables: Tables) -> Iterator[dict[str, Any]]:
    if len(tables["task"]) > 1:
        for i in range(len(tables["task"])):
            changed = deepcopy(dict(tables))
            del changed["task"][i]
            yield changed


def _without_devices(tables: Tables) -> Iterator[dict[str, Any]]:
    """Without swap, or without what nothing names any more."""
    if "swap" in tables:
        yield {key: value for key, value in deepcopy(dict(tables)).items() if key != "swap"}
    named = {task.get(key) for task in tables["task"] for key in ("filesystem", "device")}
    named |= {tables["machine"].get("start", {}).get("filesystem"), tables.get("swap", {}).get("device")}
    above = {item["device"] for table in ("crypt", "filesystem") for item in tables.get(table, ())}
    for table, users in (("filesystem", named), ("crypt", named | above), ("disk", named | above)):
        for i, item in enumerate(tables.get(table, ())):
            if item["name"] not in users:
                changed = deepcopy(dict(tables))
                del changed[table][i]
                if not changed[table]:
                    del changed[table]
                yield changed


def _shorter(tables: Tables) -> Iterator[dict[str, Any]]:
    now = units.parse_time(tables["length"])
    for value in _lower(sorted(LENGTHS), now):
        changed = deepcopy(dict(tables))
        changed["length"] = units.format_time(value)
        yield changed
