"""What happened on a small machine, one event a line: questions and answers, sleeps, and what came of a task."""

import dataclasses
import difflib
from collections.abc import Sequence

from gfplab import units
from gfplab.kernel.gfp import gfp_names
from gfplab.kernel.steps import (
    STEP_ALLOC,
    STEP_BAIL_OUT,
    STEP_FAIL,
    STEP_LESS_THROTTLE,
    STEP_LIGHT_RECLAIM,
    STEP_MASK,
    STEP_NO_THROTTLE,
    STEP_RESERVE,
    STEP_SHIFT,
    STEP_WAIT,
)

_RIGHTS = {
    STEP_LESS_THROTTLE: "STEP_LESS_THROTTLE",
    STEP_NO_THROTTLE: "STEP_NO_THROTTLE",
    STEP_BAIL_OUT: "STEP_BAIL_OUT",
    STEP_LIGHT_RECLAIM: "STEP_LIGHT_RECLAIM",
}
_CONTEXT = 3


@dataclasses.dataclass(frozen=True)
class Asked:
    """A decision point was asked on behalf of a task; task 0 is an interrupt."""

    time: int
    task: int
    decision: str
    answer: int

    @property
    def words(self) -> str:
        """The answer as a policy writes it."""
        return step_words(self.answer) if self.decision == "mempool_step" else str(self.answer)

    def __str__(self) -> str:
        return f"{self.decision} -> {self.words}"


@dataclasses.dataclass(frozen=True)
class Slept:
    """An uninterruptible sleep that is over."""

    time: int  # its end
    task: int
    start: int
    frames: tuple[str, ...]  # innermost first
    timed_out: bool

    def __str__(self) -> str:
        how = "timed out" if self.timed_out else "woken"
        return f"slept {units.about_time(self.time - self.start)} in {self.frames[0] if self.frames else '?'}(), {how}"


@dataclasses.dataclass(frozen=True)
class Done:
    """A task's job is over."""

    time: int
    task: int
    result: int

    def __str__(self) -> str:
        return f"done, result {self.result}"


Event = Asked | Slept | Done


def step_words(step: int) -> str:
    """The answer of mempool_step as a policy writes it: ALLOC(GFP_NOIO), RESERVE, WAIT(5s), FAIL."""
    what, argument = step & STEP_MASK, step >> STEP_SHIFT
    rights = "".join(f" | {name}" for bit, name in _RIGHTS.items() if step & bit)
    if what == STEP_ALLOC:
        return f"ALLOC({gfp_names(argument)}){rights}"
    if what == STEP_WAIT:
        return f"WAIT({units.write('time', argument)})"
    return {STEP_RESERVE: "RESERVE", STEP_FAIL: "FAIL"}.get(what, str(step))


def event_lines(events: Sequence[Event], names: Sequence[str]) -> list[str]:
    """Events for people: time, task, what happened."""
    width = max((len(names[event.task]) for event in events), default=0)
    return [f"{event.time / 1e9:14.9f} s  {names[event.task]:<{width}}  {event}" for event in events]


def same_lines(a: Sequence[str], b: Sequence[str], at_most: int, what: str) -> None:
    """Fail unless two lists of lines differ in at most that many; the failure shows where they part first."""
    __tracebackhide__ = True
    distance = lines_between(a, b)
    if distance <= at_most:
        return
    place = next((n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    before = [f"    {line}" for line in a[max(0, place - _CONTEXT) : place]]
    then_a = [f"  a {line}" for line in a[place : place + _CONTEXT]] or ["  a (ends here)"]
    then_b = [f"  b {line}" for line in b[place : place + _CONTEXT]] or ["  b (ends here)"]
    allowed = f", {at_most} allowed" if at_most else ""
    raise AssertionError(
        "\n".join([f"the {what} differ in {distance} lines{allowed}; they part at line {place + 1}:"]
                  + before + then_a + then_b)
    )  # fmt: skip


def lines_between(a: Sequence[str], b: Sequence[str]) -> int:
    """The distance of two logs: lines that one has and the other has not, in order."""
    matcher = difflib.SequenceMatcher(None, a, b, autojunk=False)
    return sum(max(i2 - i1, j2 - j1) for tag, i1, i2, j1, j2 in matcher.get_opcodes() if tag != "equal")
