"""Computes with a library."""

import numppy

from gfplab import hookimpl


@hookimpl
def throttle_vm_writeout(vm):
    return numppy.sqrt(vm.nr_free)
