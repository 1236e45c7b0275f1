"""Turns generated modules into machine code: from numba's cache where it has them, else by compiling."""

import os
import re
from pathlib import Path

from llvmlite import binding
from numba import njit, types
from numba.core import config
from numba.core.caching import UserProvidedCacheLocator

from gfplab.engine import arith, intrinsics
from gfplab.engine.lean_calls import lean_calls
from gfplab.engine.native import StateType
from gfplab.engine.subset import KernelBuildError

BUILTINS = {n: getattr(intrinsics, n) for n in ("i64", "bounded", "fits", "unset", "call_step", "ask", *arith.WRAPPING)}


class Loader:
    """The machine code of one model's units."""

    def __init__(self, schema, units, folder):
        self.units, self.folder = units, folder
        self.state_type = StateType(schema)
        self.loaded = {}
        self.machine_code = {}  # final entry -> (symbol, object file) of what is loaded
        self.look()

    def look(self):
        """See what numba's cache holds."""
        there = self.folder / "__pycache__"
        if config.CACHE_DIR:  # $NUMBA_CACHE_DIR
            there = Path(
                config.CACHE_DIR, UserProvidedCacheLocator.get_suitable_cache_subpath(str(self.folder / "x.py"))
            )
        self.cached = {f.split(".")[0] for f in os.listdir(there) if f.endswith(".nbi")} if there.exists() else set()

    def missing(self, entries):
        """The entries that must be compiled, and what they need that must be, callees first."""
        out = {}

        def visit(entry):
            if entry not in out and self.units[entry].module not in self.cached:
                for n in self.units[entry].needs:
                    visit(n)
                out[entry] = True

        for e in entries:
            visit(e)
        return list(out)

    def load(self, entry):
        """The dispatcher of one unit."""
        if entry not in self.loaded:
            unit = self.units[entry]
            signature = types.int64(self.state_type, *[types.int64] * unit.arity)
            try:
                self.loaded[entry] = self.compile(unit, signature, unit.module not in self.cached)
            except KernelBuildError:
                if unit.module not in self.cached:
                    raise
                self.loaded[entry] = self.compile(unit, signature, True)  # half of a cache entry was lost
        return self.loaded[entry]

    def compile(self, unit, signature, link):
        """Let numba compile one unit or find it in its cache; `link`: give it the functions that it calls."""
        path = self.folder / f"{unit.module}.py"
        # numba imports the module of each function that it finds in its cache
        space = dict(BUILTINS, __name__=__name__)
        if link:
            space.update({n: self.load(n) for n in unit.needs})
        exec(compile(path.read_text(), str(path), "exec"), space)
        door = unit.final and not unit.lines
        dispatcher = njit(cache=True, nogil=True, no_cpython_wrapper=not door, no_cfunc_wrapper=True)(
            space[unit.module]
        )
        if unit.final:
            self.keep_machine_code(unit.entry, dispatcher)
        try:
            with lean_calls():
                dispatcher.compile(signature)
        except Exception as e:
            raise KernelBuildError(explain(unit, path, e)) from e
        dispatcher.disable_compile()
        return dispatcher

    def keep_machine_code(self, entry, dispatcher):
        """Note the machine code, found or made, and let the cache keep nothing but that.

        Nothing is linked into final units, and reading bitcode is half of a load.
        """
        implementation = dispatcher._cache._impl
        reduced, rebuilt = implementation.reduce, implementation.rebuild

        def reduce(result):
            (name, kind, (machine_code, _)), *rest = reduced(result)
            self.machine_code[entry] = result.fndesc.llvm_func_name, machine_code
            return ((name, kind, (machine_code, stand_in(result))), *rest)

        def rebuild(context, content):
            self.machine_code[entry] = content[1].llvm_func_name, content[0][2][0]
            return rebuilt(context, content)

        implementation.reduce, implementation.rebuild = reduce, rebuild


def explain(unit, path, error):
    """numba's complaint with the line of the kernel source instead of that of the generated module."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error))
    found = re.findall(rf'{re.escape(path.name)}"?(?:, line | \()(\d+)', text)
    line = unit.lines[min(int(found[-1]), len(unit.lines)) - 1] if found and unit.lines else 0
    reasons = [s.strip() for s in text.splitlines() if s.strip()] or [repr(error)]
    reason = next((s for s in reasons if "int64" in s), reasons[0])
    return f"{unit.file}:{line}: numba cannot compile {unit.name}(): {reason.removeprefix('TypingError: ')}"


def stand_in(result):
    """Bitcode that defines what a compiled function defines: numba takes the names from there."""
    names = result.fndesc.llvm_func_name, result.fndesc.llvm_cpython_wrapper_name
    names = [n for n in names if result.library.get_pointer_to_function(n)]
    text = "".join(f'define void @"{n}"() {{ ret void }}\n' for n in names)
    return binding.parse_assembly(text).as_bitcode()


def address(dispatcher, signature=None):
    """Where the machine code of a compiled function begins."""
    result = dispatcher.overloads[signature.args] if signature else next(iter(dispatcher.overloads.values()))
    return result.library.get_pointer_to_function(result.fndesc.llvm_func_name)
