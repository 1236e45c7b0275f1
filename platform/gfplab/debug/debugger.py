"""pdb inside a policy: `--break` stops at the first statement of the function that answers a decision.

The prompt is pdb's, with its commands; beside the function's own names there are all records of the decision, `my`,
`now` (ns), `comm` and gfp_names(), and the commands `machine` (memory and reserves) and `tasks` (who sleeps where).
`up` leads into the simulated kernel, whose source pdb shows as it stands.
"""

import dataclasses
import fnmatch
import pdb
import signal
import sys
import threading

from gfplab.debug.answers import field_words
from gfplab.debug.breakpoints import Breakpoint
from gfplab.debug.fields import fields_read
from gfplab.debug.machine import blocked_lines, memory_lines, running_frames, running_trace
from gfplab.debug.members import Members
from gfplab.errors import PolicyError
from gfplab.kernel.decisions import DECISIONS
from gfplab.kernel.gfp import gfp_names
from gfplab.units import about_time

_OURS = ["gfplab.debug.*", "gfplab.engine.*", "gfplab.policy.*", "gfplab.run"]  # stepping does not stop in these
_ORDINALS = {1: "st", 2: "nd", 3: "rd"}


class PolicyDebugger(pdb.Pdb):
    """Stops a run in the pure mode "generators" where its breakpoints say."""

    def __init__(self, world, policies, breakpoints: list[Breakpoint], stdin=None, stdout=None):
        super().__init__(stdin=stdin, stdout=stdout, nosigint=True, skip=_OURS)
        self.world, self.policies, self.breakpoints = world, policies, breakpoints
        self.over = False  # standard input has ended: nobody is there to be asked
        self.stopped_ns = 0
        self._names: dict = {}

    def attach(self, build, machine, decisions):
        """The decisions, with those that have a breakpoint stopping there; simulate() calls this before a run."""
        self.build, self.booted = build, machine
        for breakpoint in self.breakpoints:
            breakpoint.resolve(machine)
        return {name: self._around(bound) for name, bound in decisions.items()}

    def _around(self, bound):
        mine = [breakpoint for breakpoint in self.breakpoints if breakpoint.decision == bound.name]
        if not mine:
            return bound
        arrays, decision = self.booted.arrays, next(d for d in DECISIONS if d.name == bound.name)
        members = Members(self.policies, bound, decision, self.build.schema, arrays["my"])
        if not any(bound.name in plugin.definitions for plugin in members.plugins):
            raise PolicyError(
                f"--break {mine[0].text}: {bound.plugin} answers it in C, where pdb cannot stop; use gdb, or a policy "
                "in Python"
            )
        e, tasks, function = arrays["e"], arrays["tasks"], bound.python

        def stopping(*records):
            task = int(e["cur"][0])
            now = int(e["now"][0] + tasks["debt"][task])
            # every breakpoint counts, so none is left out once one was hit
            hit = [breakpoint for breakpoint in mine if breakpoint.hit(now, task, records)]
            if hit and not self.over:
                self._stop(members, hit[0], now, task, records)
            return function(*records)

        return dataclasses.replace(bound, python=stopping)

    def _stop(self, members: Members, breakpoint: Breakpoint, now: int, task: int, records) -> None:
        """Say where the machine is, and let the next statement that is not ours be the debugger's."""
        decision, which = members.decision, members.which(records)
        plugin = members.plugins[which]
        if decision.name not in plugin.definitions:
            return  # this share of the decision is answered in C
        named = dict(zip([name for name, _records in decision.args], records, strict=False))
        named["my"] = members.own(which, records)
        comm = self.booted.layout.tasks[task].comm if task else "an interrupt"
        self._names = {**named, "now": now, "comm": comm, "gfp_names": gfp_names}
        self._file = plugin.functions[decision.name].__code__.co_filename
        self.stopped_ns = now
        where = f"{breakpoint.asked}{_ordinal(breakpoint.asked)} time, at {now} ns ({about_time(now)})"
        pid = int(self.booted.arrays["tasks"]["pid"][task])
        who = f"{comm} (pid {pid}) on CPU {int(self.booted.arrays['tasks']['last_cpu'][task])}" if task else comm
        self.message(f"{decision.name} of {plugin.name}, asked for the {where}, by {who}")
        trace = running_trace(running_frames(self.build), self.world.kernel)
        if trace:
            self.message("\n".join(["Call Trace:", *trace]))
        read = fields_read(plugin, decision.name, self.build.schema)
        for name, fields in read.items():
            self.message(f"{name}: " + ", ".join(f"{f}={field_words(f, getattr(named[name], f))}" for f in fields))
        if named["my"] is not None:
            self.message(str(named["my"]))
        self._trace_from_here()

    def _trace_from_here(self) -> None:
        """What Pdb.set_trace() does, but the stack that is shown ends where the engine runs a task."""
        self.reset()
        frame = sys._getframe().f_back
        while frame is not None:
            frame.f_trace = self.trace_dispatch
            self.botframe = frame
            if frame.f_globals.get("__name__") == "gfplab.engine.simulation":
                break
            frame = frame.f_back
        self.set_step()
        sys.settrace(self.trace_dispatch)

    def get_stack(self, frame, traceback):
        """The frames of `where`, `up` and `down`: without those that only carry the question to the policy."""
        stack, current = super().get_stack(frame, traceback)
        here = stack[current] if stack else None
        stack = [entry for entry in stack if entry is here or not _is_ours(entry[0].f_globals.get("__name__", ""))]
        return stack, stack.index(here) if here else 0

    def user_call(self, frame, argument_list) -> None:
        """A call is no place to stop: the first statement is."""

    def interaction(self, frame, *rest) -> None:
        """Ask the person. Ctrl-C means this prompt, not the run."""
        code = frame.f_code
        if code.co_filename == self._file:
            own = {*code.co_varnames, *code.co_cellvars, *code.co_freevars}
            frame.f_locals.update({name: value for name, value in self._names.items() if name not in own})
        main = threading.current_thread() is threading.main_thread()
        before = signal.signal(signal.SIGINT, signal.default_int_handler) if main else None
        try:
            super().interaction(frame, *rest)
        finally:
            if main:
                signal.signal(signal.SIGINT, before)

    def do_machine(self, _argument) -> None:
        """machine: memory, watermarks, writeback, and the reserve of every pool."""
        self.message("\n".join(memory_lines(self.booted.arrays, self.booted.layout)))

    def do_tasks(self, _argument) -> None:
        """tasks: who sleeps uninterruptibly, and where."""
        arrays, layout = self.booted.arrays, self.booted.layout
        self.message(blocked_lines(self.build, arrays, layout, self.world.kernel).rstrip())

    def do_EOF(self, argument):
        """Standard input has ended: the run goes on without the debugger."""
        self.over = True
        self.clear_all_breaks()
        self.message("\nstandard input has ended; the run goes on without stopping")
        return self.do_continue(argument)


def _is_ours(module: str) -> bool:
    return any(fnmatch.fnmatch(module, pattern) for pattern in _OURS)


def _ordinal(number: int) -> str:
    return "th" if number % 100 in (11, 12, 13) else _ORDINALS.get(number % 10, "th")
