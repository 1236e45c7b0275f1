"""What compiled policies check before an operation that Python would refuse: the same fault, told with its source line.

numba's own exceptions for these say neither which policy nor where.

Machine code cannot be interrupted, so a loop without an end would hang whoever runs it.  Therefore every turn of every
loop takes from one tank that a call of a policy starts with; it lies on the stack, and a policy without loops has none.
No watchdog could do as well: it would need a process to kill, and would tell neither the line nor always the same.
"""

from typing import Any

from llvmlite import ir
from numba import int64, types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.extending import intrinsic

from gfplab.policy.faults import MOST_TURNS, DivisionByZero, EndlessLoop, NegativeShift, OutsideArray, ShiftTooFar


def _text(value: types.Type) -> str:
    if not isinstance(value, types.StringLiteral):
        raise TypingError("a guard needs its sentence as a constant")
    return value.literal_value


@intrinsic(prefer_literal=True)
def nonzero(_context, number, text):
    """`number`, which something is divided by."""
    kind, message = types.unliteral(number), _text(text)

    def generate(context, builder, sig, args):
        if isinstance(sig.return_type, types.Float):
            zero = builder.fcmp_ordered("==", args[0], ir.Constant(args[0].type, 0.0))
        else:
            zero = builder.icmp_signed("==", args[0], ir.Constant(args[0].type, 0))
        with cgutils.if_unlikely(builder, zero):
            context.call_conv.return_user_exc(builder, DivisionByZero, (message,))
        return args[0]

    return kind(kind, text), generate


@intrinsic(prefer_literal=True)
def right_count(_context, count, text):
    """`count`, by which something is shifted right; beyond 63 as much as 63, which leaves the sign, as in Python."""
    message = _text(text)

    def generate(context, builder, _sig, args):
        _refuse_negative(context, builder, args[0], message)
        last = ir.Constant(args[0].type, 63)
        return builder.select(builder.icmp_signed(">", args[0], last), last, args[0])

    return int64(int64, text), generate


@intrinsic(prefer_literal=True)
def left_count(_context, count, text):
    """`count`, by which something is shifted left; beyond 63 nothing would be left of it."""
    message = _text(text)

    def generate(context, builder, _sig, args):
        _refuse_negative(context, builder, args[0], message)
        with cgutils.if_unlikely(builder, builder.icmp_signed(">", args[0], ir.Constant(args[0].type, 63))):
            context.call_conv.return_user_exc(builder, ShiftTooFar, (message,))
        return args[0]

    return int64(int64, text), generate


def _refuse_negative(context, builder, count, message):
    with cgutils.if_unlikely(builder, builder.icmp_signed("<", count, ir.Constant(count.type, 0))):
        context.call_conv.return_user_exc(builder, NegativeShift, (message,))


@intrinsic(prefer_literal=True)
def place(_context, index, length, text):
    """`index` into an array of state; negative ones count from the end, as in Python."""
    message, length_type = _text(text), length
    if not isinstance(length, types.IntegerLiteral):
        raise TypingError("a guard needs the length as a constant")
    n = length.literal_value

    def generate(context, builder, _sig, args):
        index = args[0]
        below = builder.icmp_signed("<", index, ir.Constant(index.type, 0))
        index = builder.select(below, builder.add(index, ir.Constant(index.type, n)), index)
        with cgutils.if_unlikely(builder, builder.icmp_unsigned(">=", index, ir.Constant(index.type, n))):
            context.call_conv.return_user_exc(builder, OutsideArray, (message,))
        return index

    return int64(int64, length_type, text), generate


@intrinsic(prefer_literal=True)
def seat(_context, index, count, text):
    """`index`, which has to be below `count`."""
    message = _text(text)

    def generate(context, builder, _sig, args):
        with cgutils.if_unlikely(builder, builder.icmp_unsigned(">=", args[0], args[1])):
            context.call_conv.return_user_exc(builder, OutsideArray, (message,))
        return args[0]

    return int64(int64, int64, text), generate


@intrinsic
def whole(_context, number):
    """`number` as an int64; what is not a whole number does not compile."""
    if not isinstance(number, types.Integer | types.Boolean):
        raise TypingError(f"a whole number is needed, not {number}")

    def generate(context, builder, sig, args):
        return context.cast(builder, args[0], sig.args[0], sig.return_type)

    return int64(number), generate


@intrinsic
def tank(_context):
    """The address of a counter on the stack of the function that asks, at 0."""

    def generate(_context, builder, _sig, _args):
        turns = cgutils.alloca_once_value(builder, ir.Constant(ir.IntType(64), 0))
        return builder.ptrtoint(turns, ir.IntType(64))

    return int64(), generate


@intrinsic(prefer_literal=True)
def turn(_context, turns, text):
    """One more turn of a loop, counted at the address `turns`."""
    message = _text(text)

    def generate(context, builder, _sig, args):
        word = ir.IntType(64)
        counter = builder.inttoptr(args[0], word.as_pointer())
        now = builder.add(builder.load(counter), ir.Constant(word, 1))
        builder.store(now, counter)
        with cgutils.if_unlikely(builder, builder.icmp_signed(">", now, ir.Constant(word, MOST_TURNS))):
            context.call_conv.return_user_exc(builder, EndlessLoop, (message,))
        return now

    return int64(int64, text), generate


GUARDS: dict[str, Any] = {
    "__tank": tank,
    "__turn": turn,
    "__whole": whole,
    "__nonzero": nonzero,
    "__right_count": right_count,
    "__left_count": left_count,
    "__place": place,
    "__seat": seat,
}
