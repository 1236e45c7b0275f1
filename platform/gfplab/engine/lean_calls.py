"""How kernel code calls and keeps locals in machine code: without what numba does for code that may hold references.

numba clears every local and every place for a result on entry, and again before each call; it clears and passes a new
place for an exception and looks twice at what came back.  That is much of the hot code of a storm, and of what the
instruction cache has no room for.  Here a call passes on the place for an exception that its caller was given, gives an
int64 or an exception, and a local that nobody has assigned is nothing.
"""

from contextlib import contextmanager

from llvmlite import binding, ir
from numba.core import types
from numba.core.callconv import RETCODE_OK, CPUCallConv, Status
from numba.core.lowering import Lower

WORD = ir.IntType(64)
NO = ir.Constant(ir.IntType(1), 0)
# A step function is a loop over its pc (resumable.py): a block whose next one is known goes there, not round the loop.
# LLVM hides this option; with it the compiler never comes back from a loop that has no way out, so policies must not
# meet it.
THREADING = "-jump-threading-across-loop-headers"
GENERAL_CALL, GENERAL_LOCAL = CPUCallConv.call_function, Lower.alloca_lltype


def slot(builder, name=""):
    """Room for an int64 in the frame of the function being written."""
    with builder.goto_entry_block():
        return builder.alloca(WORD, name=name)


def call_function(self, builder, callee, resty, argtys, args, attrs=None):
    """A call whose result is an int64 or an exception, which is the caller's then."""
    own = builder.function.args
    if resty is not types.int64 or len(own) < 2 or own[1].name != "excinfo":
        return GENERAL_CALL(self, builder, callee, resty, argtys, args, attrs)
    result = slot(builder)
    packed = self._get_arg_packer(argtys).as_arguments(builder, list(args))
    code = builder.call(callee, [result, own[1], *packed])
    failed = builder.icmp_signed("!=", code, RETCODE_OK)
    status = Status(
        code=code,
        is_ok=builder.not_(failed),
        is_error=failed,
        is_python_exc=NO,
        is_none=NO,
        is_user_exc=failed,
        is_stop_iteration=NO,
        excinfoptr=builder.load(own[1]),
    )
    return status, builder.load(result)


def alloca_lltype(self, name, lltype, datamodel=None):
    """Room for a local; no path reads an int64 that it has not assigned (liveness.py)."""
    return slot(self.builder, name) if lltype == WORD else GENERAL_LOCAL(self, name, lltype, datamodel)


@contextmanager
def lean_calls():
    """While kernel code is compiled: what else this process compiles, a policy, is compiled as numba does it."""
    CPUCallConv.call_function, Lower.alloca_lltype = call_function, alloca_lltype
    binding.set_option("gfplab", THREADING)
    try:
        yield
    finally:
        binding.set_option("gfplab", THREADING + "=false")
        CPUCallConv.call_function, Lower.alloca_lltype = GENERAL_CALL, GENERAL_LOCAL
