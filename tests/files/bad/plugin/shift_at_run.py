"""Back off: twice the nap with every attempt."""

from gfplab import ALLOC, FAIL, RESERVE, WAIT, hookimpl
from gfplab.kernel.steps import STEP_ALLOC, STEP_RESERVE
from gfplab.units import MSEC


@hookimpl
def mempool_step(call):
    if call.last == STEP_ALLOC:
        return RESERVE
    if call.last == STEP_RESERVE:
        return WAIT(min(1 << call.waits, 500) * MSEC) if call.may_sleep else FAIL
    return ALLOC(call.full)
