"""The frames of a task: its call stack as data, in one linear int64 stack per task.

    stk[fp] = function id   [fp + 1] = pc   [fp + 2] = the caller's fp or 0   [fp + 3 ...] = parameters, saved locals

Task t owns stk[t * W : (t + 1) * W] where W = k.e[0].stack_words; its root frame is at t * W and tasks[t].fp is the
frame on top. The step ABI: `step(k, t, fp)` runs the frame at fp from its pc and returns STEP_BLOCK (a request is in
tasks[t].req_*), STEP_CALL (a callee's frame is on top), STEP_RETURN (the caller's frame is, the result is in
tasks[t].ret) or STEP_OVERFLOW. A function written by hand to this ABI works beside the generated ones.
"""

from gfplab.engine.subset import plain

FRAME_HEADER = 3

STEP_BLOCK = 0
STEP_CALL = 1
STEP_RETURN = 2
STEP_OVERFLOW = -1

ERROR_STACK_OVERFLOW = 1


@plain
def new_frame(k, t, fid, a0):
    """Give task t the root frame of function `fid` with first argument a0; it starts at the next resume."""
    fp = t * k.e[0].stack_words
    k.stk[fp] = fid
    k.stk[fp + 1] = 0
    k.stk[fp + 2] = 0
    k.stk[fp + 3] = a0
    k.tasks[t].fp = fp
