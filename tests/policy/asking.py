"""Kernel code that does nothing but ask a decision."""

from gfplab.engine.subset import plain, prototype

REASONS = ("until",)


@prototype(blocking=False)
def decide_throttle_vm_writeout(k, vm, task, scan):
    """The decision, as kernel files declare it."""


@plain
def ask_often(k, times):
    """The sum of the answers; each question sees one page more under writeback."""
    total = 0
    for _ in range(times):
        k.vm[0].nr_writeback += 1
        total += decide_throttle_vm_writeout(k, 0, 1, 1)
    return total


@plain
def run(k, until_ns, max_events):
    """What the engine's driver would be."""
    return 0
