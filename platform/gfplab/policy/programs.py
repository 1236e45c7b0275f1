"""Programs of mempool_alloc(): what it tries, in which order, as one value, so that a study can find its own order.

    ALLOC(optimistic) RESERVE ALLOC(full) | RESERVE WAIT(5s) ALLOC(full)

The steps are taken from left to right until one of them yields an element; those behind the | repeat for ever.  This is
the program of Linux v4.7.  FAIL marks where callers that may not sleep give up, which they do at the first WAIT without
it.  Such a caller leaves out a step that would repeat what it has done last, as Linux does: with GFP_NOWAIT, full and
optimistic are the same mask.

A program is kept in its shortest form, in which two programs are the same text if and only if they take the same steps:
above it is `ALLOC(optimistic) RESERVE | ALLOC(full) RESERVE WAIT(5s)`.
"""

import dataclasses
import difflib
import re

from gfplab import units
from gfplab.kernel.steps import PROGRAM_STEPS, RESERVE, WAIT
from gfplab.policy.program_masks import RelativeMask, read_relative_mask
from gfplab.units import SEC, USEC

LONGEST = 16  # steps that a tunable may allow
SHORTEST_WAIT, LONGEST_WAIT = 1 * USEC, 3600 * SEC

_STEP = re.compile(r"\s*(?:(\w+)\s*(?:\(([^()]*)\))?|\S)")
_NAMES = ("ALLOC", "RESERVE", "WAIT", "FAIL")
_FORMS = "ALLOC(mask), RESERVE, WAIT(time) or FAIL"


@dataclasses.dataclass(frozen=True)
class Step:
    """ALLOC with a mask, RESERVE, WAIT with a time in ns, or FAIL."""

    name: str
    mask: RelativeMask | None = None
    timeout: int = 0

    @property
    def text(self) -> str:
        if self.mask:
            return f"ALLOC({self.mask.text})"
        return f"WAIT({units.write('time', self.timeout)})" if self.name == "WAIT" else self.name

    @property
    def word(self) -> int:
        """The step as the policy finds it in `my`."""
        return self.mask.word if self.mask else WAIT(self.timeout) if self.name == "WAIT" else RESERVE


@dataclasses.dataclass(frozen=True)
class Program:
    """A legal program in its shortest form; FAIL is not among its steps but a place between two of them."""

    opening: tuple[Step, ...]  # taken once
    loop: tuple[Step, ...]  # taken for ever after
    gives_up: int  # steps that callers who may not sleep take

    def __len__(self) -> int:
        return len(self.opening) + len(self.loop)

    @property
    def text(self) -> str:
        """The program as a person would write it."""
        opening = [step.text for step in self.opening]
        if self.gives_up != _first_wait(self.opening, self.loop):
            opening.insert(self.gives_up, "FAIL")
        return " ".join([*opening, "|", *(step.text for step in self.loop)])

    def words(self, limit: int) -> list[int]:
        """The array that the policy reads, PROGRAM_STEPS + limit words long."""
        words = [len(self), len(self.opening), self.gives_up, *(step.word for step in self.opening + self.loop)]
        return words + [0] * (PROGRAM_STEPS + limit - len(words))


def read_program(text: str, limit: int = LONGEST) -> Program:
    """The program of a text; ValueError says in one sentence which step is wrong and why."""
    if not isinstance(text, str):
        raise ValueError(f"{text!r} is not a program; write for example 'ALLOC(full) RESERVE | WAIT(5s) RESERVE'")
    parts = text.split("|")
    if len(parts) != 2:
        raise ValueError(
            "a program has one |, and what stands behind it repeats for ever; write for example "
            "'ALLOC(optimistic) | RESERVE WAIT(5s) ALLOC(full)'"
        )
    opening = _read_steps(parts[0], 1)
    loop = _read_steps(parts[1], len(opening) + 1)
    return make_program(opening, loop, limit)


def make_program(opening: list[Step], loop: list[Step], limit: int = LONGEST) -> Program:
    """The program that takes these steps, in its shortest form; ValueError as for read_program."""
    _refuse_endless(opening, loop)
    opening, gives_up = _without_fail(opening, loop)
    made = _shortest(opening, loop, gives_up)
    if len(made) > limit:
        first = (made.opening + made.loop)[0].text
        raise ValueError(f"{len(made)} steps, beginning with {first}, are more than {limit}")
    return made


def _read_steps(text: str, number: int) -> list[Step]:
    steps = []
    for match in _STEP.finditer(text.rstrip()):
        where = f"step {number + len(steps)}, {match[0].strip()}"
        try:
            steps.append(_read_step(match[1], match[2]))
        except ValueError as error:
            raise ValueError(f"{where}: {error}") from None
    return steps


def _read_step(name: str | None, argument: str | None) -> Step:
    if name is None or name not in _NAMES:
        near = difflib.get_close_matches(name or "", _NAMES, 1)
        hint = f"did you mean {near[0]}?" if near else f"write {_FORMS}, with a blank between two steps"
        raise ValueError(f"not a step; {hint}")
    if name in ("RESERVE", "FAIL"):
        if argument is not None:
            raise ValueError(f"{name} takes nothing; write {name}")
        return Step(name)
    if not (argument or "").strip():
        raise ValueError("with which mask? Write ALLOC(full)" if name == "ALLOC" else "how long? Write WAIT(5s)")
    if name == "ALLOC":
        return Step(name, mask=read_relative_mask(argument))
    timeout = units.parse("time", argument)
    if not SHORTEST_WAIT <= timeout <= LONGEST_WAIT:
        least, most = (units.write("time", end) for end in (SHORTEST_WAIT, LONGEST_WAIT))
        raise ValueError(f"a wait lasts between {least} and {most}")
    return Step(name, timeout=timeout)


def _refuse_endless(opening: list[Step], loop: list[Step]) -> None:
    """The rules of the part that repeats."""
    first = len(opening) + 1
    names = [step.name for step in loop]
    if not loop:
        raise ValueError("nothing stands behind the |, and a caller that may sleep never fails; write WAIT(5s) RESERVE")
    where = f"step {first}, {loop[0].text}, begins a part that repeats"
    if "WAIT" not in names:
        raise ValueError(
            f"{where} without WAIT: a caller that may not reclaim either, such as a reclaimer, would spin there"
        )
    if "RESERVE" not in names:
        raise ValueError(
            f"{where} without RESERVE: WAIT does not sleep while the reserve has an element, so nobody would ever "
            "take it and all would spin"
        )
    if "FAIL" in names:
        raise ValueError(
            f"step {first + names.index('FAIL')}, FAIL, stands in the part that repeats: callers that may not sleep "
            "come there once; write it before the |"
        )


def _without_fail(opening: list[Step], loop: list[Step]) -> tuple[list[Step], int]:
    """The opening without FAIL, and how many steps come before it."""
    names = [step.name for step in opening]
    rest = [step for step in opening if step.name != "FAIL"]
    if "FAIL" not in names:
        return rest, _first_wait(rest, loop)
    place = names.index("FAIL")
    if "WAIT" in names[:place]:
        raise ValueError(
            f"step {place + 1}, FAIL, comes after a WAIT, at which callers that may not sleep have given up already; "
            "write it before the WAIT"
        )
    if names.count("FAIL") > 1:
        second = names.index("FAIL", place + 1)
        raise ValueError(f"step {second + 1}, FAIL, is the second one; who may not sleep has given up at the first")
    if place == 0:
        raise ValueError("step 1, FAIL, comes before anything was tried; write at least one step before it")
    return rest, place


def _first_wait(opening, loop) -> int:
    return next(place for place, step in enumerate([*opening, *loop]) if step.name == "WAIT")


def _shortest(opening: list[Step], loop: list[Step], gives_up: int) -> Program:
    """The one shortest form of the endless sequence of steps; FAIL keeps its place in it."""
    opening, loop = list(opening), list(loop)
    length = next(n for n in range(1, len(loop) + 1) if len(loop) % n == 0 and loop == loop[:n] * (len(loop) // n))
    loop = loop[:length]
    implied = gives_up == _first_wait(opening, loop)
    while opening and opening[-1] == loop[-1] and (implied or len(opening) > gives_up):
        loop.insert(0, loop.pop())
        opening.pop()
    return Program(tuple(opening), tuple(loop), gives_up)
