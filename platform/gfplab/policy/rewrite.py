"""A linted function as it is compiled: the same statements, guarded where Python would raise, and the full arguments.

The positions of the source are kept, so that a fault at compile time has the plugin's own line.
"""

import ast
import copy

from gfplab.engine.decision import Decision
from gfplab.policy.plugin import Plugin

MY_ADDRESS = "my_address"

_DIVISIONS = (ast.Div, ast.FloorDiv, ast.Mod)


def rewritten(plugin: Plugin, name: str, decision: Decision | None) -> ast.FunctionDef:
    """Function `name` of the plugin; the answer to a decision takes all of its records and the address of `my`."""
    node = _Guards(plugin, decision is not None).visit(copy.deepcopy(plugin.definitions[name]))
    node.decorator_list = []
    if decision is not None:
        asks_my = any(argument.arg == "my" for argument in node.args.args)
        arguments = [argument for argument, _records in decision.args] + [MY_ADDRESS]
        node.args.args = [ast.arg(argument, lineno=node.lineno, col_offset=0) for argument in arguments]
        if asks_my and plugin.layout:
            node.body.insert(0, ast.copy_location(ast.parse(f"my = __my({MY_ADDRESS})").body[0], node))
    return node


class _Guards(ast.NodeTransformer):
    """Wraps divisors, shift counts, indices, and what must be a whole number."""

    def __init__(self, plugin: Plugin, is_decision: bool):
        self.path = plugin.path
        self.slots = {name: (kind, length) for name, kind, length in plugin.layout}
        self.is_decision = is_decision

    def visit_BinOp(self, node):
        self.generic_visit(node)
        node.right = self._operand(node.op, node.right)
        return node

    def visit_Subscript(self, node):
        self.generic_visit(node)
        _kind, length = self.slots[node.value.attr]
        node.slice = self._guard("__place", node.slice, f"index outside my.{node.value.attr}", length)
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
        node.value = self._operand(node.op, node.value)
        if self._whole_slot(node.target) and not isinstance(node.op, ast.Div):
            node.value = _call("__whole", node.value)
        return node

    def _operand(self, operator: ast.operator, right: ast.expr) -> ast.expr:
        """The right operand, guarded unless it is a constant that cannot do harm."""
        constant = right.value if isinstance(right, ast.Constant) and isinstance(right.value, int | float) else 0
        if isinstance(operator, _DIVISIONS) and not constant:
            return self._guard("__nonzero", right, "division by zero")
        if isinstance(operator, ast.RShift) and not 0 < constant < 64:
            return self._guard("__right_count", right, "negative shift count")
        if isinstance(operator, ast.LShift) and not 0 < constant < 64:
            return self._guard("__left_count", right, "shift count outside 0 .. 63")
        return right

    def _guard(self, name: str, value: ast.expr, what: str, *numbers: int) -> ast.expr:
        constants: list[int | str] = [*numbers, f"{self.path}:{value.lineno}: {what}"]
        return _call(name, value, *(ast.copy_location(ast.Constant(c), value) for c in constants))

    def _whole_slot(self, target: ast.expr) -> bool:
        """True for a whole number of `my`, alone or in an array."""
        match target:
            case ast.Attribute(attr=name) | ast.Subscript(value=ast.Attribute(attr=name)):
                return self.slots[name][0] == "i8"
        return False


def _call(name: str, *arguments: ast.expr) -> ast.Call:
    function = ast.copy_location(ast.Name(name, ast.Load()), arguments[0])
    return ast.copy_location(ast.Call(function, list(arguments), []), arguments[0])
