"""The small machine of gfplab.testing, under the name by which the tests of the kernel know it."""

from gfplab.testing.small_machine import (
    MS,
    OP_ALLOC_PAGE,
    OP_EXIT_MMAP,
    OP_FAULT,
    OP_MEMPOOL_ALLOC,
    OP_MEMPOOL_FREE,
    OP_RECLAIM,
    OP_SHRINK_NODE,
    OP_SHRINK_ZONE,
    OP_SLAB_ALLOC,
    SEC,
    US,
    SmallMachine,
    stock,
)

__all__ = [
    "MS",
    "OP_ALLOC_PAGE",
    "OP_EXIT_MMAP",
    "OP_FAULT",
    "OP_MEMPOOL_ALLOC",
    "OP_MEMPOOL_FREE",
    "OP_RECLAIM",
    "OP_SHRINK_NODE",
    "OP_SHRINK_ZONE",
    "OP_SLAB_ALLOC",
    "SEC",
    "US",
    "SmallMachine",
    "stock",
]
