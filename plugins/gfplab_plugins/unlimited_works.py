"""A workqueue that memory waits for gets all the workers it can use.

dm-crypt asks for as many active encryptions as there are CPUs, because encryption is work for a CPU.  In July 2016 it
was not: two kworkers slept in mempool_alloc(), and every other write of the storm stood in line behind them.  With a
limit `times` as high (and only for WQ_MEM_RECLAIM, that is with a rescuer) a worker that sleeps takes no turn away.

Against it: each further worker is one more task that takes from the same pools, and making it takes memory.
"""

from gfplab import hookimpl, tunable
from gfplab.kernel.answers import WQ_HOLD, WQ_NO_WORKER, WQ_RESCUE, WQ_RUN

times = tunable(8, low=1, high=64, log=True, help="multiple of max_active that may be active")


@hookimpl
def wq_dispatch(wq, my):
    if wq.reason == WQ_NO_WORKER:
        return WQ_RESCUE
    limit = wq.max_active * my.times if wq.rescuer else wq.max_active
    return WQ_RUN if wq.nr_active < limit else WQ_HOLD
