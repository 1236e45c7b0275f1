"""What kernel code may call of the engine, and the engine of the model: prototypes, bound when a Model is linked.

from gfplab.engine.symbols import burn, wake_up, call_after
"""

from gfplab.engine.subset import prototype

# clock.py


@prototype(blocking=False)
def burn(k, ns):
    """Use up `ns` of CPU: debt of the current task, paid at its next yield; in an interrupt, taken from its CPU."""


@prototype(blocking=False)
def local_clock(k):
    """The time here and now: that of the event plus the current task's debt."""


@prototype(blocking=False)
def overtaken(k):
    """1 if an event lies before the local clock: code that must see what it changes pays its debt first."""


@prototype(blocking=False)
def debt_left(k):
    """How much a loop may burn before over_debt() is true; negative if it is true already."""


@prototype(blocking=False)
def over_debt(k):
    """1 if a loop should `yield cond_resched()`: its task owes much CPU time, or a woken one should have the CPU."""


@prototype(blocking=False)
def jiffies_to_ns_from_now(k, n):
    """How long a sleep of `n` jiffies lasts from here: it ends on a tick, after n - 1 to n ticks."""


@prototype(blocking=False)
def call_at(k, time, kind, arg):
    """Let handle_event(k, kind, arg) run at `time` in interrupt context; kind >= 1."""


@prototype(blocking=False)
def call_after(k, delay, kind, arg):
    """Let handle_event(k, kind, arg) run `delay` ns from the local clock in interrupt context."""


@prototype(blocking=False)
def call_at_cpu(k, c, time, kind, arg):
    """Like call_at, the interrupt comes to CPU `c` (otherwise each comes to the next CPU in turn)."""


# waits.py


@prototype(blocking=False)
def wake_up(k, q):
    """Wake the task that waits longest on wait queue `q`; gives the number woken."""


@prototype(blocking=False)
def wake_up_all(k, q):
    """Wake all that wait on `q`, in their order; gives their number."""


@prototype(blocking=False)
def wake_up_process(k, t):
    """Wake task `t` wherever it sleeps; 1 if it slept or was about to."""


@prototype(blocking=False)
def waitqueue_active(k, q):
    """1 if a task waits on `q`."""


# locks.py


@prototype(blocking=False)
def spin_lock(k, lock):
    """Take spin lock `lock`; the time spent spinning is burnt."""


@prototype(blocking=False)
def spin_unlock(k, lock):
    """Release it at the local clock."""


# rng.py


@prototype(blocking=False)
def random_below(k, stream, n):
    """A random integer in 0 .. n - 1."""


@prototype(blocking=False)
def random_permille(k, stream, permille):
    """1 with a probability of `permille` / 1000."""


@prototype(blocking=False)
def draw_ns(k, stream, mean, table):
    """A random time of mean `mean`, distributed as quantile table number `table` says; table 0: always `mean`."""


# trace.py


@prototype(blocking=False)
def trace(k, kind, a, b, c, d):
    """Append a row to log `trace` if k.trace_on[kind]."""


# tasks.py


@prototype(blocking=False)
def start_task(k, t, fid, a0):
    """Let task slot `t` run function `fid` (FN_<name>) with argument a0; the slot must be unused or its task ended."""


@prototype(blocking=False)
def plan_task(k, t, fid, a0, time):
    """Let start_task(k, t, fid, a0) happen at `time`."""


# each mode has its own


@prototype(blocking=False)
def resume(k, t):
    """Run task `t` until its next request is in tasks[t].req_*."""


# given by the model


@prototype(blocking=False, default=0)
def handle_event(k, kind, arg):
    """An event made by call_at happens; runs in interrupt context."""


@prototype(blocking=False, default=0)
def state_change(k, t, old, new):
    """Task `t` goes from state `old` to `new`; its record and the counts are still old. May not wake anybody."""


@prototype(blocking=False, default=0)
def check_invariants(k):
    """0, or the number of an invariant that does not hold."""
