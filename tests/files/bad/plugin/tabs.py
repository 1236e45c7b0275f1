"""Mixes tabs and spaces."""

from gfplab import hookimpl


@hookimpl
def throttle_vm_writeout(vm):
	if vm.nr_free:
		return 1
        return 0
