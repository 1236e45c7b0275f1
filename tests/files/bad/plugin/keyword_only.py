"""Takes its arguments as other Python does."""

from gfplab import hookimpl


@hookimpl
def throttle_vm_writeout(vm, *, scan):
    return vm.nr_writeback > scan.limit


@hookimpl
def too_many_isolated(lruvec, limit=32):
    return lruvec.isolated_file > limit
