"""The two pure modes: kernel functions as the generators they are, and as step functions, both run by plain Python.

Both compile the rewritten syntax tree under the original file name and line numbers, so pdb and tracebacks show
kernel source.
"""

import ast

from gfplab.engine import arith, requests
from gfplab.engine.frames import ERROR_STACK_OVERFLOW, FRAME_HEADER, STEP_OVERFLOW
from gfplab.engine.link import RESUME
from gfplab.engine.requests import OP_EXIT, OP_IO_SCHEDULE, OP_SCHEDULE
from gfplab.engine.rewrite import GENERATORS, STEPS, rewrite
from gfplab.engine.state import PyState, record_class


class PureMode:
    """Functions compiled to Python code objects, one namespace per kernel file."""

    def __init__(self, model, check):
        self.model, self.check = model, check
        self.functions, self.spaces = {}, {}
        for d in model.program.decisions.values():
            self.functions[d.symbol] = ask(d)
        self.functions["resume"] = self.resume
        for name, f in model.program.functions.items():
            if not f.blocking and f is not RESUME:
                self.define(f, rewrite(f, model.program, self.mode, check), name)
        for f in model.program.functions.values():
            if f.blocking:
                self.define_kernel(f)
        for space in self.spaces.values():
            space.update(self.functions)

    def space(self, f):
        """The globals of one kernel file: its constants, the linked functions, the builtins of the subset."""
        if f.file not in self.spaces:
            space = {n: int(v) for n, v in f.globals.items() if isinstance(v, int)}
            space.update({f"FN_{n}": i for n, i in self.model.program.fids.items()})
            space.update({n: getattr(requests, n) for n in requests.REQUESTS})
            space.update(
                arith.WRAPPING, i64=arith.i64, bounded=arith.bounded, __name__=f.globals.get("__name__", f.file)
            )
            self.spaces[f.file] = space
        return self.spaces[f.file]

    def define(self, f, node, name):
        space = self.space(f)
        exec(compile(ast.Module([node], []), f.file, "exec"), space)
        self.functions[name] = space[name]

    def state(self, arrays, decisions):
        """The state object over `arrays`, with the policies' Python functions."""
        k = PyState(self.model.schema, arrays)
        k.generators = {}
        for name, bound in decisions.items():
            my = record_class("my", bound.my_layout) if bound.my_layout else None
            view = my.from_buffer(arrays["my"], bound.my_offset * 8) if my else None
            k.decisions[name] = (bound.python, view)
        return k

    def call(self, k, name, args):
        """Call a plain function."""
        return self.functions[name](k, *args)


def ask(decision):
    """The plain function decide_<name>(k, index, ...) of the pure modes."""
    arrays = [array for _, array in decision.args]

    def decide(k, *indices):
        policy, my = k.decisions[decision.name]
        return arith.i64(policy(*[getattr(k, a)[i] for a, i in zip(arrays, indices, strict=True)], my))

    decide.__name__ = decision.symbol
    return decide


class GeneratorMode(PureMode):
    """Kernel functions as they are written."""

    mode = GENERATORS

    def __init__(self, model, check):
        self.places = {}  # code object -> (fid, frame size, {line of a wait: pc})
        super().__init__(model, check)
        self.roots = {fid: self.functions[n] for n, fid in model.program.fids.items()}

    def define_kernel(self, f):
        self.define(f, rewrite(f, self.model.program, self.mode, self.check), f.name)
        step = self.model.steps[f.name]
        self.places[self.functions[f.name].__code__] = (self.model.program.fids[f.name], step.size, step.pc_of_line)

    def resume(self, k, t):
        """Run task t until its next request; see frames.py."""
        task, root = k.tasks[t], t * k.e[0].stack_words
        try:
            if k.stk[root + 1] == 0:
                function = self.roots[k.stk[root]]
                args = [k.stk[root + FRAME_HEADER]] if function.__code__.co_argcount > 1 else []
                k.generators[t] = function(k, *args)
                k.stk[root + 1] = 1
                request = next(k.generators[t])
            else:
                request = k.generators[t].send(task.ret)
        except StopIteration as end:
            task.ret, task.fp, task.req_op = end.value, 0, OP_EXIT
            del k.generators[t]
            return 0
        task.req_op, task.req_a, task.req_b, task.req_c = request
        if request[0] in (OP_SCHEDULE, OP_IO_SCHEDULE):
            self.write_frames(k, t, root)
        return 0

    def write_frames(self, k, t, fp):
        """Put a task's chain of suspended generators into its stack, as step functions would (locals apart)."""
        generator, caller = k.generators[t], 0
        while generator is not None:
            fid, size, pc_of_line = self.places[generator.gi_code]
            k.stk[fp], k.stk[fp + 1], k.stk[fp + 2] = fid, pc_of_line[generator.gi_frame.f_lineno], caller
            k.tasks[t].fp = fp
            generator, caller, fp = generator.gi_yieldfrom, fp, fp + size

    def backtrace(self, k, t):
        """[(function, line, {local: value})] of a task that sleeps, the innermost first."""
        out, generator = [], k.generators.get(t)
        while generator is not None and generator.gi_frame is not None:
            frame = generator.gi_frame
            out.insert(0, (frame.f_code.co_name, frame.f_lineno, {n: v for n, v in frame.f_locals.items() if n != "k"}))
            generator = generator.gi_yieldfrom
        return out


class StepMode(PureMode):
    """Kernel functions as the step functions that numba compiles, interpreted."""

    mode = STEPS

    def __init__(self, model, check):
        super().__init__(model, check)
        self.steps = {fid: self.functions[f"{n}__step"] for n, fid in model.program.fids.items()}

    def define_kernel(self, f):
        self.define(f, self.model.steps[f.name].tree(self.mode, self.check), f"{f.name}__step")

    def resume(self, k, t):
        """Run task t until its next request; see frames.py."""
        task = k.tasks[t]
        while True:
            fp = task.fp
            if fp == 0:
                task.req_op = OP_EXIT
                return 0
            outcome = self.steps[k.stk[fp]](k, t, fp)
            if outcome == STEP_OVERFLOW:
                k.e[0].error, k.e[0].error_task, task.req_op = ERROR_STACK_OVERFLOW, t, OP_EXIT
            if outcome <= 0:
                return 0
