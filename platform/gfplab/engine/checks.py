"""The subset, held: every function is read once, and whatever the three modes would not run alike is refused with its line.

`check(function, program)` returns the list of errors and fills function.views and function.calls.
"""

import ast

from gfplab.engine.arith import INT64_MAX, INT64_MIN, WRAPPING
from gfplab.engine.link import did_you_mean
from gfplab.engine.liveness import unassigned
from gfplab.engine.requests import REQUESTS
from gfplab.engine.subset import BUILTINS

OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.FloorDiv, ast.Mod, ast.BitAnd, ast.BitOr, ast.BitXor, ast.LShift, ast.RShift)
COMPARISONS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)
REFUSED = {
    "Try": "try is not kernel code: return an error number",
    "TryStar": "try is not kernel code: return an error number",
    "With": "with is not kernel code: write lock and unlock",
    "Raise": "raise is not kernel code: use assert or return an error number",
    "FunctionDef": "a function inside a function: move it to the top of the file",
    "AsyncFunctionDef": "async is not kernel code",
    "ClassDef": "a class inside a function: state lives in records",
    "Lambda": "lambda is not kernel code: define a @plain function",
    "ListComp": "a comprehension is not kernel code: write a for loop",
    "SetComp": "a comprehension is not kernel code: write a for loop",
    "DictComp": "a comprehension is not kernel code: write a for loop",
    "GeneratorExp": "a comprehension is not kernel code: write a for loop",
    "List": "a list is not kernel code: state lives in records and arrays",
    "Dict": "a dict is not kernel code: state lives in records and arrays",
    "Set": "a set is not kernel code: state lives in records and arrays",
    "Tuple": "a tuple is not kernel code: write one assignment per line",
    "JoinedStr": "a string is not kernel code",
    "NamedExpr": ":= is not kernel code: assign on a line of its own",
    "Global": "global is not kernel code: state lives in records",
    "Nonlocal": "nonlocal is not kernel code: state lives in records",
    "Import": "import at the top of the file, not in a function",
    "ImportFrom": "import at the top of the file, not in a function",
    "Delete": "del is not kernel code",
    "AnnAssign": "annotations are not needed: every local is an int64",
    "Match": "match is not kernel code: write if/elif",
    "Starred": "* arguments are not kernel code",
    "Slice": "a slice is not kernel code: loop over the indices",
    "Await": "await is not kernel code: write `yield from`",
}


class Check:
    """One reading of one function."""

    def __init__(self, function, program):
        self.f, self.program, self.schema = function, program, program.schema
        self.errors, self.reported = [], set()
        self.nr_waits, self.wait_lines = 0, {}

    def err(self, node, text):
        message = f"{self.f.file}:{getattr(node, 'lineno', self.f.line)}: {text}"
        if message not in self.reported:
            self.reported.add(message)
            self.errors.append(message)

    def run(self):
        self.signature()
        self.stored = {n.id for n in ast.walk(self.f.node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        self.locals = self.stored | set(self.f.params[1:])
        self.called = {n.func.id for n in ast.walk(self.f.node) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
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
                self.err(_At(line), f"local {name!r} may be read before it is assigned; assign it before the branch or loop")
        return self.errors

    def signature(self):
        a = self.f.node.args
        if a.vararg or a.kwarg or a.kwonlyargs or a.posonlyargs or a.defaults:
            self.err(self.f.node, f"{self.f.name}(): plain positional parameters only, no defaults, * or **")
        if not a.args or a.args[0].arg != "k":
            self.err(self.f.node, f"{self.f.name}(): the first parameter must be k, the state")

    def is_function(self, name):
        return name in self.program.functions or name in self.program.decisions

    def local_name(self, name):
        node = next(
            (n for n in ast.walk(self.f.node) if getattr(n, "id", None) == name and isinstance(n.ctx, ast.Store)), self.f.node
        )
        if name == "k":
            self.err(node, "k is the state and cannot be assigned")
        elif name == "_":
            if any(isinstance(n, ast.Name) and n.id == "_" and isinstance(n.ctx, ast.Load) for n in ast.walk(self.f.node)):
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
                self.err(self.f.node, f"parameter {name!r} is an int64, it cannot become a view of {self.f.views[name]}")

    def record_of(self, e):
        """The record array of which `k.<records>[i]` is an element, or None."""
        if isinstance(e, ast.Subscript) and isinstance(e.value, ast.Attribute) and is_name(e.value.value, "k"):
            return e.value.attr if e.value.attr in self.schema.fields else None
        return None

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
                self.err(st, f"{target.id} is a view of {self.f.views[target.id]}, it cannot hold a number; take another name")
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

    def call_k(self, call, name, arity):
        if not call.args or not is_name(call.args[0], "k"):
            self.err(call, f"the first argument of {name}() is k")
        else:
            self.arguments(call, name, arity, call.args[1:])

    def arguments(self, call, name, arity, args):
        if call.keywords or any(isinstance(a, ast.Starred) for a in call.args):
            self.err(call, f"{name}() takes positional arguments only")
        elif len(args) != arity:
            self.err(call, f"{name}() takes {arity} argument{'s' * (arity != 1)}{' after k' if args is not call.args else ''}, not {len(args)}")
        for a in args:
            self.value(a)

    # ------------------------------------------------------------ values
    def operator(self, e):
        if isinstance(e.op, ast.Div):
            self.err(e, "/ gives a float: use //")
        elif isinstance(e.op, ast.Pow):
            self.err(e, "** is not kernel code: use a shift or a multiplication")
        elif not isinstance(e.op, OPERATORS):
            self.err(e, f"operator {type(e.op).__name__} is not in the subset of kernel code")

    def value(self, e):
        kind = type(e).__name__
        if kind in REFUSED:
            self.err(e, REFUSED[kind])
        elif is_wait(e):
            self.err(e, "a wait inside an expression: write `x = yield ...` on a line of its own")
        elif isinstance(e, ast.Constant):
            self.literal(e)
        elif isinstance(e, ast.Name):
            self.name(e)
        elif isinstance(e, ast.Attribute):
            self.attribute(e)
        elif isinstance(e, ast.Subscript):
            self.element(e)
        elif isinstance(e, ast.BinOp):
            self.operator(e)
            self.value(e.left)
            self.value(e.right)
        elif isinstance(e, ast.UnaryOp):
            self.value(e.operand)
        elif isinstance(e, ast.BoolOp):
            for v in e.values:
                self.value(v)
        elif isinstance(e, ast.Compare):
            if not all(isinstance(op, COMPARISONS) for op in e.ops):
                self.err(e, "only < <= > >= == != compare numbers")
            for v in [e.left, *e.comparators]:
                self.value(v)
        elif isinstance(e, ast.IfExp):
            for v in (e.test, e.body, e.orelse):
                self.value(v)
        elif isinstance(e, ast.Call):
            self.call(e)
        else:
            self.err(e, f"{kind} is not in the subset of kernel code")

    def literal(self, e):
        if not isinstance(e.value, int):
            self.err(e, f"constant {e.value!r}: kernel code knows int64 only")
        elif not INT64_MIN <= e.value <= INT64_MAX:
            self.err(e, f"constant {e.value} does not fit an int64; write the negative number with the same bits")

    def name(self, e):
        f, n = self.f, e.id
        if n == "k":
            self.err(e, "k alone is not a value")
        elif n in f.views:
            self.err(e, f"{n} is a view of {f.views[n]}, not a number; use {n}.<field>, or keep the index in a local")
        elif n in self.locals:
            return
        elif n in self.program.functions:
            self.err(e, f"function {n}() used as a value; FN_{n} is its id" if self.program.functions[n].blocking else f"function {n}() used as a value")
        elif self.program.constant(f, n) is None:
            ints = [g for g, v in f.globals.items() if isinstance(v, int)]
            known = [*self.locals, *ints, *(f"FN_{b}" for b in self.program.fids if n.startswith("FN_"))]
            self.err(e, f"{n} is neither a local nor a constant of this file{did_you_mean(n, known)}")
        elif not INT64_MIN <= self.program.constant(f, n) <= INT64_MAX:
            self.err(e, f"constant {n} does not fit an int64; write the negative number with the same bits")

    def attribute(self, e):
        records = self.record_of(e.value)
        if records:
            self.index(e.value.slice)
        elif isinstance(e.value, ast.Name) and e.value.id in self.f.views:
            records = self.f.views[e.value.id]
        elif is_name(e.value, "k"):
            if e.attr in self.schema.names():
                self.err(e, f"k.{e.attr} is an array: write k.{e.attr}[i]{'.field' if e.attr in self.schema.fields else ''}")
            else:
                self.unknown_array(e)
            return
        elif isinstance(e.value, ast.Subscript):
            self.element(e.value, True)
            return
        else:
            self.err(e, f"{ast.unparse(e)} is no state: write k.<records>[i].<field>, or take a view first")
            return
        if e.attr not in self.schema.fields[records]:
            self.err(e, f"{records} has no field {e.attr!r}{did_you_mean(e.attr, self.schema.fields[records])}")

    def unknown_array(self, e):
        self.err(e, f"k has no array {e.attr!r}{did_you_mean(e.attr, self.schema.names())}")

    def element(self, e, field=False):
        a = e.value
        if not (isinstance(a, ast.Attribute) and is_name(a.value, "k")):
            self.err(e, f"{ast.unparse(e)}: only the arrays of k have elements")
        elif a.attr in self.schema.fields:
            self.err(e, f"k.{a.attr}[i] is a record, not a number; use its fields, or bind it to a local of its own")
        elif a.attr not in self.schema.dtypes:
            self.unknown_array(a)
        elif field:
            self.err(e, f"k.{a.attr}[i] is a number, it has no fields")
        self.index(e.slice)

    def index(self, e):
        if isinstance(e, ast.UnaryOp) and isinstance(e.op, ast.USub) and isinstance(e.operand, ast.Constant):
            self.err(e, "a negative index: slot 0 is null, elements begin at 1")
        else:
            self.value(e)

    def call(self, e):
        name = e.func.id if isinstance(e.func, ast.Name) else None
        if name is None:
            self.err(e, f"{ast.unparse(e.func)}(): only functions called by name are kernel code")
            return
        if name in self.locals:
            self.err(e, f"{name} is a local and cannot be called")
        elif name in self.program.functions:
            callee = self.program.functions[name]
            if callee.blocking:
                self.err(e, f"{name}() may block: call it with `yield from`")
            else:
                self.f.calls.add(name)
                self.call_k(e, name, len(callee.params) - 1)
        elif name in self.program.decisions:
            self.f.decisions.add(name)
            self.call_k(e, name, len(self.program.decisions[name].args))
        elif name in WRAPPING:
            self.arguments(e, name, 2, e.args)
        elif name in ("abs", "i64"):
            self.arguments(e, name, 1, e.args)
        elif name in ("min", "max"):
            self.arguments(e, name, len(e.args), e.args)
            if len(e.args) < 2:
                self.err(e, f"{name}() takes two numbers or more")
        elif name == "len":
            ok = len(e.args) == 1 and isinstance(e.args[0], ast.Attribute) and is_name(e.args[0].value, "k")
            if not ok:
                self.err(e, "len() takes an array of the state: len(k.zones)")
            elif e.args[0].attr not in self.schema.names():
                self.unknown_array(e.args[0])
        elif name == "range":
            self.err(e, "range() belongs into a for statement")
        elif name in REQUESTS:
            self.err(e, f"{name}() is a request: write `yield {name}(...)`")
        else:
            known = [*self.program.functions, *self.program.decisions, *WRAPPING, *BUILTINS, *REQUESTS]
            self.err(e, f"no function {name}() in this model{did_you_mean(name, known)}")


class _At:
    """A place in the source."""

    def __init__(self, line):
        self.lineno = line


def is_name(e, name):
    return isinstance(e, ast.Name) and e.id == name


def is_wait(e):
    return isinstance(e, (ast.Yield, ast.YieldFrom))


def is_docstring(st):
    return isinstance(st, ast.Expr) and isinstance(st.value, ast.Constant) and isinstance(st.value.value, str)


def literal(e):
    """The value of an int literal with an optional minus, 0 if it is none."""
    sign = 1
    if isinstance(e, ast.UnaryOp) and isinstance(e.op, ast.USub):
        sign, e = -1, e.operand
    return sign * e.value if isinstance(e, ast.Constant) and type(e.value) is int else 0


def check(function, program):
    """The errors of one function; fills its views and calls."""
    return Check(function, program).run()
