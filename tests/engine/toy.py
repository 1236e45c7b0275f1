"""Small models for tests of the transformer: kernel code from a string, run on the toy engine of tiny.py.

The source begins at line 1 of its file; decorators, requests and `note` need no import in it.
"""

import sys
import types
from dataclasses import dataclass

import tiny

from gfplab.engine import arith, requests, subset
from gfplab.engine.build import Model
from gfplab.engine.records import engine_schema

NAMES = {n: getattr(subset, n) for n in ("kernel", "plain", "prototype")}
NAMES |= {n: getattr(requests, n) for n in requests.REQUESTS}
NAMES |= {"note": tiny.note, "TASK_UNINTERRUPTIBLE": 2, "SHIFT": 3, "BIG": 1 << 63, **arith.WRAPPING}
ARRAYS = ("e", "zones", "vm", "page_flags", "links", "notes")


def schema():
    """Two record arrays and two compact arrays besides what tiny.py needs."""
    s = engine_schema()
    s.records("e", log_hash="", random="")
    s.records("tasks", wake="", state="")
    s.records("zones", nr_free="free pages", flags="", next="")
    s.records("vm", nr_dirty="", total="")
    s.array("page_flags", "u1", "")
    s.array("links", "i4", "")
    s.log("notes", 4000, time="", task="", a="", b="")
    return s


def load(folder, text, name="case"):
    """A module from source text."""
    path = folder / f"{name}.py"
    path.write_text(text)
    module = types.ModuleType(f"toy_{name}")
    vars(module).update(NAMES, __file__=str(path))
    sys.modules[module.__name__] = module
    exec(compile(text, str(path), "exec"), vars(module))
    return module


def model(folder, text, decisions=(), name="case"):
    """The model of one source text."""
    return Model(schema(), [tiny, load(folder, text, name)], decisions, engine=("frames",))


@dataclass
class Outcome:
    """What a run left behind; equal for equal runs."""

    reason: str
    notes: list
    state: dict

    def __eq__(self, other):
        return (self.reason, self.notes, self.state) == (other.reason, other.notes, other.state)


def start(build, roots=("main",), seed=0, decisions=None, tasks=3, stack_words=512):
    """A simulation with `tasks` tasks that run the root functions in turn, each with its number + seed as argument."""
    sizes = {
        "tasks": tasks + 1,
        "zones": 8,
        "vm": 1,
        "page_flags": 64,
        "links": 64,
        "stack_words": stack_words,
        "my": 8,
    }
    arrays = build.arrays(sizes)
    arrays["zones"]["nr_free"] = range(10, 90, 10)
    arrays["e"]["random"] = seed * 7919 + 1
    arrays["e"]["check_every"] = 1
    sim = build.start(arrays, decisions)
    for t in range(1, tasks + 1):
        sim.call("begin", t, build.fid(roots[(t - 1) % len(roots)]), t + seed)
    return sim


def outcome(sim, reason):
    """Everything that must be equal in the three modes."""
    state = {n: sim.arrays[n].tolist() for n in ARRAYS if n != "notes"}
    return Outcome(reason, sim.drain()["notes"].tolist(), state)


def play(build, events=3000, **how):
    """Run to the end (or so many events) and say what happened."""
    sim = start(build, **how)
    reason = sim.run(1 << 60, events)
    return outcome(sim, reason)
