"""How the pools and the tasks of a world are called, without a kernel: to find a wrong name before anything runs."""

from gfplab.boot.machine import boot_machine
from gfplab.kernel.types import kernel_schema


class _Records:
    """Stands for a build: memory to boot into, and no code."""

    def __init__(self):
        self.schema = kernel_schema()

    def arrays(self, sizes):
        return self.schema.arrays(sizes)

    def fid(self, _name):
        return 0


def names_of(world) -> dict[str, dict[str, list[int]]]:
    """ "pool" and "task" -> name -> the numbers of those called so."""
    layout = boot_machine(_Records(), world, 1).layout
    return {kind: layout.named(kind) for kind in ("pool", "task")}
