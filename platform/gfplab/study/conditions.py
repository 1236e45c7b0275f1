"""`when` of an entry of [search]: the answers of other questions under which this one is asked.

A question that is not asked has no answer, and what it asks about is what the scenario or the plugin says.  So what
depends on an answer that was not given is not asked either.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gfplab.policy.tunables import Tunable
from gfplab.study.space import Choice, Condition, Dimension, Range, Value
from gfplab.units import parse, write
from gfplab.world.toml import did_you_mean

Said = Mapping[str, Any]  # other key -> its values, or {"low": .., "high": ..}


@dataclass(frozen=True)
class Questions:
    """What a study asks, as far as a condition may name it."""

    asked: Mapping[str, Dimension]
    tunables: Mapping[str, Tunable]  # of those that are tunables
    fixed: Sequence[str]  # keys that have one value in every trial

    def conditions(self, of: str, when: Said, wrong: Callable[[str], None]) -> tuple[Condition, ...]:
        """The conditions of one question; `wrong` is told what does not fit."""
        found = []
        for key, said in when.items():
            try:
                found.append(self._condition(of, key, said))
            except ValueError as error:
                wrong(f"when: {error}")
        return tuple(found)

    def _condition(self, of: str, key: str, said: Any) -> Condition:
        if key == of:
            raise ValueError(f"{key} cannot depend on its own answer; leave it out")
        if key in self.fixed:
            raise ValueError(f"{key} has one value in every trial, so this holds always or never; leave it out")
        if key not in self.asked:
            raise ValueError(f"'{key}' is nothing that this study asks{did_you_mean(key, self.asked)}")
        if isinstance(said, Mapping):
            dimension = self.asked[key]
            if not isinstance(dimension, Range):
                raise ValueError(f"{key} is no range of numbers; write a list of its values")
            ends = {end: self._answer(key, value) for end, value in said.items()}
            low, high = (ends.get(end, getattr(dimension, end)) for end in ("low", "high"))
            if low > high:
                raise ValueError(f"low of {key} is above its high; turn them round")
            return Condition(key, f"{key} = {_shown(dimension, low)} .. {_shown(dimension, high)}", low=low, high=high)
        answers = tuple(self._answer(key, value) for value in said)
        dimension = self.asked[key]
        if isinstance(dimension, Range) and dimension.step is None and not dimension.whole:
            raise ValueError(f"{key} has no steps, so it is hardly ever {said[0]}; write {{ low = .., high = .. }}")
        return Condition(key, f"{key} = {', '.join(map(str, said))}", answers)

    def _answer(self, key: str, value: Value) -> Value:
        """A value as an answer of the question `key`; ValueError if it never is one."""
        dimension = self.asked[key]
        if isinstance(dimension, Choice) and key not in self.tunables:
            answer = next((each for each in dimension.values if each == value and type(each) is type(value)), None)
            if answer is None:
                raise ValueError(f"{key} is never {value}{did_you_mean(value, dimension.values)}")
            return answer
        if key in self.tunables:
            answer = _of_tunable(key, self.tunables[key], value)
        elif isinstance(dimension, Range) and dimension.kind:
            answer = parse(dimension.kind, value)
        elif isinstance(value, str | bool):
            raise ValueError(f"{key} is never {value}; write a number without quotes")
        else:
            answer = value
        if not dimension.contains(answer):
            if isinstance(dimension, Range):
                ends = f"{_shown(dimension, dimension.low)} .. {_shown(dimension, dimension.high)}"
                steps = "" if dimension.step is None else f" in steps of {_shown(dimension, dimension.step)}"
                raise ValueError(f"{key} is never {value}; its range is {ends}{steps}")
            known = did_you_mean(value, dimension.values) if isinstance(dimension, Choice) else ""
            raise ValueError(f"{key} is never {value}{known or ', as the study narrows it'}")
        return answer


def _of_tunable(key: str, declared: Tunable, value: Value) -> Value:
    try:
        return declared.coerce(value)
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from None


def _shown(dimension: Range, value: int | float) -> str:
    return write(dimension.kind, int(value)) if dimension.kind in ("size", "time", "rate") else str(value)


def circle(conditions: Mapping[str, Sequence[Condition]]) -> list[str]:
    """Questions of which each waits for the next one's answer and the last for the first's; empty if none do."""
    settled: set[str] = set()

    def walk(key: str, path: list[str]) -> list[str]:
        if key in path:
            return [*path[path.index(key) :], key]
        if key in settled:
            return []
        for condition in conditions.get(key, ()):
            if found := walk(condition.key, [*path, key]):
                return found
        settled.add(key)
        return []

    return next((found for key in sorted(conditions) if (found := walk(key, []))), [])
