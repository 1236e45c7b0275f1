"""The simulated kernel as one linked model: its schema, its files and its decision points.

build = kernel_model().build("compiled")
"""

import importlib
from functools import cache

from gfplab.kernel.bugs import LAWS, errors
from gfplab.kernel.decisions import DECISIONS
from gfplab.kernel.types import kernel_schema

# one name per file of this folder that holds simulated code
KERNEL_FILES = (
    "mempool",
    "magazine",
    "instrument",
    "slub",
    "slab_pages",
    "slab_order",
    "page_alloc",
    "watermarks",
    "zone_setup",
    "buddy",
    "fallback",
    "pcplist",
    "slowpath",
    "swap",
    "shrink_page",
    "vmscan",
    "direct_reclaim",
    "kswapd",
    "swapfile",
    "swap_state",
    "swap_cache",
    "swap_readahead",
    "swap_slots",
    "swap_clusters",
    "page_fault",
    "page_io",
    "memory",
    "oom",
    "workload_anon",
    "workload_pool",
    "workload_rig",
    "vmstat",
    "bio",
    "blk_core",
    "blk_legacy",
    "blk_mq",
    "blk_mq_sched",
    "blk_plug",
    "elevator",
    "mq_deadline",
    "disk",
    "dm",
    "dm_crypt",
    "dm_crypt_write",
    "write_tree",
    "workqueue",
    "worker_pool",
    "locking",
    "page_writeback",
    "wb_domain",
    "dirty_throttle",
    "throttle",
    "reclaim_throttle",
    "folio_reclaim",
    "kept_folios",
    "kept_pages",
    "isolated_folios",
    "node_reclaim",
    "scan_balance",
    "node_direct_reclaim",
    "node_kswapd",
    "fs_writeback",
    "filemap",
    "ext4",
    "workingset",
    "psi",
    "jiffies",
    "log2",
    "workload_file",
    "interrupts",
    "invariants",
)


@cache
def kernel_model():
    """Link the model once per process; a KernelBuildError names every file:line that does not fit."""
    from gfplab.engine.build import Model

    modules = [importlib.import_module(f"gfplab.kernel.{name}") for name in KERNEL_FILES]
    return Model(kernel_schema(), modules, decisions=DECISIONS, errors=errors(), laws=LAWS)
