"""Try again at once: an element may have come back."""

from gfplab import ALLOC, FAIL, RESERVE, hookimpl
from gfplab.kernel.steps import STEP_RESERVE


@hookimpl
def mempool_step(call):
    if call.last != STEP_RESERVE:
        return RESERVE
    return ALLOC(call.optimistic) if call.may_sleep else FAIL
