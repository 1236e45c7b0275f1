"""Wait longer than 64 bits of nanoseconds."""

from gfplab import hookimpl
from gfplab.units import SEC

FOR_EVER = 1 << 64


@hookimpl
def throttle_vm_writeout(vm, scan):
    if vm.nr_writeback > 100_000_000_000_000_000_000:
        return FOR_EVER
    return 1000 * SEC * SEC * 1000
