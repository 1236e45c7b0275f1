"""From the functions that a simulated task was in to the call chain that its kernel prints for the same sleep.

The simulator ends where the scheduler begins, and its tasks begin where the entry code ends, so the frames above the
wait and below the system call, fault or thread function are added here.  Some functions of v4.7 are simulated in v6.1
as well and go by the names that they have there.  Completing a chain twice changes nothing.
"""

from dataclasses import dataclass, field

_TIMEOUT = ("schedule", "schedule_timeout")
_UNINTERRUPTIBLE = (*_TIMEOUT, "schedule_timeout_uninterruptible")
_IO_TIMEOUT = (*_TIMEOUT, "io_schedule_timeout")

_KTHREAD = ("kthread", "ret_from_fork")
_WORKER = ("process_one_work", "worker_thread")

# what kthread() calls: a stack that ends in one of these belongs to a kernel thread. Linux runs wb_workfn() in a
# worker; here it is a thread, but its stack must not tell.
THREAD_FUNCTIONS = {"worker_thread", "rescuer_thread", "kswapd", "dmcrypt_write", "kblockd_worker"}
THREAD_FUNCTIONS |= {"oom_reaper", "wb_workfn"}


@dataclass(frozen=True)
class Era:
    """What a kernel puts around the functions that sleep.

    `above` is by the kind of wait, `sleepers` by the function that waits where that alone tells; `entries` are the ways
    into the kernel, innermost function first; `names` what simulated functions are called, nothing if they are part of
    their caller.
    """

    above: dict[str, tuple[str, ...]]
    sleepers: dict[str, tuple[str, ...]]
    entries: tuple[tuple[str, ...], ...]
    names: dict[str, tuple[str, ...]] = field(default_factory=dict)


V4_7 = Era(
    above={
        "schedule": ("schedule",),
        "schedule_timeout": _TIMEOUT,
        "io_schedule": _IO_TIMEOUT,  # it is inline
        "io_schedule_timeout": _IO_TIMEOUT,
    },
    sleepers={"__alloc_pages_nodemask": _UNINTERRUPTIBLE},
    entries=(
        ("handle_mm_fault", "__do_page_fault", "do_page_fault", "page_fault"),
        ("__vfs_write", "vfs_write", "SyS_write", "entry_SYSCALL_64_fastpath"),
        ("__vfs_read", "vfs_read", "SyS_read", "entry_SYSCALL_64_fastpath"),
    ),
)
_SYSCALL = ("do_syscall_64", "entry_SYSCALL_64_after_hwframe")
V6_1 = Era(
    above={
        "schedule": ("schedule",),
        "schedule_timeout": _TIMEOUT,
        "io_schedule": ("schedule", "io_schedule"),
        "io_schedule_timeout": _IO_TIMEOUT,
    },
    sleepers={
        "___down_common": _TIMEOUT,
        "__mutex_lock": ("schedule", "schedule_preempt_disabled"),
        "__alloc_pages_slowpath": _UNINTERRUPTIBLE,
        "swapin_readahead": _UNINTERRUPTIBLE,
        "folio_wait_bit_common": ("schedule", "io_schedule"),
        "blk_mq_get_tag": ("schedule", "io_schedule"),
    },
    entries=(
        ("handle_mm_fault", "exc_page_fault", "asm_exc_page_fault"),
        ("vfs_write", "ksys_write", *_SYSCALL),
        ("vfs_read", "ksys_read", *_SYSCALL),
    ),
    names={
        "mutex_lock": ("__mutex_lock",),
        "alloc_pages_current": (),
        "mempool_alloc_pages": ("crypt_page_alloc",),
        "pagecache_get_page": ("__filemap_get_folio", "pagecache_get_page"),
        "balance_dirty_pages_ratelimited": ("balance_dirty_pages_ratelimited_flags",),
        "__generic_file_write_iter": (),
        "ext4_file_write_iter": ("ext4_buffered_write_iter",),
        "__vfs_write": ("vfs_write",),
        "wait_on_page_bit_killable": ("folio_wait_bit_common",),
        "do_generic_file_read": ("filemap_read",),
        "page_cache_sync_readahead": ("page_cache_ra_unbounded", "filemap_get_pages"),
        "__vfs_read": ("vfs_read",),
    },
)
ERAS = {"v4.7": V4_7, "v6.1": V6_1}


def _named(era: Era, frames: list[str]) -> list[str]:
    """The frames as the era calls them; one that it prints anyway is not printed twice."""
    chain: list[str] = []
    for frame in frames:
        chain += [name for name in era.names.get(frame, (frame,)) if name not in chain[-1:]]
    return chain


def whole_chain(frames: list[str], wait: str, kernel: str = "v4.7") -> list[str]:
    """`frames` (top first) between the scheduler's frames for this kind of wait and those of the entry code."""
    era = ERAS.get(kernel, V6_1)
    chain = _named(era, frames)
    if not chain or chain[0] != "schedule":
        alone = era.sleepers.get(chain[0]) if chain else None
        chain = [*(alone or era.above[wait]), *chain]
    if chain[-1] in THREAD_FUNCTIONS:
        return [*chain, *(_WORKER if chain[-1] == "wb_workfn" else ()), *_KTHREAD]
    for entry in era.entries:
        # what lies below the entry is the simulated program, which has no kernel frames
        at = next((chain.index(frame) for frame in entry if frame in chain), None)
        if at is not None:
            return [*chain[:at], *entry[entry.index(chain[at]) :]]
    return chain
