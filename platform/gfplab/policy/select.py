"""Who answers what in one run: every decision point gets exactly one plugin, and every plugin its numbers.

What a scenario does not name stays with the stock kernel of its era; `-p` takes over whole plugins.  An unknown name,
a plugin that answers nothing it was named for, two claims on one decision point and a number that nothing reads are
errors.
"""

import dataclasses
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gfplab.engine.decision import BoundDecision
from gfplab.engine.state import Schema
from gfplab.errors import PolicyError
from gfplab.kernel.decisions import DECISIONS
from gfplab.policy.c_policy import SUFFIX
from gfplab.policy.discover import Catalogue, discover, is_file
from gfplab.policy.places import first_row, kinds_of, row_layout, rows_of, slots
from gfplab.policy.plugin import ARGUMENTS, Plugin, did_you_mean
from gfplab.policy.tunables import Value

STOCK = "stock"
# decision points that some kernels do not have, by the eras that ask them
ASKED_BY = {"reclaim_throttle": ("v6.1",), "wait_iff_congested": ("v4.7",)}


@dataclasses.dataclass(frozen=True)
class PolicySet:
    """The answer to every decision point of one run; a value, shared by all runs that ask for the same."""

    era: str
    chosen: Mapping[str, Plugin]  # decision -> plugin, complete, in the kernel's order
    values: Mapping[str, Mapping[str, Value]]  # plugin -> tunable -> value, complete

    def names(self) -> dict[str, str]:
        """decision -> plugin."""
        return {decision: plugin.name for decision, plugin in self.chosen.items()}

    def tunables(self) -> dict[str, Value]:
        """`plugin.tunable` -> value of every plugin in use."""
        return {f"{plugin}.{name}": value for plugin, values in self.values.items() for name, value in values.items()}

    def sources(self) -> dict[str, str]:
        """plugin -> sha256 of its file."""
        return {name: plugin.source_hash for name, plugin in self._in_use().items()}

    def versions(self) -> dict[str, str]:
        """plugin -> name and version of the package that brought it; nothing for a file."""
        return {name: plugin.distribution for name, plugin in self._in_use().items()}

    def libraries(self) -> dict[str, str]:
        """`plugin.decision` -> sha256 of the shared library behind it, of the decisions in use that C answers."""
        return {
            f"{plugin.name}.{decision}": plugin.libraries[decision]
            for decision, plugin in self.chosen.items()
            if decision in plugin.libraries
        }

    def with_tunables(self, tunables: Mapping[str, Value]) -> "PolicySet":
        """The same policies with other numbers; nothing is compiled again."""
        values = {plugin: dict(numbers) for plugin, numbers in self.values.items()}
        faults = _set_tunables(values, tunables, self._in_use(), self._in_use())
        if faults:
            raise PolicyError("\n".join(faults))
        return dataclasses.replace(self, values=values)

    def bind(self, schema: Schema, compiled: bool = True, progress: Callable | None = None) -> dict[str, BoundDecision]:
        """The code of every chosen decision, compiled against the records of `schema` unless a pure mode will run it.

        progress(done, total, decision) is called before each decision.
        """
        from gfplab.policy.compile import compile_decision, python_function

        dtypes = {records: schema.dtype(records) for decision in DECISIONS for _name, records in decision.args}
        offsets = self._offsets()
        bound: dict[str, BoundDecision] = {}
        for decision in DECISIONS:
            if decision.name not in self.chosen:
                continue
            if progress is not None:
                progress(len(bound), len(self.chosen), decision.name)
            plugin = self.chosen[decision.name]
            bound[decision.name] = BoundDecision(
                name=decision.name,
                compiled=compile_decision(plugin, decision, dtypes) if compiled else None,
                python=python_function(plugin, decision),
                my_layout=plugin.layout,
                my_offset=offsets[plugin.name],
                my_initial=tuple(self._numbers(plugin, None, 0)),
                plugin=plugin.name,
            )
        return bound

    @property
    def my_slots(self) -> int:
        """The length of k.my, but for state of single records; at least 1, for an array needs an address."""
        return max(1, sum(slots(plugin.layout) for plugin in self._in_use().values()))

    def my_initial(self, machine: Any = None) -> np.ndarray:
        """k.my at the start of a run on `machine`, whose arrays say how many pools, tasks and zones there are.

        First come the plugins' own ranges, then the rows that they keep for single records.
        """
        plugins, begins = self._in_use().values(), self._offsets()
        numbers, rows = [], []
        for plugin in plugins:
            numbers += self._numbers(plugin, machine, self.my_slots + len(rows) - begins[plugin.name])
            for kind in kinds_of(plugin):
                rows += [_bits(number) for number in first_row(plugin, kind)] * rows_of(machine, kind)
        return np.array([*(numbers or [0]), *rows], np.int64)

    def _in_use(self) -> dict[str, Plugin]:
        return {plugin.name: plugin for plugin in self.chosen.values()}

    def _offsets(self) -> dict[str, int]:
        offsets, offset = {}, 0
        for name, plugin in self._in_use().items():
            offsets[name] = offset
            offset += slots(plugin.layout)
        return offsets

    def _numbers(self, plugin: Plugin, machine: Any, rows_at: int) -> list[int]:
        """A plugin's own range: its tunables as they are set, its state as it begins, and where its rows are."""
        values = self.values[plugin.name]
        numbers = [slot for name, tunable in plugin.tunables.items() for slot in tunable.stored(values[name])]
        numbers += first_row(plugin, "")
        for kind in kinds_of(plugin):
            numbers += [rows_at, rows_of(machine, kind)]
            rows_at += rows_of(machine, kind) * slots(row_layout(plugin, kind))
        return [_bits(number) for number in numbers]


def stock_plugin(era: str, plugins: Catalogue | None = None) -> str:
    """The name of the plugin that answers everything as the kernel of `era` did."""
    plugins = discover() if plugins is None else plugins
    complete = {_era(name): name for name, plugin in plugins.items() if len(plugin.functions) == len(ARGUMENTS)}
    if era not in complete:
        eras = ", ".join(known for known in complete if known)
        raise PolicyError(f"kernel '{era}' has no stock plugin; there is {eras}")
    return complete[era]


def select(
    era: str,
    policies: Mapping[str, str] | None = None,
    extra: Sequence[str] = (),
    tunables: Mapping[str, Value] | None = None,
    plugins: Catalogue | None = None,
) -> PolicySet:
    """The policies of one run.

    policies: decision -> plugin, as a scenario or study says; extra: names and files of -p, which take over all that
    they answer; tunables: `plugin.tunable` -> value.  A plugin named "stock" is the stock kernel of the era.
    """
    files = [name for name in extra if is_file(name)]
    plugins = discover(files) if plugins is None else plugins
    stock = plugins[stock_plugin(era, plugins)]
    chosen = {decision: stock for decision in ARGUMENTS}
    faults = _take_named(chosen, policies or {}, plugins, stock)
    faults += _take_extra(chosen, extra, plugins, stock, era)
    if faults:
        raise PolicyError("\n".join(faults))
    in_use = {plugin.name: plugin for plugin in chosen.values()}
    values = {name: {t.name: t.default for t in plugin.tunables.values()} for name, plugin in in_use.items()}
    faults = _set_tunables(values, tunables or {}, in_use, plugins)
    if faults:
        raise PolicyError("\n".join(faults))
    return PolicySet(era, chosen, values)


def _take_named(chosen: dict[str, Plugin], policies: Mapping[str, str], plugins: Catalogue, stock: Plugin) -> list[str]:
    """Give each decision to the plugin that `policies` names for it."""
    faults = []
    for decision, name in policies.items():
        plugin = stock if name == STOCK else plugins.get(name)
        if decision not in ARGUMENTS:
            faults.append(f"policies.{decision}: there is no such decision point; {did_you_mean(decision, ARGUMENTS)}")
        elif plugin is None:
            faults.append(f"policies.{decision}: there is no plugin '{name}'; {did_you_mean(name, [*plugins, STOCK])}")
        elif decision not in plugin.functions:
            answers = ", ".join(plugin.decisions)
            faults.append(f"policies.{decision}: {name} does not answer this decision point; it answers {answers}")
        else:
            chosen[decision] = plugin
    return faults


def _take_extra(
    chosen: dict[str, Plugin], extra: Sequence[str], plugins: Catalogue, stock: Plugin, era: str
) -> list[str]:
    """Give each plugin of -p everything that it answers."""
    faults: list[str] = []
    taken: dict[str, Plugin] = {}
    for text in extra:
        name = text.removesuffix(".py").removesuffix(SUFFIX).replace("\\", "/").rpartition("/")[2]
        plugin = stock if text == STOCK else plugins.get(name)
        if plugin is None:
            faults.append(f"-p {text}: there is no plugin '{name}'; {did_you_mean(name, [*plugins, STOCK])}")
            continue
        unasked = [decision for decision in plugin.functions if era not in ASKED_BY.get(decision, (era,))]
        if len(unasked) == len(plugin.functions):
            kernels = " or ".join(ASKED_BY[unasked[0]])
            faults.append(f"-p {text}: {era} never asks {unasked[0]}, so nothing would read it; take kernel {kernels}")
        for decision in plugin.functions:
            if taken.setdefault(decision, plugin) is not plugin:
                other = taken[decision].name
                faults.append(f"-p {text}: {other} answers {decision} too; leave one of them out")
            chosen[decision] = plugin
    return faults


def _set_tunables(values, tunables: Mapping[str, Value], in_use: Mapping[str, Plugin], plugins: Mapping[str, Plugin]):
    """Write the given numbers into `values`; what is wrong with them, one sentence each."""
    faults = []
    for key, value in tunables.items():
        name, dot, tunable = key.rpartition(".")
        if name not in plugins:
            hint = did_you_mean(name, plugins) if dot else "write plugin.tunable"
            faults.append(f"{key}: there is no plugin '{name or key}'; {hint}")
        elif name not in in_use:
            faults.append(
                f"{key}: {name} answers nothing in this run, so nothing would read it; choose it with -p {name}"
            )
        elif tunable not in plugins[name].tunables:
            known = plugins[name].tunables
            hint = did_you_mean(tunable, known) if known else "it has none"
            faults.append(f"{key}: {name} has no tunable '{tunable}'; {hint}")
        else:
            try:
                values[name][tunable] = plugins[name].tunables[tunable].coerce(value)
            except ValueError as error:
                faults.append(f"{key}: {error}")
    return faults


def _era(plugin: str) -> str:
    """v4.7 for linux_4_7, nothing for what is not named after a kernel."""
    return "v" + plugin.removeprefix("linux_").replace("_", ".") if plugin.startswith("linux_") else ""


def _bits(number: int | float) -> int:
    """The slot that holds a number."""
    return struct.unpack("<q", struct.pack("<d", number))[0] if isinstance(number, float) else number
