"""Linking: find every function of a model, bind calls to definitions by name, and refuse what does not fit.

As in C, a kernel file includes prototypes and not other files, so the files can call each other in circles.  A name
means one function in the whole model.
"""

import ast
import difflib
import inspect
import pickle
import zlib
from dataclasses import dataclass, field

from gfplab.engine.subset import KernelBuildError, Prototype

NR_FUNCTION_IDS = 4096


@dataclass
class Function:
    """One function of kernel code as it was written."""

    name: str
    file: str
    node: ast.FunctionDef
    blocking: bool
    inlined: bool
    globals: dict
    views: dict = field(default_factory=dict)  # local -> record array, filled by checks.py
    calls: set = field(default_factory=set)  # functions it calls, filled by checks.py
    decisions: set = field(default_factory=set)

    def __post_init__(self):
        self._written = pickle.dumps(self.node)

    def fresh_node(self):
        """A copy of the syntax tree as it was written (far faster than copy.deepcopy)."""
        return pickle.loads(self._written)

    @property
    def line(self):
        return self.node.lineno

    @property
    def params(self):
        return [a.arg for a in self.node.args.args]

    @property
    def where(self):
        return f"{self.file}:{self.line}"


# runs a task until its next request; each mode has its own
RESUME = Function("resume", __file__, ast.parse("def resume(k, t):\n    return 0").body[0], False, False, {})


def did_you_mean(name, known):
    """`; did you mean 'x'?` or nothing."""
    near = difflib.get_close_matches(name, list(known), 1, 0.6)
    return f"; did you mean {near[0]!r}?" if near else ""


def _decorated(node):
    """The (kind, inlined) that the decorators of a top-level def say, or None."""
    for d in node.decorator_list:
        call = d.func if isinstance(d, ast.Call) else d
        name = getattr(call, "id", getattr(call, "attr", None))
        if name in ("plain", "kernel"):
            options = {k.arg: k.value for k in d.keywords} if isinstance(d, ast.Call) else {}
            return name, "inlined" in options and getattr(options["inlined"], "value", False) is True
    return None


def functions_of(module, text):
    """The functions of one module that carry @plain or @kernel, in source order."""
    file = module.__file__
    for node in ast.parse(text, file).body:
        if isinstance(node, ast.FunctionDef):
            kind = _decorated(node)
            if kind:
                yield Function(node.name, file, node, kind[0] == "kernel", kind[1], vars(module))


def function_ids(names):
    """Function ids, places in a table: made from a hash of the name, so that a new function leaves old ids alone."""
    ids = {}
    for name in sorted(names):
        i = zlib.crc32(name.encode()) % NR_FUNCTION_IDS
        while i in ids.values() or i == 0:
            i = (i + 1) % NR_FUNCTION_IDS
        ids[name] = i
    return ids


class Program:
    """All functions of a model, their constants and their order."""

    def __init__(self, schema, sources, decisions):
        """`sources`: module -> its text, read once, so that what is hashed is what is built."""
        self.schema = schema
        self.decisions = {d.symbol: d for d in decisions}
        self.functions = {"resume": RESUME}
        self.errors = []
        for module, text in sources.items():
            for f in functions_of(module, text):
                self._define(f)
        for module in sources:
            for p in vars(module).values():
                if isinstance(p, Prototype):
                    self._match(p)
        self._raise()
        self.fids = function_ids(n for n, f in self.functions.items() if f.blocking)

    def _define(self, f):
        other = self.functions.setdefault(f.name, f)
        if other is not f:
            self.errors.append(
                f"{f.where}: {f.name}() is already defined at {other.where}; names are global, rename one"
            )

    def _match(self, p):
        code = p.function.__code__
        where = f"{code.co_filename}:{code.co_firstlineno}"
        params = inspect.getfullargspec(p.function).args
        if p.name in self.decisions:
            if len(params) != 1 + len(self.decisions[p.name].args):
                self.errors.append(
                    f"{where}: prototype {p.name}() must take k and one index per argument of the decision"
                )
            return
        f = self.functions.get(p.name)
        if f is None and p.default is not None:
            text = f"def {p.name}({', '.join(params)}):\n    return {int(p.default)}"
            node = ast.increment_lineno(ast.parse(text), code.co_firstlineno - 1).body[0]
            self.functions[p.name] = Function(p.name, code.co_filename, node, False, False, {})
        elif f is None:
            message = (
                f"{where}: prototype {p.name}() has no definition in this model{did_you_mean(p.name, self.functions)}"
            )
            self.errors += [message] if message not in self.errors else []
        elif f.params != params:
            here, there = (f"{p.name}({', '.join(names)})" for names in (params, f.params))
            wrong = f"{where}: prototype {here} does not match {there} at {f.where}"
            self.errors += [wrong] if wrong not in self.errors else []
        elif f.blocking != p.blocking:
            kind = "blocks (@kernel)" if f.blocking else "never blocks (@plain)"
            self.errors.append(
                f"{where}: prototype {p.name}() says blocking={p.blocking}, but its definition at {f.where} {kind}"
            )

    def constant(self, function, name):
        """The int that a global name stands for in this function, or None."""
        if name.startswith("FN_") and name[3:] in self.fids:
            return self.fids[name[3:]]
        value = function.globals.get(name)
        return int(value) if isinstance(value, int) else None

    def order(self):
        """Plain functions, callees first; a circle among them is an error (numba could not type it)."""
        done, path = [], []

        def visit(name):
            if name in path:
                circle = [*path[path.index(name) :], name]
                f = self.functions[name]
                self.errors.append(f"{f.where}: plain functions call each other in a circle: {' -> '.join(circle)}")
            elif name not in done:
                path.append(name)
                for callee in sorted(self.functions[name].calls):
                    if not self.functions[callee].blocking:
                        visit(callee)
                done.append(path.pop())

        for name in sorted(self.functions):
            if not self.functions[name].blocking:
                visit(name)
        self._raise()
        return done

    def _raise(self):
        if self.errors:
            raise KernelBuildError(self.errors)
