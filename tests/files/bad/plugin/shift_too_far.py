"""Back off by powers of two, starting nowhere."""

from gfplab import hookimpl

START = -1


@hookimpl
def throttle_vm_writeout(vm):
    return (1 << 64) + (vm.nr_free >> START)
