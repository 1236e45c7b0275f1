"""The answers of the decision `mempool_step`: one int64 that names a step and carries its argument.

Bits 0-2 say what to do, bits 3-6 which task flags an ALLOC runs under, bits 8.. carry the GFP mask of an ALLOC or the
nanoseconds of a WAIT.  Policies build answers with ALLOC(mask), RESERVE, WAIT(ns) and FAIL.
"""

STEP_ALLOC = 1
STEP_RESERVE = 2
STEP_WAIT = 3
STEP_FAIL = 4
STEP_MASK = 7
STEP_LESS_THROTTLE = 8  # ALLOC(mask) | this: with PF_LESS_THROTTLE, which Linux has
STEP_NO_THROTTLE = 16  # with PF_NO_THROTTLE: reclaim for this attempt never sleeps at a throttle point
STEP_BAIL_OUT = 32  # with PF_BAIL_OUT: reclaim ends where it would have slept, and the attempt with it
STEP_LIGHT_RECLAIM = 64  # with PF_LIGHT_RECLAIM: one batch of clean file pages, no more
STEP_SHIFT = 8

RESERVE = STEP_RESERVE
FAIL = STEP_FAIL


def ALLOC(gfp_mask):
    """Ask the pool's underlying allocator with this mask."""
    return 1 | (gfp_mask << 8)


def WAIT(timeout_ns):
    """Sleep on the pool's wait queue until an element is returned, at most this long."""
    return 3 | (timeout_ns << 8)


# A program, as a tunable keeps it in `my`: an array of these words, in the coding of policy/programs.py.
PROGRAM_LENGTH = 0  # its steps, counted to the end of the part that repeats
PROGRAM_LOOP = 1  # where that part begins, counted from 0
PROGRAM_GIVES_UP = 2  # the steps that callers who may not sleep take before they FAIL
PROGRAM_STEPS = 3  # the first step; RESERVE and WAIT as they are answered, ALLOC with a mask relative to the caller's
PROGRAM_OPTIMISTIC = 0x100  # bit of an ALLOC: it starts from call.optimistic, not from call.full
PROGRAM_DROPS = 9  # from this bit on 26 bits: flags that its mask lacks
PROGRAM_ADDS = 35  # from this bit on 26 bits: flags that it has beside
PROGRAM_FLAGS = 0x3FFFFFF  # as many as those 26 bits hold
PROGRAM_RIGHTS = 0x78  # STEP_LESS_THROTTLE and the other rights of an ALLOC
