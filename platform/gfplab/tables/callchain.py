"""From the functions that the simulated kernel was in to the call chain that v4.7 would print for the same sleep.

The simulator ends where the scheduler begins, and its tasks begin where the entry code ends, so the frames above the
wait and below the system call, fault or thread function are added here.  Adding them twice changes nothing.
"""

_ABOVE = {
    "schedule": ("schedule",),
    "schedule_timeout": ("schedule", "schedule_timeout"),
    "io_schedule": ("schedule", "schedule_timeout", "io_schedule_timeout"),  # v4.7: io_schedule() is inline
    "io_schedule_timeout": ("schedule", "schedule_timeout", "io_schedule_timeout"),
}

_KTHREAD = ("kthread", "ret_from_fork")
_WORKER = ("process_one_work", "worker_thread")

# what kthread() calls: a stack that ends in one of these belongs to a kernel thread. v4.7 runs wb_workfn() in a worker;
# here it is a thread, but its stack must not tell.
THREAD_FUNCTIONS = {"worker_thread", "rescuer_thread", "kswapd", "dmcrypt_write", "kblockd_worker"}
THREAD_FUNCTIONS |= {"oom_reaper", "wb_workfn"}
_FAULT = ("handle_mm_fault", "__do_page_fault", "do_page_fault", "page_fault")
_WRITE = ("__vfs_write", "vfs_write", "SyS_write", "entry_SYSCALL_64_fastpath")
_READ = ("__vfs_read", "vfs_read", "SyS_read", "entry_SYSCALL_64_fastpath")


def whole_chain(frames: list[str], wait: str) -> list[str]:
    """`frames` (top first) between the scheduler's frames for this kind of wait and those of the entry code."""
    chain = list(frames)
    if not chain or chain[0] != "schedule":
        chain = [*_ABOVE[wait], *chain]
    if chain[-1] in THREAD_FUNCTIONS:
        return [*chain, *(_WORKER if chain[-1] == "wb_workfn" else ()), *_KTHREAD]
    for entry in (_FAULT, _WRITE, _READ):
        # what lies below the entry is the simulated program, which has no kernel frames
        at = next((chain.index(frame) for frame in entry if frame in chain), None)
        if at is not None:
            return [*chain[:at], *entry[entry.index(chain[at]) :]]
    return chain
