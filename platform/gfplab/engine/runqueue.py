"""Run queues: per CPU two skew heaps of tasks, those that may run anywhere and those bound to the CPU.

Least virtual run time first, then first come first served. A skew heap needs two links per task and no room of its own;
adding, taking the first and merging cost O(log n) on average. Two heaps, because an idle CPU may pull only from one.
"""

from gfplab.engine.subset import plain


@plain
def runs_before(k, a, b):
    """1 if task `a` comes before task `b` in a run queue."""
    first = k.tasks[a]
    second = k.tasks[b]
    if first.vruntime != second.vruntime:
        return first.vruntime < second.vruntime
    return first.rq_seq < second.rq_seq


@plain
def rq_merge(k, a, b):
    """Merge the skew heaps with roots `a` and `b`; gives the root of the whole."""
    if a == 0:
        return b
    if b == 0:
        return a
    if runs_before(k, b, a):
        c = a
        a = b
        b = c
    root = a
    while b:
        # heap b goes into the right subtree of a, and the two subtrees of a change sides
        top = k.tasks[a]
        right = top.rq_right
        top.rq_right = top.rq_left
        if right and runs_before(k, right, b):
            top.rq_left = right
            a = right
        else:
            top.rq_left = b
            a = b
            b = right
    return root


@plain
def enqueue_task(k, c, t):
    """Put task `t` into the run queue of CPU `c`."""
    e = k.e[0]
    rq = k.cpus[c]
    task = k.tasks[t]
    e.rq_seq += 1
    task.rq_seq = e.rq_seq
    task.rq_left = 0
    task.rq_right = 0
    task.last_cpu = c
    rq.nr_queued += 1
    if task.cpu_allowed < 0:
        e.nr_movable += 1
        rq.rq_movable = rq_merge(k, rq.rq_movable, t)
    else:
        rq.rq_pinned = rq_merge(k, rq.rq_pinned, t)


@plain
def first_queued(k, c):
    """The task that should run next on CPU `c`; 0 = none waits."""
    rq = k.cpus[c]
    a = rq.rq_pinned
    b = rq.rq_movable
    if a == 0 or (b and runs_before(k, b, a)):
        return b
    return a


@plain
def dequeue_first(k, c, t):
    """Take task `t`, the first of either heap of CPU `c`, out of its queue."""
    rq = k.cpus[c]
    task = k.tasks[t]
    rest = rq_merge(k, task.rq_left, task.rq_right)
    rq.nr_queued -= 1
    if task.cpu_allowed < 0:
        k.e[0].nr_movable -= 1
        rq.rq_movable = rest
    else:
        rq.rq_pinned = rest


@plain
def longest_queue(k):
    """The CPU with the longest queue that holds a task which may move; asked only when there is one (e.nr_movable)."""
    best = -1
    for c in range(k.e[0].ncpus):
        rq = k.cpus[c]
        if rq.rq_movable and (best < 0 or rq.nr_queued > k.cpus[best].nr_queued):
            best = c
    return best
