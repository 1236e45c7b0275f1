"""The world's tasks, files and address spaces at boot, and who holds which page when the clock starts."""

from dataclasses import dataclass

import numpy as np

from gfplab.boot.layout import ROLE_USER, Layout, TaskPlan
from gfplab.boot.memory import link_lru, shuffled
from gfplab.errors import ScenarioError
from gfplab.kernel.page_fault import PTE_BITS
from gfplab.kernel.types import (
    BIO_READ,
    BIO_WRITE,
    DEV_CRYPT,
    DEV_DISK,
    LRU_ACTIVE_ANON,
    LRU_ACTIVE_FILE,
    LRU_INACTIVE_ANON,
    LRU_INACTIVE_FILE,
    ORDER_RANDOM,
    ORDER_SEQUENTIAL,
    PAGE_SIZE,
    PG_active,
    PG_anon,
    PG_dirty,
    PG_mapped,
    PG_pte_write,
    PG_young,
)

NSEC_PER_SEC = 1_000_000_000
PERMILLE = 10


@dataclass
class Mm:
    """An address space to be: its virtual pages, how many are resident, and the order of its first pass."""

    first: int
    pages: int
    resident: int
    chunk_pages: int
    random: bool
    touched: bool  # active and accessed, as v4.7 leaves new pages; else aged: half inactive, accessed bits clear
    task: int = 0
    locked: int = 0  # pages that it holds besides until it ends
    active: int | None = None  # the sleeper's pages on the active list, as the scenario says


class Workloads:
    """Plans workloads, files and address spaces first (sizes), then fills the arrays."""

    def __init__(self, world, layout: Layout, pools_of_loops: dict):
        self.world, self.layout, self.pools_of_loops = world, layout, pools_of_loops
        self.rows = []  # (workload fields, task plan)
        self.mms = []
        self.files = []  # (first slot, pages, disk, cached, dirty, active)
        self.phases = 0  # direct_io tasks, whose ends are phases
        self.next_vpn = 1
        self.next_slot = 1
        self.next_chunk = 1
        self._start_cache()
        for task in world.tasks:
            for i in range(getattr(task, "count", 1)):
                getattr(self, f"_{task.kind}")(task, i)
        self._sleeper()

    def sizes(self) -> dict[str, int]:
        """Sizes of the arrays that depend on the tasks."""
        return {
            "workloads": len(self.rows) + 1,
            "mms": len(self.mms) + 1,
            "files": max(len(self.files), 1) + 1,
            "ptes": self.next_vpn,
            "page_tables": (self.next_vpn >> PTE_BITS) + len(self.mms) + 2,
            "file_pages": self.next_slot,
            "chunk_order": self.next_chunk,
        }

    def _add(self, comm: str, function: str, fields: dict, start_ns: int, cpu: int = -1, mm: int = 0):
        w = self.layout.add("workloads", comm)
        t = self.layout.add("tasks", TaskPlan(comm, function, w, ROLE_USER, cpu=cpu, mm=mm, work=w))
        fields["stream"] = self.layout.stream(f"workload {comm} {w}")
        fields["start_ns"] = start_ns
        self.rows.append(fields)
        return t

    def _mm(self, pages: int, resident: int, chunk_pages: int = 1, random: bool = False, touched: bool = False):
        self.mms.append(Mm(self.next_vpn, pages, resident, chunk_pages, random, touched))
        self.next_vpn += pages
        return len(self.mms)

    def _file(self, pages: int, disk: int, cached: int = 0, dirty: int = 0, active: int = 0) -> int:
        self.files.append((self.next_slot, pages, disk, cached, dirty, active))
        self.next_slot += pages
        return len(self.files)

    def _disk_of(self, filesystem: str) -> int:
        fs = next(fs for fs in self.world.filesystems if fs.name == filesystem)
        if fs.device not in self.layout.disks:
            raise ScenarioError(
                f"{self.world.source}: filesystem {fs.name} lies on {fs.device}; "
                "a file system needs a plain disk here, name a [[disk]]"
            )
        return self.layout.disks.index(fs.device)

    def _start_cache(self):
        """The page cache of the start: one file, on a file system if there is one, else read-only on the first disk."""
        start = self.world.machine.start
        pages = start.active_file_pages + start.inactive_file_pages
        if pages:
            name = start.filesystem or (self.world.filesystems[0].name if self.world.filesystems else None)
            disk = self._disk_of(name) if name else 1
            self._file(pages, disk, pages, start.dirty_pages, start.active_file_pages)

    def _sleeper(self):
        start = self.world.machine.start
        pages = start.active_anon_pages + start.inactive_anon_pages
        if pages:
            mm = self._mm(pages, pages)
            self.mms[-1].active = start.active_anon_pages
            plan = TaskPlan("sleeper", "anon_toucher", 0, ROLE_USER, dormant=True, mm=mm)
            self.mms[-1].task = self.layout.add("tasks", plan)

    def _anon_toucher(self, task, i: int):
        pages = task.size_bytes // PAGE_SIZE
        first_order = task.first_order or task.order
        chunks = -(-pages // task.chunk_pages)
        done = task.resident_bytes // PAGE_SIZE // task.chunk_pages  # chunks of the first pass that lie behind us
        resident = done * task.chunk_pages
        mm = self._mm(pages, resident, task.chunk_pages, first_order == "random", task.resident_state == "touched")
        fields = {
            "bytes": pages,
            "touch_ns": task.touch_ns,
            "passes": task.passes,
            "write_permille": task.write_percent * PERMILLE,
            "order": ORDER_RANDOM if task.order == "random" else ORDER_SEQUENTIAL,
            "first_random": int(first_order == "random"),
            "chunk_pages": task.chunk_pages,
            "chunk_base": self.next_chunk,
            # all of it resident: the first pass is over
            "chunks_done": done if first_order == "random" and resident < pages else 0,
            "in_pass": resident % pages,
            "pass_nr": resident // pages,
            "site": self._site("page_fault"),
            "mm": mm,
        }
        self.mms[-1].locked = task.locked_bytes // PAGE_SIZE
        function = "anon_toucher"
        if task.read_first:
            function = "read_first_toucher"
            fields["site"], fields["site_first"] = self._site("touch retouch"), self._site("touch first")
        self.next_chunk += chunks
        self.mms[-1].task = self._add(task.comm, function, fields, task.start_ns, mm=mm)

    def _file_writer(self, task, i: int):
        size = task.size_bytes or (task.rate_bps or 1 << 30) * self.world.length_ns // NSEC_PER_SEC
        self._file_task(task, "file_writer", size, getattr(task, "chunk_bytes", 65536) // PAGE_SIZE, ORDER_SEQUENTIAL)

    def _file_reader(self, task, i: int):
        order = ORDER_RANDOM if task.order == "random" else ORDER_SEQUENTIAL
        self._file_task(task, "file_reader", task.size_bytes, 16, order)

    def _file_task(self, task, function: str, size: int, chunk_pages: int, order: int):
        fields = {
            "file": self._file(max(size // PAGE_SIZE, 1), self._disk_of(task.filesystem)),
            "rate": (task.rate_bps or 0) // PAGE_SIZE,
            "stop_ns": task.stop_ns or 0,
            "chunk_pages": chunk_pages,
            "order": order,
            "site": self._site(function),
        }
        self._add(task.comm, function, fields, task.start_ns)

    def _direct_io(self, task, i: int):
        kind, dev = self._device_of(task)
        fields = {
            "rw": BIO_WRITE if task.direction == "write" else BIO_READ,
            "dev_kind": kind,
            "dev": dev,
            "chunk_pages": task.size_bytes // PAGE_SIZE,
            "bytes": task.region_bytes // PAGE_SIZE,
            "passes": task.operations,
            "after": self.layout.workloads.index(task.after) if task.after else 0,
            "phase": self.phases,
            "wait": self.layout.waitqueue(),
            "site": self._site(f"direct_io {task.comm}"),
        }
        self.phases += 1
        self._add(task.comm, "direct_io", fields, task.start_ns)

    def _device_of(self, task) -> tuple[int, int]:
        if task.device in self.layout.disks:
            return DEV_DISK, self.layout.disks.index(task.device)
        return DEV_CRYPT, 1 + [crypt.name for crypt in self.world.crypts].index(task.device)

    def _mempool_loop(self, task, i: int):
        fields = {
            "pool": self.pools_of_loops[task.comm],
            "hold_ns": task.hold_ns,
            "pause_ns": task.think_ns,
            "site": self._site(f"mempool_loop {task.comm}"),
        }
        self._add(task.comm, "mempool_loop", fields, task.start_ns, cpu=i % self.world.machine.cpus)

    def _site(self, name: str) -> int:
        return self.layout.sites.index(name) if name in self.layout.sites else self.layout.site(name)

    def fill(self, arrays, source, seed: int):
        """Write records and put resident pages where they belong."""
        for w, fields in enumerate(self.rows, 1):
            for name, value in fields.items():
                arrays["workloads"][name][w] = value
        for f, (base, pages, disk, cached, dirty, active) in enumerate(self.files, 1):
            self._fill_file(arrays, source, f, base, pages, disk, cached, dirty, active)
        resident = {False: [], True: []}
        lists = {LRU_ACTIVE_ANON: [], LRU_INACTIVE_ANON: []}
        for m, mm in enumerate(self.mms, 1):
            pages = self._fill_mm(arrays, source, m, seed, mm)
            if mm.active is None:
                resident[mm.touched].append(pages)
            else:
                lists[LRU_ACTIVE_ANON].append(pages[: mm.active])
                lists[LRU_INACTIVE_ANON].append(pages[mm.active :])
        touched = self._mixed(resident[True], seed, 2)
        aged = self._mixed(resident[False], seed, 3)
        half = len(aged) // 2
        lists[LRU_ACTIVE_ANON] += [touched, aged[:half]]
        lists[LRU_INACTIVE_ANON] += [aged[half:]]
        arrays["page_flags"][touched] |= PG_young
        for lru, parts in lists.items():
            pages = np.concatenate(parts)
            if lru == LRU_ACTIVE_ANON:
                arrays["page_flags"][pages] |= PG_active
            if len(pages):
                link_lru(arrays, lru, pages)

    @staticmethod
    def _mixed(parts: list, seed: int, purpose: int) -> np.ndarray:
        """Pages of several tasks in one random order, as their faults came."""
        pages = np.concatenate(parts) if parts else np.zeros(0, np.int64)
        return pages[shuffled(len(pages), seed, purpose)]

    def _fill_file(self, arrays, source, f, base, pages, disk, cached, dirty, active):
        row = arrays["files"][f]
        row["base"], row["nr"], row["disk"], row["cached"], row["nr_dirty"] = base, pages, disk, cached, dirty
        row["dev_kind"], row["dev"] = DEV_DISK, disk
        row["write_base"] = base
        if not cached:
            return
        pfns = source.take(cached, "the page cache at the start")
        slots = np.arange(base, base + cached)
        arrays["file_pages"][slots] = pfns
        arrays["page_index"][pfns] = slots
        arrays["page_private"][pfns] = f
        arrays["page_flags"][pfns[:active]] |= PG_active
        # the dirty pages were written last: they are the newest of the inactive ones
        dirtied = pfns[active : active + dirty]
        arrays["page_flags"][dirtied] |= PG_dirty
        for z in np.unique(arrays["page_zone"][dirtied]):
            arrays["zones"]["nr_dirty"][z] += int((arrays["page_zone"][dirtied] == z).sum())
        arrays["vm"]["nr_dirty"] += dirty
        arrays["disks"]["wb_dirty"][disk] += dirty
        row["oldest_dirty"] = 1 if dirty else 0
        if active:
            link_lru(arrays, LRU_ACTIVE_FILE, pfns[:active])
        if cached > active:
            link_lru(arrays, LRU_INACTIVE_FILE, pfns[active:])

    @staticmethod
    def _lock(arrays, row, pages: np.ndarray):
        """Pages of a process that no reclaim sees: as if they were the kernel's, until it ends."""
        row["locked"] = pages[0]
        arrays["page_next"][pages[:-1]] = pages[1:]
        arrays["vm"]["nr_fixed"] += len(pages)

    def _fill_mm(self, arrays, source, m: int, seed: int, mm: "Mm"):
        """Touched pages are those of the chunks that the first pass has visited: the head of its order."""
        row = arrays["mms"][m]
        row["start"], row["nr"], row["rss"], row["task"] = mm.first, mm.pages, mm.resident, mm.task
        plan = self.layout.tasks[mm.task]
        if mm.locked:
            self._lock(arrays, row, source.take(mm.locked, f"the locked memory of {plan.comm}"))
        order = np.arange(-(-mm.pages // mm.chunk_pages))
        if mm.random:
            order = shuffled(len(order), seed, 100 + m)
        if plan.work:
            base = int(arrays["workloads"]["chunk_base"][plan.work])
            arrays["chunk_order"][base : base + len(order)] = order
        pfns = source.take(mm.resident, f"the resident memory of {plan.comm}")
        touched = order[: mm.resident // mm.chunk_pages, None] * mm.chunk_pages + np.arange(mm.chunk_pages)
        vpns = mm.first + touched.ravel()
        arrays["ptes"][vpns] = pfns
        arrays["page_index"][pfns] = vpns
        arrays["page_flags"][pfns] = PG_anon | PG_mapped
        if arrays["vm"]["era"][0] >= 61:
            arrays["page_flags"][pfns] |= PG_pte_write  # it was written to
            arrays["page_tables"][(vpns >> PTE_BITS) + m] = -1  # the kernel's pages hold its tables
        return pfns
