"""A small machine: the whole simulated kernel, uncompiled and checked at every event, and jobs to give it.

A job is one call of a kernel function by a task of its own, made once or again and again; what came of it is a row of
`done`. Jobs take the place of kernel workers that nobody has created yet. Unless a test says otherwise the stock
policies of v4.7 decide.
"""

import importlib
import sys
from functools import cache

from gfplab.boot.machine import boot_machine
from gfplab.engine.build import Model
from gfplab.engine.decision import BoundDecision
from gfplab.engine.requests import TASK_UNINTERRUPTIBLE, schedule_timeout
from gfplab.engine.subset import kernel
from gfplab.engine.symbols import local_clock
from gfplab.engine.tasks import plan_task
from gfplab.kernel.bugs import LAWS, errors
from gfplab.kernel.decisions import DECISIONS
from gfplab.kernel.gfp import GFP_KERNEL, PF_MEMALLOC
from gfplab.kernel.mobility_types import MIGRATE_MOVABLE
from gfplab.kernel.model import KERNEL_FILES
from gfplab.kernel.symbols import (
    alloc_pages_current,
    exit_mmap,
    handle_mm_fault,
    init_scan__v6_1,
    kmem_cache_alloc,
    mempool_alloc,
    mempool_free,
    shrink_node,
    shrink_zone,
    try_to_free_pages,
    try_to_free_pages__v6_1,
)
from gfplab.kernel.types import kernel_schema
from gfplab.policy.select import PolicySet, select
from gfplab.world.scenario import build_world

US = 1_000
MS = 1_000_000
SEC = 1_000_000_000
MAX_DONE = 4000

OP_ALLOC_PAGE = 1
OP_MEMPOOL_ALLOC = 2
OP_MEMPOOL_FREE = 3
OP_SLAB_ALLOC = 4
OP_FAULT = 5
OP_RECLAIM = 6
OP_SHRINK_ZONE = 7
OP_EXIT_MMAP = 8
OP_SHRINK_NODE = 9


@kernel
def job(k, j):
    """Wait for the start, then do the job `count` times with a pause between; each time leaves a row in k.done."""
    todo = k.jobs[j]
    if todo.start_ns > local_clock(k):
        yield schedule_timeout(0, todo.start_ns - local_clock(k), todo.idle)
    n = 0
    while n < todo.count:
        began = local_clock(k)
        result = yield from do_job(k, j, n)
        row = k.done[k.e[0].n_done]
        k.e[0].n_done += 1
        row.time = local_clock(k)
        row.job = j
        row.result = result
        row.took = local_clock(k) - began
        n += 1
        if todo.pause_ns:
            yield schedule_timeout(0, todo.pause_ns, TASK_UNINTERRUPTIBLE)
    return 0


@kernel
def do_job(k, j, n):
    """One call of the function that the job names."""
    todo = k.jobs[j]
    result = 0
    if todo.op == OP_ALLOC_PAGE:
        result = yield from alloc_pages_current(k, todo.a)
        if result:
            k.vm[0].nr_fixed += 1  # the kernel's for good
    elif todo.op == OP_MEMPOOL_ALLOC:
        result = yield from mempool_alloc(k, todo.a, todo.b)
        todo.element = result
    elif todo.op == OP_MEMPOOL_FREE:
        mempool_free(k, todo.a, k.jobs[todo.b].element)
    elif todo.op == OP_SLAB_ALLOC:
        result = yield from kmem_cache_alloc(k, todo.a, todo.b)
    elif todo.op == OP_FAULT:
        result = yield from handle_mm_fault(k, todo.a + n, todo.b)
    elif todo.op == OP_RECLAIM:
        if k.vm[0].era >= 61:
            result = yield from try_to_free_pages__v6_1(k, todo.a, k.vm[0].nr_zones)
        else:
            result = yield from try_to_free_pages(k, todo.a, k.vm[0].nr_zones)
    elif todo.op == OP_SHRINK_ZONE:
        k.tasks[k.e[0].cur].pf_flags |= PF_MEMALLOC
        yield from shrink_zone(k, todo.a)
        result = k.scans[k.e[0].cur].nr_reclaimed
        k.tasks[k.e[0].cur].pf_flags &= ~PF_MEMALLOC
    elif todo.op == OP_SHRINK_NODE:
        init_scan__v6_1(k, GFP_KERNEL, k.vm[0].nr_zones, 1, 1)  # one of kswapd's passes, at this priority
        k.scans[k.e[0].cur].priority = todo.a
        yield from shrink_node(k)
        result = k.vm[0].pgdat_flags
    elif todo.op == OP_EXIT_MMAP:
        yield from exit_mmap(k, todo.a, 0)
    return result


def schema():
    """The kernel's records, the jobs, and what came of them."""
    s = kernel_schema()
    s.records("jobs", op="OP_*", a="", b="", start_ns="", pause_ns="", count="", element="what mempool_alloc() gave")
    s.records("jobs", idle="state in which it sleeps until its start")
    s.log("done", MAX_DONE, time="when it was over", job="", result="", took="ns")
    return s


@cache
def build():
    """The kernel and the jobs, linked once per process."""
    modules = [importlib.import_module(f"gfplab.kernel.{name}") for name in KERNEL_FILES]
    model = Model(schema(), [*modules, sys.modules[__name__]], DECISIONS, errors=errors(), laws=LAWS)
    return model.build("generators", check=True)


@cache
def stock(decision):
    """What v4.7 answers at a decision point, as a Python function of all its records."""
    return select("v4.7").bind(build().schema, compiled=False)[decision].python


@cache
def _policies(names, kernel_name):
    return select(kernel_name, {}, extra=names)


class _Build:
    """build(), with room for jobs in the arrays that boot asks for."""

    def __getattr__(self, name):
        return getattr(build(), name)

    def arrays(self, sizes):
        return build().arrays({**sizes, "jobs": 17})


TABLES = {
    "title": "a small machine",
    "length": "1000s",
    "sample": "100s",
    "machine": {"cpus": 1, "hz": 1000, "kernel_memory": "1MiB", "zone": [{"name": "DMA32", "managed": "16MiB"}]},
    "disk": [{"name": "vda", "read": "200us", "write": "200us", "bandwidth": "100MB/s", "parallelism": 32, "tags": 32}],
    "swap": {"device": "vda", "size": "16MiB"},
    "task": [{"kind": "anon_toucher", "comm": "idle", "size": "4KiB", "passes": 1, "start": "999s"}],
}


class SmallMachine:
    """16 MiB in one zone, one CPU, a disk for swap; `machine` and `tables` say what is different."""

    idle = TASK_UNINTERRUPTIBLE

    def __init__(self, machine=None, policies=(), answers=None, seed=1, fixed_order=True, check_every=1, **tables):
        tables = {**TABLES, **tables, "machine": {**TABLES["machine"], **(machine or {})}}
        tables = {name: table for name, table in tables.items() if table is not None}
        self.world = build_world(tables, "small.toml")
        self.build = build()
        booted = boot_machine(_Build(), self.world, seed, fixed_order=fixed_order, trace_all=True)
        self.arrays, self.layout = booted.arrays, booted.layout
        policy = policies if isinstance(policies, PolicySet) else _policies(tuple(policies), self.world.kernel)
        decisions = policy.bind(self.build.schema, compiled=False)
        for name, answer in (answers or {}).items():
            decisions[name] = BoundDecision(name, None, answer, (), 0)
        decisions = self.watched(decisions)
        self.arrays["my"] = policy.my_initial(booted)
        self.arrays["e"]["check_every"] = check_every or 1 << 40
        if "shrink_page_list" in {*policy.beyond_stock(), *(answers or {})}:
            self.arrays["vm"]["pages_one_by_one"] = 1
        self.sim = self.build.start(self.arrays, decisions)
        self.sim.call("setup_zones")
        self.k = self.sim.k
        self.jobs, self.rows, self.stalls = 0, [], []

    # what there is

    @property
    def vm(self):
        return self.k.vm[0]

    @property
    def zone(self):
        """The highest zone."""
        return self.k.zones[self.vm.nr_zones]

    def pool(self, name):
        """A mempool's record and its index."""
        p = next(p for p, plan in enumerate(self.layout.pools) if plan and plan.name == name)
        return self.k.pools[p], p

    def task(self, comm):
        """A task's record by its name."""
        return self.k.tasks[next(t for t, plan in enumerate(self.layout.tasks) if plan and plan.comm == comm)]

    def pages(self, flags, wanted=None):
        """The pages whose flags, as far as they are in `flags`, are `wanted` (all of them)."""
        flag = self.arrays["page_flags"]
        return [int(p) for p in (flag & flags == (flags if wanted is None else wanted)).nonzero()[0] if p]

    # what is done

    def job(self, op, a=0, b=0, start_ns=0, count=1, pause_ns=0, pf_flags=0, cpu=-1):
        """Give the machine a job; returns the number of its task."""
        self.jobs += 1
        row = self.k.jobs[self.jobs]
        row.op, row.a, row.b, row.start_ns, row.count, row.pause_ns = op, a, b, start_ns, count, pause_ns
        row.idle = self.idle
        workers = self.k.worker_pools[1]
        t = workers.last_task
        workers.last_task -= 1
        task = self.k.tasks[t]
        task.pf_flags, task.cpu_allowed, task.kind, task.role = pf_flags, cpu, 2, 1
        plan_task(self.k, t, self.build.fid("job"), self.jobs, max(self.k.e[0].now, 2))
        return t

    def watched(self, decisions):
        """What the machine asks; a test's own machine may listen."""
        return decisions

    def run(self, until_ns):
        """Let time go on; a broken invariant or a kernel bug is the test's failure."""
        reason = self.go_on(until_ns)
        assert reason in ("until", "idle"), (reason, self.k.e[0].error, self.k.e[0].error_info)
        return self

    def go_on(self, until_ns):
        """Let time go on; gives why it stopped: "until", "idle" or "error"."""
        reason = self.sim.run(until_ns)
        while reason == "drain":
            assert self.k.e[0].n_done < MAX_DONE // 2
            done = self.arrays["done"].copy(), int(self.k.e[0].n_done)
            drained = self.sim.drain()
            self.rows += list(drained["trace"])
            self.stalls += list(drained["stalls"])
            self.arrays["done"][:], self.k.e[0].n_done = done
            reason = self.sim.run(until_ns)
        return reason

    def call(self, name, *args, task=0):
        """Call a plain function as this task, at this moment."""
        self.k.e[0].cur = task
        result = self.sim.call(name, *args)
        self.k.e[0].cur = 0
        return result

    def lose_free_pages(self, leave, z=None):
        """The kernel takes buddy pages for good until `leave` are left in the zone."""
        z = z or self.vm.nr_zones
        zone = self.k.zones[z]
        while zone.free > leave:
            if self.vm.era >= 61:
                page = self.call("__rmqueue", z, MIGRATE_MOVABLE, 0, 0)
            else:
                page = zone.free_head
                zone.free_head = int(self.arrays["page_next"][page])
            self.arrays["page_flags"][page] = 0
            self.arrays["page_next"][page] = 0
            zone.free -= 1
            self.vm.nr_free -= 1
            self.vm.nr_fixed += 1
        return self

    def give_free_pages(self, pages):
        """Pages that the kernel held are free again."""
        for page in pages:
            self.arrays["page_flags"][page] = 0x0800
            if self.vm.era >= 61:
                self.call("__free_one_page", page, self.vm.nr_zones, self.call("get_pageblock_migratetype", page))
            else:
                self.arrays["page_next"][page] = self.zone.free_head
                self.zone.free_head = page
            self.zone.free += 1
            self.vm.nr_free += 1
            self.vm.nr_fixed -= 1

    # what came of it

    @property
    def done(self):
        """[(time, job, result, took)] in the order of their ends."""
        rows = self.arrays["done"][: int(self.arrays["e"]["n_done"][0])]
        return [tuple(int(v) for v in row) for row in rows]

    @property
    def results(self):
        """The results of all that is done, in the order of their ends."""
        return [result for _, _, result, _ in self.done]

    def traced(self, kind):
        """The rows of one tracepoint."""
        rows = self.arrays["trace"][: int(self.arrays["e"]["n_trace"][0])]
        return [row for row in [*self.rows, *rows] if row["kind"] == kind]
