"""A bench for the I/O path: its kernel files as they are, in a small world that a test describes, runs and asks."""

from functools import cache

import io_stand_ins
from io_stand_ins import ERROR_KERNEL_BUG, FS_BIO_SET, SECOND

from gfplab.engine import boot
from gfplab.engine.build import Model
from gfplab.engine.state import PyState
from gfplab.engine.tasks import plan_task
from gfplab.kernel import (
    bio,
    blk_core,
    blk_legacy,
    blk_mq,
    blk_mq_sched,
    blk_plug,
    disk,
    dm,
    dm_crypt,
    dm_crypt_write,
    elevator,
    jiffies,
    locking,
    mq_deadline,
    worker_pool,
    workqueue,
    write_tree,
)
from gfplab.kernel.bugs import BUGS
from gfplab.kernel.costs import COSTS
from gfplab.kernel.gfp import PF_KTHREAD, PF_WQ_WORKER
from gfplab.kernel.tracepoints import TRACEPOINTS, block_rq_issue, workqueue_execute_start
from gfplab.kernel.types import BIO_WRITE, DEV_DISK, kernel_schema

__all__ = ["FS_BIO_SET", "MS", "SECOND", "US", "IoWorld"]

US = 1_000
MS = 1_000_000

WORKER_POOL = 1
ERA_V6_1 = 61
BIOSET_WQ = 1
KCRYPTD_IO = 2
IO_FILES = (bio, blk_core, blk_legacy, blk_mq, disk, dm, dm_crypt, write_tree, workqueue, locking, worker_pool)
IO_FILES += (blk_mq_sched, blk_plug, dm_crypt_write, elevator, jiffies, mq_deadline)


def io_schema():
    """The kernel's schema and what this bench needs."""
    s = kernel_schema()
    s.records("pools", allocator_fails="1: only the reserve circulates")
    s.records("bench", free_page="", nr_free="", alloc_stall_ns="", alloc_fails="")
    fields = (
        "dev_kind",
        "dev",
        "rw",
        "sector",
        "stride",
        "count",
        "nr_pages",
        "plug",
        "alternate",
        "start_ns",
        "pause_ns",
        "submitted",
    )
    s.records("jobs", **dict.fromkeys(fields, ""))
    s.log("ended", 20_000, time="", sector="", rw="", nr_pages="", file="")
    return s


@cache
def io_build(mode):
    """The I/O path in one mode, checked."""
    return Model(io_schema(), [*IO_FILES, io_stand_ins]).build(mode, check=True)


class IoWorld:
    """One simulated I/O path; describe it, add jobs, run it, ask what happened. A tick is 0.1 ms long."""

    def __init__(
        self,
        mode="generators",
        cpus=2,
        workers=3,
        dormant=8,
        era=47,
        seed=1,
        pages=4096,
        jiffy_ns=100 * US,
        fixed_order=False,
    ):
        self.build = io_build(mode)
        self.next = dict.fromkeys(
            (
                "tasks",
                "waitqueues",
                "pools",
                "biosets",
                "disks",
                "crypts",
                "wqs",
                "servers",
                "mutexes",
                "jobs",
                "elems",
            ),
            1,
        )
        sizes = boot.sizes(tasks=96, cpus=cpus, heap=8000, waitqueues=200, streams=8, kinds=max(TRACEPOINTS))
        sizes |= {
            "vm": 1,
            "bench": 1,
            "pools": 64,
            "pool_elems": 4096,
            "biosets": 24,
            "bios": 6000,
            "disks": 8,
            "servers": 600,
        }
        sizes |= {
            "requests": 3000,
            "crypts": 8,
            "crypt_ios": 4000,
            "works": 6000,
            "wqs": 12,
            "worker_pools": 2,
            "mutexes": 8,
            "kblockds": cpus + 1,
        }
        sizes |= {"jobs": 32, "page_next": pages + 1, "costs": len(COSTS) + 1}
        self.a = self.build.arrays(sizes)
        boot.prepare(
            self.a, seed, [f"disk {d}" for d in range(8)], jiffy_ns=jiffy_ns, fixed_order=fixed_order, check_every=1
        )
        self.a["costs"][1:] = [ns for _, ns, _ in COSTS]
        self.a["page_next"][1:pages] = range(2, pages + 1)
        self.a["bench"][0]["free_page"] = 1
        self.a["bench"][0]["nr_free"] = pages
        self.a["trace_on"][[block_rq_issue, workqueue_execute_start]] = 1
        self.a["vm"][0]["era"] = era
        self.a["vm"][0]["congestion_wqh"] = self.take("waitqueues")
        self.k = PyState(self.build.schema, self.a)
        self.sim = None
        self.worker_pool(workers, dormant)
        assert self.workqueue(max_active=256) == BIOSET_WQ
        assert self.workqueue(max_active=1) == KCRYPTD_IO
        assert self.bioset(2, rescuer=True) == FS_BIO_SET
        if era >= ERA_V6_1:
            for c in range(cpus):
                self.set("kblockds", c + 1, wait=self.take("waitqueues"))
                task = self.set("kblockds", c + 1, task=self.task("kblockd_worker", c, PF_KTHREAD | PF_WQ_WORKER))
                self.set("tasks", self.get("kblockds", task, "task"), cpu_allowed=c)
        self.workers = {}

    # -------------------------------------------------------------- describing
    def take(self, name, n=1):
        """The next free index of a record array."""
        first = self.next[name]
        self.next[name] += n
        return first

    def set(self, name, index, **fields):
        for field, value in fields.items():
            self.a[name][field][index] = value
        return index

    def task(self, function, arg, pf_flags=0, start=True):
        """A task; it begins at time 0."""
        t = self.take("tasks")
        self.set("tasks", t, pid=100 + t, pf_flags=pf_flags, worker_wait=self.take("waitqueues"))
        if start:
            plan_task(self.k, t, self.build.fid(function), arg, 0)
        return t

    def worker_pool(self, workers, dormant):
        for _ in range(workers):
            t = self.task("worker_thread", WORKER_POOL, PF_KTHREAD | PF_WQ_WORKER)
            self.set("tasks", t, pool_id=WORKER_POOL)
        first = self.next["tasks"]
        for _ in range(dormant):
            self.task("worker_thread", WORKER_POOL, PF_KTHREAD | PF_WQ_WORKER, start=False)
        self.set(
            "worker_pools",
            WORKER_POOL,
            nr_workers=workers,
            first_task=first,
            last_task=first + dormant - 1,
            next_create=first,
        )

    def workqueue(self, max_active, rescuer=True):
        wq = self.take("wqs")
        self.set("wqs", wq, max_active=max_active, pool=WORKER_POOL, rescuer_wait=self.take("waitqueues"))
        if rescuer:
            self.set("wqs", wq, rescuer=self.task("rescuer_thread", wq, PF_KTHREAD | PF_WQ_WORKER))
        return wq

    def pool(self, min_nr, fails=False):
        """A mempool with a full reserve."""
        base = self.take("elems", min_nr)
        for i in range(min_nr):
            page = int(self.a["bench"]["free_page"][0])
            self.a["bench"]["free_page"] = self.a["page_next"][page]
            self.a["page_next"][page] = 0
            self.a["pool_elems"][base + i] = page
        return self.set(
            "pools",
            self.take("pools"),
            min_nr=min_nr,
            curr_nr=min_nr,
            lowest=min_nr,
            base=base,
            wait=self.take("waitqueues"),
            allocator_fails=fails,
        )

    def bioset(self, min_nr, fails=False, rescuer=True):
        return self.set(
            "biosets", self.take("biosets"), pool=self.pool(min_nr, fails), rescue_wq=BIOSET_WQ if rescuer else 0
        )

    def disk(
        self, read_ns=100 * US, write_ns=100 * US, bandwidth=100_000_000, parallelism=32, tags=128, table=0, **more
    ):
        d = self.take("disks")
        queues = {"tag_wait": self.take("waitqueues"), "read_wait": self.take("waitqueues"), "stream": 1 + d}
        speed = {"read_ns": read_ns, "write_ns": write_ns, "bandwidth": bandwidth, "sigma_table": table}
        room = {"parallelism": parallelism, "first_server": self.take("servers", parallelism), "tags": tags}
        return self.set("disks", d, **queues, **speed, **room, **{"max_pages": 128, "nr_requests": 128, **more})

    def scheduled_disk(self, tags=64, **more):
        """A disk of v6.1 with mq-deadline: 20 MB/s, one server, first come first served."""
        requests = 2 * min(tags, 128)
        room = {"tags": tags, "nr_requests": requests, "async_depth": requests, "sched_wake_batch": 1}
        more = {"fifo": 1, "mq_deadline": 1, "sched_wait": self.take("waitqueues"), **room, **more}
        return self.disk(**{"read_ns": 100 * US, "write_ns": 100 * US, "bandwidth": 20_000_000, **more})

    def crypt(
        self, lower, kind=DEV_DISK, bios=16, dm_ios=16, pages=256, max_active=2, fails=False, rescuer=True, **more
    ):
        """A dm-crypt device (or with linear=1 a dm-linear one) with its pools, queues and writer."""
        c = self.take("crypts")
        pools = {"io_pool": self.pool(dm_ios, fails), "page_pool": self.pool(pages, fails)}
        sets = {"tio_bioset": self.bioset(dm_ios, fails, rescuer), "bioset": self.bioset(bios, fails, rescuer)}
        mutex = self.set("mutexes", self.take("mutexes"), wait=self.take("waitqueues"))
        works = {"wq": self.workqueue(max_active), "wq_io": KCRYPTD_IO, "mutex": mutex}
        queues = {"write_wait": self.take("waitqueues"), "swap_wait": self.take("waitqueues")}
        self.set("crypts", c, lower_kind=kind, lower=lower, **pools, **sets, **works, **queues)
        self.set("crypts", c, **{"encrypt_ns": 2 * US, **more})
        self.set("crypts", c, write_task=self.task("dmcrypt_write", c, PF_KTHREAD))
        return c

    def job(
        self, function="submit_job", kind=DEV_DISK, dev=1, rw=BIO_WRITE, sector=0, count=1, stride=1, nr_pages=1, **more
    ):
        """A task that submits bios; returns the task."""
        j = self.take("jobs")
        self.set(
            "jobs",
            j,
            dev_kind=kind,
            dev=dev,
            rw=rw,
            sector=sector,
            count=count,
            stride=stride,
            nr_pages=nr_pages,
            **more,
        )
        return self.task(function, j)

    # -------------------------------------------------------------- running and asking
    def run(self, until=10 * SECOND):
        """Run; gives the reason to stop. A bug of the kernel is an assertion error with its sentence."""
        if self.sim is None:
            self.sim = self.build.start(self.a)
        reason = self.sim.run(until)
        e = self.a["e"][0]
        if reason == "error" and e["error"] > ERROR_KERNEL_BUG:
            raise AssertionError(BUGS[int(e["error"]) - ERROR_KERNEL_BUG].format(info=int(e["error_info"])))
        assert reason != "error", f"error {e['error']}, info {e['error_info']}, task {e['error_task']}"
        return reason

    def ended(self, *fields):
        """The chosen fields of every bio that is done, in order."""
        rows = self.a["ended"][: int(self.a["e"]["n_ended"][0])]
        return [tuple(int(r[f]) for f in fields) if len(fields) > 1 else int(r[fields[0]]) for r in rows]

    def traced(self, kind, *fields):
        """The chosen arguments of every trace row of one kind, in order."""
        rows = self.a["trace"][: int(self.a["e"]["n_trace"][0])]
        return [
            tuple(int(r[f]) for f in fields) if len(fields) > 1 else int(r[fields[0]])
            for r in rows
            if r["kind"] == kind
        ]

    def issued(self):
        """(sector, pages) of every request that the disks got, in order."""
        return self.traced(block_rq_issue, "c", "d")

    def get(self, name, index, field):
        return int(self.a[name][field][index])

    def stack(self, t):
        """The functions that task t sleeps in, as a printed stack has them, innermost first."""
        names = {fid: name for name, fid in self.build.model.fids.items()}
        inlined = {f.name for f in self.build.model.program.functions.values() if f.inlined}
        frames, fp = [], self.get("tasks", t, "fp")
        while fp:
            frames.append(names[int(self.a["stk"][fp])])
            fp = int(self.a["stk"][fp + 2])
        return [f for f in frames if f not in inlined]

    def assert_quiet(self):
        """Nothing is in flight, every reserve is full, every record is back."""
        for c in range(1, self.next["crypts"]):
            assert self.get("crypts", c, "nr_pending") == 0
            assert self.get("crypts", c, "queued") == 0
        for p in range(1, self.next["pools"]):
            assert self.get("pools", p, "outstanding") == 0
            assert self.get("pools", p, "curr_nr") == self.get("pools", p, "min_nr")
        for name in ("bios", "requests", "crypt_ios", "works"):
            assert not self.a[name]["used"][1:].any(), f"{name} still in use"
        for d in range(1, self.next["disks"]):
            assert self.get("disks", d, "in_use") == 0
            assert self.get("disks", d, "inflight") == 0
            assert self.get("disks", d, "sched_in_use") == 0
            assert self.get("disks", d, "dispatch") == 0
        assert self.get("vm", 0, "crypt_pages") == 0
