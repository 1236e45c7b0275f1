"""What a plugin declares beside its functions: numbers that a study may search, and numbers that it keeps to itself.

    timeout = tunable(5 * SEC, low=1 * MSEC, high=10 * SEC, log=True, unit="time", help="longest wait")
    keep    = tunable(__GFP_KSWAPD_RECLAIM, bits=__GFP_KSWAPD_RECLAIM | __GFP_DIRECT_RECLAIM | __GFP_IO, help="...")
    ewma    = state(0.0)

A function of the plugin reads `my.timeout` and reads and writes `my.ewma`; both live in one record of the simulation.
"""

import dataclasses
import functools
import sys
from typing import Any

from gfplab import units
from gfplab.errors import PolicyError
from gfplab.kernel.gfp import gfp_names
from gfplab.kernel.steps import PROGRAM_STEPS
from gfplab.policy.masks import CALLERS, FLAGS, broken_rule, broken_rules, legal_masks, read_mask
from gfplab.policy.places import KINDS
from gfplab.policy.program_masks import read_relative_mask
from gfplab.policy.programs import LONGEST, read_program

Value = int | float | bool | str

_INT64 = range(-(1 << 63), 1 << 63)
_YES_NO = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


@dataclasses.dataclass(frozen=True)
class Tunable:
    """A number, choice, GFP mask or program that a study may vary; the default is what its author argues for."""

    kind: str  # "int", "float", "bool", "choice", "mask" or "program"
    default: Value
    low: int | float | None = None
    high: int | float | None = None
    step: int | float | None = None
    log: bool = False
    choices: tuple[Value, ...] = ()
    bits: int = 0
    callers: str = "any"
    unit: str = ""
    steps: int = 0
    masks: tuple[str, ...] = ()
    waits: tuple[str, ...] = ()
    help: str = ""
    name: str = ""

    @functools.cached_property
    def legal(self) -> tuple[int, ...]:
        """All legal masks of a mask tunable."""
        return legal_masks(int(self.default), self.bits, self.callers) if self.kind == "mask" else ()

    @property
    def refusals(self) -> tuple[str, ...]:
        """The rules that some combinations of the varying bits of a mask would break."""
        return broken_rules(int(self.default), self.bits, self.callers) if self.kind == "mask" else ()

    @property
    def slot(self) -> str:
        """How the value is kept in `my`: "i8" or "f8"."""
        return "f8" if self.kind == "float" or any(type(c) is float for c in self.choices) else "i8"

    @property
    def length(self) -> int:
        """How many slots of `my` it takes: more than one for a program."""
        return PROGRAM_STEPS + self.steps if self.kind == "program" else 1

    def stored(self, value: Value) -> tuple[int | float, ...]:
        """The slots that a policy sees: a choice between texts is the position of the text, yes is 1."""
        if self.kind == "program":
            return tuple(read_program(str(value), self.steps).words(self.steps))
        return (self._number(value),)

    def _number(self, value: Value) -> int | float:
        if self.kind == "choice" and isinstance(value, str):
            return self.choices.index(value)
        return float(value) if self.slot == "f8" else int(value)

    def coerce(self, value: Value) -> Value:
        """`value`, or what the text `value` says, as a legal value; ValueError says in one sentence why it is none."""
        match self.kind:
            case "bool":
                return self._coerce_bool(value)
            case "choice":
                return self._coerce_choice(value)
            case "mask":
                return self._coerce_mask(value)
            case "program":
                return read_program(value, self.steps).text
        return self._coerce_number(value)

    def write(self, value: Any) -> str:
        """The value as a person would write it."""
        if self.kind == "mask":
            return gfp_names(int(value))
        if self.unit:
            return units.write(self.unit, int(value))
        return str(value).lower() if self.kind == "bool" else str(value)

    def describe(self) -> str:
        """Default and range in a few words: `5s (1ms .. 10s, log)`."""
        words = []
        if self.kind == "mask":
            words = ["may vary: " + ", ".join(flag for flag, bit in FLAGS.items() if bit & self.bits)]
        elif self.kind == "program":
            words = [
                f"at most {self.steps} steps",
                "searched with " + ", ".join(self.masks),
                "waits " + ", ".join(self.waits),
            ]
        elif self.choices:
            words = ["one of " + ", ".join(map(str, self.choices))]
        elif self.kind == "bool":
            words = ["true or false"]
        else:
            words = [f"{self.write(self.low)} .. {self.write(self.high)}"]
        words += [f"step {self.write(self.step)}"] if self.step else []
        words += ["log"] if self.log else []
        return f"{self.write(self.default)} ({', '.join(words)})"

    def _coerce_bool(self, value):
        if isinstance(value, str):
            value = _YES_NO.get(value.lower(), value)
        if value in (0, 1) and not isinstance(value, str):
            return bool(value)
        raise ValueError(f"{value!r} is neither true nor false")

    def _coerce_choice(self, value):
        for choice in self.choices:
            if value == choice or value == str(choice):
                return choice
        raise ValueError(f"{value!r} is not one of {', '.join(map(str, self.choices))}")

    def _coerce_mask(self, value):
        if isinstance(value, str):
            value = read_mask(value)
        if type(value) is not int:
            raise ValueError(f"{value!r} is not a GFP mask; write for example 'GFP_NOWAIT|__GFP_HIGH'")
        if (value ^ self.default) & ~self.bits:
            fixed = gfp_names((value ^ self.default) & ~self.bits)
            raise ValueError(
                f"{gfp_names(value)} differs from {gfp_names(self.default)} in {fixed}, which may not vary"
            )
        rule = broken_rule(value, self.callers)
        if rule:
            raise ValueError(f"{gfp_names(value)} is no legal mask: {rule}")
        return value

    def _coerce_number(self, value):
        if isinstance(value, str):
            value = self._read_number(value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"{value!r} is not a number")
        if self.kind == "int" and int(value) != value:
            raise ValueError(f"{value!r} is not a whole number")
        value = int(value) if self.kind == "int" else float(value)
        if not self.low <= value <= self.high:
            raise ValueError(f"{self.write(value)} is outside {self.write(self.low)} .. {self.write(self.high)}")
        if self.step and self.kind == "int" and (value - self.low) % self.step:
            raise ValueError(
                f"{self.write(value)} is not {self.write(self.low)} plus a multiple of {self.write(self.step)}"
            )
        return value

    def _read_number(self, text):
        if self.unit:
            return units.parse(self.unit, text)
        try:
            return int(text, 0) if self.kind == "int" else float(text)
        except ValueError:
            raise ValueError(f"'{text}' is not a {'whole ' if self.kind == 'int' else ''}number") from None


@dataclasses.dataclass(frozen=True)
class State:
    """A private number of a plugin, or `length` of them, kept in the simulation and carried by its snapshots.

    With `per` there is one for each pool, task or zone, and a policy has that of the one it is asked about.
    """

    initial: int | float
    length: int = 1
    per: str = ""
    help: str = ""
    name: str = ""

    @property
    def slot(self) -> str:
        return "f8" if type(self.initial) is float else "i8"


def tunable(
    default,
    *,
    low=None,
    high=None,
    step=None,
    log=False,
    choices=(),
    bits=0,
    callers="any",
    unit="",
    steps=0,
    masks=("optimistic", "full"),
    waits=("1ms", "10ms", "100ms", "1s", "5s"),
    help="",
):
    """Declare a tunable.  Its kind follows from the arguments.

    A whole number or a float needs `low` and `high`; `log=True` searches it by its logarithm; `unit` ("time", "size",
    "rate" or "pages") lets people write "100ms" for a number of nanoseconds.  True or False is a switch.  `choices`
    lists the values allowed; of texts the policy sees the position.  `bits` makes a GFP mask of it: these flags may
    vary, under the rules of policy/masks.py for `callers` "any", "irq", "noio" or "nofs".  `steps` makes a program of
    at most so many steps of it (policy/programs.py); a search writes its ALLOCs with `masks`, its WAITs with `waits`.
    """
    kind = "program" if steps else "mask" if bits else "choice" if choices else type(default).__name__
    searched = (tuple(masks), tuple(waits)) if kind == "program" else ((), ())
    made = Tunable(kind, default, low, high, step, log, tuple(choices), bits, callers, unit, steps, *searched, help)
    fault = _fault(made)
    if fault:
        raise PolicyError(f"{_caller()}: tunable: {fault}")
    return dataclasses.replace(made, default=made.coerce(default)) if kind == "program" else made


def state(initial=0, *, length=1, per="", help=""):
    """Declare a private number that starts as `initial`; with `length` an array, `my.name[i]`.

    per="pool", "task" or "zone": one of its own for each of these.
    """
    if type(initial) not in (int, float) or (type(initial) is int and initial not in _INT64):
        raise PolicyError(f"{_caller()}: state: {initial!r} is neither a whole number of 64 bits nor a float")
    if type(length) is not int or not 1 <= length <= 1 << 20:
        raise PolicyError(f"{_caller()}: state: length={length!r} is not a whole number between 1 and {1 << 20}")
    if per and per not in KINDS:
        raise PolicyError(f"{_caller()}: state: per={per!r} is not one of {', '.join(KINDS)}")
    return State(initial, length, per, help)


def _fault(made: Tunable) -> str | None:
    """What is wrong with a declaration, in words."""
    if made.kind not in ("int", "float", "bool", "choice", "mask", "program"):
        return f"{made.default!r} is neither a number nor true or false; texts need choices=(...)"
    if made.callers not in CALLERS:
        return f"callers={made.callers!r} is not one of {', '.join(CALLERS)}"
    if made.unit and (made.unit not in units.KINDS or made.kind != "int"):
        return f"unit={made.unit!r}: whole numbers only, and one of {', '.join(units.KINDS)}"
    if made.kind in ("int", "float"):
        if made.low is None or made.high is None:
            return "a number needs a range; write low= and high="
        if made.kind == "int" and not all(type(n) is int for n in (made.low, made.high)):
            return "the default is a whole number, so low and high must be whole numbers as well"
        if not made.low < made.high:
            return f"low={made.low} is not below high={made.high}"
        if made.log and made.low <= 0:
            return f"log=True needs low above 0, not {made.low}"
        if made.log and made.step:
            return "log=True and step= exclude each other"
    elif made.low is not None or made.high is not None or made.step is not None or made.log:
        return f"a {made.kind} has no low, high, step or log"
    if made.kind == "choice" and not _same_kind(made.choices):
        return "choices must be at least two different values, all texts, all whole numbers or all floats"
    if made.kind == "program" and (fault := _program_fault(made)):
        return fault
    try:
        made.coerce(made.default)
    except ValueError as error:
        return f"the default {error}; write another one"
    return None


def _program_fault(made: Tunable) -> str | None:
    """What is wrong with what a search may write a program with."""
    if made.choices or made.bits:
        return "a program has no choices and no bits"
    if type(made.steps) is not int or not 3 <= made.steps <= LONGEST:
        return f"steps={made.steps!r} is not a whole number between 3 and {LONGEST}"
    if not made.waits:
        return "waits= is empty; a program that repeats has to wait"
    try:
        for mask in made.masks:
            read_relative_mask(mask)
        for wait in made.waits:
            read_program(f"| RESERVE WAIT({wait})")
    except ValueError as error:
        return str(error)
    return None


def _same_kind(choices: tuple) -> bool:
    kinds = {type(choice) for choice in choices}
    return len(kinds) == 1 and kinds <= {int, float, str} and len(set(choices)) == len(choices) > 1


def _caller() -> str:
    """`file:line` of the declaration."""
    frame = sys._getframe(2)
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"
