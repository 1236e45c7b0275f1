"""Waits longer than it allows itself."""

from gfplab import WAIT, hookimpl, tunable
from gfplab.units import SEC

timeout = tunable(50 * SEC, low=1 * SEC, high=10 * SEC, unit="time")


@hookimpl
def mempool_step(my):
    return WAIT(my.timeout)
