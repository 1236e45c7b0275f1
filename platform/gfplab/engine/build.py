"""From kernel files to a simulation that runs: Model links and checks, Build makes one mode of it, Simulation is one run.

    model = Model(schema, modules=[mempool, page_alloc, ...], decisions=DECISIONS)
    build = model.build(mode="compiled")            # or "steps", "generators"; check=True adds bounds checks and invariants
    arrays = build.arrays({"tasks": 20, "zones": 4})
    ...                                             # boot: fill the numpy arrays
    sim = build.start(arrays, decisions)
    sim.run(until_ns=10**9)
"""

import functools
import importlib
import json
import sys
from pathlib import Path

from gfplab.engine import cache, checks
from gfplab.engine.link import Program
from gfplab.engine.modes import GeneratorMode, StepMode
from gfplab.engine.resumable import Step
from gfplab.engine.simulation import Simulation
from gfplab.engine.subset import KernelBuildError, Prototype

ENGINE_FILES = (
    *("frames", "accounts", "clock", "rng", "trace", "events", "tasks", "runqueue", "cpus", "waits", "locks", "stacks", "driver"),
)
MODES = ("compiled", "steps", "generators")


class Model:
    """A linked and checked set of kernel functions; sources that passed once are not read again until somebody needs them."""

    def __init__(self, schema, modules, decisions=(), engine=ENGINE_FILES):
        self.schema, self.decisions = schema, tuple(decisions)
        self.modules = [*(importlib.import_module(f"gfplab.engine.{name}") for name in engine), *modules]
        self.digest = self._digest()
        passed = cache.root() / f"model_{self.digest}.json"
        self.fids = cache.read_json(passed)
        if self.fids is None:
            self.fids = self.program.fids
            cache.write(passed, json.dumps(self.fids))

    def _digest(self):
        """A hash of all that the model is made of."""
        files, constants = set(), []
        for m in self.modules:
            files |= {m.__file__, *(v.function.__code__.co_filename for v in vars(m).values() if isinstance(v, Prototype))}
            constants += [f"{m.__name__}.{n}={v}" for n, v in vars(m).items() if isinstance(v, int)]
        texts = [Path(f).read_bytes() for f in sorted(files)]
        return cache.digest(self.schema.digest(), repr(self.decisions), cache.engine_digest(), sys.version, *sorted(constants), *texts)

    @functools.cached_property
    def program(self):
        """The functions, linked and checked."""
        program = Program(self.schema, self.modules, self.decisions)
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
                yield f"decision {decision.name}: argument {argument} comes from {array!r}, which is no record array"

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
        self.schema = model.schema

    def arrays(self, sizes):
        """Zeroed arrays; boot fills them."""
        return self.schema.arrays(sizes)

    def start(self, arrays, decisions=None):
        """A simulation over these arrays (they are its memory, not copied); `decisions`: name -> BoundDecision."""
        if self.check and "check_every" in self.schema.fields["e"] and not arrays["e"]["check_every"][0]:
            arrays["e"]["check_every"] = 1000
        return Simulation(self, arrays, decisions or {})

    def fid(self, name):
        """The function id of a kernel function (the constant FN_<name> of kernel code)."""
        return self.model.fids[name]
