"""Takes a unit for granted."""

from gfplab import hookimpl, tunable

pause = tunable(100 * MSEC, low=0, high=1000 * MSEC, unit="time")


@hookimpl
def throttle_vm_writeout(my):
    return my.pause
