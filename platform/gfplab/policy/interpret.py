"""The interpreted form of a policy: its functions as they were written, watched where compiled code would part with it.

Python's whole numbers have no end, machine words do: a shift or a product that leaves 64 bits is told as a fault here,
where compiled code wraps without a word.  A loop without an end is a fault in both forms.  A function in which nothing
of the kind can happen runs as it is; the others keep their lines, so that a debugger shows the file.
"""

import ast
import copy
import functools
from collections.abc import Callable
from typing import Any

from gfplab.policy import faults
from gfplab.policy.faults import MOST_TURNS, EndlessLoop, NegativeShift, Overflow, ShiftTooFar
from gfplab.policy.folding import INT64
from gfplab.policy.plugin import Plugin
from gfplab.policy.rewrite import bounded, called, looping

_RISKY = (ast.Mult, ast.LShift)


@functools.lru_cache
def watched(plugin: Plugin, name: str) -> Callable[..., int]:
    """The function `name` of a plugin, which answers a decision, watched if there is anything to watch."""
    names = reached(plugin, name)
    if name not in looping(plugin) and not any(_risky(plugin.definitions[n]) for n in names):
        return plugin.functions[name]
    watch = _Watch(plugin)
    definitions: list[ast.stmt] = [watch.visit(bounded(plugin, n, n == name)) for n in names]
    module = ast.fix_missing_locations(ast.Module(definitions, []))
    namespace = {**vars(plugin.module), **watch.functions()}
    exec(compile(module, plugin.module.__file__ or "", "exec"), namespace)
    return functools.wraps(plugin.functions[name])(namespace[name])


@functools.lru_cache
def reached(plugin: Plugin, name: str) -> list[str]:
    """The functions of the file that `name` calls, directly or not, and `name` itself, callees first."""
    order: list[str] = []

    def visit(function: str) -> None:
        for callee in called(plugin, function):
            if callee not in order:
                visit(callee)
        order.append(function)

    visit(name)
    return order


def _risky(node: ast.AST) -> bool:
    return any(isinstance(n, ast.BinOp | ast.AugAssign) and isinstance(n.op, _RISKY) for n in ast.walk(node))


class _Watch(ast.NodeTransformer):
    """Shows the count of every left shift to __count(), the result of every operation to __fits()."""

    def __init__(self, plugin: Plugin):
        self.plugin, self.places = plugin, []

    def visit_BinOp(self, node):
        place = copy.copy(node)
        self.generic_visit(node)
        return self._watched(node, place)

    def visit_AugAssign(self, node):
        place = copy.copy(node)
        self.generic_visit(node)
        read = copy.deepcopy(node.target)
        for inner in ast.walk(read):
            if isinstance(getattr(inner, "ctx", None), ast.Store):
                inner.ctx = ast.Load()
        value = ast.copy_location(ast.BinOp(read, node.op, node.value), node)
        return ast.copy_location(ast.Assign([node.target], self._watched(value, place)), node)

    def visit_Call(self, node):
        place = copy.copy(node)
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id in ("ALLOC", "WAIT", "int"):
            return self._call("__fits", node, place)
        return node

    def _watched(self, node: ast.BinOp, place: ast.AST) -> ast.expr:
        if isinstance(node.op, ast.LShift):
            node.right = self._call("__count", node.right, place)
        return self._call("__fits", node, place)

    def _call(self, name: str, value: ast.expr, place: ast.AST) -> ast.expr:
        self.places.append(place)
        arguments = [value, ast.Constant(len(self.places) - 1)]
        return ast.copy_location(ast.Call(ast.Name(name, ast.Load()), arguments, []), place)

    def functions(self) -> dict[str, Any]:
        """What the watched functions call."""

        def told(place: int, sentence: str) -> str:
            return faults.told_at(self.plugin.path, self.plugin.source, self.places[place], sentence)

        def count(bits, place):
            if bits < 0:
                raise NegativeShift(told(place, faults.SHIFTS_BACK))
            if bits > 63:
                raise ShiftTooFar(told(place, faults.SHIFTS_OUT))
            return bits

        def fits(number, place):
            if type(number) is int and number not in INT64:
                raise Overflow(told(place, faults.overflows(number)))
            return number

        return {"__count": count, "__fits": fits, "__tank": _tank, "__turn": _turn}


def _tank() -> list[int]:
    return [0]


def _turn(turns: list[int], text: str) -> None:
    turns[0] += 1
    if turns[0] > MOST_TURNS:
        raise EndlessLoop(text)
