"""Write a policy as if it were any other Python."""

from gfplab import ALLOC, RESERVE, hookimpl

LIMITS = {1: 16, 2: 256}


@hookimpl
def mempool_step(pool, task, call):
    """Remembers names and tries things."""
    seen = {task.pid: call.steps}
    with pool:
        name = f"pool {pool.kind}"
    try:
        limit = LIMITS[pool.kind]
    except KeyError:
        limit = 0
    rights = [bit for bit in range(32) if call.full >> bit & 1]
    label = "reserve"
    if pool.curr_nr in (1, 2):
        return RESERVE
    return ALLOC(mask=call.full)
