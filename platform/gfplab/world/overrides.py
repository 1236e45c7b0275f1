"""Set single keys of a scenario from outside: `--set disk.vda.bandwidth=50MB/s`, or a study's search space.

An address is the path of a key, with an item of a list called by its name: `task.hog.size`, `costs.irq`,
`machine.zone.DMA32.managed`, `tunables.less_throttle.boost_pct`. Only single values are set, never whole tables.
"""

import copy
from collections.abc import Callable, Iterable, Mapping
from dataclasses import is_dataclass
from functools import cache
from typing import Any, NamedTuple, get_origin

import tomli

from gfplab.errors import GfplabError, ScenarioError
from gfplab.world.fields import choices_of, keys_of, member_of, quantity_of, table_of
from gfplab.world.toml import NAMES, did_you_mean


class Setting(NamedTuple):
    """What kind of value stands at an address: size time rate pages, or int float bool text choice."""

    kind: str
    choices: tuple[Any, ...] = ()


def parse_setting(text: str) -> tuple[str, Any]:
    """`KEY=VALUE` as key and value: a TOML value if it reads as one, else the text itself."""
    key, equals, value = text.partition("=")
    if not equals or not key.strip() or not value.strip():
        raise ScenarioError(f"--set {text}: not KEY=VALUE; write for example --set machine.cpus=4")
    try:
        return key.strip(), tomli.loads(f"value = {value}")["value"]
    except tomli.TOMLDecodeError:
        return key.strip(), value.strip()


def parse_settings(texts: Iterable[str]) -> dict[str, Any]:
    """All `--set` of a command line; the last one wins."""
    return dict(parse_setting(text) for text in texts)


def apply_overrides(
    tables: Mapping[str, Any],
    overrides: Mapping[str, Any],
    where: str = "--set",
    error: type[GfplabError] = ScenarioError,
) -> dict[str, Any]:
    """A copy of a scenario's tables with those keys set; every address that does not exist is an error."""
    changed = copy.deepcopy(dict(tables))
    lines = []
    for address, value in overrides.items():
        try:
            table, key, _ = _resolve(changed, address)
        except LookupError as problem:
            lines.append(f"{where} {address}: {problem.args[0]}")
        else:
            table[key] = value
    if lines:
        raise error("\n".join(lines))
    return changed


def setting_at(
    tables: Mapping[str, Any], address: str, where: str = "--set", error: type[GfplabError] = ScenarioError
) -> Setting:
    """What kind of value an address takes in this scenario, so that a study can read and write its bounds."""
    try:
        _, _, annotation = _resolve(copy.deepcopy(dict(tables)), address)
    except LookupError as problem:
        raise error(f"{where} {address}: {problem.args[0]}") from None
    quantity, choices = quantity_of(annotation), choices_of(annotation)
    if quantity:
        return Setting(quantity.kind)
    if choices:
        return Setting("choice", choices)
    return Setting({int: "int", float: "float", bool: "bool"}.get(table_of(annotation), "text"))


@cache
def _world() -> type:
    from gfplab.world.scenario import World  # here, for scenario.py reads this file

    return World


def _resolve(tables: Mapping[str, Any], address: str) -> tuple[Any, str, Any]:
    """The table that holds an address, its key there, and its declared type. LookupError carries the sentence."""
    annotation: Any = _world()
    here: Any = tables
    steps = address.split(".")
    for depth, step in enumerate(steps):
        before, kind = ".".join(steps[:depth]), table_of(annotation)
        if get_origin(kind) is dict:  # costs, policies and tunables: the rest is one key
            return here, ".".join(steps[depth:]), member_of(annotation, step, None)
        if get_origin(kind) is tuple:
            here, annotation = _item(here, annotation, step, before)
        elif is_dataclass(kind):
            if not isinstance(here, dict):
                raise LookupError(f"'{before}' is no table in the scenario")
            if step not in (keys := keys_of(kind)):
                raise LookupError("unknown key" + did_you_mean(step, keys, before))
            annotation = member_of(annotation, step, here.get(step))
            if depth == len(steps) - 1 and not _is_table(annotation):
                return here, step, annotation
            here = here.setdefault(step, [] if get_origin(table_of(annotation)) is tuple else {})
        else:
            raise LookupError(f"'{before}' is a single value and has no parts")
    raise LookupError(
        f"a whole table; name one value in it, such as {address}.{_some_part(table_of(annotation), here)}"
    )


def _is_table(annotation: Any) -> bool:
    kind = table_of(annotation)
    return is_dataclass(kind) or get_origin(kind) in (tuple, dict)


def _item(items: Any, annotation: Any, name: str, before: str) -> tuple[Any, Any]:
    """The item of a list that has that name, and its type."""
    named = {}
    for item in items if isinstance(items, list) else []:
        if isinstance(item, dict):
            named.update({str(item[key]): item for key in NAMES if key in item})
    if name not in named:
        raise LookupError(f"no [[{before}]] is named '{name}'" + did_you_mean(name, named))
    item = named[name]
    found = member_of(annotation, 0, item)
    if found is None:
        raise LookupError(f"[[{before}]] {name} has no known kind")
    return item, found


def _some_part(kind: Any, here: Any) -> str:
    """A step that goes on from a table, for the sentence."""
    if is_dataclass(kind):
        return next(iter(keys_of(kind)))
    items = here if isinstance(here, list) else []
    named = (str(item[key]) for item in items if isinstance(item, dict) for key in NAMES if key in item)
    return next(named, next(iter(here), "NAME") if isinstance(here, dict) else "NAME")


def flatten_policies(tables: dict[str, Any]) -> dict[str, Any]:
    """[policies.mempool_step] default = "a", tio = "b" is mempool_step = "a", "mempool_step@tio" = "b"."""
    return _flattened(tables, "policies", lambda decision, who: decision if who == "default" else f"{decision}@{who}")


def flatten_tunables(tables: dict[str, Any]) -> dict[str, Any]:
    """[tunables.plugin] x = 1 and [tunables] "plugin.x" = 1 are the same; afterwards there is only the second."""
    return _flattened(tables, "tunables", lambda plugin, name: f"{plugin}.{name}")


def _flattened(tables: dict[str, Any], key: str, joined: Callable[[str, str], str]) -> dict[str, Any]:
    """The tables with no table inside the one named `key`: what they held lies in it, under joined names."""
    table = tables.get(key)
    if not isinstance(table, dict):
        return tables
    flat: dict[str, Any] = {}
    for name, value in table.items():
        if isinstance(value, dict):
            flat.update({joined(name, inner): each for inner, each in value.items()})
        else:
            flat[name] = value
    return {**tables, key: flat}
