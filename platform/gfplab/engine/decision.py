"""What the engine knows about a decision point: its name and records, and the code bound to it for one run.

The engine never sees a plugin: policy/select.py turns the chosen ones into BoundDecision objects.
"""

import dataclasses
from collections.abc import Callable
from typing import Any


@dataclasses.dataclass(frozen=True)
class Decision:
    """A question of the simulated kernel; kernel code asks it with `decide_<name>(k, index, ...)` and gets an int64."""

    name: str
    args: tuple[tuple[str, str], ...]  # argument name -> record array that its index selects from

    @property
    def symbol(self) -> str:
        """The function that kernel code calls."""
        return f"decide_{self.name}"


@dataclasses.dataclass(frozen=True)
class BoundDecision:
    """One decision point with the code that answers it.

    python(record, ..., my) takes every record of the decision; compiled, when there is one, is a numba dispatcher of
    the single signature int64(Record, ..., int64) whose last argument is the address of slot `my_offset` of k.my.
    Decisions of one plugin share one range of k.my, so they carry equal layouts, offsets and initial slots.
    """

    name: str
    compiled: Any
    python: Callable[..., int]
    my_layout: tuple[tuple[str, str, int], ...]  # field, "i8" or "f8", length (1 = a scalar)
    my_offset: int  # in slots of 8 bytes
    my_initial: tuple[int, ...] = ()  # every slot's first value, floats as the int64 of the same bits
    plugin: str = ""

    @property
    def my_slots(self) -> int:
        """Slots of k.my that the plugin owns."""
        return sum(length for _field, _kind, length in self.my_layout)
