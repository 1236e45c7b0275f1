"""The requests: the only things a kernel function may `yield`.

In generator mode these functions build the tuple (op, a, b, c) that the driver reads; in the two other modes the
transformer stores op, a, b and c straight into the task's record (req_op, req_a, req_b, req_c) by the table REQUESTS
below. The value of the `yield` is what the driver left in `k.tasks[t].ret`.
"""

OP_CPU = 1
OP_COND_RESCHED = 2
OP_SCHEDULE = 3
OP_IO_SCHEDULE = 4
OP_EXIT = 5

TASK_INTERRUPTIBLE = 1
TASK_UNINTERRUPTIBLE = 2
TASK_KILLABLE = 3


def cpu(ns):
    """Burn `ns` of CPU, plus the time debt that is outstanding."""
    return (OP_CPU, ns, 0, 0)


def cond_resched():
    """Pay the time debt; another task may get the CPU here."""
    return (OP_COND_RESCHED, 0, 0, 0)


def schedule(q, state):
    """Sleep on wait queue `q` until woken."""
    return (OP_SCHEDULE, q, -1, state)


def schedule_timeout(q, ns, state):
    """Sleep on wait queue `q` (0: none) for at most `ns`, for ever if ns < 0; gives 1 if woken, 0 if time ran out."""
    return (OP_SCHEDULE, q, ns, state)


def io_schedule(q, state):
    """Sleep like schedule(), counted as waiting for I/O."""
    return (OP_IO_SCHEDULE, q, -1, state)


def io_schedule_timeout(q, ns, state):
    """Sleep like schedule_timeout(), counted as waiting for I/O."""
    return (OP_IO_SCHEDULE, q, ns, state)


def exit_task():
    """End the task."""
    return (OP_EXIT, 0, 0, 0)


# name -> (number of arguments, op, a, b, c); a, b, c are argument numbers or ("const", value)
REQUESTS = {
    "cpu": (1, OP_CPU, 0, ("const", 0), ("const", 0)),
    "cond_resched": (0, OP_COND_RESCHED, ("const", 0), ("const", 0), ("const", 0)),
    "schedule": (2, OP_SCHEDULE, 0, ("const", -1), 1),
    "schedule_timeout": (3, OP_SCHEDULE, 0, 1, 2),
    "io_schedule": (2, OP_IO_SCHEDULE, 0, ("const", -1), 1),
    "io_schedule_timeout": (3, OP_IO_SCHEDULE, 0, 1, 2),
    "exit_task": (0, OP_EXIT, ("const", 0), ("const", 0), ("const", 0)),
}
