"""Nap for as long as the time waited so far, weighed with a time."""

from gfplab import WAIT, hookimpl, tunable
from gfplab.units import MSEC, SEC

pause = tunable(100 * MSEC, low=1 * MSEC, high=1 * SEC, unit="time", help="length of a nap")


@hookimpl
def mempool_step(pool, my):
    return WAIT(my.pause * pool.return_interval // SEC)
