"""The subset, held: each function is read once, and what the three modes would not run alike is refused with its line.

`check(function, program)` returns the list of errors and fills function.views and function.calls.
"""

import ast

from gfplab.engine.arith import WRAPPING
from gfplab.engine.expressions import REFUSED, Values, is_docstring, is_name, is_wait, literal
from gfplab.engine.link import did_you_mean
from gfplab.engine.liveness import unassigned
from gfplab.engine.requests import REQUESTS
from gfplab.engine.subset import BUILTINS


class Check(Values):
    """One reading of one function."""

    def __init__(self, function, program):
        super().__init__(function, program)
        self.nr_waits, self.wait_lines = 0, {}

    def run(self):
        self.signature()
        self.stored = {n.id for n in ast.walk(self.f.node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        self.locals = self.stored | set(self.f.params[1:])
        self.called = {
            n.func.id for n in ast.walk(self.f.node) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)
        }
        self.find_views()
        for name in sorted(self.locals):
            self.local_name(name)
        body = self.f.node.body
        for st in body[1:] if is_docstring(body[0]) else body:
            self.statement(st, 0)
        if self.f.blocking and not self.nr_waits and not self.errors:
            self.err(self.f.node, f"{self.f.name}() never waits: mark it @plain")
        if not self.errors:
            for name, line in unassigned(self.f):
                self.err(
                    _At(line), f"local {name!r} may be read before it is assigned; assign it before the branch or loop"
                )
        return self.errors

    def signature(self):
        a = self.f.node.args
        if a.vararg or a.kwarg or a.kwonlyargs or a.posonlyargs or a.defaults:
            self.err(self.f.node, f"{self.f.name}(): plain positional parameters only, no defaults, * or **")
        if not a.args or a.args[0].arg != "k":
            self.err(self.f.node, f"{self.f.name}(): the first parameter must be k, the state")

    def local_name(self, name):
        node = next(
            (n for n in ast.walk(self.f.node) if getattr(n, "id", None) == name and isinstance(n.ctx, ast.Store)),
            self.f.node,
        )
        if name == "k":
            self.err(node, "k is the state and cannot be assigned")
        elif name == "_":
            if any(
                isinstance(n, ast.Name) and n.id == "_" and isinstance(n.ctx, ast.Load) for n in ast.walk(self.f.node)
            ):
                self.err(node, "local name '_': a loop variable of this name cannot be read")
        elif name.startswith("_"):
            self.err(node, f"local name {name!r}: names that begin with _ belong to the transformer")
        elif name in BUILTINS or name in WRAPPING or name in REQUESTS or name == "i64":
            self.err(node, f"local name {name!r} hides a builtin of kernel code")
        elif name in self.called or (self.is_function(name) and name in self.f.globals):
            self.err(node, f"local name {name!r} hides the function {name}()")
        elif name in self.stored and self.program.constant(self.f, name) is not None:
            self.err(node, f"local name {name!r} hides the constant {name}")

    def find_views(self):
        """A name that is once bound to k.<records>[...] is a view of these records for ever."""
        self.f.views.clear()
        for n in ast.walk(self.f.node):
            if isinstance(n, ast.Assign) and isinstance(n.targets[0], ast.Name):
                records = self.record_of(n.value)
                known = self.f.views.setdefault(n.targets[0].id, records) if records else None
                if known != records and records:
                    name = n.targets[0].id
                    self.err(n, f"{name} is a view of {known}, it cannot become a view of {records}; take another name")
        for name in self.f.views:
            if name in self.f.params:
                self.err(
                    self.f.node, f"parameter {name!r} is an int64, it cannot become a view of {self.f.views[name]}"
                )

    # ------------------------------------------------------------ statements
    def block(self, body, loops):
        for st in body:
            self.statement(st, loops)

    def statement(self, st, loops):
        kind = type(st).__name__
        if kind in REFUSED:
            self.err(st, REFUSED[kind])
        elif isinstance(st, ast.Assign):
            self.assign(st)
        elif isinstance(st, ast.AugAssign):
            self.operator(st)
            self.target(st.target, st)
            if is_wait(st.value):
                self.err(st, "a wait inside an assignment with operator: write `x = yield ...` first")
            else:
                self.value(st.value)
        elif isinstance(st, ast.Expr):
            self.expression_statement(st)
        elif isinstance(st, ast.If):
            self.value(st.test)
            self.block(st.body, loops)
            self.block(st.orelse, loops)
        elif isinstance(st, ast.While):
            self.value(st.test)
            self.loop(st, loops)
        elif isinstance(st, ast.For):
            self.for_range(st)
            self.loop(st, loops)
        elif isinstance(st, ast.Return):
            if isinstance(st.value, ast.YieldFrom):
                self.wait(st.value)
            elif st.value is not None:
                self.value(st.value)
        elif isinstance(st, ast.Assert):
            self.value(st.test)
            if st.msg and not (isinstance(st.msg, ast.Constant) and isinstance(st.msg.value, str)):
                self.err(st, "the message of an assert is a plain string")
        elif not isinstance(st, (ast.Pass, ast.Break, ast.Continue)):
            self.err(st, f"{kind} is not in the subset of kernel code")

    def loop(self, st, loops):
        if st.orelse:
            self.err(st.orelse[0], "else on a loop is not kernel code: use a flag")
        self.block(st.body, loops + 1)

    def for_range(self, st):
        it = st.iter
        if not isinstance(st.target, ast.Name):
            self.err(st, "the variable of a for loop is one local name")
        if not (isinstance(it, ast.Call) and is_name(it.func, "range") and 1 <= len(it.args) <= 3 and not it.keywords):
            self.err(st, "for loops run over range() only")
            return
        if st.target.id in self.f.views if isinstance(st.target, ast.Name) else False:
            self.err(st, f"{st.target.id} is a view of {self.f.views[st.target.id]}, it cannot be a loop variable")
        for a in it.args[:2]:
            self.value(a)
        if len(it.args) == 3 and not literal(it.args[2]):
            self.err(st, "the step of range() is a literal and not 0")

    def assign(self, st):
        target = st.targets[0]
        if len(st.targets) > 1:
            self.err(st, "one name per assignment: write x = 3 and y = 3 on two lines")
        elif is_wait(st.value):
            if not isinstance(target, ast.Name) or target.id in self.f.views:
                self.err(st, "the result of a wait goes into a local: write `x = yield ...` and then store x")
            self.wait(st.value)
        elif isinstance(target, ast.Name) and target.id in self.f.views:
            if self.record_of(st.value):
                self.index(st.value.slice)
            else:
                name = target.id
                self.err(st, f"{name} is a view of {self.f.views[name]}, it cannot hold a number; take another name")
        else:
            self.target(target, st)
            self.value(st.value)

    def target(self, target, st):
        if isinstance(target, ast.Name):
            if target.id in self.f.views:
                self.err(
                    st,
                    f"{target.id} is a view of {self.f.views[target.id]}, it cannot hold a number; take another name",
                )
        elif isinstance(target, (ast.Attribute, ast.Subscript)):
            self.value(target)
        else:
            self.err(st, REFUSED["Tuple"])

    def expression_statement(self, st):
        if is_wait(st.value):
            self.wait(st.value)
        elif isinstance(st.value, ast.Call):
            self.value(st.value)
        elif not isinstance(st.value, ast.Constant) or not isinstance(st.value.value, str):
            kind = type(st.value).__name__
            self.err(st, REFUSED.get(kind, "a value that is not used: assign it or call a function"))

    # ------------------------------------------------------------ waits
    def wait(self, w):
        self.nr_waits += 1
        if not self.f.blocking:
            self.err(w, f"{self.f.name}() is @plain and waits: mark it @kernel")
        if self.wait_lines.setdefault(w.lineno, w) is not w:
            self.err(w, "two waits on one line: give each a line of its own")
        call = w.value
        if isinstance(w, ast.Yield):
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in REQUESTS):
                name = getattr(getattr(call, "func", None), "id", "")
                more = did_you_mean(name, REQUESTS) or f" ({', '.join(REQUESTS)})"
                if name in self.program.functions and self.program.functions[name].blocking:
                    more = f"; {name}() is called with `yield from`"
                self.err(w, f"yield takes a request{more}")
                return
            self.arguments(call, call.func.id, REQUESTS[call.func.id][0], call.args)
            return
        name = call.func.id if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) else None
        callee = self.program.functions.get(name)
        if callee is None:
            known = [n for n, f in self.program.functions.items() if f.blocking]
            self.err(w, f"`yield from` takes a call of a @kernel function{did_you_mean(name or '', known)}")
        elif not callee.blocking:
            self.err(w, f"{name}() is @plain and never blocks: call it without `yield from`")
        else:
            self.f.calls.add(name)
            self.call_k(call, name, len(callee.params) - 1)


class _At:
    """A place in the source."""

    def __init__(self, line):
        self.lineno = line


def check(function, program):
    """The errors of one function; fills its views and calls."""
    return Check(function, program).run()
