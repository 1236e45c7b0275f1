"""The run loop: take the earliest event, let it happen, until there is a reason to stop.

An event is a CPU's pay point (its task pays, is preempted, sleeps, or runs on to its next request), the end of a
timer, the start of a task, or an interrupt of the model (handle_event).
"""

from gfplab.engine.accounts import account_cpu, settle
from gfplab.engine.arith import shl64
from gfplab.engine.cpus import preempt, update_curr
from gfplab.engine.events import next_event_time, push_event, take_event
from gfplab.engine.records import (
    ERROR_BAD_REQUEST,
    ERROR_INVARIANT,
    EV_CPU,
    EV_START,
    EV_TIMER,
    TASK_BITS,
)
from gfplab.engine.requests import OP_COND_RESCHED, OP_CPU, OP_EXIT, OP_IO_SCHEDULE, OP_SCHEDULE
from gfplab.engine.subset import plain
from gfplab.engine.symbols import check_invariants, handle_event, resume
from gfplab.engine.tasks import end_task, start_task
from gfplab.engine.trace import mix_hash
from gfplab.engine.waits import fall_asleep, prepare_to_wait, timer_event

REASONS = ("until", "idle", "drain", "events", "error")
RUN_UNTIL, RUN_IDLE, RUN_DRAIN, RUN_EVENTS, RUN_ERROR = range(len(REASONS))


@plain
def run(k, until_ns, max_events):
    """Handle events up to time `until_ns`, at most `max_events` (< 0: any number); gives an index into REASONS."""
    e = k.e[0]
    stop_at = e.nr_events + max_events
    reason = RUN_ERROR
    while e.error == 0:
        time = next_event_time(k)
        if time < 0:
            reason = RUN_IDLE
            break
        if time > until_ns:
            e.now = max(e.now, until_ns)
            reason = RUN_UNTIL
            break
        if e.drain:
            reason = RUN_DRAIN
            break
        if e.nr_events == stop_at:
            reason = RUN_EVENTS
            break
        take_event(k)
        kind = e.event_kind
        arg = e.event_arg
        if kind == EV_CPU:
            t = pay(k, arg)
            mix_hash(k, time, k.cpus[arg].curr << TASK_BITS | arg)
            if t:
                e.cur = t
                resume(k, t)
                e.cur = 0
                take_request(k, arg, t)
        else:
            mix_hash(k, time, shl64(arg, TASK_BITS) ^ kind)
            if kind == EV_TIMER:
                timer_event(k, arg)
            elif kind == EV_START:
                start_task(k, arg, k.tasks[arg].start_fid, k.tasks[arg].start_arg)
            else:
                interrupt(k, kind, arg)
        if k.tasks[0].debt:
            steal_time(k, e.irq_cpu)
        if e.check_every and e.nr_events % e.check_every == 0:
            check(k)
    if e.error:
        reason = RUN_ERROR
    settle(k)
    return reason


@plain
def interrupt(k, kind, arg):
    """An event of the model happens, in interrupt context of a CPU."""
    e = k.e[0]
    if kind >> 32:
        e.irq_cpu = (kind >> 32) - 1
    else:
        e.irq_cpu = e.irq_next
        e.irq_next += 1
        if e.irq_next >= e.ncpus:
            e.irq_next = 0
    handle_event(k, kind & 0xFFFFFFFF, arg)


@plain
def steal_time(k, c):
    """What interrupt context burnt is taken from CPU `c`, from now on."""
    rq = k.cpus[c]
    if rq.curr == 0:
        account_cpu(k, c)
    rq.steal_ns += k.tasks[0].debt
    k.tasks[0].debt = 0


@plain
def pay(k, c):
    """Pay point of CPU `c`: gives its task if that may run on; 0 if it owes more, sleeps, ended or was preempted."""
    e = k.e[0]
    rq = k.cpus[c]
    t = rq.curr
    task = k.tasks[t]
    if rq.steal_ns:
        task.debt += rq.steal_ns
        rq.irq_left += rq.steal_ns
        rq.steal_ns = 0
    update_curr(k, c)
    e.irq_cpu = c
    if task.debt == 0 and leave(k, c, t):
        return 0
    if (rq.need_resched or (e.now >= rq.slice_end)) and preempt(k, c):
        return 0
    if task.debt:
        work_off(k, c, t)
        return 0
    if task.req_op == OP_SCHEDULE or task.req_op == OP_IO_SCHEDULE:
        task.ret = 1
    elif task.req_op:
        task.ret = 0
    task.req_op = 0
    return t


@plain
def leave(k, c, t):
    """Task `t` owes nothing: it leaves CPU `c` if it is to end, or to sleep and was not woken since; 1 if it left."""
    task = k.tasks[t]
    if task.req_op == OP_SCHEDULE or task.req_op == OP_IO_SCHEDULE:
        if task.woken:
            return 0
        fall_asleep(k, c)
        return 1
    if task.req_op == OP_EXIT:
        end_task(k, c)
        return 1
    return 0


@plain
def work_off(k, c, t):
    """Keep CPU `c` busy for what task `t` owes, but not beyond its slice; the next pay point is then."""
    e = k.e[0]
    task = k.tasks[t]
    ns = min(task.debt, k.cpus[c].slice_end - e.now)
    task.debt -= ns
    push_event(k, e.now + ns, EV_CPU, c)


@plain
def take_request(k, c, t):
    """Task `t` on CPU `c` has run to its next request: begin it."""
    e = k.e[0]
    rq = k.cpus[c]
    task = k.tasks[t]
    op = task.req_op
    if op == OP_CPU:
        task.debt += task.req_a
    elif op == OP_SCHEDULE or op == OP_IO_SCHEDULE:
        prepare_to_wait(k, t, task.req_a)
    elif op != OP_COND_RESCHED and op != OP_EXIT:
        e.error = ERROR_BAD_REQUEST
        e.error_task = t
        e.error_info = op
        return
    if rq.steal_ns:
        task.debt += rq.steal_ns
        rq.irq_left += rq.steal_ns
        rq.steal_ns = 0
    if task.debt or not leave(k, c, t):
        # an event even for nothing: a loop of empty requests must not keep the run loop from its checks
        work_off(k, c, t)


@plain
def check(k):
    """Ask the model whether its invariants hold."""
    e = k.e[0]
    violated = check_invariants(k)
    if violated:
        e.error = ERROR_INVARIANT
        e.error_task = e.cur
        e.error_info = violated
