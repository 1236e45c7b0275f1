"""What mempool_alloc() does is a program, and a program is a number like any other: let a search write one.

In July 2016 four people proposed eight orders of the same few steps, and each argued from one machine.  The tunable
`program` holds such an order, and the function below only reads it out: that of Linux v4.7 as it stands, Neil Brown's
`| ALLOC(optimistic) RESERVE WAIT(5s)` and `| RESERVE ALLOC(optimistic) WAIT(5s)`, and those that nobody has proposed.

What no program can do is look at the machine: whoever wants to know how full the reserve is writes a policy.
"""

from gfplab import ALLOC, FAIL, hookimpl, tunable
from gfplab.kernel.steps import (
    PROGRAM_ADDS,
    PROGRAM_DROPS,
    PROGRAM_FLAGS,
    PROGRAM_GIVES_UP,
    PROGRAM_LENGTH,
    PROGRAM_LOOP,
    PROGRAM_OPTIMISTIC,
    PROGRAM_RIGHTS,
    PROGRAM_STEPS,
    STEP_ALLOC,
    STEP_MASK,
    STEP_RESERVE,
)

program = tunable(
    "ALLOC(optimistic) RESERVE ALLOC(full) | RESERVE WAIT(5s) ALLOC(full)",
    steps=12,
    masks=("optimistic", "full", "full+STEP_NO_THROTTLE", "full+STEP_BAIL_OUT", "full+STEP_LIGHT_RECLAIM"),
    help="steps taken until one yields an element; those behind the | repeat for ever",
)


@hookimpl
def mempool_step(call, my):
    if not call.may_sleep:
        return step_without_sleep(call, my)
    place = call.steps
    if place >= my.program[PROGRAM_LENGTH]:
        loop = my.program[PROGRAM_LOOP]
        place = loop + (place - loop) % (my.program[PROGRAM_LENGTH] - loop)
    return step(my.program[PROGRAM_STEPS + place], call)


def step_without_sleep(call, my):
    """Go through the program again up to where the call is, without the steps that would repeat what was done last."""
    attempt = 0
    looked = 0
    taken = 0
    for place in range(my.program[PROGRAM_GIVES_UP]):
        now = step(my.program[PROGRAM_STEPS + place], call)
        repeats = looked if now == STEP_RESERVE else now == attempt
        if not repeats:
            if taken == call.steps:
                return now
            taken += 1
            looked = now == STEP_RESERVE
            if not looked:
                attempt = now
    return FAIL


def step(word, call):
    """A word of the program as an answer: its masks are relative to those of the call."""
    if word & STEP_MASK != STEP_ALLOC:
        return word
    mask = call.optimistic if word & PROGRAM_OPTIMISTIC else call.full
    mask = mask & ~(word >> PROGRAM_DROPS & PROGRAM_FLAGS) | word >> PROGRAM_ADDS
    return ALLOC(mask) | word & PROGRAM_RIGHTS
