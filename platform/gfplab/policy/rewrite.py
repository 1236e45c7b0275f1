"""A linted function as it is compiled: the same statements, guarded where Python would raise, and the full arguments.

The positions of the source are kept, so that a fault at compile time has the plugin's own line.
"""

import ast
import copy
import functools
from collections.abc import Sequence

from gfplab.engine.decision import Decision
from gfplab.policy import faults
from gfplab.policy.places import kind_of_field, refusal, row_layout, slots
from gfplab.policy.plugin import Plugin

MY_ADDRESS = "my_address"
TANK = "__tank_address"  # the counter of turns, passed to every function that loops

_DIVISIONS = (ast.Div, ast.FloorDiv, ast.Mod)


def rewritten(plugin: Plugin, name: str, decision: Decision | None, kinds: Sequence[str]) -> ast.FunctionDef:
    """Function `name` of the plugin; the answer to a decision takes all of its records and the address of `my`.

    `kinds` are those of the state for single records that this function, or one that goes with it, reads or writes:
    its rows travel beside `my`.
    """
    node = _Guards(plugin, decision is not None, kinds).visit(bounded(plugin, name, decision is not None))
    asks_my = any(argument.arg == "my" for argument in node.args.args)
    if decision is not None:
        arguments = [argument for argument, _records in decision.args] + [MY_ADDRESS]
        node.args.args = [ast.arg(argument, lineno=node.lineno, col_offset=0) for argument in arguments]
        lines = [f"my = __my({MY_ADDRESS})"] if asks_my and plugin.layout else []
        lines += [_row(plugin, kind) for kind in kinds if asks_my]
        node.body[:0] = [ast.copy_location(ast.parse(line).body[0], node) for line in lines]
    elif asks_my:
        node.args.args += [ast.arg(f"__my_{kind}", lineno=node.lineno, col_offset=0) for kind in kinds]
    return node


def _row(plugin: Plugin, kind: str) -> str:
    """The statement that finds the row of the record that a decision is asked about."""
    seat = f"__seat({kind}.index, my.per_{kind}_nr, {refusal(plugin, kind)!r})"
    place = f"my.per_{kind}_at + {seat} * {slots(row_layout(plugin, kind))}"
    return f"__my_{kind} = __row_{kind}({MY_ADDRESS} + 8 * ({place}))"


@functools.lru_cache
def looping(plugin: Plugin) -> set[str]:
    """The functions of the file in which some loop turns, or which call one of them."""
    found = {n for n, node in plugin.definitions.items() if _contains(node, (ast.While, ast.For))}
    while True:
        callers = {name for name in plugin.definitions if set(called(plugin, name)) & found}
        if callers <= found:
            return found
        found |= callers


def bounded(plugin: Plugin, name: str, is_decision: bool) -> ast.FunctionDef:
    """A copy of a function whose loops count their turns, which the interpreted form has as well."""
    loops = looping(plugin)
    node: ast.FunctionDef = copy.deepcopy(plugin.definitions[name])
    node.decorator_list = []
    if name in loops:
        node = _Turns(plugin, loops).visit(node)
        if is_decision:
            first = ast.parse(f"{TANK} = __tank()").body[0]
            documented = ast.get_docstring(node) is not None and len(node.body) > 1
            node.body.insert(documented, _at(first, node.body[documented]))
        else:
            node.args.args.append(ast.arg(TANK, lineno=node.lineno, col_offset=0))
    return node


def _contains(node: ast.AST, kinds: tuple[type, ...]) -> bool:
    return any(isinstance(inner, kinds) for inner in ast.walk(node))


def called(plugin: Plugin, name: str) -> list[str]:
    """The functions of the file that `name` calls itself."""
    names = [node.id for node in ast.walk(plugin.definitions[name]) if isinstance(node, ast.Name)]
    return [called for called in dict.fromkeys(names) if called in plugin.definitions]


def _at(statement: ast.stmt, place: ast.AST) -> ast.stmt:
    """A made statement that stands at a place of the source, with all that is in it."""
    for node in ast.walk(statement):
        if hasattr(node, "lineno"):
            ast.copy_location(node, place)
    return statement


class _Turns(ast.NodeTransformer):
    """Counts the turns of loops, and hands the counter on."""

    def __init__(self, plugin: Plugin, bounded: set[str]):
        self.plugin, self.bounded = plugin, bounded

    def _loop(self, node):
        self.generic_visit(node)
        text = ast.Constant(faults.told_at(self.plugin.path, self.plugin.source, node, faults.LOOPS))
        count = ast.Expr(ast.Call(ast.Name("__turn", ast.Load()), [ast.Name(TANK, ast.Load()), text], []))
        for inner in ast.walk(count):
            ast.copy_location(inner, node)
        node.body.insert(0, count)
        return node

    visit_While = visit_For = _loop

    def visit_Call(self, node):
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id in self.bounded:
            node.args.append(ast.copy_location(ast.Name(TANK, ast.Load()), node))
        return node


class _Guards(ast.NodeTransformer):
    """Wraps divisors, shift counts, indices, and what must be a whole number."""

    def __init__(self, plugin: Plugin, is_decision: bool, kinds: Sequence[str]):
        self.plugin = plugin
        self.slots = {name: (kind, length) for name, kind, length in plugin.layout}
        self.slots |= {name: (state.slot, state.length) for name, state in plugin.state.items()}
        self.kind_of = kind_of_field(plugin)
        self.own = plugin.definitions
        self.kinds = kinds
        self.is_decision = is_decision

    def visit_Attribute(self, node):
        match node.value:
            case ast.Name(id="my") if node.attr in self.kind_of:
                node.value = ast.copy_location(ast.Name(f"__my_{self.kind_of[node.attr]}", ast.Load()), node.value)
        return node

    def visit_Call(self, node):
        self.generic_visit(node)
        match node.func:
            case ast.Name(id=name) if name in self.own and any(_is_my(argument) for argument in node.args):
                rows = [ast.Name(f"__my_{kind}", ast.Load()) for kind in self.kinds]
                node.args += [ast.copy_location(row, node) for row in rows]
        return node

    def visit_BinOp(self, node):
        self.generic_visit(node)
        node.right = self._operand(node.op, node.right, node)
        return node

    def visit_Subscript(self, node):
        self.generic_visit(node)
        name = node.value.attr
        _kind, length = self.slots[name]
        node.slice = self._guard("__place", node.slice, node, faults.outside(name, length), length)
        return node

    def visit_Return(self, node):
        self.generic_visit(node)
        if self.is_decision:
            node.value = _call("__whole", node.value)
        return node

    def visit_Assign(self, node):
        self.generic_visit(node)
        if self._whole_slot(node.targets[0]):
            node.value = _call("__whole", node.value)
        return node

    def visit_AugAssign(self, node):
        self.generic_visit(node)
        node.value = self._operand(node.op, node.value, node)
        if self._whole_slot(node.target) and not isinstance(node.op, ast.Div):
            node.value = _call("__whole", node.value)
        return node

    def _operand(self, operator: ast.operator, right: ast.expr, whole: ast.AST) -> ast.expr:
        """The right operand, guarded unless it is a constant that cannot do harm."""
        constant = right.value if isinstance(right, ast.Constant) and isinstance(right.value, int | float) else 0
        if isinstance(operator, _DIVISIONS) and not constant:
            return self._guard("__nonzero", right, whole, faults.DIVIDES)
        if isinstance(operator, ast.RShift) and not 0 < constant < 64:
            return self._guard("__right_count", right, whole, faults.SHIFTS_BACK)
        if isinstance(operator, ast.LShift) and not 0 < constant < 64:
            return self._guard("__left_count", right, whole, faults.SHIFTS_OUT)
        return right

    def _guard(self, name: str, value: ast.expr, whole: ast.AST, sentence: str, *numbers: int) -> ast.expr:
        """The value in a guard that tells of `whole`, the operation that would go wrong."""
        text = faults.told_at(self.plugin.path, self.plugin.source, whole, sentence)
        constants: list[int | str] = [*numbers, text]
        return _call(name, value, *(ast.copy_location(ast.Constant(c), value) for c in constants))

    def _whole_slot(self, target: ast.expr) -> bool:
        """True for a whole number of `my`, alone or in an array."""
        match target:
            case ast.Attribute(attr=name) | ast.Subscript(value=ast.Attribute(attr=name)):
                return self.slots[name][0] == "i8"
        return False


def _is_my(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "my"


def _call(name: str, *arguments: ast.expr) -> ast.Call:
    function = ast.copy_location(ast.Name(name, ast.Load()), arguments[0])
    return ast.copy_location(ast.Call(function, list(arguments), []), arguments[0])
