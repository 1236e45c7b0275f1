"""What goes wrong in a simulated kernel, in words: the states that kernel_bug() has met, and the laws of invariants.py.

Each has a number, by which kernel code knows it, and a sentence; {info} is the argument of kernel_bug().
"""

ERROR_KERNEL_BUG = 100  # e.error is this and the number of the bug

BUG_DOUBLE_FREE = 1
BUG_UNKNOWN_EVENT = 2
BUG_MEMPOOL_STEP = 20
BUG_MEMPOOL_LOOP = 21
BUG_BIO_SLOTS = 40
BUG_BIO_ENDED_TWICE = 41
BUG_BIO_PUT_TWICE = 42
BUG_BIO_ALLOC = 43
BUG_REQUEST_SLOTS = 44
BUG_TAGS = 45
BUG_CRYPT_IO_SLOTS = 46
BUG_WORK_SLOTS = 47
BUG_WORK_FUNCTION = 48
BUG_WORKER_SLOTS = 49
BUG_MUTEX_OWNER = 50
BUG_END_IO = 51
BUG_DM_IO = 52

BUGS = {
    BUG_DOUBLE_FREE: "page {info} was freed twice",
    BUG_UNKNOWN_EVENT: "an event of kind {info} came, which no EV_* constant has",
    BUG_MEMPOOL_STEP: "the policy of mempool_step answered {info}, which is no step; use ALLOC, RESERVE, WAIT, FAIL",
    BUG_MEMPOOL_LOOP: (
        "the policy of mempool_step has answered {info} times in one call without an element or a FAIL: let it WAIT"
    ),
    BUG_BIO_SLOTS: "all {info} bio records are in use; give the build a larger size for 'bios'",
    BUG_BIO_ENDED_TWICE: "bio {info} was ended although it is not in flight",
    BUG_BIO_PUT_TWICE: "bio {info} was put although it is free",
    BUG_BIO_ALLOC: "bio set {info} gave no bio to a caller that may sleep: mempool_step may not answer FAIL there",
    BUG_REQUEST_SLOTS: "all {info} request records are in use; give the build a larger size for 'requests'",
    BUG_TAGS: "disk {info} has fewer than no tags in use",
    BUG_CRYPT_IO_SLOTS: "all {info} dm_crypt_io records are in use; give the build a larger size for 'crypt_ios'",
    BUG_WORK_SLOTS: "all {info} work records are in use; give the build a larger size for 'works'",
    BUG_WORK_FUNCTION: "a work item names function {info}, which no WORK_* constant has",
    BUG_WORKER_SLOTS: "worker pool {info} wants one more worker, but has no dormant task left; give it more",
    BUG_MUTEX_OWNER: "mutex {info} was unlocked by a task that does not own it",
    BUG_END_IO: "a bio names end_io function {info}, which no END_* constant has",
    BUG_DM_IO: "dm device {info} got no dm_io although it may sleep: mempool_step may not answer FAIL there",
}

# of check_invariants(), by the numbers of the model reference
LAWS = {
    1: "every page is free, on a list, isolated, in a slab, in a mempool or the kernel's",
    2: "counters are the sums of what they count and never negative",
    3: "every page has one owner, and the flags of all pages add up to the counters",
    4: "a mempool never holds more than its minimum, and with what is out never less",
    5: "no reclaimer has fewer than no pages in its hands",
    6: "a swap slot is in use for as long as a PTE, the swap cache or a slot cache has it, and no longer",
    7: "pages of ciphertext are as many as the page pools have given out",
    30: "a disk and its scheduler have as many tags in use as they have at most, and never fewer than none",
    32: "each CPU was busy, idle or interrupted for as long as the clock ran",
    33: "FULL never exceeds SOME",
}


def errors() -> dict[int, str]:
    """The sentence for each number of e.error that is the kernel's own."""
    return {ERROR_KERNEL_BUG + bug: sentence for bug, sentence in BUGS.items()}
