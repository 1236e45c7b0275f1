"""Compiled mode: one generated module per function, named by the hash of all that it depends on, each compiled and cached by numba.

A step function or the event loop is one machine-code object that has the plain functions it calls linked in.  Step functions are
reached by address through a table in the state (native.py), so an edited kernel function recompiles alone; an edited plain
function recompiles what calls it.  In a warm start no kernel source is even parsed: a manifest, named by the hash of all
sources, lists the modules to load.
"""

import ast
import json
import linecache
import os
import re
from dataclasses import asdict, dataclass

import numpy as np
from llvmlite import binding
from numba import njit, types
from numba.core.errors import NumbaError

from gfplab.engine import arith, cache, intrinsics
from gfplab.engine.frames import ERROR_STACK_OVERFLOW, STEP_OVERFLOW
from gfplab.engine.link import NR_FUNCTION_IDS, RESUME
from gfplab.engine.native import NativeState, StateType
from gfplab.engine.requests import OP_EXIT
from gfplab.engine.rewrite import COMPILED, rewrite
from gfplab.engine.subset import KernelBuildError

DOOR, STEP = "__door", "__step"
CODEGEN_FILES = ("native.py", "intrinsics.py", "compiled.py")
RESUME_TEXT = f"""def resume(k, t):
    task = k.tasks[t]
    while True:
        fp = task.fp
        if fp == 0:
            task.req_op = {OP_EXIT}
            return 0
        outcome = call_step(k, k.stk[fp], t, fp)
        if outcome == {STEP_OVERFLOW}:
            k.e[0].error = {ERROR_STACK_OVERFLOW}
            k.e[0].error_task = t
            task.req_op = {OP_EXIT}
        if outcome <= 0:
            return 0
"""


@dataclass
class Unit:
    """One generated module: the function it defines, how many arguments that takes after k, and the units it calls.

    Only a door (a function that calls a plain function and nothing else) can be called from Python.
    """

    entry: str
    module: str
    arity: int
    needs: list
    file: str
    lines: list
    door: bool = False


class Emitter:
    """Writes the generated modules of a model."""

    def __init__(self, model, check, state_name):
        self.model, self.program, self.check = model, model.program, check
        here = cache.Path(__file__).parent
        self.salt = cache.digest(*((here / f).read_text() for f in CODEGEN_FILES), state_name, str(check))
        self.folder = cache.folder()
        self.units = {}

    def run(self):
        for number, d in enumerate(self.program.decisions.values()):
            names = [f"i{n}" for n in range(len(d.args))]
            records = "".join(f"k.{array}[{i}], " for (_, array), i in zip(d.args, names, strict=True))
            self.add(d.symbol, f"def {d.symbol}({', '.join(['k', *names])}):\n    return ask(k, {number}, ({records}))\n", len(d.args))
        self.add("resume", RESUME_TEXT, 1)
        for name in self.model.plain_order:
            f = self.program.functions[name]
            if f is not RESUME:
                self.add_tree(name, rewrite(f, self.program, COMPILED, self.check), f)
        for name in self.model.plain_order:
            args = ", ".join(["k", *(f"a{i}" for i in range(self.units[name].arity))])
            self.add(name + DOOR, f"def {name}{DOOR}({args}):\n    return {name}({args})\n", self.units[name].arity, [name])
        for name, step in self.model.steps.items():
            self.add_tree(f"{name}{STEP}", step.tree(COMPILED, self.check), self.program.functions[name])
        return self.units

    def add_tree(self, entry, tree, f):
        text = ast.unparse(tree) + "\n"
        called = {n.func.id for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
        needs = sorted(called & self.units.keys())
        arity = len(tree.args.args) - 1
        self.add(entry, text, arity, needs, f.file, line_map(tree, ast.parse(text).body[0]))

    def add(self, entry, text, arity, needs=(), file="", lines=()):
        name = f"{entry}_{cache.digest(self.salt, text, *(self.units[n].module for n in needs))}"
        cache.write(self.folder / f"{name}.py", text.replace(f"def {entry}(", f"def {name}(", 1))
        self.units[entry] = Unit(entry, name, arity, list(needs), file, list(lines), entry.endswith(DOOR))


def line_map(tree, generated):
    """Source line of every generated line: the two trees have the same statements in the same order."""
    pairs = zip(statements(tree), statements(generated), strict=True)
    first = {}
    for source, made in pairs:
        first.setdefault(made.lineno, source.lineno)
    out, line = [], tree.lineno
    for n in range(1, generated.end_lineno + 1):
        line = first.get(n, line)
        out.append(line)
    return out


def statements(tree):
    return [n for n in ast.walk(tree) if isinstance(n, ast.stmt)]


class CompiledMode:
    """Loads what the cache has and compiles the rest."""

    mode = COMPILED

    def __init__(self, model, check, progress):
        self.model, self.check = model, check
        self.numba_type = StateType(model.schema)
        self.loaded, self.cached = {}, None
        self.folder = cache.folder()
        manifest = self.folder / f"manifest_{cache.digest(model.digest, str(check))}.json"
        units = cache.read_json(manifest)
        if units is None:
            units = {n: asdict(u) for n, u in Emitter(model, check, self.numba_type.name).run().items()}
            cache.write(manifest, json.dumps(units))
        self.units = {n: Unit(**u) for n, u in units.items()}
        self.steps = np.zeros(NR_FUNCTION_IDS, np.int64)
        todo = [f"run{DOOR}", *(n for n in self.units if n.endswith(STEP))]
        for done, entry in enumerate(todo):
            if progress:
                progress(done, len(todo), entry)
            function = self.load(entry)
            if entry != f"run{DOOR}":
                self.steps[model.fids[entry.removesuffix(STEP)]] = address(function)
        if progress:
            progress(len(todo), len(todo), "")

    def signature(self, unit):
        return types.int64(self.numba_type, *[types.int64] * unit.arity)

    def load(self, entry):
        """The dispatcher of one unit, from the cache or compiled."""
        if entry in self.loaded:
            return self.loaded[entry]
        unit = self.units[entry]
        path = self.folder / f"{unit.module}.py"
        space = {n: getattr(intrinsics, n) for n in ("i64", "bounded", "fits", "call_step", "ask", *arith.WRAPPING)}
        space["__name__"] = __name__  # numba imports the module of a function that it finds in its cache
        text = path.read_text()
        exec(compile(text, str(path), "exec"), space)
        dispatcher = njit(cache=True, nogil=True, no_cpython_wrapper=not unit.door, no_cfunc_wrapper=True)(space[unit.module])
        if entry.endswith((DOOR, STEP)):
            without_bitcode(dispatcher)
        signature = self.signature(unit)
        try:
            if not self.is_cached(path):
                space.update({n: self.load(n) for n in unit.needs})
            dispatcher.compile(signature)
        except NumbaError as e:
            linecache.cache.pop(str(path), None)
            raise KernelBuildError(self.explain(unit, path, e)) from None
        dispatcher.disable_compile()
        self.loaded[entry] = dispatcher
        return dispatcher

    def is_cached(self, path):
        if self.cached is None:
            folder = self.folder / "__pycache__"
            self.cached = {f.split(".")[0] for f in os.listdir(folder) if f.endswith(".nbi")} if folder.exists() else set()
        return path.stem in self.cached

    def explain(self, unit, path, error):
        """numba's complaint with the line of the kernel source instead of that of the generated module."""
        text = re.sub(r"\x1b\[[0-9;]*m", "", str(error))
        found = re.search(rf'{re.escape(path.name)}", line (\d+)|{re.escape(path.name)} \((\d+)\)', text)
        line = unit.lines[min(int(found[1] or found[2]), len(unit.lines)) - 1] if found and unit.lines else 0
        reason = next((s.strip() for s in text.splitlines() if "int64 only" in s or "kernel code" in s), text.strip().splitlines()[0])
        return f"{unit.file}:{line}: numba cannot compile {unit.entry.removesuffix('__step')}(): {reason}"

    def decision_signature(self, decision):
        """The numba signature that the compiled form of a policy's answer must have."""
        records = [self.numba_type.elements[array][0] for _, array in decision.args]
        return types.int64(*records, types.int64)

    def state(self, arrays, decisions):
        """The state object over `arrays`, with the table that compiled code reads."""
        kinds = self.numba_type.place
        answers = np.zeros(2 * max(len(self.model.decisions), 1), np.int64)
        for number, d in enumerate(self.model.decisions):
            bound = decisions[d.name]
            answers[2 * number] = address(bound.compiled, self.decision_signature(d))
            answers[2 * number + 1] = arrays["my"].ctypes.data + 8 * bound.my_offset
        owned = dict(arrays, _steps=self.steps, _decisions=answers)
        table = np.array([word for n in kinds for word in (owned[n].ctypes.data, len(owned[n]))], np.int64)
        k = NativeState(self.model.schema, arrays, self.numba_type, table)
        k.owned = owned, decisions
        return k

    def call(self, k, name, args):
        """Call a plain function."""
        return self.load(name + DOOR)(k, *args)


def without_bitcode(dispatcher):
    """Let the cache keep machine code only: nothing is ever linked into these, and reading bitcode is half of a warm start.

    numba takes the names that a library defines from its bitcode, so a stand-in that defines the same names takes its place.
    """
    implementation = dispatcher._cache._impl
    whole = implementation.reduce

    def reduce(result):
        (name, kind, (machine_code, _)), *rest = whole(result)
        names = result.fndesc.llvm_func_name, result.fndesc.llvm_cpython_wrapper_name
        names = [n for n in names if result.library.get_pointer_to_function(n)]
        stand_in = "".join(f'define void @"{n}"() {{ ret void }}\n' for n in names)
        return ((name, kind, (machine_code, binding.parse_assembly(stand_in).as_bitcode())), *rest)

    implementation.reduce = reduce


def address(dispatcher, signature=None):
    """Where the machine code of a compiled function begins."""
    result = dispatcher.overloads[signature.args] if signature else next(iter(dispatcher.overloads.values()))
    return result.library.get_pointer_to_function(result.fndesc.llvm_func_name)
