"""Weigh a pool by the cube of what is out of it."""

from gfplab import hookimpl


@hookimpl
def throttle_vm_writeout(vm):
    weight = vm.nr_free * vm.nr_dirty
    weight *= vm.nr_writeback * vm.nr_slab
    return weight % 7
