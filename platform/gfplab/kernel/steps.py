"""The answers of the decision `mempool_step`: one int64 that names a step and carries its argument.

Bits 0-2 say what to do, bit 3 asks for PF_LESS_THROTTLE while the step runs, bits 4.. carry the GFP mask of an
ALLOC or the nanoseconds of a WAIT.  Policies build answers with ALLOC(mask), RESERVE, WAIT(ns) and FAIL.
"""

STEP_ALLOC = 1
STEP_RESERVE = 2
STEP_WAIT = 3
STEP_FAIL = 4
STEP_MASK = 7
STEP_LESS_THROTTLE = 8
STEP_SHIFT = 4

RESERVE = STEP_RESERVE
FAIL = STEP_FAIL


def ALLOC(gfp_mask):
    """Ask the pool's underlying allocator with this mask."""
    return 1 | (gfp_mask << 4)


def WAIT(timeout_ns):
    """Sleep on the pool's wait queue until an element is returned, at most this long."""
    return 3 | (timeout_ns << 4)
