"""What the simulated kernel answers with BUG(): states that must not be, each with its number and a sentence.

kernel_bug() stops the simulation: e.error becomes FIRST_BUG + code, so it never meets an error number of the engine.
"""

from gfplab.engine.subset import plain
from gfplab.engine.symbols import trace
from gfplab.kernel.tracepoints import kernel_bug_event

FIRST_BUG = 100

BUG_DOUBLE_FREE = 1
BUG_MEMPOOL_STEP = 20
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

BUGS = {
    BUG_DOUBLE_FREE: "page {info} was freed twice",
    BUG_MEMPOOL_STEP: "the policy of mempool_step answered {info}, which is no step; answer with ALLOC, RESERVE, WAIT or FAIL",
    BUG_BIO_SLOTS: "all {info} bio records are in use; give the build a larger size for 'bios'",
    BUG_BIO_ENDED_TWICE: "bio {info} was ended although it is not in flight",
    BUG_BIO_PUT_TWICE: "bio {info} was put although it is free",
    BUG_BIO_ALLOC: "bio set {info} gave no bio to a caller that may sleep; its mempool_step policy may not answer FAIL there",
    BUG_REQUEST_SLOTS: "all {info} request records are in use; give the build a larger size for 'requests'",
    BUG_TAGS: "disk {info} has fewer than no tags in use",
    BUG_CRYPT_IO_SLOTS: "all {info} dm_crypt_io records are in use; give the build a larger size for 'crypt_ios'",
    BUG_WORK_SLOTS: "all {info} work records are in use; give the build a larger size for 'works'",
    BUG_WORK_FUNCTION: "a work item names function {info}, which no WORK_* constant has",
    BUG_WORKER_SLOTS: "worker pool {info} wants a worker, but all its task records are in use; give it more dormant tasks",
    BUG_MUTEX_OWNER: "mutex {info} was unlocked by a task that does not own it",
    BUG_END_IO: "a bio names end_io function {info}, which no END_* constant has",
}


@plain
def kernel_bug(k, code, argument):
    """Stop the simulation; the first bug counts. Writes: e."""
    e = k.e[0]
    if e.error == 0:
        e.error = FIRST_BUG + code
        e.error_task = e.cur
        e.error_info = argument
    trace(k, kernel_bug_event, code, argument, 0, 0)
    return 0
