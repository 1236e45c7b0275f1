"""From kernel files to a run: Model links and checks, Build makes one mode of it, Simulation is one run.

model = Model(schema, modules=[mempool, page_alloc, ...], decisions=DECISIONS) build = model.build(mode="compiled")
# or "steps", "generators"; check=True adds bounds checks and invariants arrays = build.arrays({"tasks": 20, "zones":
4}) ...                                             # boot: fill the numpy arrays sim = build.start(arrays, decisions)
sim.run(until_ns=10**9)
"""

import functools
import importlib
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from gfplab.engine import cache, checks
from gfplab.engine.link import Program, did_you_mean
from gfplab.engine.modes import GeneratorMode, StepMode
from gfplab.engine.requests import OP_IO_SCHEDULE, OP_SCHEDULE
from gfplab.engine.resumable import Step
from gfplab.engine.simulation import Simulation
from gfplab.engine.snapshot import restored
from gfplab.engine.stacks import WITH_TIMEOUT
from gfplab.engine.subset import KernelBuildError, Prototype

ENGINE_FILES = (
    *(
        "frames",
        "accounts",
        "clock",
        "rng",
        "trace",
        "events",
        "tasks",
        "runqueue",
        "cpus",
        "waits",
        "locks",
        "stacks",
        "driver",
    ),
)
MODES = ("compiled", "steps", "generators")
LATER_ERA = re.compile(r"__v\d+_\d+$")


@dataclass(frozen=True)
class KernelFunction:
    """What reports know of a function that may block; `line_of_pc` maps a pc in a frame to the line of the wait."""

    name: str
    fid: int
    inlined: bool
    file: str
    line_of_pc: dict

    @property
    def shown(self):
        """The name in a printed stack: a later era's version of a function, f__v6_1, is f there."""
        return LATER_ERA.sub("", self.name)


class Model:
    """A linked and checked set of kernel functions; sources that passed once are parsed again only on demand.

    `errors` and `laws` say in words what the model's own numbers in e.error and of check_invariants() mean.
    """

    def __init__(self, schema, modules, decisions=(), engine=ENGINE_FILES, errors=None, laws=None):
        self.schema, self.decisions = schema, tuple(decisions)
        self.errors, self.laws = dict(errors or {}), dict(laws or {})
        modules = [*(importlib.import_module(f"gfplab.engine.{name}") for name in engine), *modules]
        self.sources = {m: Path(m.__file__).read_text() for m in modules}
        self.digest = self._digest()
        known = cache.root() / f"model_{self.digest}.json"
        if not known.exists():
            functions = {
                n: (s.fid, s.f.inlined, Path(s.f.file).name, list(s.line_of_pc.items())) for n, s in self.steps.items()
            }
            cache.write(known, json.dumps(functions))
        self.functions = {n: KernelFunction(n, *f[:3], dict(f[3])) for n, f in cache.read_json(known).items()}
        self.fids = {n: f.fid for n, f in self.functions.items()}
        self.by_fid = {f.fid: f for f in self.functions.values()}

    def _digest(self):
        """A hash of all that the model is made of."""
        prototypes, constants = set(), []
        for m in self.sources:
            prototypes |= {v.function.__code__.co_filename for v in vars(m).values() if isinstance(v, Prototype)}
            constants += [f"{m.__name__}.{n}={v}" for n, v in vars(m).items() if isinstance(v, int)]
        texts = [*self.sources.values(), *(Path(f).read_text() for f in sorted(prototypes))]
        return cache.digest(
            self.schema.digest(), repr(self.decisions), cache.engine_digest(), sys.version, *sorted(constants), *texts
        )

    @functools.cached_property
    def program(self):
        """The functions, linked and checked."""
        program = Program(self.schema, self.sources, self.decisions)
        errors = [e for f in program.functions.values() for e in checks.check(f, program)]
        errors += [e for d in self.decisions for e in self._check_decision(d)]
        if errors:
            raise KernelBuildError(errors)
        self.plain_order = program.order()
        return program

    @functools.cached_property
    def steps(self):
        """name -> Step of every kernel function."""
        return {f.name: Step(f, self.program) for f in self.program.functions.values() if f.blocking}

    def _check_decision(self, decision):
        for argument, array in decision.args:
            if array not in self.schema.fields:
                near = did_you_mean(array, self.schema.fields)
                where = f"decision {decision.name}: argument {argument}"
                yield f"{where} comes from {array!r}, which is no record array{near}"

    def build(self, mode="compiled", check=False, progress=None):
        """Make one mode; `progress(done, total, name)` hears about functions being compiled."""
        if mode not in MODES:
            raise ValueError(f"mode {mode!r}: one of {', '.join(MODES)}")
        if mode == "compiled":
            from gfplab.engine.compiled import CompiledMode

            return Build(self, CompiledMode(self, check, progress), check)
        return Build(self, (GeneratorMode if mode == "generators" else StepMode)(self, check), check)


class Build:
    """One mode of one model."""

    def __init__(self, model, code, check):
        self.model, self.code, self.check, self.mode = model, code, check, code.mode
        self.schema, self.hash = model.schema, model.digest

    def arrays(self, sizes):
        """Zeroed arrays; boot fills them."""
        return self.schema.arrays(sizes)

    def start(self, arrays, decisions=None):
        """A simulation over these arrays (they are its memory, not copied); `decisions`: name -> BoundDecision."""
        if self.check and "check_every" in self.schema.fields["e"] and not arrays["e"]["check_every"][0]:
            arrays["e"]["check_every"] = 1000
        return Simulation(self, arrays, decisions or {})

    def restore(self, snapshot, decisions=None):
        """A simulation that goes on from a snapshot; the snapshot can be used again."""
        snapshot.require(self)
        return self.start(restored(snapshot), decisions)

    def decision_signature(self, name):
        """The numba signature of the compiled form of a policy's answer to a decision (compiled mode only)."""
        return self.code.decision_signature(next(d for d in self.model.decisions if d.name == name))

    def fid(self, name):
        """The function id of a kernel function (the constant FN_<name> of kernel code)."""
        return self.model.fids[name]

    def frames(self, arrays, t):
        """(function name, fp, pc) of every frame of a task that sleeps, the innermost first."""
        stack, fp = arrays["stk"], int(arrays["tasks"]["fp"][t])
        while fp:
            yield self.model.by_fid[int(stack[fp])].name, fp, int(stack[fp + 1])
            fp = int(stack[fp + 2])

    def backtrace(self, sim, t):
        """[(function, line, {local: value})] of a task that sleeps, the innermost first."""
        if self.mode == "generators":
            return self.code.backtrace(sim.k, t)
        out = []
        for name, fp, pc in self.frames(sim.arrays, t):
            step = self.model.steps[name]
            values = {v: int(sim.arrays["stk"][fp + slot]) for v, slot in step.shown(self.check, pc).items()}
            out.append((name, step.line_of_pc[pc], values))
        return out

    def stack_names(self, sim, stack):
        """[(function, line, inlined)] of a stack that the engine noted, the innermost first."""
        s = sim.arrays["stacks"][stack]
        frames = sim.arrays["stack_frames"][s["first"] : s["first"] + 2 * s["nframes"]].reshape(-1, 2)
        functions = [(self.model.by_fid[int(fid)], int(pc)) for fid, pc in frames]
        return [(f.shown, f.line_of_pc[pc], f.inlined) for f, pc in functions]

    def wait_name(self, op):
        """The request that stacks[s].op stands for: schedule, schedule_timeout, io_schedule or io_schedule_timeout."""
        name = {OP_SCHEDULE: "schedule", OP_IO_SCHEDULE: "io_schedule"}[op & ~WITH_TIMEOUT]
        return f"{name}_timeout" if op & WITH_TIMEOUT else name
