"""What [search] says of one key, together with what is known of the key, gives a dimension of the search space.

A plugin's tunable brings its own range, which a study may narrow and never widen; a key of a scenario brings none.
"""

from typing import Any

from gfplab.policy.masks import FLAGS
from gfplab.policy.tunables import Tunable
from gfplab.study.file import Range as Entry
from gfplab.study.program_space import program_dimension
from gfplab.study.space import Choice, Dimension, Range, mask_dimension
from gfplab.units import parse
from gfplab.world.overrides import Setting


def tunable_dimension(key: str, declared: Tunable, entry: Entry) -> Dimension:
    """The range of a plugin's tunable, narrowed by what the study says; ValueError says what does not fit."""
    said = entry.said
    if declared.kind in ("int", "float") and entry.choices is None:
        for word in ("masks", "waits"):
            if word in said:
                raise ValueError(f"{word} belongs to a program, and this is a number; leave it out")
        low, high = (declared.coerce(said.get(end, getattr(declared, end))) for end in ("low", "high"))
        step = said.get("step", declared.step)
        if step is not None:
            step = _number(step, declared.kind, declared.unit)
        return _range(key, low, high, step, said.get("log", declared.log and "step" not in said), declared.unit)
    alone: tuple[str, ...] = ("low", "high", "step", "log")
    if declared.kind != "program" or entry.choices:
        alone += ("masks", "waits")
    for word in alone:
        if word in said:
            raise ValueError(
                f"{word} does not go with {'choices' if entry.choices else f'a {declared.kind}'}; leave it out"
            )
    if declared.kind == "program" and not entry.choices:
        return program_dimension(key, declared.steps, entry.masks or declared.masks, entry.waits or declared.waits)
    if declared.kind == "mask":
        legal = [int(declared.coerce(each)) for each in entry.choices] if entry.choices else declared.legal
        names = {bit: flag for flag, bit in FLAGS.items()}
        return mask_dimension(key, legal, names.__getitem__)
    own = {"bool": (False, True), "choice": declared.choices}.get(declared.kind, ())
    return Choice(key, tuple(declared.coerce(each) for each in entry.choices) if entry.choices else own)


def override_dimension(key: str, setting: Setting, entry: Entry) -> Range | Choice | None:
    """The range of a scenario key; None if it is held fixed.  ValueError says what is missing or does not fit."""
    said, quantity = entry.said, setting.kind in ("size", "time", "rate", "pages")
    if entry.fixed is not None:
        return None
    for word in ("masks", "waits"):
        if word in said:
            raise ValueError(f"{word} belongs to a program of a plugin; leave it out")
    if entry.choices is not None:
        for word in ("low", "high", "step", "log"):
            if word in said:
                raise ValueError(f"{word} does not go with choices; leave it out")
        return Choice(key, entry.choices)
    if setting.kind == "choice":
        return Choice(key, setting.choices)
    if setting.kind == "bool":
        return Choice(key, (False, True))
    if setting.kind == "text" or entry.low is None or entry.high is None:
        raise ValueError("a scenario gives no range; write low and high, or a list of values")
    low, high = (_number(said[end], setting.kind, setting.kind if quantity else "") for end in ("low", "high"))
    step = _number(entry.step, setting.kind, setting.kind if quantity else "") if entry.step is not None else None
    return _range(key, low, high, step, bool(entry.log), setting.kind if quantity else "")


def _number(value: Any, kind: str, unit: str) -> int | float:
    """A bound or a step as a number in base units."""
    if unit:
        return parse(unit, value)
    if isinstance(value, str):
        raise ValueError(f"'{value}' is not a number; write digits without quotes")
    if kind == "float":
        return float(value)
    if int(value) != value:
        raise ValueError(f"{value} is not a whole number")
    return int(value)


def _range(key: str, low: int | float, high: int | float, step: int | float | None, log: bool, kind: str) -> Range:
    if low >= high:
        raise ValueError(f"low = {low} is not below high = {high}")
    if log and step is not None:
        raise ValueError("log and step exclude each other; leave one out")
    if log and low <= 0:
        raise ValueError(f"low = {low} has no logarithm; write a low above 0, or leave log out")
    if step is not None and (step <= 0 or abs((high - low) / step - round((high - low) / step)) > 1e-9):
        raise ValueError(f"step = {step} does not lead from {low} to {high}; choose a step or ends that fit")
    return Range(key, low, high, step, log, kind)
