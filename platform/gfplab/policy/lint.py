"""What a policy may be written in, checked before anything is compiled; every fault is one sentence with file and line.

The rules, which make compiled and interpreted policies answer alike:

* Statements: `name = value`, `my.name = value`, `op=`, if/elif/else, while, `for i in range(...)`, break, continue,
return.
* Values: numbers, the fields of the arguments, `my.name`, + - * / // % & | ^ << >> ~, comparisons, and/or/not,
  `a if c else b`, abs bool float int max min, ALLOC and WAIT, functions of the same file.
* A local is a whole number or a float throughout, has a value before it is read, and every path returns a whole number.
* Nothing is written but the state in `my`; a tunable belongs to the study.
* A function of the file without @hookimpl may be called; a parameter of it named like a record is that record.
"""

import ast
import functools

from gfplab.errors import PolicyError
from gfplab.policy.c_policy import declared_in_c
from gfplab.policy.expressions import FLOAT, INT, Reader
from gfplab.policy.faults import told_at
from gfplab.policy.flow import endless_loops, falls_through, unassigned
from gfplab.policy.interpret import reached
from gfplab.policy.places import touches
from gfplab.policy.plugin import ARGUMENTS, RECORDS, Plugin

_REFUSED = {
    ast.Try: "try; an answer cannot fail",
    ast.TryStar: "try; an answer cannot fail",
    ast.With: "with; there is nothing to lock or close",
    ast.Raise: "raise; an answer cannot fail",
    ast.Assert: "assert; `gfplab plugin check` tests a policy",
    ast.FunctionDef: "a function inside a function; move it to the top of the file",
    ast.ClassDef: "a class; numbers that last are declared with state(...)",
    ast.Global: "global; numbers that last are declared with state(...)",
    ast.Nonlocal: "nonlocal; numbers that last are declared with state(...)",
    ast.Import: "import inside a function; write it at the top of the file",
    ast.ImportFrom: "import inside a function; write it at the top of the file",
    ast.Delete: "del; locals end with the call",
    ast.AnnAssign: "an annotation; every local is a number",
    ast.Match: "match; write if and elif",
}


@functools.cache
def record_fields() -> dict[str, list[str]]:
    """The fields of every record array of the simulated kernel."""
    from gfplab.kernel.types import kernel_schema

    return kernel_schema().fields


def lint(plugin: Plugin) -> None:
    """Refuse a plugin that breaks a rule, with all its faults in the order of the file."""
    faults = _File(plugin, record_fields()).faults()
    if faults:
        raise PolicyError("\n".join(faults))


class _File:
    """One reading of one plugin."""

    def __init__(self, plugin: Plugin, fields: dict[str, list[str]]):
        self.plugin = plugin
        self.fields = fields
        self.found: dict[tuple[int, int, str], ast.AST] = {}
        self.used: set[str] = set()
        self.results: dict[tuple[str, tuple[str, ...]], str] = {}
        self.open: list[str] = []  # functions being read, outermost first

    def faults(self) -> list[str]:
        for name in self.plugin.functions:
            if name in self.plugin.definitions:
                self.function(name, ARGUMENTS[name] + ("my",))
            elif not declared_in_c(self.plugin.functions[name]):
                self.report(
                    _bound(self.plugin.tree, name), f"{name} is not defined in this file with def; write it here"
                )
        self._twice()
        if not self.found and not any(map(declared_in_c, self.plugin.functions.values())):
            self._unused()  # what C reads is not known here
        if not self.found:
            self._without_record()
        return [told_at(self.plugin.path, self.plugin.source, self.found[key], key[2]) for key in sorted(self.found)]

    def report(self, node: ast.AST, sentence: str) -> None:
        self.found[getattr(node, "lineno", 1), getattr(node, "col_offset", 0), sentence] = node

    def function(self, name: str, kinds: tuple[str, ...]) -> str:
        """Read function `name` called with these kinds of arguments (a record's kind is its name); what it returns."""
        key = name, kinds
        if key in self.results:
            return self.results[key]
        node = self.plugin.definitions[name]
        if name in self.open:
            self.report(node, f"{name} calls itself; write a loop")
            return INT
        self._signature(node)
        self.open.append(name)
        self.results[key] = _Function(self, node, kinds).result()
        self.open.pop()
        return self.results[key]

    def _signature(self, node: ast.FunctionDef):
        allowed = ["hookimpl"] if node.name in ARGUMENTS else []
        for decorator in node.decorator_list:
            if ast.unparse(decorator).rpartition(".")[2] not in allowed:
                self.report(decorator, f"@{ast.unparse(decorator)} on {node.name}; a policy is compiled without it")
        a = node.args
        if a.defaults or a.kwonlyargs or a.posonlyargs or a.vararg or a.kwarg:
            self.report(node, f"{node.name} takes plain arguments only; remove defaults, *, / and **")

    def _twice(self):
        seen = set()
        for node in self.plugin.tree.body:
            if isinstance(node, ast.FunctionDef):
                if node.name in seen:
                    self.report(node, f"{node.name} is defined a second time; give one of them another name")
                seen.add(node.name)

    def _without_record(self):
        """State for single records is there only where a decision is asked about one."""
        for decision in self.plugin.functions:
            if declared_in_c(self.plugin.functions[decision]):
                continue
            for name in reached(self.plugin, decision):
                for node, kind in touches(self.plugin, name):
                    if kind not in ARGUMENTS[decision]:
                        text = f"my.{node.attr} belongs to a {kind}, and {decision} is not asked about one"
                        self.report(node, f"{text}; declare the state without per={kind!r}, or leave it out here")

    def _unused(self):
        for name, value in {**self.plugin.tunables, **self.plugin.state}.items():
            if name not in self.used:
                node = next((n for n in self.plugin.tree.body if _assigns(n, name)), self.plugin.tree)
                what = "tunable" if name in self.plugin.tunables else "state"
                self.report(node, f"{what} {value.name} is not used by any function; use my.{name} or remove it")


class _Function:
    """One reading of one function."""

    def __init__(self, file: _File, node: ast.FunctionDef, kinds: tuple[str, ...]):
        self.file, self.node, self.decision = file, node, node.name in ARGUMENTS
        parameters = [argument.arg for argument in node.args.args]
        records = tuple(name for name in parameters if name in RECORDS or name == "my")
        self.reader = Reader(file.plugin, file.fields, records, file.report)
        self.reader.result_of = file.function
        if not self.decision:
            scalars = {p: k for p, k in zip(parameters, kinds, strict=True) if p not in records}
            self.reader.locals.update(scalars)
        self.returns: set[str] = set()

    def result(self) -> str:
        body = self.node.body
        if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
            body = body[1:]
        for statement in body:
            self.statement(statement)
        self.file.used |= self.reader.used
        if not self.file.found:
            self._paths()
        return self.returns.pop() if self.returns else INT

    def _paths(self):
        report = self.file.report
        for loop, why in endless_loops(self.node):
            report(loop, f"{why}; add a break or a return, or let the loop change what its condition reads")
        for name in unassigned(self.node):
            report(name, f"{name.id} has no value yet on some path; assign it before the branch or loop")
        if falls_through(self.node.body):
            report(self.node, f"{self.node.name} ends without an answer on some path; write a return at its end")

    def statement(self, node: ast.stmt) -> None:
        kind = self.reader.kind
        match node:
            case ast.Assign(targets=[target]):
                self.store(target, kind(node.value))
            case ast.Assign():
                self.file.report(node, "assigns two names at once; write one assignment a line")
            case ast.AugAssign():
                right = kind(node.value)
                left = ast.copy_location(ast.parse(ast.unparse(node.target), mode="eval").body, node.target)
                _move(left, node.target)
                self.store(node.target, self.reader.operation(node, left, node.op, right))
            case ast.If():
                kind(node.test)
                self.block(node.body + node.orelse)
            case ast.While(orelse=[]):
                kind(node.test)
                self.block(node.body)
            case ast.For(orelse=[]):
                self.loop(node)
                self.block(node.body)
            case ast.For() | ast.While():
                self.file.report(node.orelse[0], "a loop has no else here; write the condition after it")
            case ast.Return():
                self.answer(node)
            case ast.Break() | ast.Continue() | ast.Pass():
                pass
            case ast.Expr(value=ast.Call()):
                kind(node.value)
            case ast.Expr(value=ast.Yield() | ast.YieldFrom() | ast.Await()):
                kind(node.value)
            case ast.Expr():
                self.file.report(node, "this line computes something and drops it")
            case _:
                what = _REFUSED.get(type(node), type(node).__name__.lower())
                self.file.report(node, f"a policy cannot use {what}")

    def block(self, body: list[ast.stmt]) -> None:
        for statement in body:
            self.statement(statement)

    def loop(self, node: ast.For) -> None:
        match node.iter:
            case ast.Call(func=ast.Name(id="range"), args=[_, *_] as arguments, keywords=[]) if len(arguments) <= 3:
                if any(self.reader.kind(argument) == FLOAT for argument in arguments):
                    self.file.report(node.iter, "range() of a float; make it a whole number with int(...)")
            case _:
                self.file.report(node.iter, "a for loop runs over range(...) only")
        self.store(node.target, INT)

    def store(self, target: ast.expr, kind: str) -> None:
        """Hold the rules of what may be written."""
        report = self.file.report
        match target:
            case ast.Name(id=name):
                self.local(target, name, kind)
            case ast.Subscript(value=ast.Attribute(value=ast.Name(id="my"), attr=name)):
                if name in self.file.plugin.tunables:
                    report(
                        target, f"{name} is a tunable, set by the study; declare a state(...) for a number of your own"
                    )
                self.fits(target, ast.unparse(target.value), self.reader.element(target), kind)
            case ast.Attribute(value=ast.Name(id="my"), attr=name) if "my" in self.reader.records:
                if name in self.file.plugin.tunables:
                    report(
                        target, f"{name} is a tunable, set by the study; declare a state(...) for a number of your own"
                    )
                else:
                    self.fits(target, f"my.{name}", self.reader.kind(target), kind)
            case ast.Attribute(value=ast.Name(id=record), attr=name):
                report(target, f"{self.node.name} writes {record}.{name}; it may write only my")
            case ast.Tuple() | ast.List():
                report(target, "assigns two names at once; write one assignment a line")
            case _:
                report(target, f"{self.node.name} may write only locals and my; write my.name = ...")

    def local(self, target: ast.Name, name: str, kind: str) -> None:
        known = self.reader.locals.setdefault(name, kind)
        if name in self.reader.records:
            self.file.report(target, f"{name} is an argument; give the local another name")
        elif name in self.file.plugin.tunables or name in self.file.plugin.state:
            self.file.report(target, f"{name} is kept in `my`; write my.{name}, or give the local another name")
        elif known != kind:
            words = {INT: "a whole number", FLOAT: "a float"}
            self.file.report(target, f"{name} is {words[known]} above and {words[kind]} here; write 0.0, or int(...)")

    def fits(self, target: ast.expr, name: str, slot: str, kind: str) -> None:
        if slot == INT and kind == FLOAT:
            self.file.report(target, f"{name} is a whole number and gets a float; write int(...), or state(0.0)")

    def answer(self, node: ast.Return) -> None:
        if node.value is None:
            self.file.report(node, f"{self.node.name} returns nothing; return a whole number")
            return
        kind = self.reader.kind(node.value)
        if self.decision and kind == FLOAT:
            self.file.report(node, f"{self.node.name} returns a float; write int(...)")
        if self.returns and kind not in self.returns:
            self.file.report(node, f"{self.node.name} returns a whole number above and a float here; write int(...)")
        self.returns.add(kind)


def _move(tree: ast.AST, place: ast.AST) -> None:
    """Give every node of `tree` the position of `place`."""
    for node in ast.walk(tree):
        if hasattr(node, "lineno"):
            ast.copy_location(node, place)


def _bound(tree: ast.Module, name: str) -> ast.AST:
    """The statement that gives a name its value."""
    for node in tree.body:
        if _assigns(node, name) or any(name == (a.asname or a.name) for a in getattr(node, "names", ())):
            return node
    return tree


def _assigns(node: ast.stmt, name: str) -> bool:
    return isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in node.targets)
