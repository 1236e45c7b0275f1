"""Writes generated modules: one per function, its name holding the hash of its text and of all that it calls.

An edited kernel function gives one new module; an edited plain function gives new modules for all that call it,
directly or not.
"""

import ast
from dataclasses import dataclass
from pathlib import Path

from gfplab.engine import cache
from gfplab.engine.frames import ERROR_STACK_OVERFLOW, STEP_OVERFLOW
from gfplab.engine.link import RESUME
from gfplab.engine.requests import OP_EXIT
from gfplab.engine.rewrite import COMPILED, rewrite

DOOR, STEP = "__door", "__step"
CODEGEN_FILES = ("native.py", "intrinsics.py", "loader.py", "lean_calls.py")
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
    """One generated module: the function it defines, how many arguments that takes after k, the units it calls.

    `name` is the kernel function it comes from, `lines` the source line of each of its lines.  A door calls one plain
    function and does nothing else; only doors can be called from Python.
    """

    entry: str
    module: str
    arity: int
    needs: list
    name: str
    file: str
    lines: list

    @property
    def final(self):
        """Nothing is linked with this one: a step function or a door."""
        return self.entry.endswith((DOOR, STEP))


class Emitter:
    """Writes the generated modules of a model into a folder."""

    def __init__(self, model, check, state_name, folder):
        self.model, self.program, self.check, self.folder = model, model.program, check, folder
        here = Path(__file__).parent
        self.salt = cache.digest(*((here / f).read_text() for f in CODEGEN_FILES), state_name, str(check))
        self.units = {}

    def run(self):
        """All units by entry, callees first."""
        for number, d in enumerate(self.program.decisions.values()):
            names = [f"i{n}" for n in range(len(d.args))]
            records = "".join(f"k.{array}[{i}], " for (_, array), i in zip(d.args, names, strict=True))
            text = f"def {d.symbol}({', '.join(['k', *names])}):\n    return ask(k, {number}, ({records}))\n"
            self.add(d.symbol, text, len(d.args), [], d.symbol)
        self.add("resume", RESUME_TEXT, 1, [], "resume")
        for name in self.model.plain_order:
            f = self.program.functions[name]
            if f is not RESUME:
                self.add_tree(name, rewrite(f, self.program, COMPILED, self.check), f)
        for name in self.model.plain_order:
            args = ", ".join(["k", *(f"a{i}" for i in range(self.units[name].arity))])
            text = f"def {name}{DOOR}({args}):\n    return {name}({args})\n"
            self.add(name + DOOR, text, self.units[name].arity, [name], name)
        for name, step in self.model.steps.items():
            self.add_tree(name + STEP, step.tree(COMPILED, self.check), self.program.functions[name])
        return self.units

    def add_tree(self, entry, tree, f):
        text = ast.unparse(tree) + "\n"
        called = {n.func.id for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
        lines = line_map(tree, ast.parse(text).body[0])
        self.add(entry, text, len(tree.args.args) - 1, sorted(called & self.units.keys()), f.name, f.file, lines)

    def add(self, entry, text, arity, needs, name, file="", lines=()):
        module = f"{entry}_{cache.digest(self.salt, text, *(self.units[n].module for n in needs))}"
        cache.write(self.folder / f"{module}.py", text.replace(f"def {entry}(", f"def {module}(", 1))
        self.units[entry] = Unit(entry, module, arity, needs, name, file, list(lines))


def line_map(tree, generated):
    """Source line of every generated line: the two trees have the same statements in the same order."""
    first = {}
    for source, made in zip(statements(tree), statements(generated), strict=True):
        first.setdefault(made.lineno, source.lineno)
    out, line = [], tree.lineno
    for n in range(1, generated.end_lineno + 1):
        line = first.get(n, line)
        out.append(line)
    return out


def statements(st):
    """The statement and all in it, outer ones first."""
    yield st
    for inner in [*getattr(st, "body", ()), *getattr(st, "orelse", ())]:
        yield from statements(inner)
