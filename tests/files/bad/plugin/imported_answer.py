"""Leaves the answer to the kernel of 2016."""

from gfplab_plugins.linux_4_7 import throttle_vm_writeout

__all__ = ["throttle_vm_writeout"]
