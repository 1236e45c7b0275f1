"""A bench for engine tests: build the kernel functions of a test module, start tasks, read the notes that they write.

A note is (local time, task, what); tests compare lists of notes. Unless a test says otherwise switching and waking
cost nothing, time-outs are exact, and events of one time run in the order of their making.
"""

from functools import cache

from gfplab.engine import boot
from gfplab.engine.build import Model
from gfplab.engine.clock import local_clock
from gfplab.engine.records import engine_schema
from gfplab.engine.state import PyState
from gfplab.engine.subset import plain
from gfplab.engine.tasks import plan_task

US = 1_000
MS = 1_000_000


@plain
def note(k, what):
    """Write down who did what, and when."""
    e = k.e[0]
    n = e.n_notes
    e.n_notes = n + 1
    row = k.notes[n]
    row.time = local_clock(k)
    row.task = e.cur
    row.what = what
    row.on = k.tasks[e.cur].last_cpu if e.cur else e.irq_cpu


def schema():
    """The engine's records, the notes, and eight words of the test's own."""
    s = engine_schema()
    s.records("words", value="anything")
    s.log("notes", 20_000, time="", task="", what="", on="")
    return s


@cache
def build(module, mode, check=True):
    """The kernel functions of `module` in one mode."""
    import lab

    return Model(schema(), [lab, module]).build(mode, check=check)


class Lab:
    """One simulation; tasks = [(function name, argument), ...] or (function name, argument, CPU), numbered from 1."""

    def __init__(
        self, module, tasks, cpus=1, mode="generators", seed=1, starts=None, sizes=(), check=True, **constants
    ):
        self.build = build(module, mode, check)
        constants = {"switch_ns": 0, "wake_ns": 0, "fixed_order": True, "stall_min_ns": 0, "jiffy_ns": 1, **constants}
        arrays = self.build.arrays(
            {**boot.sizes(len(tasks) + 2, cpus, waitqueues=8, locks=4, streams=2, kinds=8), "words": 8, **dict(sizes)}
        )
        boot.prepare(arrays, seed, ("one", "two"), **constants)
        k = PyState(self.build.schema, arrays)
        for t, (name, arg, *cpu) in enumerate(tasks, 1):
            k.tasks[t].cpu_allowed = cpu[0] if cpu else -1
            plan_task(k, t, self.build.fid(name), arg, starts[t - 1] if starts else 0)
        self.sim = self.build.start(arrays)
        self.k = self.sim.k
        self.arrays = arrays

    def run(self, until=10**12, max_events=None):
        """Let time go on; gives the reason to stop."""
        return self.sim.run(until, max_events)

    @property
    def notes(self):
        """[(time, task, what), ...] in the order of writing."""
        rows = self.arrays["notes"][: int(self.arrays["e"]["n_notes"][0])]
        return [(int(r["time"]), int(r["task"]), int(r["what"])) for r in rows]

    @property
    def where(self):
        """[(task, CPU), ...] in the order of writing."""
        rows = self.arrays["notes"][: int(self.arrays["e"]["n_notes"][0])]
        return [(int(r["task"]), int(r["on"])) for r in rows]

    def e(self, name):
        """A field of k.e[0]."""
        return int(self.arrays["e"][name][0])

    def task(self, t, name):
        """A field of a task."""
        return int(self.arrays["tasks"][name][t])

    def cpu(self, c, name):
        """A field of a CPU."""
        return int(self.arrays["cpus"][name][c])
