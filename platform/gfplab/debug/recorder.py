"""Writes down every decision of a run: who asked, what the policy saw, what it answered, and what became of `my`.

A Recorder puts a function of its own around each policy.  In the pure modes that is a Python function; in compiled mode
it is a callback at the address where the kernel calls the policy, which hands the same arguments on to the policy's
machine code.  Either way the policy answers as ever, so the run is the same to the last event.  A decision costs a few
microseconds more.
"""

import ctypes
import dataclasses
from array import array
from collections.abc import Callable
from operator import attrgetter
from types import SimpleNamespace

import numpy as np

from gfplab.debug.fields import fields_read, my_columns
from gfplab.debug.members import Members
from gfplab.engine.decision import BoundDecision, Decision
from gfplab.engine.state import record_class
from gfplab.kernel.decisions import DECISIONS
from gfplab.policy.places import kinds_of, place_layout, row_layout, slots

LIMIT = 1_000_000  # decisions kept; a row is some twenty numbers
HEAD = ("seq", "time_ns", "events", "task", "cpu", "answer")


@dataclasses.dataclass
class Traced:
    """What was written down of one decision point: rows of HEAD, the fields, `my` before and `my` after."""

    decision: str
    plugin: str
    fields: list[str]  # "pool.curr_nr"
    my: list[tuple[str, int, str]]  # column, slot of it in `my` or in a row, kind
    cells: array = dataclasses.field(default_factory=lambda: array("q"))

    @property
    def width(self) -> int:
        return len(HEAD) + len(self.fields) + 2 * len(self.my)

    def rows(self) -> np.ndarray:
        return np.frombuffer(self.cells, np.int64).reshape(-1, self.width)


class Recorder:
    """The decisions of one run, in the order in which they were taken."""

    def __init__(self, policies, wanted=(), limit: int = LIMIT, at: int | None = None):
        """`wanted`: decision points, all if none is named; `at`: the decision at which `on_reached` is called."""
        self.policies, self.wanted, self.limit, self.at = policies, tuple(wanted), limit, at
        self.on_reached: Callable[[], None] = lambda: None
        self.traced: dict[str, list[Traced]] = {}  # decision -> one for each plugin that answers it
        self.left_out: list[str] = []
        self.total = 0  # decisions taken, kept or not
        self.error: BaseException | None = None
        self.build = self.machine = None
        self._alive: list = []  # callbacks live as long as the machine code that calls them

    def attach(self, build, machine, decisions: dict[str, BoundDecision]) -> dict[str, BoundDecision]:
        """The decisions with a recorder around those that are wanted; simulate() calls this before a run."""
        self.build, self.machine = build, machine
        self._clock(build.schema, machine.arrays)
        return {
            name: self._around(bound) if not self.wanted or name in self.wanted else bound
            for name, bound in decisions.items()
        }

    def raise_error(self) -> None:
        """A callback cannot raise through machine code; what went wrong in one is raised here, after the run."""
        if self.error is not None:
            raise self.error

    def _clock(self, schema, arrays) -> None:
        e = record_class("e", [(field, "i8", 1) for field in schema.fields["e"]])
        task = record_class("tasks", [(field, "i8", 1) for field in schema.fields["tasks"]])
        self._e = e.from_buffer(arrays["e"])
        self._tasks = list((task * len(arrays["tasks"])).from_buffer(arrays["tasks"]))

    def _around(self, bound: BoundDecision) -> BoundDecision:
        decision = next(d for d in DECISIONS if d.name == bound.name)
        schema, my = self.build.schema, self.machine.arrays["my"]
        members = Members(self.policies, bound, decision, schema, my)
        views = [
            _View(plugin, offset, decision, schema, my)
            for plugin, offset in zip(members.plugins, members.offsets, strict=True)
        ]
        self.traced[bound.name] = [view.traced for view in views]
        self.left_out += [f"{column} of {v.traced.plugin}" for v in views for column in v.own.left_out]
        if self.build.mode != "compiled":
            return dataclasses.replace(bound, python=self._python(bound.python, members, views))
        return dataclasses.replace(bound, compiled=self._compiled(bound.compiled, members, views))

    def _python(self, function, members, views):
        """The Python function of a decision with a recorder around it."""

        def recorded(*records):
            seq = self._begin()
            if seq >= self.limit:
                return function(*records)
            view = views[members.which(records)]
            seen, places = view.seen(records), view.own.places(records)
            before = view.own.read(places)
            answer = function(*records)
            view.traced.cells.extend((seq, *self._now, int(answer), *seen, *before, *view.own.read(places)))
            return answer

        return recorded

    def _compiled(self, dispatcher, members, views):
        """Stands for the dispatcher of a decision: at its address lies a callback that calls it."""
        from gfplab.engine.loader import address  # imports numba, which the pure modes do without

        (signature,) = dispatcher.overloads
        records = [ctypes.c_void_p] * (len(signature) - 1)
        shape = (ctypes.c_int32, ctypes.POINTER(ctypes.c_int64), ctypes.c_void_p, *records, ctypes.c_int64)
        policy = ctypes.PYFUNCTYPE(*shape)(address(dispatcher))

        def recorded(result, raised, *arguments):
            view = None
            try:
                seq = self._begin()
                if seq < self.limit:
                    view = views[members.which(arguments, at_address=True)]
                    seen = view.seen(arguments, at_address=True)
                    places = view.own.places(arguments, at_address=True)
                    before = view.own.read(places)
            except BaseException as error:  # ctypes would print it and go on with any answer
                self.error, view = self.error or error, None
            status = policy(result, raised, *arguments)
            if status == 0 and view is not None:
                view.traced.cells.extend((seq, *self._now, result[0], *seen, *before, *view.own.read(places)))
            return status

        callback = ctypes.CFUNCTYPE(*shape)(recorded)
        self._alive += [callback, policy, dispatcher]
        place = ctypes.cast(callback, ctypes.c_void_p).value
        library = SimpleNamespace(get_pointer_to_function=lambda _symbol: place)
        found = SimpleNamespace(library=library, fndesc=SimpleNamespace(llvm_func_name=members.decision.name))
        return SimpleNamespace(overloads={signature: found})

    def _begin(self) -> int:
        """The number of the decision that is being taken; notes when and where."""
        e, seq = self._e, self.total
        self.total += 1
        task = e.cur
        running = self._tasks[task]
        self._now = (e.now + running.debt, e.nr_events, task, running.last_cpu if task else e.irq_cpu)
        if seq == self.at:
            self.on_reached()
        return seq


class _View:
    """What one plugin sees of one decision, and where it is written down."""

    def __init__(self, plugin, offset: int, decision: Decision, schema, my: np.ndarray):
        read = fields_read(plugin, decision.name, schema)
        names = [f"{record}.{field}" for record, fields in read.items() for field in fields]
        self.own = _Own(plugin, offset, decision, schema, my)
        self.traced = Traced(decision.name, plugin.name, names, self.own.columns)
        self._getters = []
        for place, (name, records) in enumerate(decision.args):
            if name in read:
                cls = record_class(name, [(field, "i8", 1) for field in schema.fields[records]])
                self._getters.append((place, cls.from_address, _getter(read[name])))

    def seen(self, records, at_address: bool = False) -> list[int]:
        """The fields that the plugin reads, of these records or addresses of records."""
        if at_address:
            return [value for place, at, fields in self._getters for value in fields(at(records[place]))]
        return [value for place, _at, fields in self._getters for value in fields(records[place])]


class _Own:
    """The numbers in `my` that a policy may use for one decision, its rows for single records among them."""

    def __init__(self, plugin, offset: int, decision: Decision, schema, my: np.ndarray):
        self.memory, self.offset, self.rows = (ctypes.c_int64 * len(my)).from_buffer(my), offset, []
        hidden = {field for field, _kind, _length in place_layout(plugin)}
        columns, self.left_out = my_columns(plugin.layout)
        at = {name.removeprefix("my."): offset + slot for name, slot, _kind in columns}
        columns = [column for column in columns if column[0].removeprefix("my.") not in hidden]
        self.fixed = [offset + slot for _name, slot, _kind in columns]
        for place, (name, records) in enumerate(decision.args):
            if name in kinds_of(plugin):
                layout = row_layout(plugin, name)
                found, left_out = my_columns(layout)
                self.left_out += left_out
                columns += found
                cls = record_class(name, [(field, "i8", 1) for field in schema.fields[records]])
                mine = [slot for _name, slot, _kind in found]
                self.rows.append((place, cls.from_address, at[f"per_{name}_at"], slots(layout), mine))
        self.columns = columns

    def places(self, records, at_address: bool = False) -> list[int]:
        """Where the numbers are, for these records or the addresses of records."""
        found = self.fixed
        for place, at, rows_at, width, mine in self.rows:
            record = at(records[place]) if at_address else records[place]
            first = self.offset + self.memory[rows_at] + record.index * width
            found = found + [first + slot for slot in mine]
        return found

    def read(self, places) -> list[int]:
        """Eight bytes each, as a whole number."""
        return [self.memory[place] for place in places]


def _getter(fields: list[str]):
    """record -> the values of its fields."""
    if len(fields) > 1:
        return attrgetter(*fields)
    (field,) = fields
    return lambda record: (getattr(record, field),)
