"""A bench for the tests of writeback, throttles and page cache: their real files, a toy allocator and a toy device.

The allocator has one zone and, when it is empty, takes the oldest clean page of the inactive file list; the device of
disk d writes and reads a page in disks[d].write_ns, one after the other. Task 1 is the flusher of disk 1, the test's
own follow.
"""

import importlib
import sys
from functools import cache

from gfplab.engine import boot
from gfplab.engine.build import Model
from gfplab.engine.decision import BoundDecision
from gfplab.engine.requests import TASK_UNINTERRUPTIBLE, cond_resched, io_schedule_timeout, schedule_timeout
from gfplab.engine.state import PyState
from gfplab.engine.subset import kernel, plain, prototype
from gfplab.engine.symbols import call_at, local_clock, wake_up_all
from gfplab.engine.tasks import plan_task
from gfplab.kernel.costs import COSTS
from gfplab.kernel.decisions import DECISIONS
from gfplab.kernel.instrument_types import INSTRUMENT_SIZES
from gfplab.kernel.symbols import end_file_bio_read, end_file_bio_write, evict_file_page, lru_del
from gfplab.kernel.types import (
    BIO_READ,
    DEV_DISK,
    EV_DISK,
    LRU_INACTIVE_FILE,
    PG_dirty,
    PG_locked,
    PG_writeback,
    kernel_schema,
)

US = 1_000
MS = 1_000_000
SEC = 1_000_000_000

PAGE_CACHE = (
    "page_writeback",
    "wb_domain",
    "dirty_throttle",
    "throttle",
    "fs_writeback",
    "ext4",
    "filemap",
    "workingset",
)
FILES = (*PAGE_CACHE, "psi", "workload_file", "log2", "jiffies", "swap", "vmstat", "instrument", "interrupts")

PAGE_ARRAYS = ("page_flags", "page_zone", "page_next", "page_prev", "page_index", "page_private")
CONGESTION_WQH = 1
BIO_WAIT = 2
FIRST_FLUSHER_WAIT = 3
FIRST_PAGE_WAIT = 16
NR_BIOS = 64


@prototype(blocking=True)
def generic_perform_write(k, f, index, nr):
    """Of filemap.py, for the tests' own tasks."""


@prototype(blocking=True)
def do_generic_file_read(k, f, index, nr):
    """Of filemap.py."""


@plain
def take_free_page(k):
    """A page off the free list, or 0."""
    page = k.zones[1].free_head
    if page:
        k.zones[1].free_head = k.page_next[page]
        k.page_next[page] = 0
        k.zones[1].free -= 1
        k.vm[0].nr_free -= 1
    return page


@plain
def free_hot_cold_page(k, page):
    """Back onto the free list."""
    k.page_flags[page] = 0
    k.page_next[page] = k.zones[1].free_head
    k.zones[1].free_head = page
    k.zones[1].free += 1
    k.vm[0].nr_free += 1


@plain
def toy_reclaim(k):
    """Evict the oldest clean page of the inactive file list; 0 if there is none."""
    page = k.lrus[4 + LRU_INACTIVE_FILE].tail
    while page:
        if k.page_flags[page] & (PG_dirty | PG_locked | PG_writeback) == 0:
            lru_del(k, page)
            evict_file_page(k, page)
            free_hot_cold_page(k, page)
            return 1
        page = k.page_prev[page]
    return 0


@kernel
def alloc_pages_current(k, gfp_mask):
    """A page, after reclaim if need be; 0 when 100 ms of trying did not help."""
    tries = 0
    page = take_free_page(k)
    while page == 0 and tries < 100:
        if toy_reclaim(k) == 0:
            yield schedule_timeout(0, 1_000_000, TASK_UNINTERRUPTIBLE)
        tries += 1
        page = take_free_page(k)
    return page


@kernel
def bio_alloc_bioset(k, bioset, gfp_mask):
    """A free bio record, sooner or later."""
    while True:
        for b in range(1, len(k.bios)):
            if k.bios[b].used == 0:
                k.bios[b].used = 1
                return b
        yield io_schedule_timeout(BIO_WAIT, 5_000_000_000, TASK_UNINTERRUPTIBLE)


@plain
def bio_put(k, bio):
    """Free the record."""
    k.bios[bio].used = 0
    wake_up_all(k, BIO_WAIT)


@kernel
def submit_bio(k, bio):
    """Queue it behind what the device has to do already."""
    yield cond_resched()
    disk = k.disks[k.bios[bio].dev]
    disk.bw_busy = max(disk.bw_busy, local_clock(k)) + k.bios[bio].nr_pages * disk.write_ns
    disk.sectors += k.bios[bio].nr_pages
    disk.done += 1
    disk.max_inflight = max(disk.max_inflight, k.bios[bio].nr_pages)
    call_at(k, disk.bw_busy, EV_DISK, bio)
    return 0


@plain
def disk_event(k, request):
    """The device is done with a bio."""
    if k.bios[request].rw == BIO_READ:
        end_file_bio_read(k, request)
    else:
        end_file_bio_write(k, request)


@plain
def blk_start_plug(k):
    """Plugs do nothing here but nest."""
    k.tasks[k.e[0].cur].plug += 1


@plain
def blk_finish_plug(k):
    """The end of one."""
    k.tasks[k.e[0].cur].plug -= 1


@plain
def blk_flush_plug_list(k, task):
    """Count the flushes."""
    k.tasks[task].plug_head = 0
    k.tasks[task].plug_count += 1


@plain
def pool_full_ns(k, pool):
    """The reserve has been full since it says so."""
    if k.pools[pool].full_since:
        return local_clock(k) - k.pools[pool].full_since
    return 0


@plain
def __acct_reclaim_writeback(k):
    """Nobody sleeps in reclaim_throttle()."""
    return 0


@plain
def mayday_event(k, arg):
    """There are no workers here."""
    return 0


@plain
def blk_mq_insert_flushed(k, disk):
    """There are no I/O schedulers here."""
    return 0


@cache
def build(module, mode, check=True):
    """The writeback files, this one and the test's own functions in one mode."""
    modules = [importlib.import_module(f"gfplab.kernel.{name}") for name in FILES]
    decisions = [d for d in DECISIONS if d.name in ("throttle_vm_writeout", "balance_dirty_pages")]
    return Model(kernel_schema(), [*modules, sys.modules[__name__], module], decisions).build(mode, check=check)


def stock_throttle_vm_writeout(vm, task, scan, my):
    """100 ms while more is under writeback than the limit allows."""
    return 100 * MS if vm.nr_writeback + vm.nr_unstable > scan.limit else 0


def stock_balance_dirty_pages(vm, task, dtc, disk, my):
    """What is owed, if it is worth a pause."""
    return 0 if dtc.freerun or dtc.pause < dtc.min_pause else min(dtc.pause, dtc.max_pause)


class WritebackLab:
    """One machine; tasks = [(function name, argument), ...], after one flusher a disk; files = [(pages, disk), ...]."""

    def __init__(
        self, module, tasks=(), pages=4096, files=((4096, 1),), disks=(10 * US,), cpus=1, mode="generators", seed=1,
        flushers=True, throttle=stock_throttle_vm_writeout, balance=stock_balance_dirty_pages, jiffy_ns=4 * MS,
    ):  # fmt: skip
        self.build = build(module, mode)
        nr_tasks = len(disks) + len(tasks)
        sizes = {
            **boot.sizes(nr_tasks, cpus, heap=1000, waitqueues=FIRST_PAGE_WAIT + 256, streams=1, kinds=64),
            "zones": 2, "lruvecs": 2, "lrus": 8, "pcps": 2 * cpus, "disks": len(disks) + 1, "files": len(files) + 1,
            "file_pages": 1 + sum(nr for nr, _ in files), "bios": NR_BIOS + 1, "hist": 256 * 4, "costs": len(COSTS) + 1,
            **INSTRUMENT_SIZES, "dtcs": nr_tasks + 1, "scans": nr_tasks + 1, "workloads": nr_tasks + 1,
            "pools": 3, "swaps": 2, **dict.fromkeys(PAGE_ARRAYS, pages + 1),
        }  # fmt: skip
        self.arrays = arrays = self.build.arrays(sizes)
        boot.prepare(arrays, seed, ("random",), fixed_order=True, jiffy_ns=jiffy_ns)
        arrays["costs"][1:] = [ns for _, ns, _ in COSTS]
        k = PyState(self.build.schema, arrays)
        self.boot_memory(k, pages)
        self.boot_files(k, disks, files, flushers)
        for t, (name, arg) in enumerate(tasks, len(disks) + 1):
            plan_task(k, t, self.build.fid(name), arg, 0)
        answers = {"throttle_vm_writeout": throttle, "balance_dirty_pages": balance}
        bound = {name: BoundDecision(name, None, answer, (), 0) for name, answer in answers.items()}
        self.sim = self.build.start(arrays, bound)
        self.k = self.sim.k
        self.sim.call("page_writeback_init")

    def boot_memory(self, k, pages):
        vm, zone = k.vm[0], k.zones[1]
        vm.era, vm.nr_zones, vm.nr_managed, vm.nr_free = 47, 1, pages, pages
        vm.dirty_ratio, vm.dirty_background_ratio = 20, 10
        vm.congestion_wqh, vm.page_wait_first = CONGESTION_WQH, FIRST_PAGE_WAIT
        vm.flusher_ns, vm.dirty_expire_ns = 5 * SEC, 30 * SEC
        zone.managed = zone.free = pages
        zone.lruvec, zone.free_head = 1, 1
        self.arrays["page_zone"][1:] = 1
        self.arrays["page_next"][1:pages] = range(2, pages + 1)

    def boot_files(self, k, disks, files, flushers):
        base = 1
        for f, (nr, d) in enumerate(files, 1):
            file = k.files[f]
            file.base, file.nr, file.disk, file.dev_kind, file.dev, file.write_base = base, nr, d, DEV_DISK, d, 1000 * f
            base += nr
        for d, ns in enumerate(disks, 1):
            k.disks[d].write_ns, k.disks[d].flusher, k.disks[d].flusher_wait = ns, d, FIRST_FLUSHER_WAIT + d - 1
            if flushers:
                plan_task(k, d, self.build.fid("wb_workfn"), d, 0)

    def run(self, until_ns):
        """Let time go on; a simulation that breaks down is the test's failure."""
        reason = self.sim.run(until_ns)
        assert reason in ("until", "idle"), (reason, self.k.e[0].error, self.k.e[0].error_info)
        return self

    def call(self, name, *args):
        """Call a plain function of the model."""
        return self.sim.call(name, *args)

    @property
    def vm(self):
        return self.k.vm[0]

    def workload(self, w, **fields):
        """Set fields of a workload."""
        for name, value in fields.items():
            setattr(self.k.workloads[w], name, value)
        return self

    def check_counts(self):
        """Every counter is the sum over the pages' flags, and every page is free or in a file."""
        k, flags, zones = self.k, self.arrays["page_flags"][1:], self.k.zones
        disks, files = k.disks[1:], k.files[1:]
        dirty = {k.vm[0].nr_dirty, zones[1].nr_dirty, sum(d.wb_dirty for d in disks), sum(f.nr_dirty for f in files)}
        assert dirty == {int((flags & PG_dirty != 0).sum())}
        writeback = {k.vm[0].nr_writeback, zones[1].nr_writeback, sum(d.wb_writeback for d in disks)}
        assert writeback == {int((flags & PG_writeback != 0).sum())}
        cached = [int(p) for p in self.arrays["file_pages"] if p > 0]
        assert len(cached) == len(set(cached)) == sum(f.cached for f in files)
        lists = sum(k.lrus[4 + i].nr for i in range(4))
        assert lists == len(cached)
        assert k.vm[0].nr_free + lists == k.vm[0].nr_managed
