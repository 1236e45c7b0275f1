"""Is indented as C is, and misspells a field."""

from gfplab import hookimpl


@hookimpl
def throttle_vm_writeout(vm):
	if vm.nr_free:
		return vm.nr_fre	+ vm.nr_writeback
	return 0
