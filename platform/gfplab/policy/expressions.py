"""Expressions of a policy: every name means something, and every value is a whole number or a float, never both.

`Reader.kind(expression)` is "int" or "float"; what is wrong on the way is reported with its line and counts as "int",
so that one mistake makes one sentence.
"""

import ast
import builtins
import difflib
from collections.abc import Callable

from gfplab import units
from gfplab.kernel import answers, gfp, node_types, steps, types
from gfplab.policy.faults import outside
from gfplab.policy.folding import INT64, TIME_BY_TIME, constant_fault, fold, is_time
from gfplab.policy.plugin import ARGUMENTS, RECORDS, Plugin, did_you_mean

INT, FLOAT = "int", "float"

STEPS = {"ALLOC": steps.ALLOC, "WAIT": steps.WAIT}
BUILTINS = ("abs", "bool", "float", "int", "max", "min")

_WHOLE = (ast.BitAnd, ast.BitOr, ast.BitXor, ast.LShift, ast.RShift)
_ORDER = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)
_NUMBERS = "; it is plain numbers, and an array of them is declared with state(..., length=n)"
_TEXTS = "; it is plain numbers, and `gfplab run --trace-decisions` shows what it saw and answered"
_LOOPS = "; write a loop: for i in range(n)"
_RETURNS = "; return one whole number"
_REFUSED = {
    ast.Dict: f"a dict{_NUMBERS}",
    ast.Set: f"a set{_NUMBERS}",
    ast.List: f"a list{_NUMBERS}",
    ast.Tuple: f"a tuple{_NUMBERS}",
    ast.JoinedStr: f"an f-string{_TEXTS}",
    ast.ListComp: f"a comprehension{_LOOPS}",
    ast.SetComp: f"a comprehension{_LOOPS}",
    ast.DictComp: f"a comprehension{_LOOPS}",
    ast.GeneratorExp: f"a comprehension{_LOOPS}",
    ast.Lambda: "a lambda; write a function with def at the top of the file",
    ast.NamedExpr: ":=; write the assignment on a line of its own",
    ast.Yield: f"yield{_RETURNS}",
    ast.YieldFrom: f"yield from{_RETURNS}",
    ast.Await: f"await{_RETURNS}",
    ast.Starred: "*; pass plain arguments, in order",
    ast.Slice: "a slice; read one place, as my.name[i]",
}


class Reader:
    """Reads the expressions of one function."""

    def __init__(self, plugin: Plugin, fields: dict[str, list[str]], records: tuple[str, ...], report: Callable):
        self.plugin = plugin
        self.fields = fields
        self.records = records  # the parameters that are records
        self.report = report  # report(node, sentence)
        self.locals: dict[str, str] = {}  # name -> kind
        self.used: set[str] = set()  # tunables and state read
        self.calls: list[tuple[ast.Call, str, tuple[str, ...]]] = []  # calls of functions of the file
        self.result_of: Callable[[str, tuple[str, ...]], str] = lambda name, kinds: INT

    def kind(self, node: ast.expr) -> str:
        match node:
            case ast.Constant():
                return self._constant(node)
            case ast.Name():
                return self._name(node)
            case ast.Attribute():
                return self._attribute(node)
            case ast.Subscript():
                return self.element(node)
            case ast.BinOp():
                return self.operation(node, node.left, node.op, self.kind(node.right))
            case ast.UnaryOp(op=ast.Not()):
                self.kind(node.operand)
                return INT
            case ast.UnaryOp(op=ast.Invert()):
                return self._whole(node.operand, "~")
            case ast.UnaryOp():
                return self.kind(node.operand)
            case ast.BoolOp():
                return self._same(node, node.values)
            case ast.Compare():
                return self._compare(node)
            case ast.IfExp():
                self.kind(node.test)
                return self._same(node, [node.body, node.orelse])
            case ast.Call():
                return self._call(node)
        return self._refuse(node, f"a policy cannot use {_REFUSED.get(type(node), type(node).__name__.lower())}")

    def operation(self, node: ast.AST, left: ast.expr, operator: ast.operator, right: str) -> str:
        """The kind of `left operator right`."""
        kind = self.kind(left)
        fault = self._number_fault(node, left, operator)
        if fault:
            return self._refuse(node, fault)
        if isinstance(operator, ast.Pow | ast.MatMult):
            return self._refuse(node, "a policy cannot use ** or @; multiply, or shift with <<")
        if isinstance(operator, _WHOLE) and FLOAT in (kind, right):
            return self._refuse(node, "bits of a float; make it a whole number with int(...)")
        if isinstance(operator, ast.Div):
            return FLOAT
        return FLOAT if FLOAT in (kind, right) else INT

    def _number_fault(self, node, left: ast.expr, operator: ast.operator) -> str | None:
        """What is wrong with the numbers of `left operator right`, as far as they are known here."""
        right = node.right if isinstance(node, ast.BinOp) else node.value
        numbers = self._numbers()
        if isinstance(operator, ast.Mult) and all(is_time(n, self.plugin.tunables, numbers) for n in (left, right)):
            return TIME_BY_TIME
        return constant_fault(operator, fold(left, numbers), fold(right, numbers))

    def _numbers(self) -> dict[str, int | float]:
        """The numbers of the file, by those of their names that no local hides."""
        named = vars(self.plugin.module).items()
        return {n: v for n, v in named if type(v) in (bool, int, float) and n not in self.locals}

    def element(self, node: ast.Subscript) -> str:
        """The kind of `my.name[index]`."""
        match node.value:
            case ast.Attribute(value=ast.Name(id="my"), attr=name):
                state = self.plugin.state.get(name) or self.plugin.tunables.get(name)
                if state is None or state.length == 1:
                    self._attribute(node.value)
                    return self._refuse(
                        node, f"my.{name} is one number; declare it with state(..., length=n) to index it"
                    )
                self.used.add(name)
                self._whole(node.slice, "an index")
                place = fold(node.slice, self._numbers())
                if place is not None and not -state.length <= place < state.length:
                    self.report(node, outside(name, state.length))
                return FLOAT if state.slot == "f8" else INT
        return self._refuse(node, "only an array of state can be indexed; write my.name[i]")

    def _constant(self, node):
        if isinstance(node.value, bool | int):
            if node.value not in INT64:
                return self._refuse(node, f"{node.value} does not fit 64 bits; take a smaller unit, or a float")
            return INT
        if isinstance(node.value, float):
            return FLOAT
        if isinstance(node.value, str):
            return self._refuse(node, f"a policy cannot use a text{self._text_hint(node.value)}")
        return self._refuse(node, f"a policy cannot use {node.value!r:.20}; write a number, such as 0")

    def _text_hint(self, text: str) -> str:
        if text in vars(steps) or text in vars(gfp):
            return f"; write {text} without quotes, and import it at the top of the file"
        if any(text in tunable.choices for tunable in self.plugin.tunables.values()):
            return "; of choices it sees the position: 0 for the first, 1 for the second"
        return _TEXTS

    def _name(self, node):
        name = node.id
        if name in self.locals:
            return self.locals[name]
        if name in self.records:
            what = "its tunables and state, as" if name == "my" else "one of its fields, as"
            return self._refuse(node, f"{name} is a record; read {what} {name}.<name>")
        if name in self.plugin.tunables or name in self.plugin.state:
            return self._refuse(node, f"{name} is kept in `my`; take the argument `my` and write my.{name}")
        if name not in vars(self.plugin.module):
            return self._refuse(node, f"'{name}' is not defined; {self._hint(name)}")
        value = vars(self.plugin.module)[name]
        if type(value) in (bool, int) and value in INT64:
            return INT
        if type(value) is float:
            return FLOAT
        if callable(value):
            return self._refuse(node, f"{name} is a function; call it, as {name}(...)")
        return self._refuse(
            node, f"{name} is {type(value).__name__} {value!r:.40}, not a number of 64 bits; write a number that fits"
        )

    def _hint(self, name):
        for module in (gfp, steps, answers, types, node_types, units):
            if hasattr(module, name):
                return f"write `from {module.__name__} import {name}`"
        if name in RECORDS or name == "my":
            return f"add the argument {name}"
        numbers = [n for n, v in vars(self.plugin.module).items() if type(v) in (int, float)]
        known = [*self.locals, *self.plugin.tunables, *numbers, *vars(gfp), *vars(steps), *vars(answers), *vars(units)]
        near = difflib.get_close_matches(name, known, 1)
        return f"did you mean '{near[0]}'?" if near else "assign it first, or import it at the top of the file"

    def _attribute(self, node):
        if not isinstance(node.value, ast.Name):
            return self._refuse(node, "a field of a field; records hold plain numbers, so read a field of an argument")
        record, name = node.value.id, node.attr
        if record == "my" and "my" in self.records:
            return self._my(node, name)
        if record in self.records:
            fields = self.fields[RECORDS[record]]
            if name in fields:
                return INT
            near = did_you_mean(name, fields)
            near = near if near.startswith("did") else f"`gfplab explain` lists the fields of {record}"
            return self._refuse(node, f"{record} has no field '{name}'; {near}")
        if record in RECORDS or record == "my":
            return self._refuse(node, f"{record} is not an argument here; add it to the arguments of the function")
        return self._refuse(node, f"{record} is not a record; only the arguments have fields")

    def _my(self, node, name):
        if name in self.plugin.tunables:
            self.used.add(name)
            if self.plugin.tunables[name].length > 1:
                return self._refuse(node, f"my.{name} is a program, an array; write my.{name}[i]")
            return FLOAT if self.plugin.tunables[name].slot == "f8" else INT
        if name in self.plugin.state:
            self.used.add(name)
            if self.plugin.state[name].length > 1:
                return self._refuse(node, f"my.{name} is an array; write my.{name}[i]")
            return FLOAT if self.plugin.state[name].slot == "f8" else INT
        known = [*self.plugin.tunables, *self.plugin.state]
        near = did_you_mean(name, known) if known else f"declare it: {name} = tunable(...) or {name} = state(...)"
        return self._refuse(node, f"my has no '{name}'; {near}")

    def _whole(self, node, what):
        if self.kind(node) == FLOAT:
            return self._refuse(node, f"{what} of a float; make it a whole number with int(...)")
        return INT

    def _same(self, node, values):
        kinds = {self.kind(value) for value in values}
        if len(kinds) == 2:
            return self._refuse(node, "is a whole number on one side and a float on the other; write 0.0, or int(...)")
        return kinds.pop()

    def _compare(self, node):
        for operator in node.ops:
            if not isinstance(operator, _ORDER):
                return self._refuse(node, "a policy cannot use `in` or `is`; compare with == or <")
        for part in (node.left, *node.comparators):
            self.kind(part)
        return INT

    def _call(self, node):
        if not isinstance(node.func, ast.Name):
            return self._refuse(
                node, "a policy calls functions of its own file only; write this one at the top of the file"
            )
        name = node.func.id
        if node.keywords or any(isinstance(argument, ast.Starred) for argument in node.args):
            return self._refuse(node, f"{name} takes plain arguments; pass them in order, without names or *")
        function = vars(self.plugin.module).get(name)
        if name in self.plugin.definitions:
            return self._own_call(node, name)
        if function is not None and function in STEPS.values():
            if len(node.args) != 1:
                return self._refuse(node, f"{name} takes one argument, not {len(node.args)}")
            return self._whole(node.args[0], f"{name}()")
        if name in BUILTINS and name not in vars(self.plugin.module):
            return self._builtin(node, name)
        if name == "range":
            return self._refuse(node, "range() belongs into `for i in range(...)`")
        if name in STEPS:
            return self._refuse(node, f"'{name}' is not defined; write `from gfplab import {name}`")
        if function is not None or hasattr(builtins, name):
            return self._refuse(node, f"{name}() cannot be called here; there is {', '.join(BUILTINS)}, ALLOC and WAIT")
        return self._refuse(node, f"'{name}' is not defined; {did_you_mean(name, [*self.plugin.definitions, *STEPS])}")

    def _builtin(self, node, name):
        least = 2 if name in ("max", "min") else 1
        if len(node.args) < least or (least == 1 and len(node.args) > 1):
            return self._refuse(node, f"{name}() takes {'two numbers or more' if least == 2 else 'one number'}")
        if name in ("max", "min", "abs"):
            return self._same(node, node.args)
        self.kind(node.args[0])
        return FLOAT if name == "float" else INT

    def _own_call(self, node, name):
        parameters = [argument.arg for argument in self.plugin.definitions[name].args.args]
        if name in ARGUMENTS:
            return self._refuse(
                node, f"{name} answers a decision point; move what both need into a function of its own"
            )
        if len(node.args) != len(parameters):
            given = f"{name} takes {len(parameters)} arguments, not {len(node.args)}"
            return self._refuse(node, f"{given}; write {name}({', '.join(parameters)})")
        kinds = []
        for parameter, argument in zip(parameters, node.args, strict=True):
            if parameter in RECORDS or parameter == "my":
                if not (isinstance(argument, ast.Name) and argument.id == parameter and parameter in self.records):
                    return self._refuse(argument, f"{name} wants the record {parameter}; pass the argument {parameter}")
                kinds.append(parameter)
            else:
                kinds.append(self.kind(argument))
        self.calls.append((node, name, tuple(kinds)))
        return self.result_of(name, tuple(kinds))

    def _refuse(self, node, sentence):
        self.report(node, sentence)
        return INT
