"""Defines the right function and forgets the mark."""


def throttle_vm_writeout(vm):
    return 0
