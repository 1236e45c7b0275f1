"""A small machine under test: tasks that call kernel functions, and what one may say about what they did.

Everything runs uncompiled, so a debugger stops anywhere; laws of the kernel are checked at every event.  CPU time is
free unless the test wants it, so times are those that policies and devices make, to the nanosecond.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from gfplab import units
from gfplab.engine.decision import BoundDecision
from gfplab.engine.records import TASK_HRTIMER
from gfplab.engine.requests import TASK_INTERRUPTIBLE
from gfplab.engine.slices import what_went_wrong
from gfplab.kernel.gfp import GFP_KERNEL, GFP_NOIO
from gfplab.testing.chosen import choose
from gfplab.testing.events import Asked, Done, Event, Slept, event_lines, same_lines, step_words
from gfplab.testing.small_machine import (
    OP_ALLOC_PAGE,
    OP_MEMPOOL_ALLOC,
    OP_MEMPOOL_FREE,
    OP_RECLAIM,
    OP_SLAB_ALLOC,
    TABLES,
    SmallMachine,
)
from gfplab.world.overrides import apply_overrides

MOST_TASKS = 16
_POOL = {"kind": "mempool_loop", "comm": "pool", "start": "999s", "hold": "1us", "count": 1}


def nanoseconds(time: int | str) -> int:
    """A time as the tests of a policy write it: nanoseconds, or text with a unit."""
    return units.parse_time(time) if isinstance(time, str) else time


@dataclasses.dataclass(frozen=True)
class Task:
    """A task of the test: one call of a kernel function."""

    machine: "Machine" = dataclasses.field(repr=False)
    number: int
    job: int

    @property
    def result(self) -> int | None:
        """What the function gave; None while it runs."""
        return next((result for _time, job, result, _took in self.machine.done if job == self.job), None)

    @property
    def done_at(self) -> int | None:
        """When it was over, ns; None while it runs."""
        return next((time for time, job, _result, _took in self.machine.done if job == self.job), None)

    @property
    def asks(self) -> list[Asked]:
        """Every decision that was asked on its behalf."""
        return [asked for asked in self.machine.asks if asked.task == self.number]

    @property
    def sleeps(self) -> list[Slept]:
        """Its uninterruptible sleeps that are over."""
        return [slept for slept in self.machine.sleeps if slept.task == self.number]

    @property
    def stack(self) -> list[str]:
        """Where it sleeps now, innermost first; empty if it does not sleep."""
        machine = self.machine
        return [] if self.done_at is not None else [n for n, _, _ in machine.build.backtrace(machine.sim, self.number)]

    def __str__(self) -> str:
        return self.machine.name_of(self.number)


class Machine(SmallMachine):
    """16 MiB of memory in one zone, one CPU, a disk for swap; `settings` change it, and set tunables, as --set does."""

    idle = TASK_INTERRUPTIBLE | TASK_HRTIMER

    def __init__(
        self,
        policies: Sequence[str | Path] = (),
        settings: Mapping[str, object] | None = None,
        kernel: str = "v4.7",
        seed: int = 1,
        cpu_time: bool = False,
        folder: Path | None = None,
        tables: Mapping[str, object] | None = None,
    ):
        self.asks: list[Asked] = []
        self.tasks: list[Task] = []
        plain, tunables, chosen = choose(kernel, policies, settings or {}, folder)
        changed = apply_overrides({**TABLES, "kernel": kernel, **(tables or {})}, plain, "settings")
        super().__init__(policies=chosen(tunables), seed=seed, **changed)
        self.arrays["e"]["stall_min_ns"] = 0
        if not cpu_time:
            self.arrays["costs"][:] = 0
            self.arrays["e"]["wake_ns"] = self.arrays["e"]["switch_ns"] = 0

    def watched(self, decisions: dict[str, BoundDecision]) -> dict[str, BoundDecision]:
        """The same decisions, with a note of every question and answer."""
        return {name: dataclasses.replace(b, python=self._noting(name, b.python)) for name, b in decisions.items()}

    def _noting(self, name: str, python: Callable[..., int]) -> Callable[..., int]:
        def ask(*records):
            answer = int(python(*records))
            if hasattr(self, "k"):  # boot asks for the figures of zones, before anything has happened
                e = self.k.e[0]
                self.asks.append(Asked(int(e.now), int(e.cur), name, answer))
            return answer

        return ask

    # what is done

    def alloc_page(self, mask: int = GFP_KERNEL, at: int | str = 0, flags: int = 0) -> Task:
        """A task that allocates a page with this mask, at this time, under these PF_* flags."""
        return self._task(OP_ALLOC_PAGE, mask, at=at, flags=flags)

    def alloc_object(self, cache: int, mask: int = GFP_KERNEL, at: int | str = 0, flags: int = 0) -> Task:
        """A task that allocates an object of a slab cache."""
        return self._task(OP_SLAB_ALLOC, cache, mask, at=at, flags=flags)

    def reclaim(self, mask: int = GFP_KERNEL, at: int | str = 0, flags: int = 0) -> Task:
        """A task that enters direct reclaim; its result is the number of pages that it freed."""
        return self._task(OP_RECLAIM, mask, at=at, flags=flags)

    def exhaust(self, leave: int = 0) -> "Machine":
        """The kernel takes the free pages for good, until `leave` are left; nothing is there to be reclaimed."""
        self.lose_free_pages(leave)
        return self

    def run(self, until: int | str) -> "Machine":
        """Let time go on; a broken law of the kernel, or a step that it does not know, is the test's failure."""
        __tracebackhide__ = True
        reason = self.go_on(nanoseconds(until))
        if reason == "error":
            raise AssertionError(what_went_wrong(self.sim, self.name_of))
        return self

    def _task(self, op: int, a: int = 0, b: int = 0, at: int | str = 0, flags: int = 0) -> Task:
        if len(self.tasks) == MOST_TASKS:
            raise ValueError(f"a small machine has room for {MOST_TASKS} tasks; run a scenario instead")
        number = self.job(op, a, b, start_ns=nanoseconds(at), pf_flags=flags)
        self.tasks.append(Task(self, number, self.jobs))
        return self.tasks[-1]

    # what came of it

    @property
    def now(self) -> int:
        """The time, ns."""
        return int(self.k.e[0].now)

    @property
    def sleeps(self) -> list[Slept]:
        """Every uninterruptible sleep that is over, in the order of their ends."""
        rows = [*self.stalls, *self.arrays["stalls"][: int(self.arrays["e"]["n_stalls"][0])]]
        return sorted(map(self._slept, rows), key=lambda slept: (slept.time, slept.start, slept.task))

    def _slept(self, row) -> Slept:
        start, timeout, end = int(row["start"]), int(row["timeout"]), int(row["start"] + row["duration"])
        jiffy = int(self.k.e[0].jiffy_ns)
        deadlines = (start + timeout, (start // jiffy + -(-timeout // jiffy)) * jiffy)  # exact, and in jiffies
        frames = tuple(name for name, _, _ in self.build.stack_names(self.sim, int(row["stack"])))
        return Slept(end, int(row["task"]), start, frames, timeout >= 0 and end in deadlines)

    @property
    def events(self) -> list[Event]:
        """All that happened to the test's tasks, in order of time: questions, ends of sleeps, results."""
        number = {task.job: task.number for task in self.tasks}
        done = [Done(time, number[job], result) for time, job, result, _took in self.done]
        mine = set(number.values())
        found: list[Event] = [*self.sleeps, *self.asks, *done]
        return sorted([event for event in found if event.task in mine], key=lambda event: event.time)

    @property
    def log(self) -> list[str]:
        """The events as lines of text."""
        return event_lines(self.events, [self.name_of(t) for t in range(len(self.layout.tasks))])

    def name_of(self, task: int) -> str:
        """What reports call a task."""
        mine = next((n for n, known in enumerate(self.tasks, 1) if known.number == task), 0)
        return f"task {mine}" if mine else self.layout.tasks[task].comm if task else "interrupt"

    # what a test says about it

    def assert_asks(self, task: Task, answers: Sequence[str | int], decision: str = "mempool_step") -> None:
        """The policy answered this task's questions so, in this order, and no others.

        An answer is a whole number, or a word: "RESERVE", "WAIT(5s)", or "WAIT" for a wait of any length.
        """
        __tracebackhide__ = True
        asks = [asked for asked in task.asks if asked.decision == decision]
        wanted = [_words(answer, decision) for answer in answers]
        if len(asks) != len(wanted) or any(not _fits(a.words, w) for a, w in zip(asks, wanted, strict=True)):
            raise AssertionError(
                f"{task} was answered {_list([a.words for a in asks])} by {decision}, not {_list(wanted)}"
                + self._story(task)
            )

    def assert_wakes_at(self, task: Task, time: int | str, within: int | str = 0) -> None:
        """A sleep of this task ended at this time, give or take `within`."""
        __tracebackhide__ = True
        wanted, slack = nanoseconds(time), nanoseconds(within)
        if not any(abs(slept.time - wanted) <= slack for slept in task.sleeps):
            ends = ", ".join(f"at {slept.time} ns ({slept})" for slept in task.sleeps)
            what = ends or (f"never: it sleeps in {task.stack[0]}()" if task.stack else "never: it did not sleep")
            raise AssertionError(f"{task} was to wake at {wanted} ns and woke {what}" + self._story(task))

    def assert_never_sleeps(self, task: Task) -> None:
        """The task had what it wanted, or nothing, without an uninterruptible sleep."""
        __tracebackhide__ = True
        if task.sleeps or task.stack:
            where = f"sleeps in {task.stack[0]}()" if task.stack else str(task.sleeps[0])
            raise AssertionError(f"{task} {where}" + self._story(task))

    def assert_done_by(self, task: Task, time: int | str) -> None:
        """The task's call had returned at this time."""
        __tracebackhide__ = True
        if task.done_at is None or task.done_at > nanoseconds(time):
            when = "is not done" if task.done_at is None else f"was done at {task.done_at} ns"
            raise AssertionError(f"{task} {when}; it was to be by {nanoseconds(time)} ns" + self._story(task))

    def assert_stack(self, task: Task, *functions: str) -> None:
        """The task sleeps in these functions, innermost first; others may lie between them."""
        __tracebackhide__ = True
        rest = iter(task.stack)
        missing = next((name for name in functions if name not in rest), None)
        if missing is not None or not task.stack:
            where = f"it sleeps in {' <- '.join(task.stack)}" if task.stack else "it does not sleep"
            raise AssertionError(f"{task} was to sleep in {' <- '.join(functions)}; {where}" + self._story(task))

    def _story(self, task: Task) -> str:
        lines = [line for line in self.log if f"  {task} " in line]
        return "\n" + "\n".join(lines) if lines else ""


class Mempool(Machine):
    """A small machine with one pool of `min_nr` elements, pages or slab objects."""

    def __init__(self, policies: Sequence[str | Path] = (), min_nr: int = 2, kind: str = "page", **options):
        super().__init__(policies, tables={"task": [{**_POOL, "pool": kind, "min_nr": min_nr}]}, **options)
        self.record, self.index = self.pool("pool")

    @property
    def reserve(self) -> int:
        """Elements in the reserve now."""
        return int(self.record.curr_nr)

    @property
    def waiters(self) -> int:
        """Tasks that sleep until an element comes back."""
        return int(self.record.nr_waiters)

    def take(self, mask: int = GFP_NOIO, at: int | str = 0, flags: int = 0) -> Task:
        """A task that calls mempool_alloc() with this mask."""
        return self._task(OP_MEMPOOL_ALLOC, self.index, mask, at=at, flags=flags)

    def give_back(self, taken: Task, at: int | str = 0) -> Task:
        """A task that returns what the other one has taken."""
        return self._task(OP_MEMPOOL_FREE, self.index, taken.job, at=at)


def assert_same_log(a, b, at_most: int = 0) -> None:
    """Two machines, or two runs, went through the same events; `at_most` lines of their logs may differ."""
    __tracebackhide__ = True
    same_lines(list(a.log), list(b.log), at_most, "event logs")


def _words(answer: str | int, decision: str) -> str:
    return step_words(answer) if isinstance(answer, int) and decision == "mempool_step" else str(answer)


def _fits(said: str, wanted: str) -> bool:
    """Whether an answer is the one that is wanted; a bare name stands for any argument."""
    return said == wanted or (wanted.isalpha() and said.partition("(")[0] == wanted)


def _list(words: Sequence[str]) -> str:
    return ", ".join(words) or "nothing"
