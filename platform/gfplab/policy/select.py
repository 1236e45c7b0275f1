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

from gfplab.engine.decision import BoundDecision, Decision
from gfplab.engine.state import Schema
from gfplab.errors import PolicyError
from gfplab.kernel.decisions import DECISIONS
from gfplab.policy.c_policy import SUFFIX
from gfplab.policy.discover import SHARE, Catalogue, discover, is_file, split_share
from gfplab.policy.places import Layout, first_row, kinds_of, row_layout, rows_of, slots
from gfplab.policy.plugin import ARGUMENTS, Plugin, did_you_mean
from gfplab.policy.shares import kinds_of as shared_by
from gfplab.policy.shares import share_layout, share_numbers, share_python
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
    shares: Mapping[str, Mapping[str, Plugin]] = dataclasses.field(default_factory=dict)  # decision -> who -> plugin

    def names(self) -> dict[str, str]:
        """decision -> plugin, and `decision@who` -> plugin where one answers for single pools or tasks."""
        shares = {f"{d}{SHARE}{who}": plugin for d, named in self.shares.items() for who, plugin in named.items()}
        return {key: plugin.name for key, plugin in {**self.chosen, **shares}.items()}

    def plugins(self) -> list[Plugin]:
        """Every plugin that answers anything, once."""
        return list(self._in_use().values())

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
            for decision in self.chosen
            for plugin in self.answering(decision)
            if decision in plugin.libraries
        }

    def beyond_stock(self) -> set[str]:
        """The decisions that another plugin than the stock kernel of the era answers, if only for some."""
        return {d for d, plugin in self.chosen.items() if _era(plugin.name) != self.era or self.shares.get(d)}

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
            if self.shares.get(decision.name):
                bound[decision.name] = self._bind_shares(decision, dtypes if compiled else None, offsets)
                continue
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

    def _bind_shares(self, decision: Decision, dtypes: Mapping | None, offsets: Mapping[str, int]) -> BoundDecision:
        """The code of a decision that several plugins share."""
        members = self.answering(decision.name)
        machine_code = None
        if dtypes is not None:
            from gfplab.policy.share_compile import compile_shares

            machine_code = compile_shares(decision, members, dtypes)
        named = [f"{plugin.name}{SHARE}{who}" for who, plugin in self.shares[decision.name].items()]
        return BoundDecision(
            name=decision.name,
            compiled=machine_code,
            python=share_python(decision, members),
            my_layout=share_layout(decision.name, len(members)),
            my_offset=offsets[SHARE + decision.name],
            plugin=", ".join([members[0].name, *named]),
        )

    @property
    def my_slots(self) -> int:
        """The length of k.my, but for rows of single records; at least 1, for an array needs an address."""
        return max(1, sum(slots(layout) for layout in self._layouts().values()))

    def my_initial(self, machine: Any = None) -> np.ndarray:
        """k.my at the start of a run on `machine`, whose arrays say how many pools, tasks and zones there are.

        First come the plugins' own ranges, then the rows that they keep for single records.
        """
        begins, end = self._offsets(), self.my_slots
        numbers: list[int] = []
        rows: list[int] = []
        for plugin in self.plugins():
            numbers += self._numbers(plugin, machine, end + len(rows) - begins[plugin.name])
            for kind in kinds_of(plugin):
                rows += [_bits(number) for number in first_row(plugin, kind)] * rows_of(machine, kind)
        for decision, named in self.shares.items():
            begin = begins[SHARE + decision]
            mys = [begins[plugin.name] - begin for plugin in self.answering(decision)]
            own, table = share_numbers(decision, named, machine, mys, end + len(rows) - begin)
            numbers += own
            rows += table
        return np.array([*(numbers or [0]), *rows], np.int64)

    def answering(self, decision: str) -> list[Plugin]:
        """The plugins that answer a decision, the one that answers by default first."""
        return [self.chosen[decision], *self.shares.get(decision, {}).values()]

    def _in_use(self) -> dict[str, Plugin]:
        return {plugin.name: plugin for decision in self.chosen for plugin in self.answering(decision)}

    def _layouts(self) -> dict[str, Layout]:
        """The ranges of k.my in their order: plugin -> its record, `@decision` -> what a shared decision keeps."""
        shared = {SHARE + d: share_layout(d, 1 + len(named)) for d, named in self.shares.items()}
        return {name: plugin.layout for name, plugin in self._in_use().items()} | shared

    def _offsets(self) -> dict[str, int]:
        offsets, offset = {}, 0
        for name, layout in self._layouts().items():
            offsets[name] = offset
            offset += slots(layout)
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
    they answer; tunables: `plugin.tunable` -> value.  A plugin named "stock" is the stock kernel of the era.  A key of
    policies may be `decision@who`, and an entry of extra `plugin@who`: for a pool or for tasks (shares.py).
    """
    files = [name for name in extra if is_file(name)]
    plugins = discover(files) if plugins is None else plugins
    stock = plugins[stock_plugin(era, plugins)]
    chosen = {decision: stock for decision in ARGUMENTS}
    shares: dict[str, dict[str, Plugin]] = {}
    faults = _take_named(chosen, shares, policies or {}, plugins, stock)
    faults += _take_extra(chosen, shares, extra, plugins, stock, era)
    if faults:
        raise PolicyError("\n".join(faults))
    shares = {decision: shares[decision] for decision in ARGUMENTS if shares.get(decision)}
    in_use = {plugin.name: plugin for plugin in PolicySet(era, chosen, {}, shares).plugins()}
    values = {name: {t.name: t.default for t in plugin.tunables.values()} for name, plugin in in_use.items()}
    faults = _set_tunables(values, tunables or {}, in_use, plugins)
    if faults:
        raise PolicyError("\n".join(faults))
    return PolicySet(era, chosen, values, shares)


def _take_named(chosen, shares, policies: Mapping[str, str], plugins: Catalogue, stock: Plugin) -> list[str]:
    """Give each decision, or a share of it, to the plugin that `policies` names for it."""
    faults = []
    for key, name in policies.items():
        decision, _at, who = key.partition(SHARE)
        plugin = stock if name == STOCK else plugins.get(name)
        if decision not in ARGUMENTS:
            faults.append(f"policies.{key}: there is no such decision point; {did_you_mean(decision, ARGUMENTS)}")
        elif plugin is None:
            faults.append(f"policies.{key}: there is no plugin '{name}'; {did_you_mean(name, [*plugins, STOCK])}")
        elif decision not in plugin.functions:
            answers = ", ".join(plugin.decisions)
            faults.append(f"policies.{key}: {name} does not answer this decision point; it answers {answers}")
        elif who and not shared_by(decision):
            faults.append(f"policies.{key}: {decision} is asked about no pool and no task; leave {SHARE}{who} out")
        elif who:
            shares.setdefault(decision, {})[who] = plugin
        else:
            chosen[decision] = plugin
    return faults


def _take_extra(chosen, shares, extra: Sequence[str], plugins: Catalogue, stock: Plugin, era: str) -> list[str]:
    """Give each plugin of -p everything that it answers, or its share of that."""
    faults: list[str] = []
    taken: dict[tuple[str, str], Plugin] = {}
    # shares come last, for they are taken from what others have
    for text in sorted(extra, key=lambda text: bool(split_share(text)[1])):
        given, who = split_share(text)
        name = given.removesuffix(".py").removesuffix(SUFFIX).replace("\\", "/").rpartition("/")[2]
        plugin = stock if given == STOCK else plugins.get(name)
        if plugin is None:
            faults.append(f"-p {text}: there is no plugin '{name}'; {did_you_mean(name, [*plugins, STOCK])}")
            continue
        unasked = [decision for decision in plugin.functions if era not in ASKED_BY.get(decision, (era,))]
        if len(unasked) == len(plugin.functions):
            kernels = " or ".join(ASKED_BY[unasked[0]])
            faults.append(f"-p {text}: {era} never asks {unasked[0]}, so nothing would read it; take kernel {kernels}")
        for decision in plugin.functions:
            if taken.setdefault((decision, who), plugin) is not plugin:
                other = taken[decision, who].name
                faults.append(f"-p {text}: {other} answers {decision} too; leave one of them out")
            if not who:
                chosen[decision] = plugin
                shares.pop(decision, None)
            elif shared_by(decision):
                shares.setdefault(decision, {})[who] = plugin
            else:
                faults.append(
                    f"-p {text}: {name} answers {decision} too, which is asked about no pool and no task; say in the "
                    f"scenario what it is to answer, as [policies] {plugin.decisions[0]}{SHARE}{who}"
                )
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
