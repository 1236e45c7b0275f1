"""Which policies a test means: names, files beside the test, or stacks of them, and the settings that are theirs."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from gfplab.policy.discover import SHARE, Catalogue, discover, is_file, split_share
from gfplab.policy.select import PolicySet, select


def choose(
    kernel: str, policies: Sequence[str | Path], settings: Mapping[str, Any], folder: Path | None
) -> tuple[dict[str, Any], dict[str, Any], Callable[[Mapping[str, Any]], PolicySet]]:
    """(settings of the scenario, tunables, a function of tunables -> PolicySet)."""
    names, plugins = catalogue(policies, folder)
    tunables = {key: value for key, value in settings.items() if key.split(".")[0] in plugins}
    rest = {key: value for key, value in settings.items() if key not in tunables}
    return rest, tunables, lambda given: select(kernel, extra=names, tunables=given, plugins=plugins)


def catalogue(policies: Sequence[str | Path], folder: Path | None) -> tuple[list[str], Catalogue]:
    """The policies as -p would be given them, and all plugins there are, the files of these among them."""
    names = [_place(policy, folder) for policy in policies]
    return names, discover(files=[name for name in names if is_file(name)])


def label(policies: Sequence[str | Path]) -> str:
    """What a stack of policies is called."""
    return "+".join(map(plugin_and_share, policies)) or "stock"


def plugin_and_share(policy: str | Path) -> str:
    """A policy's name, with `@who` behind it if it is for a pool or for tasks only."""
    name, who = split_share(str(policy))
    return (Path(name).stem if is_file(name) else name) + (SHARE + who if who else "")


def _place(policy: str | Path, folder: Path | None) -> str:
    """A file is looked for beside the test, then in the folder that the tests run in."""
    name, who = split_share(str(policy))
    beside = folder / name if folder else Path(name)
    return (str(beside) if is_file(name) and beside.exists() else name) + (SHARE + who if who else "")
