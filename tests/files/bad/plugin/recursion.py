"""Halve the limit until it fits."""

from gfplab import hookimpl


def halved(limit, pages):
    return limit if limit <= pages else halved(limit // 2, pages)


@hookimpl
def throttle_vm_writeout(vm, scan):
    return halved(scan.limit, vm.nr_free)
