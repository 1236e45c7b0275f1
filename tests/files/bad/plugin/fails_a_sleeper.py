"""Give up when the reserve is empty, whoever asks."""

from gfplab import ALLOC, FAIL, RESERVE, hookimpl
from gfplab.kernel.steps import STEP_ALLOC, STEP_RESERVE


@hookimpl
def mempool_step(call):
    if call.last == STEP_ALLOC:
        return RESERVE
    if call.last == STEP_RESERVE:
        return FAIL
    return ALLOC(call.full)
