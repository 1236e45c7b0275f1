"""What kernel_bug() means: states that must not be, each with a number and a sentence; {info} is the bug's argument."""

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
