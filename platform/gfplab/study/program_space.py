"""Programs as a search asks for them: what a call does at once, and what it does each time that it has slept.

A sampler learns about each answer by itself, so an answer should mean the same whatever the others are.  The third step
of a program does not: put one step in front and it is the fourth.  So the steps are asked for by their place after the
start of the call, or after a WAIT: "woken 1" is the first thing that a woken task does, in every program.  A trial is
asked for as many steps as it has said that there will be.

Every answer means a legal program.  A step that repeats the one before it is left out, and a program that would never
look into its reserve again looks there last.  Different answers may mean one program, which then costs nothing:
what was run once is not run again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from gfplab.policy.program_masks import read_relative_mask
from gfplab.policy.programs import Program, Step, make_program, read_program
from gfplab.study.space import Value
from gfplab.units import parse

AT_ONCE, WOKEN = 4, 3  # most steps at once, and most after each wait
WAITS = 2  # most waits in the part that repeats

_Int = Callable[[str, int, int], int]
_Choice = Callable[[str, tuple[str, ...]], str]


@dataclass(frozen=True)
class ProgramDimension:
    """The programs of at most `limit` steps with one or two waits, all of them repeated."""

    name: str
    limit: int
    steps: tuple[str, ...]  # RESERVE, and ALLOC with each of the masks
    waits: tuple[str, ...]  # WAIT with each of the times, shortest first

    @property
    def most(self) -> tuple[int, int, int]:
        """Waits in a turn of the part that repeats, steps after each of them, steps at once: together within limit."""
        waits = WAITS if self.limit >= 4 * WAITS else 1
        woken = max(1, min(WOKEN, self.limit // (waits + 1) - 1))
        return waits, woken, min(AT_ONCE, self.limit - waits * (1 + woken))

    def ask(self, trial) -> str:
        return self._program(trial.suggest_int, trial.suggest_categorical).text

    def contains(self, value) -> bool:
        try:
            return isinstance(value, str) and self._answers(value) is not None
        except ValueError:
            return False

    def as_params(self, value: Value) -> dict:
        from optuna.distributions import CategoricalDistribution, IntDistribution

        answers, params = self._answers(str(value)) or {}, {}

        def number(name, low, high):
            params[name] = answers[name], IntDistribution(low, high)
            return answers[name]

        def choice(name, choices):
            params[name] = answers[name], CategoricalDistribution(choices)
            return answers[name]

        self._program(number, choice)
        return params

    def _program(self, number: _Int, choice: _Choice) -> Program:
        """The program of a trial's answers, asked for one after the other."""
        waits, woken, at_once = self.most
        opening = self._steps("at once", at_once, number, choice)
        loop: list[Step] = []
        for wait in range(1, number(f"{self.name}:waits", 1, waits) + 1):
            place = number(f"{self.name}:wait {wait}", 0, len(self.waits) - 1)
            loop.append(_step(self.waits[place]))
            loop += self._steps("woken" if wait == 1 else "woken again", woken, number, choice)
        if all(step.name != "RESERVE" for step in loop):
            loop[-1] = Step("RESERVE")
        return make_program(opening, loop, self.limit)

    def _steps(self, when: str, most: int, number: _Int, choice: _Choice) -> list[Step]:
        found: list[Step] = []
        for place in range(1, number(f"{self.name}:{when}", 1, most) + 1):
            step = _step(choice(f"{self.name}:{when} {place}", self.steps))
            if found[-1:] != [step]:
                found.append(step)
        return found

    def _answers(self, value: str) -> Mapping[str, int | str] | None:
        """Answers that lead to this program, or None if none do."""
        program = read_program(value, self.limit)
        sequence = [step.text for step in (*program.opening, *program.loop, *program.loop)]
        first = next((place for place, step in enumerate(sequence) if step in self.waits), 0)
        turn = sequence[first : first + len(program.loop)]
        groups = _between(turn, self.waits) if turn[0] in self.waits else []
        if not 0 < len(groups) <= WAITS:
            return None
        answers: dict[str, int | str] = {f"{self.name}:waits": len(groups)}
        names = ("woken", "woken again")
        for number, (wait, steps) in enumerate(groups, 1):
            answers[f"{self.name}:wait {number}"] = self.waits.index(wait)
            answers |= self._named(names[number - 1], steps)
        answers |= self._named("at once", sequence[:first])
        try:
            found = self._program(
                lambda name, low, high: _within(answers[name], low, high), lambda name, _: str(answers[name])
            )
        except (KeyError, ValueError):
            return None
        return answers if found.text == program.text else None

    def _named(self, when: str, steps: Sequence[str]) -> dict[str, int | str]:
        if not all(step in self.steps for step in steps):
            raise ValueError
        named: dict[str, int | str] = {f"{self.name}:{when}": len(steps)}
        return named | {f"{self.name}:{when} {place}": step for place, step in enumerate(steps, 1)}


def program_dimension(name: str, limit: int, masks: Sequence[str], waits: Sequence[str]) -> ProgramDimension:
    """The dimension of a program tunable; ValueError names a mask or a time that is none."""
    steps = ["RESERVE", *(Step("ALLOC", mask=read_relative_mask(mask)).text for mask in masks)]
    times = sorted({parse("time", wait) for wait in waits})
    return ProgramDimension(
        name, limit, tuple(dict.fromkeys(steps)), tuple(Step("WAIT", timeout=time).text for time in times)
    )


def _step(text: str) -> Step:
    """The step of a text that is known to be one."""
    if text.startswith("ALLOC("):
        return Step("ALLOC", mask=read_relative_mask(text[6:-1]))
    return Step("WAIT", timeout=parse("time", text[5:-1])) if text.startswith("WAIT(") else Step(text)


def _between(turn: Sequence[str], waits: Sequence[str]) -> list[tuple[str, list[str]]]:
    """(wait, the steps after it) for each wait of a turn that begins with one."""
    groups: list[tuple[str, list[str]]] = []
    for step in turn:
        if step in waits:
            groups.append((step, []))
        else:
            groups[-1][1].append(step)
    return groups


def _within(value, low: int, high: int) -> int:
    if not low <= value <= high:
        raise ValueError
    return value
