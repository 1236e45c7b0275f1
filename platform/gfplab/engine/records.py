"""The records that the engine itself needs; kernel/types.py adds fields to some of them and records of its own.

Slot 0 of every array means "none". CPUs are the exception: they are numbered from 0, so a link to a CPU holds its
number + 1. Task 0 stands for interrupt context: whatever an interrupt burns is first its debt.
"""

from gfplab.engine.frames import ERROR_STACK_OVERFLOW
from gfplab.engine.state import Schema

# tasks[t].state; the three sleeping states are in requests.py
TASK_DEAD = 0
TASK_RUNNABLE = 4
TASK_RUNNING = 5
TASK_IOWAIT = 8  # added to a sleeping state by io_schedule
TASK_WAIT_HEAD = 32  # added likewise: first on its wait queue, as prepare_to_wait() puts those that are not exclusive
TASK_HRTIMER = 16  # added by kernel code to the state it asks for: the time-out is exact, not in jiffies

# kinds of events; the model's own are > 0
EV_CPU = 0  # CPU `arg` has paid what its task owed
EV_TIMER = -1  # the time-out of a sleep; arg = timer generation << TASK_BITS | task
EV_START = -2  # task `arg` starts

TASK_BITS = 20

# random streams of the engine; the model's begin at FIRST_STREAM
TIE_STREAM = 1
FIRST_STREAM = 2

ERROR_HEAP_FULL = 2
ERROR_LOG_FULL = 3
ERROR_STACKS_FULL = 4
ERROR_INVARIANT = 5
ERROR_TASK_ALIVE = 6
ERROR_BAD_REQUEST = 7

ERRORS = {
    ERROR_STACK_OVERFLOW: "its call stack is full; give e.stack_words more",
    ERROR_HEAP_FULL: "the event heap is full; give the build a larger size for 'heap'",
    ERROR_LOG_FULL: "one event wrote more log rows than the drain margin leaves room for; give the log more capacity",
    ERROR_STACKS_FULL: "too many different call stacks; give 'stacks', 'stack_frames' and 'stack_index' larger sizes",
    ERROR_INVARIANT: "law {info} of check_invariants is broken",
    ERROR_TASK_ALIVE: "start_task() on task {info}, which has not ended",
    ERROR_BAD_REQUEST: "it made request {info}, which does not exist",
}

ENGINE = {
    "records": {
        "e": {
            "now": "time of the event being handled, ns",
            "cur": "the task whose code runs now; 0 in interrupt context",
            "irq_cpu": "the CPU that an interrupt runs on",
            "irq_next": "the CPU that the next interrupt runs on",
            "nr_events": "events handled so far",
            "seq": "events put into the heap so far",
            "heap_n": "records in the heap",
            "heap_hole": "1: the root of the heap is being handled, its place is free",
            "event_kind": "kind of the event being handled",
            "event_arg": "its argument",
            "log_hash": "hash over every event and every trace row so far",
            "fixed_order": "1: events of one time run in the order of their making, not in one drawn from the seed",
            "drain": "1: a log is nearly full, Python must empty it",
            "error": "0, or why the simulation cannot go on (ERRORS)",
            "error_task": "the task it happened in",
            "error_info": "a number that explains it",
            "stack_words": "words of stack per task",
            "jiffy_ns": "length of a tick",
            "max_debt": "over_debt() is true above this many ns",
            "resched_soon": "1: over_debt() is true as well when a woken task should have the CPU",
            "ncpus": "number of CPUs",
            "switch_ns": "cost of a context switch",
            "wake_ns": "time an idle CPU needs until a woken task runs",
            "try_to_wake_up_ns": "CPU time that waking a task costs the waker",
            "slice_ns": "a task runs so long when others wait",
            "latency_ns": "time that all who run or wait share in a turn; slices then end on ticks. 0: they do not",
            "granularity_ns": "the least share",
            "preempt_ns": "a woken task preempts one whose vruntime is ahead by more",
            "sched_fifo": "1: CPUs serve first come, first served (virtual run time stands still)",
            "transfer_ns": "time for a lock's cache line to come from another CPU",
            "stall_min_ns": "shortest uninterruptible sleep that gets a row in log stalls",
            "nr_running": "tasks that run or wait for a CPU",
            "nr_iowait": "tasks asleep in io_schedule",
            "nr_movable": "tasks in run queues that may run on any CPU",
            "rq_seq": "tasks put into run queues so far",
            "idle_head": "first idle CPU + 1, the one that went idle last; 0 = none",
            "n_trace": "rows in log trace",
            "drain_trace": "n_trace that asks for a drain",
            "n_stalls": "rows in log stalls",
            "drain_stalls": "n_stalls that asks for a drain",
            "n_stacks": "stacks in use",
            "n_stack_frames": "words of stack_frames in use",
            "check_every": "events between two calls of check_invariants; 0 = never",
        },
        "tasks": {
            "pid": "process id, for people",
            "state": "TASK_DEAD, TASK_INTERRUPTIBLE, TASK_UNINTERRUPTIBLE, TASK_KILLABLE, TASK_RUNNABLE, TASK_RUNNING",
            "on_cpu": "1 while it is the current task of CPU last_cpu",
            "cpu_allowed": "the only CPU it may use; -1 = any",
            "last_cpu": "the CPU it runs on, waits for, or ran on last",
            "fp": "the frame on top of its stack; 0 = none",
            "ret": "result of the last call or wait",
            "req_op": "the request it has made and that is not done; 0 = none",
            "req_a": "first argument of the request",
            "req_b": "second argument",
            "req_c": "third argument",
            "start_fid": "function that EV_START begins",
            "start_arg": "its argument",
            "wq": "the wait queue it is on; 0 = none",
            "wq_next": "next task on that queue",
            "wq_prev": "previous task on that queue",
            "woken": "1: woken between its decision to sleep and the sleep itself",
            "deadline": "when its sleep times out; -1 = never",
            "timer_at": "time of the one timer event that counts; 0 = none is in the heap",
            "timer_gen": "generation of that event; events of older generations are ignored",
            "debt": "CPU time it has used up but not yet paid, ns",
            "vruntime": "CPU time it has got, as the run queues count it",
            "weight": "of its nice level; 0 = nice 0, which is 1024; nice -20 is 88761",
            "rq_left": "left child in a run queue",
            "rq_right": "right child in a run queue",
            "rq_seq": "order of arrival in a run queue",
            "state_since": "since when its times are accounted to its state",
            "t_running": "ns on a CPU",
            "t_runnable": "ns waiting for a CPU",
            "t_d": "ns in uninterruptible sleep that is not I/O",
            "t_iowait": "ns asleep in io_schedule",
            "t_s": "ns in interruptible sleep",
            "block_start": "when its last sleep began",
            "block_stack": "stack of its last uninterruptible sleep",
            "context_a": "of the kernel's choice, copied into each stall",
            "context_b": "of the kernel's choice, copied into each stall",
            "kind": "how reports end its stack: 1 kernel thread, 2 user",
            "pf_flags": "PF_* flags",
        },
        "cpus": {
            "curr": "the task that has the CPU; 0 = idle",
            "last_task": "the task that had it last",
            "rq_movable": "run queue of the tasks that may run anywhere: root of a skew heap",
            "rq_pinned": "run queue of the tasks bound to this CPU",
            "nr_queued": "tasks in both",
            "min_vruntime": "floor under the vruntime of tasks that come here",
            "need_resched": "1: a woken task should have the CPU",
            "exec_start": "since when curr's vruntime is out of date",
            "picked_at": "since when curr has it",
            "slice_end": "when curr must give way if others wait",
            "steal_ns": "interrupt time that no task has paid yet",
            "irq_left": "of what curr is paying now, the part that interrupts took",
            "since": "since when its times are out of date",
            "busy_ns": "time given to tasks",
            "idle_ns": "time idle",
            "irq_ns": "time taken by interrupts",
            "nr_switches": "context switches",
            "idle_next": "next idle CPU + 1",
            "idle_prev": "previous idle CPU + 1",
        },
        "heap": {
            "time": "when it happens",
            "key": "order among events of one time: tie, then sequence number",
            "kind": "EV_* or the model's kind; its high half may hold a CPU + 1",
            "arg": "the model's argument",
        },
        "waitqueues": {
            "head": "the task that waits longest",
            "tail": "the task that waits shortest",
        },
        "locks": {
            "hold_start": "start of the last busy period",
            "busy_until": "end of the last busy period",
            "last_cpu": "CPU + 1 of the last holder; 0 = none yet",
            "held": "1 between spin_lock and spin_unlock",
            "contended": "times that a CPU had to spin",
            "wait_ns": "time spent spinning",
        },
        "rng": {"state": "splitmix64 state of this stream"},
        "stacks": {
            "hash": "hash of its frames",
            "nframes": "number of frames",
            "first": "index of its first word in stack_frames; innermost first, each frame two words: function id, pc",
            "op": "the request it sleeps in: OP_SCHEDULE or OP_IO_SCHEDULE, with a time-out plus stacks.WITH_TIMEOUT",
            "count": "uninterruptible sleeps that ended here",
            "total_ns": "their time",
            "max_ns": "the longest",
        },
    },
    "arrays": {
        "stk": ("i8", "call stacks, stack_words per task"),
        "quantiles": ("i8", "quantile tables of draw_ns, 1025 words each, 16 bits after the point"),
        "stack_frames": ("i8", "frames of the stacks"),
        "stack_index": ("i8", "open hash table: stack ids; its length is a power of two"),
        "trace_on": ("u1", "1: trace rows of this kind are written"),
    },
    "logs": {
        "trace": (
            1 << 16,
            {
                "time": "local clock of the writer",
                "kind": "kind of trace row",
                "task": "the writer; 0 = interrupt",
                "cpu": "its CPU",
                "a": "argument",
                "b": "argument",
                "c": "argument",
                "d": "argument",
            },
        ),
        "stalls": (
            1 << 14,
            {
                "start": "when the sleep began",
                "duration": "ns",
                "task": "who slept",
                "state": "TASK_UNINTERRUPTIBLE or TASK_KILLABLE, with TASK_IOWAIT",
                "stack": "where: index into stacks",
                "context_a": "as set by the kernel",
                "context_b": "as set by the kernel",
                "timeout": "the time-out it asked for, ns; -1 = none",
            },
        ),
    },
}

DEFAULTS = {
    "jiffy_ns": 4_000_000,
    "max_debt": 50_000,
    "switch_ns": 1_500,
    "wake_ns": 2_000,
    "slice_ns": 3_000_000,
    "latency_ns": 0,
    "granularity_ns": 750_000,
    "preempt_ns": 1_000_000,
    "transfer_ns": 100,
    "stall_min_ns": 1_000_000,
    "stack_words": 256,
}


def engine_schema():
    """A schema that holds what the engine needs."""
    schema = Schema()
    for name, fields in ENGINE["records"].items():
        schema.records(name, **fields)
    for name, (dtype, doc) in ENGINE["arrays"].items():
        schema.array(name, dtype, doc)
    for name, (capacity, columns) in ENGINE["logs"].items():
        schema.log(name, capacity, **columns)
    return schema
