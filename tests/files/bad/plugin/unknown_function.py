"""Calls what other Python has."""

import math

from gfplab import hookimpl


def clamped(value, low, high):
    return min(high, max(low, value))


@hookimpl
def throttle_vm_writeout(vm, scan):
    print(vm.nr_free)
    nap = clampd(vm.nr_writeback, 0, scan.limit)
    nap += math.isqrt(vm.nr_writeback)
    nap += len(range(nap)) + sum(nap)
    return clamped(nap, 0)
