"""The mutex: one owner, sleepers in the order of their coming.

Models kernel/locking/mutex.c (v4.7).

Leaves out: spinning while the owner runs, and the thief that takes a mutex between its release and the waking of the
first sleeper: here it passes to the first sleeper at once, which is fairer than v4.7 and cannot starve anyone.
"""

from gfplab.engine.requests import TASK_UNINTERRUPTIBLE, schedule
from gfplab.engine.subset import kernel, plain
from gfplab.engine.symbols import wake_up_process
from gfplab.kernel.bugs import BUG_MUTEX_OWNER
from gfplab.kernel.symbols import kernel_bug


@kernel
def mutex_lock(k, mutex):
    """Own the mutex, sleeping (D) as long as another does."""
    t = k.e[0].cur
    if k.mutexes[mutex].owner == 0:
        k.mutexes[mutex].owner = t
    while k.mutexes[mutex].owner != t:
        yield schedule(k.mutexes[mutex].wait, TASK_UNINTERRUPTIBLE)
    return 0


@plain
def mutex_unlock(k, mutex):
    """Pass the mutex to the first sleeper, or free it."""
    m = k.mutexes[mutex]
    if m.owner != k.e[0].cur:
        kernel_bug(k, BUG_MUTEX_OWNER, mutex)
        return 0
    m.owner = k.waitqueues[m.wait].head
    if m.owner:
        wake_up_process(k, m.owner)
    return 0
