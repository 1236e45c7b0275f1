"""The subset, held: what may stand in an expression of kernel code, and the words in which the rest is refused."""

import ast

from gfplab.engine.arith import INT64_MAX, INT64_MIN, WRAPPING
from gfplab.engine.link import did_you_mean
from gfplab.engine.requests import REQUESTS
from gfplab.engine.subset import BUILTINS

OPERATORS = (
    ast.Add,
    ast.Sub,
    ast.Mult,
    ast.FloorDiv,
    ast.Mod,
    ast.BitAnd,
    ast.BitOr,
    ast.BitXor,
    ast.LShift,
    ast.RShift,
)
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


class Values:
    """Reads the expressions of one function; every one of them is an int64."""

    def __init__(self, function, program):
        self.f, self.program, self.schema = function, program, program.schema
        self.errors, self.reported, self.locals = [], set(), set()

    def err(self, node, text):
        message = f"{self.f.file}:{getattr(node, 'lineno', self.f.line)}: {text}"
        if message not in self.reported:
            self.reported.add(message)
            self.errors.append(message)

    def is_function(self, name):
        return name in self.program.functions or name in self.program.decisions

    def record_of(self, e):
        """The record array of which `k.<records>[i]` is an element, or None."""
        if isinstance(e, ast.Subscript) and isinstance(e.value, ast.Attribute) and is_name(e.value.value, "k"):
            return e.value.attr if e.value.attr in self.schema.fields else None
        return None

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
            self.err(
                e,
                f"function {n}() used as a value; FN_{n} is its id"
                if self.program.functions[n].blocking
                else f"function {n}() used as a value",
            )
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
                self.err(
                    e, f"k.{e.attr} is an array: write k.{e.attr}[i]{'.field' if e.attr in self.schema.fields else ''}"
                )
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

    def call_k(self, call, name, arity):
        if not call.args or not is_name(call.args[0], "k"):
            self.err(call, f"the first argument of {name}() is k")
        else:
            self.arguments(call, name, arity, call.args[1:])

    def arguments(self, call, name, arity, args):
        if call.keywords or any(isinstance(a, ast.Starred) for a in call.args):
            self.err(call, f"{name}() takes positional arguments only")
        elif len(args) != arity:
            after = " after k" if args is not call.args else ""
            self.err(call, f"{name}() takes {arity} argument{'s' * (arity != 1)}{after}, not {len(args)}")
        for a in args:
            self.value(a)

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
