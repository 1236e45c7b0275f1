"""A policy with an object to keep its state."""

from gfplab import hookimpl


class Throttle:
    naps = 0

    @hookimpl
    def throttle_vm_writeout(self, vm):
        self.naps += 1
        return self.naps
