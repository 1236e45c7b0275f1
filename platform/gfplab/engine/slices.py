"""Run a simulation in slices of about a tenth of a second, so that people can watch it and stop it.

Compiled code cannot be interrupted; between two slices logs are emptied, progress is told, and Ctrl-C and watchdogs
are heard.
"""

import signal
import threading
import time
from contextlib import contextmanager

from gfplab.engine.records import ERROR_INVARIANT, ERRORS
from gfplab.errors import SimulationError

SLICE_SECONDS = 0.1
FIRST_SLICE = 1_000
LARGEST_SLICE = 10_000_000
STANDSTILL_EVENTS = 5_000_000


def run_until(sim, until_ns, on_drain=None, progress=None, watchdog=None, done=None, name_of=None):
    """Let time go on to `until_ns`; gives "until", or "idle" if nothing will ever happen again, or "done".

    on_drain(rows)          gets the rows of all logs, {log: structured array}, whenever a log fills up and at the end
    progress(now, events)   hears about each slice
    done()                  is asked after each drain whether the run is over before `until_ns`
    watchdog(sim)           may return a sentence, which ends the run as a SimulationError
    name_of(task)           what a sentence about an error calls the task
    Ctrl-C ends the slice, hands out the rows and raises KeyboardInterrupt; the simulation can go on from there.
    """
    e = sim.arrays["e"][0]
    size = FIRST_SLICE
    stood = Standstill(int(e["now"]), int(e["nr_events"]))
    with interrupts_noted() as interrupted:
        try:
            while True:
                began = time.perf_counter()
                reason = sim.run(until_ns, size)
                seconds = time.perf_counter() - began
                if reason == "drain":
                    _drain(sim, on_drain)
                    if done and done():
                        return "done"
                if progress:
                    progress(int(e["now"]), int(e["nr_events"]))
                if reason == "error":
                    raise SimulationError(what_went_wrong(sim, name_of))
                if reason in ("until", "idle"):
                    return reason
                if interrupted:
                    raise KeyboardInterrupt
                sentence = stood.look(int(e["now"]), int(e["nr_events"])) or (watchdog and watchdog(sim))
                if sentence:
                    raise SimulationError(sentence)
                if reason == "events":
                    size = min(
                        LARGEST_SLICE, max(FIRST_SLICE, int(size * min(4.0, SLICE_SECONDS / max(seconds, 1e-6))))
                    )
        finally:
            _drain(sim, on_drain)


def what_went_wrong(sim, name_of=None):
    """The sentence for e.error: the engine's own, the model's, or the law that does not hold."""
    e, model = sim.arrays["e"][0], sim.build.model
    task, error, info = int(e["error_task"]), int(e["error"]), int(e["error_info"])
    who = f"task {task}" if task else "an interrupt"
    if task and name_of:
        who += f" ({name_of(task)})"
    what = {**ERRORS, **model.errors}.get(error, "error {error}").format(info=info, error=error)
    if error == ERROR_INVARIANT and info in model.laws:
        what += f": {model.laws[info]}"
    return f"at {int(e['now'])} ns, event {int(e['nr_events'])}, {who}: {what}"


class Standstill:
    """Notices that events go by and time does not."""

    def __init__(self, now, events):
        self.now, self.events = now, events

    def look(self, now, events):
        """A sentence if time has stood still for too many events."""
        if now != self.now:
            self.now, self.events = now, events
        elif events - self.events > STANDSTILL_EVENTS:
            after = f"after {events - self.events} events"
            return f"time stands still at {now} ns {after}: a loop makes requests that cost nothing"
        return None


def _drain(sim, on_drain):
    rows = sim.drain()
    if on_drain and any(len(r) for r in rows.values()):
        on_drain(rows)


@contextmanager
def interrupts_noted():
    """A list that is empty until Ctrl-C, outside the main thread for ever; a second Ctrl-C is raised at once."""
    noted = []
    if threading.current_thread() is not threading.main_thread():
        yield noted
        return

    def note(signum, frame):
        if noted:
            raise KeyboardInterrupt
        noted.append(signum)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield noted
    finally:
        signal.signal(signal.SIGINT, before)
