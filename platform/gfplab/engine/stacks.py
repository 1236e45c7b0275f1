"""Where tasks sleep: the call stacks of uninterruptible sleeps, each kept once, with count and length of the sleeps."""

from gfplab.engine.arith import lsr64, mul64
from gfplab.engine.records import ERROR_LOG_FULL, ERROR_STACKS_FULL
from gfplab.engine.subset import plain

HASH_1 = -7046029254386353131
HASH_2 = -4658895280553007687

WITH_TIMEOUT = 8  # added to stacks[s].op


@plain
def wait_op(k, t):
    """The request that task `t` sleeps in, and whether it has a time-out."""
    task = k.tasks[t]
    return task.req_op + WITH_TIMEOUT if task.req_b >= 0 else task.req_op


@plain
def hash_stack(k, t):
    """A hash of the frames of task `t` (function and pc of each) and of the request it sleeps in."""
    fp = k.tasks[t].fp
    h = wait_op(k, t)
    while fp:
        h = mul64(h ^ (k.stk[fp] << 32 | k.stk[fp + 1]), HASH_1)
        h = h ^ lsr64(h, 32)
        fp = k.stk[fp + 2]
    return mul64(h, HASH_2)


@plain
def intern_stack(k, t):
    """The number of the stack of task `t`. Two different stacks share one only if their 64-bit hashes are equal."""
    h = hash_stack(k, t)
    mask = len(k.stack_index) - 1
    i = lsr64(h, 20) & mask
    s = k.stack_index[i]
    while s:
        if k.stacks[s].hash == h:
            return s
        i = (i + 1) & mask
        s = k.stack_index[i]
    return add_stack(k, t, h, i)


@plain
def add_stack(k, t, h, i):
    """Keep the stack of task `t` under a new number, found by place `i` of the index."""
    e = k.e[0]
    s = e.n_stacks + 1
    first = e.n_stack_frames
    n = 0
    fp = k.tasks[t].fp
    while fp:
        n += 1
        fp = k.stk[fp + 2]
    if s >= len(k.stacks) or 2 * s > len(k.stack_index) or first + 2 * n > len(k.stack_frames):
        e.error = ERROR_STACKS_FULL
        return 0
    e.n_stacks = s
    e.n_stack_frames = first + 2 * n
    k.stack_index[i] = s
    stack = k.stacks[s]
    stack.hash = h
    stack.nframes = n
    stack.first = first
    stack.op = wait_op(k, t)
    fp = k.tasks[t].fp
    while fp:
        k.stack_frames[first] = k.stk[fp]
        k.stack_frames[first + 1] = k.stk[fp + 1]
        first += 2
        fp = k.stk[fp + 2]
    return s


@plain
def note_stall(k, t):
    """An uninterruptible sleep of task `t` ends: count it with its stack; a long one becomes a row of log stalls."""
    e = k.e[0]
    task = k.tasks[t]
    ns = e.now - task.block_start
    stack = k.stacks[task.block_stack]
    stack.count += 1
    stack.total_ns += ns
    stack.max_ns = max(stack.max_ns, ns)
    if ns < e.stall_min_ns:
        return
    n = e.n_stalls
    if n >= len(k.stalls):
        e.error = ERROR_LOG_FULL
        return
    e.n_stalls = n + 1
    if n >= e.drain_stalls:
        e.drain = 1
    row = k.stalls[n]
    row.start = task.block_start
    row.duration = ns
    row.task = t
    row.state = task.state
    row.stack = task.block_stack
    row.context_a = task.context_a
    row.context_b = task.context_b
    row.timeout = task.req_b
