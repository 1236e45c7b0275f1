"""Weigh what is dirty by its square, twice."""

from gfplab import hookimpl


@hookimpl
def throttle_vm_writeout(vm):
    weight = vm.nr_dirty * vm.nr_dirty
    weight *= weight
    return weight % 7
