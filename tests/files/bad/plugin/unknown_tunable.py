"""Nap for as long as a study says."""

from gfplab import hookimpl, tunable
from gfplab.units import MSEC

pause = tunable(100 * MSEC, low=1 * MSEC, high=200 * MSEC, unit="time", help="length of a nap")


@hookimpl
def throttle_vm_writeout(vm, scan, my):
    if vm.nr_writeback > 2 * scan.limit:
        return pause
    return my.puase if vm.nr_writeback > scan.limit else 0
