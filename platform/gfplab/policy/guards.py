"""What compiled policies check before an operation that Python would refuse: the same exception, with file and line.

numba's own exceptions for these say neither which policy nor where.
"""

from typing import Any

from llvmlite import ir
from numba import int64, types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.extending import intrinsic


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
            context.call_conv.return_user_exc(builder, ZeroDivisionError, (message,))
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
            context.call_conv.return_user_exc(builder, OverflowError, (message,))
        return args[0]

    return int64(int64, text), generate


def _refuse_negative(context, builder, count, message):
    with cgutils.if_unlikely(builder, builder.icmp_signed("<", count, ir.Constant(count.type, 0))):
        context.call_conv.return_user_exc(builder, ValueError, (message,))


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
            context.call_conv.return_user_exc(builder, IndexError, (message,))
        return index

    return int64(int64, length_type, text), generate


@intrinsic
def whole(_context, number):
    """`number` as an int64; what is not a whole number does not compile."""
    if not isinstance(number, types.Integer | types.Boolean):
        raise TypingError(f"a whole number is needed, not {number}")

    def generate(context, builder, sig, args):
        return context.cast(builder, args[0], sig.args[0], sig.return_type)

    return int64(number), generate


GUARDS: dict[str, Any] = {
    "__whole": whole,
    "__nonzero": nonzero,
    "__right_count": right_count,
    "__left_count": left_count,
    "__place": place,
}
