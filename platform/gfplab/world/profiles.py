"""CPUs by name: what the operations of the simulated kernel cost on each, in ns.

A scenario names one with `[machine] cpu`. "pc2016" is one 3-4 GHz core of 2016, the figures of kernel/costs.py. "rig"
is the emulated CPU of a measuring rig: one instruction is one nanosecond, whatever it is: no caches, no memory latency,
no lock contention; a repeated string instruction counts once for each word that it moves, and one AES round is one
instruction. Its figures are those of Linux 6.1 as such a rig has measured it, policy stock, seed 1.
"""

from collections.abc import Mapping

from gfplab.kernel.costs import COST_DEFAULTS

RIG = {
    "pcp_alloc": 373,  # dm-crypt's page, fast path: 373 on average
    "pcp_free": 220,
    "pcp_refill": 330,  # 3 pages: the second peak of that histogram
    "alloc_fail": 870,  # a ciphertext page from the reserve takes 953, of which this failed first
    "wakeup_kswapd": 1000,
    "drain_all_pages": 3000,
    "drain_cpu": 2000,
    "slab_fast": 176,  # a bio, fast path: 176 to 186, mempool_alloc() around it included
    "slab_cpu_partial": 100,
    "slab_node_partial": 300,
    "slab_new": 460,
    "mempool_reserve": 80,
    "lock_transfer": 0,
    "scan_page": 450,  # kswapd's first look at 14.9 thousand touched pages took 8.45 ms of its trace: 566 with the next
    "isolate_page": 120,
    "unmap_page": 1200,
    "free_page": 700,
    "pageout": 1200,
    "minor_fault": 1000,  # a page that is there, read and then written: two faults in 2048 to 2559
    "major_fault": 1500,
    "zero_page": 800,  # 512 of it to clear; a first touch takes 2560 to 3583 with two faults, page, rmap and LRU
    "copy_page": 520,
    "touch": 64,
    "bio_submit": 600,
    "dm_bookkeeping": 800,
    "crypt_page": 16700,  # AES-NI: O_DIRECT of 16 pages against one page, 17.9 us a page with its allocation and copy
    "request_submit": 1200,
    "irq": 2000,
    "end_io": 600,
    "context_switch": 2200,  # from one waiter's failed attempt to the next waiter's: 5 us, of which 3 are attempts
    "try_to_wake_up": 1000,
    "wakeup": 800,
    "queue_work": 500,
    "kworker_create": 30000,
    "process_work": 500,
    "balance_dirty": 600,
    "write_page": 2500,
    "direct_reclaim": 2500,
    "oom_kill": 100000,
    "tree_insert": 150,
    "writeback_page": 1000,
    "read_vmstat": 98000,  # samples are 100.15 ms apart: 100 ms of sleep, 50 us of timer slack, and this
    "direct_io": 1000,
}

# CPU time to encrypt or decrypt a page; AES-NI is costs.crypt_page
CIPHERS: Mapping[str, Mapping[str, int]] = {
    "pc2016": {"aesgen": 30_000, "null": 300},
    "rig": {"aesgen": 100_000, "null": 3_000},
}

PROFILES: Mapping[str, Mapping[str, int]] = {"pc2016": {}, "rig": RIG}


def cipher_ns(cpu: str, cipher: str, costs: Mapping[str, int], shift: int) -> int:
    """CPU time of a page through a cipher; the costs are complete."""
    return CIPHERS[cpu][cipher] << shift if cipher in CIPHERS[cpu] else costs["crypt_page"]


def costs_of(cpu: str, given: Mapping[str, int], shift: int) -> dict[str, int]:
    """All costs of a CPU: the profile's, where a scenario gives no other, doubled `shift` times."""
    return {name: ns << shift for name, ns in {**COST_DEFAULTS, **PROFILES[cpu], **given}.items()}
