"""What generated code calls that is not kernel code: integer guards, wrapping arithmetic, calls through two tables."""

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.errors import TypingError
from numba.extending import intrinsic

from gfplab.engine.native import DECISIONS_TABLE, STEPS_TABLE, WORD, ArrayType, table_word


@intrinsic
def i64(typingctx, x):
    """x as an int64; anything but an integer or a bool does not compile."""
    if not isinstance(x, (types.Integer, types.Boolean)):
        raise TypingError(f"kernel code stores int64 only, got {x}")

    def generate(context, builder, sig, args):
        return context.cast(builder, args[0], sig.args[0], types.int64)

    return types.int64(x), generate


@intrinsic
def unset(typingctx):
    """An int64 that nothing reads: a local must be assigned somewhere before it is named, numba says."""
    return types.int64(), lambda context, builder, sig, args: ir.Constant(WORD, ir.Undefined)


def wrapping(name, emit):
    """A binary operation on two int64 that wraps."""

    def binary(typingctx, a, b):
        if not (isinstance(a, types.Integer) and isinstance(b, types.Integer)):
            raise TypingError(f"{name}() takes two int64, got {a} and {b}")
        return types.int64(types.int64, types.int64), lambda context, builder, sig, args: emit(builder, *args)

    binary.__name__ = binary.__qualname__ = name
    return intrinsic(binary)


add64 = wrapping("add64", lambda builder, a, b: builder.add(a, b))
mul64 = wrapping("mul64", lambda builder, a, b: builder.mul(a, b))
shl64 = wrapping("shl64", lambda builder, a, b: builder.shl(a, b))
lsr64 = wrapping("lsr64", lambda builder, a, b: builder.lshr(a, b))


@intrinsic(prefer_literal=True)
def bounded(typingctx, array, index, text):
    """The index, if the array has such an element; else an IndexError that says where (check builds)."""
    if not isinstance(array, ArrayType):
        raise TypingError(f"bounded() takes an array of the state, got {array}")
    message = f"{text.literal_value}: index out of range"

    def generate(context, builder, sig, args):
        length = table_word(builder, array.state, args[0], array.array, 1)
        with cgutils.if_unlikely(builder, builder.icmp_unsigned(">=", args[1], length)):
            context.call_conv.return_user_exc(builder, IndexError, (message,))
        return args[1]

    return types.int64(array, types.int64, text), generate


@intrinsic(prefer_literal=True)
def fits(typingctx, value, low, high, text):
    """The value, if low <= value <= high; else an OverflowError that says where (check builds)."""
    low, high, message = low.literal_value, high.literal_value, f"{text.literal_value}: value does not fit"

    def generate(context, builder, sig, args):
        below = builder.icmp_signed("<", args[0], ir.Constant(WORD, low))
        above = builder.icmp_signed(">", args[0], ir.Constant(WORD, high))
        with cgutils.if_unlikely(builder, builder.or_(below, above)):
            context.call_conv.return_user_exc(builder, OverflowError, (message,))
        return args[0]

    return types.int64(types.int64, types.int64, types.int64, text), generate


def call_address(context, builder, address, types_of_args, args):
    """Call a compiled function int64(...) by address; its exceptions go on to Python."""
    convention = context.call_conv
    pointer = builder.inttoptr(address, convention.get_function_type(types.int64, types_of_args).as_pointer())
    status, value = convention.call_function(builder, pointer, types.int64, types_of_args, args)
    with cgutils.if_unlikely(builder, status.is_error):
        convention.return_status_propagate(builder, status)
    return value


def load_word(builder, data, index):
    words = builder.inttoptr(data, WORD.as_pointer())
    value = builder.load(builder.gep(words, [index], inbounds=True))
    value.set_metadata("invariant.load", builder.module.add_metadata([]))
    return value


@intrinsic
def call_step(typingctx, k, fid, t, fp):
    """Run the step function `fid` on the frame at fp of task t."""

    def generate(context, builder, sig, args):
        table, fid, t, fp = args
        address = load_word(builder, table_word(builder, k, table, STEPS_TABLE, 0), fid)
        return call_address(context, builder, address, (k, types.int64, types.int64), (table, t, fp))

    return types.int64(k, types.int64, types.int64, types.int64), generate


@intrinsic(prefer_literal=True)
def ask(typingctx, k, number, records):
    """The answer of decision `number`; `records` is the tuple of what it sees, the policy's own record follows."""
    place = 2 * number.literal_value

    def generate(context, builder, sig, args):
        decisions = table_word(builder, k, args[0], DECISIONS_TABLE, 0)
        function, my = (load_word(builder, decisions, ir.Constant(WORD, place + i)) for i in (0, 1))
        seen = cgutils.unpack_tuple(builder, args[2], len(records))
        return call_address(context, builder, function, (*records, types.int64), (*seen, my))

    return types.int64(k, number, records), generate
