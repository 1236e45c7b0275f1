"""What can be known of a policy's numbers before it runs: constants, and which numbers are times.

A constant that does not fit 64 bits, a division by a constant 0, a shift by a constant that no number has bits for and
a time multiplied by a time are told as mistakes of the file, since compiled code would wrap without a word.
"""

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

from gfplab.policy import faults
from gfplab.units import SEC

INT64 = range(-(1 << 63), 1 << 63)
_DIVISIONS = (ast.Div, ast.FloorDiv, ast.Mod)
_FOLDED: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
}
_WIDEST_SHIFT = 256  # to fold 1 << 10 ** 9 would take the memory of the machine


def fold(node: ast.expr, numbers: Mapping[str, Any]) -> int | None:
    """The whole number that an expression always is; `numbers` are the names of the file that a local does not hide."""
    match node:
        case ast.Constant(value=bool() | int() as value):
            return int(value)
        case ast.Name(id=name) if type(numbers.get(name)) in (bool, int):
            return int(numbers[name])
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            value = fold(operand, numbers)
            return None if value is None else -value
        case ast.UnaryOp(op=ast.Invert(), operand=operand):
            value = fold(operand, numbers)
            return None if value is None else ~value
        case ast.BinOp(left=left, op=op, right=right):
            one, other = fold(left, numbers), fold(right, numbers)
            return None if one is None or other is None else _folded(one, op, other)
    return None


def _folded(one: int, op: ast.operator, other: int) -> int | None:
    if type(op) not in _FOLDED or (isinstance(op, ast.FloorDiv | ast.Mod) and other == 0):
        return None
    if isinstance(op, ast.LShift | ast.RShift) and not 0 <= other < _WIDEST_SHIFT:
        return None
    value = _FOLDED[type(op)](one, other)
    return value if abs(value).bit_length() < 4 * _WIDEST_SHIFT else None


def constant_fault(op: ast.operator, left: int | None, right: int | None) -> str | None:
    """What is wrong with `left op right`, as far as these are constants."""
    if isinstance(op, _DIVISIONS) and right == 0:
        return faults.DIVIDES
    if isinstance(op, ast.LShift | ast.RShift) and right is not None and right < 0:
        return faults.SHIFTS_BACK
    if isinstance(op, ast.LShift) and right is not None and right > 63:
        return faults.SHIFTS_OUT
    if left is not None and right is not None and left in INT64 and right in INT64:
        value = _folded(left, op, right)
        if value is not None and value not in INT64:
            return f"this is {value}, which does not fit 64 bits; take a smaller unit, or a float"
    return None


def is_time(node: ast.expr, tunables: Mapping[str, Any], numbers: Mapping[str, Any]) -> bool:
    """True if an expression is a time in nanoseconds: a tunable with unit="time", a field that ends in _ns, SEC."""
    match node:
        case ast.Attribute(value=ast.Name(id="my"), attr=name):
            return name in tunables and tunables[name].unit == "time"
        case ast.Attribute(attr=name):
            return name.endswith(("_ns", "return_interval"))
        case ast.Name(id="SEC"):
            return numbers.get("SEC") == SEC
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub(), right=right):
            return is_time(left, tunables, numbers) or is_time(right, tunables, numbers)
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return is_time(left, tunables, numbers) != is_time(right, tunables, numbers)
        case ast.Call(func=ast.Name(id="min" | "max"), args=args):
            return any(is_time(arg, tunables, numbers) for arg in args)
    return False


TIME_BY_TIME = "multiplies a time by a time, and the square of 4 s is more than 64 bits hold; divide one by MSEC first"
