"""Naps for as long as the command line says."""

from gfplab import hookimpl, tunable
from gfplab.units import MSEC

pause = tunable(100 * MSEC, low=1 * MSEC, high=200 * MSEC, unit="time", help="length of a nap")


@hookimpl
def throttle_vm_writeout(my):
    return my.pause
