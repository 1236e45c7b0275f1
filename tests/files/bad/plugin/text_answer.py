"""Says what to do in words."""

from gfplab import hookimpl
from gfplab.kernel.steps import STEP_ALLOC


@hookimpl
def mempool_step(call):
    if call.last == STEP_ALLOC:
        return "RESERVE"
    return "ALLOC"
