"""The search space: the questions a trial answers, and what its answers mean to a run.

A dimension turns to Optuna only in `ask`; everywhere else its answer is one plain value under its own name.  A tunable
is asked for only where its plugin has been chosen, and whatever has a condition only where that holds, so a trial never
carries a number that nothing reads.
"""

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from gfplab import units

Value = int | float | str | bool

STOCK = "stock"  # the kernel of the scenario's own era, decision by decision
POLICY = "policy"  # the dimension that chooses whole plugins
_MOST_LOOKED_AT = 10_000  # combinations of policies, to find what none of them would ask


@dataclass(frozen=True)
class Choice:
    """One of a few values, in no order."""

    name: str
    values: tuple[Value, ...]

    def ask(self, trial) -> Value:
        return trial.suggest_categorical(self.name, self.values)

    def contains(self, value: Value) -> bool:
        return value in self.values

    def as_params(self, value: Value) -> dict:
        from optuna.distributions import CategoricalDistribution

        return {self.name: (value, CategoricalDistribution(self.values))}


@dataclass(frozen=True)
class Range:
    """A number between two ends, both allowed."""

    name: str
    low: int | float
    high: int | float
    step: int | float | None = None
    log: bool = False
    kind: str = ""  # of quantity ("size", "time", "rate"), where the ends were written with a unit

    @property
    def whole(self) -> bool:
        return isinstance(self.low, int) and isinstance(self.high, int) and not isinstance(self.step, float)

    def ask(self, trial) -> int | float:
        if self.whole:
            return trial.suggest_int(self.name, self.low, self.high, step=self.step or 1, log=self.log)
        return trial.suggest_float(self.name, self.low, self.high, step=self.step, log=self.log)

    def contains(self, value: Value) -> bool:
        if isinstance(value, str) or not self.low <= value <= self.high:
            return False
        return self.step is None or abs((value - self.low) / self.step - round((value - self.low) / self.step)) < 1e-9

    def as_params(self, value: Value) -> dict:
        from optuna.distributions import FloatDistribution, IntDistribution

        if self.whole:
            return {
                self.name: (
                    value,
                    IntDistribution(int(self.low), int(self.high), step=int(self.step or 1), log=self.log),
                )
            }
        return {self.name: (float(value), FloatDistribution(self.low, self.high, step=self.step, log=self.log))}


@dataclass(frozen=True)
class Mask:
    """A GFP mask, asked for bit by bit, never leaving the legal ones.

    A bit is a question only while the bits answered before it leave both answers open, so an illegal combination cannot
    be proposed and the sampler still learns about each flag by itself.
    """

    name: str
    legal: tuple[int, ...]
    bits: tuple[tuple[str, int], ...]  # (flag name, bit) of every bit in which the legal masks differ

    def ask(self, trial) -> int:
        open_masks = self.legal
        for flag, bit in self.bits:
            with_bit = tuple(mask for mask in open_masks if mask & bit)
            if 0 < len(with_bit) < len(open_masks):
                wanted = trial.suggest_categorical(f"{self.name}:{flag}", (False, True))
                open_masks = with_bit if wanted else tuple(mask for mask in open_masks if not mask & bit)
        (mask,) = open_masks
        return mask

    def contains(self, value: Value) -> bool:
        return value in self.legal

    def as_params(self, value: Value) -> dict:
        from optuna.distributions import CategoricalDistribution

        answers = _Answers({f"{self.name}:{flag}": bool(int(value) & bit) for flag, bit in self.bits})
        self.ask(answers)
        return {name: (answers.given[name], CategoricalDistribution((False, True))) for name in answers.asked}


class _Answers:
    """Stands in for an Optuna trial where the answers are known already; remembers what was asked."""

    def __init__(self, given: Mapping[str, bool]):
        self.given = given
        self.asked: list[str] = []

    def suggest_categorical(self, name: str, _choices) -> bool:
        self.asked.append(name)
        return self.given[name]


class Dimension(Protocol):
    """One thing that may differ between two trials: a plain value under its own name, whatever Optuna is asked."""

    @property
    def name(self) -> str: ...

    def ask(self, trial) -> Value: ...

    def contains(self, value: Value) -> bool: ...

    def as_params(self, value: Value) -> dict: ...


def mask_dimension(name: str, legal: Iterable[int], flag_name) -> Mask:
    """A Mask over the legal values, its varying bits named by `flag_name(bit)`, lowest bit first."""
    legal = tuple(sorted(set(legal)))
    varying = 0
    for mask in legal:
        varying |= mask ^ legal[0]
    bits = tuple((flag_name(1 << i), 1 << i) for i in range(varying.bit_length()) if varying >> i & 1)
    return Mask(name, legal, bits)


@dataclass(frozen=True)
class Condition:
    """Another question, and what its answer has to be for this one to be asked: one of a few, or part of its range."""

    key: str
    text: str  # as a person would write it
    answers: tuple[Value, ...] = ()
    low: int | float = -math.inf
    high: int | float = math.inf

    def holds(self, values: Mapping[str, Value]) -> bool:
        """Whether the answers so far allow it; a question that was not asked has no answer."""
        value = values.get(self.key)
        if value is None:
            return False
        if self.answers:
            return any(_same(value, answer) for answer in self.answers)
        return not isinstance(value, str) and self.low <= value <= self.high


def _same(a: Value, b: Value) -> bool:
    if isinstance(a, float) and isinstance(b, int | float):
        return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12)  # a step's multiple is written in another way
    return a == b


@dataclass(frozen=True)
class Override:
    """One key of the scenario files, searched or fixed, in the scenarios that have it."""

    scenarios: tuple[str, ...]
    fixed: Value | None = None
    kind: str = ""

    def written(self, value: Value) -> Value:
        """The value as the scenario file would have it: a quantity gets its unit back."""
        return units.write(self.kind, int(value)) if self.kind else value


@dataclass(frozen=True)
class Space:
    """Everything that may differ between two trials of a study, and everything that the study holds fixed."""

    stacks: Mapping[str, Mapping[str, str]]  # label of a whole-plugin choice -> {decision: plugin}
    fixed_policies: Mapping[str, str]  # decision -> plugin, the same in every trial but the baselines
    policies: Sequence[Choice]  # searched: "policy" first, then decision points by name
    overrides: Mapping[str, Override]  # dotted key -> where it goes
    override_dimensions: Sequence[Range | Choice]
    tunables: Mapping[str, Sequence[Dimension]]  # plugin -> what is searched of it
    fixed_tunables: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)  # plugin -> {tunable: value}
    conditions: Mapping[str, tuple[Condition, ...]] = field(default_factory=dict)  # dimension -> all that have to hold

    def ask(self, trial) -> dict[str, Value]:
        """The sampler's answers, by dimension name, in a fixed order of questions."""
        values = {dimension.name: dimension.ask(trial) for dimension in self.policies}
        plugins = {*self.plugins_of(values)}
        for dimension, plugin in self._in_order:
            if (not plugin or plugin in plugins) and self.holds(dimension.name, values):
                values[dimension.name] = dimension.ask(trial)
        return values

    def holds(self, name: str, values: Mapping[str, Value]) -> bool:
        """Whether every condition of a dimension holds."""
        return all(condition.holds(values) for condition in self.conditions.get(name, ()))

    @cached_property
    def _in_order(self) -> list[tuple[Dimension, str]]:
        """(dimension, plugin or ""): first the scenarios' keys, then tunables, but none before what it depends on."""
        waiting: list[tuple[Dimension, str]] = [(dimension, "") for dimension in self.override_dimensions]
        waiting += [(dimension, plugin) for plugin in sorted(self.tunables) for dimension in self.tunables[plugin]]
        ordered = []
        while waiting:
            ahead = {dimension.name for dimension, _ in waiting}
            ready = (
                place
                for place, (dimension, _) in enumerate(waiting)
                if not any(condition.key in ahead for condition in self.conditions.get(dimension.name, ()))
            )
            ordered.append(waiting.pop(next(ready)))
        return ordered

    def asked_of(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """Those of the values that would have been asked for."""
        kept = {dimension.name: values[dimension.name] for dimension in self.policies if dimension.name in values}
        for dimension, _ in self._in_order:
            if dimension.name in values and self.holds(dimension.name, kept):
                kept[dimension.name] = values[dimension.name]
        return kept

    def never_asked(self) -> list[str]:
        """Dimensions whose conditions no choice of policies allows."""
        never = set(self.conditions)
        choices = [[(dimension.name, value) for value in dimension.values] for dimension in self.policies]
        if math.prod(map(len, choices)) > _MOST_LOOKED_AT:
            return []
        policies = {dimension.name for dimension in self.policies}
        for answers in itertools.product(*choices):
            values = dict(answers)
            plugins, possible = {*self.plugins_of(values)}, set(policies)
            for dimension, plugin in self._in_order:
                wanted = self.conditions.get(dimension.name, ())
                if (not plugin or plugin in plugins) and all(
                    each.holds(values) if each.key in policies else each.key in possible for each in wanted
                ):
                    possible.add(dimension.name)
            never -= possible
        return sorted(never)

    def always_asked(self) -> set[str]:
        """Dimensions that every proposal answers."""
        searched = {dimension.name for dimension in self.policies}
        everywhere = {*self.fixed_policies.values()}
        for decision, plugin in next(iter(self.stacks.values()), {}).items():
            named = decision in self.fixed_policies or decision in searched
            if not named and all(stack.get(decision) == plugin for stack in self.stacks.values()):
                everywhere.add(plugin)
        asked = {dimension.name for dimension, plugin in self._in_order if not plugin or plugin in everywhere}
        return searched | (asked - self.conditions.keys())

    def as_params(self, values: Mapping[str, Value]) -> dict:
        """Optuna's parameter -> (value, distribution) for as many of the values as lie in the space."""
        params: dict[str, tuple] = {}
        for dimension in self.dimensions():
            if dimension.name in values and dimension.contains(values[dimension.name]):
                params |= dimension.as_params(values[dimension.name])
        return params

    def dimensions(self) -> list[Dimension]:
        """All of them, in the order of the table's columns."""
        tunables = [dimension for plugin in sorted(self.tunables) for dimension in self.tunables[plugin]]
        return [*self.policies, *self.override_dimensions, *tunables]

    def policies_of(self, values: Mapping[str, Value]) -> dict[str, str]:
        """The plugin of every decision point that is not the stock kernel's: a named decision point beats `policy`."""
        chosen = dict(self.stacks.get(str(values.get(POLICY, STOCK)), {}))
        chosen |= self.fixed_policies
        chosen |= {d.name: str(values[d.name]) for d in self.policies if d.name != POLICY and d.name in values}
        # for the pool or the tasks that are named after an @, stock is not what the others have
        return {decision: plugin for decision, plugin in sorted(chosen.items()) if plugin != STOCK or "@" in decision}

    def label_of(self, values: Mapping[str, Value]) -> str:
        """The policies in a few words: the whole-plugin choice, and the decision points that another plugin takes."""
        base = str(values.get(POLICY) or next(iter(self.stacks), STOCK))
        ground, chosen = self.stacks.get(base, {}), self.policies_of(values)
        differing = [name for name in sorted({*ground, *chosen}) if ground.get(name) != chosen.get(name)]
        return ", ".join([base, *(f"{name}={chosen.get(name, STOCK)}" for name in differing)])

    def plugins_of(self, values: Mapping[str, Value]) -> list[str]:
        """The plugins in use, by name."""
        return sorted(set(self.policies_of(values).values()))

    def tunables_of(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """`plugin.tunable` -> value for the plugins in use; what is not named keeps the plugin's default."""
        found: dict[str, Value] = {}
        for plugin in self.plugins_of(values):
            found |= self.fixed_tunables.get(plugin, {})
            found |= {d.name: values[d.name] for d in self.tunables.get(plugin, ()) if d.name in values}
        return found

    def overrides_of(self, values: Mapping[str, Value], scenario: str) -> dict[str, Value]:
        """Dotted key -> value for one scenario."""
        found: dict[str, Value] = {}
        for key, override in self.overrides.items():
            value = values.get(key, override.fixed)
            if scenario in override.scenarios and value is not None:
                found[key] = override.written(value)
        return found
