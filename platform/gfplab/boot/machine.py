"""The whole of boot: a World and a seed become arrays in which every task is about to run.

machine = boot_machine(build, world, seed)
sim = build.start(machine.arrays, decisions)
"""

from dataclasses import dataclass

import numpy as np

from gfplab.boot import devices, slabs
from gfplab.boot.layout import ROLE_KSWAPD, ROLE_REAPER, ROLE_USER, Layout, PoolPlan, TaskPlan
from gfplab.boot.memory import PageSource, setup_zones
from gfplab.boot.mobility import BlockSource, has_pageblocks, pageblock_sizes
from gfplab.boot.swap import setup_swap, swap_sizes
from gfplab.boot.workloads import Workloads
from gfplab.engine import boot as engine_boot
from gfplab.engine.events import push_event
from gfplab.engine.records import FIRST_STREAM
from gfplab.engine.rng import QUANTILE_WORDS, stream_state
from gfplab.engine.state import PyState
from gfplab.engine.tasks import plan_task
from gfplab.kernel.costs import COST_NAMES
from gfplab.kernel.gfp import PF_KSWAPD, PF_KTHREAD, PF_MEMALLOC, PF_SWAPWRITE
from gfplab.kernel.instrument_types import CALLS_KEPT, INSTRUMENT_SIZES
from gfplab.kernel.magazine import MAGAZINE_SLOTS
from gfplab.kernel.mobility_types import MIGRATE_MOVABLE, MIGRATE_RECLAIMABLE, MIGRATE_UNMOVABLE
from gfplab.kernel.rig_types import PHASE_POOL_COUNTERS
from gfplab.kernel.swap import NODE_LRU_ERA, PAGE_WAIT_TABLE
from gfplab.kernel.tracepoints import TRACEPOINTS
from gfplab.kernel.types import EV_BOOT, PAGE_SIZE, POOL_PAGE, POOL_SLAB, VMSCAN_THROTTLE_CONGESTED
from gfplab.world.workload import AWAITED

STACK_WORDS = 1024
SCHED_LATENCY_NS = 6_000_000
STACKS = 4096
# A sleep that ends early leaves its timer in the heap until it would have rung; a policy that waits 5 s and 1 ms by
# turns leaves one behind each time, and was seen to fill 2300 places.
SPENT_TIMERS = 1 << 14
HIST_BINS = 256
# log rows that a busy machine would drown in: only on request
QUIET = {"mm_vmscan_lru_shrink_inactive", "mm_vmscan_writepage", "block_rq_issue", "block_rq_complete"} | {
    "workqueue_execute_start",
    "workqueue_execute_end",
    "mm_page_alloc",
}


@dataclass
class Machine:
    """Arrays ready to run, and the names behind their indices."""

    arrays: dict[str, np.ndarray]
    layout: Layout


def boot_machine(build, world, seed: int, fixed_order: bool = False, trace_all: bool = False) -> Machine:
    """Boot the world's machine for one seed."""
    layout = Layout()
    layout.disks += [disk.name for disk in world.disks]  # names first: files and swap refer to them
    for name in slabs.CACHE_SIZES:
        layout.add("caches", name)
    devices.plan_pools(world, layout)
    loops = plan_loop_pools(world, layout)
    kswapd = "kswapd" if world.kernel == "v4.7" else "kswapd__v6_1"
    kswapd_flags = PF_KTHREAD | PF_MEMALLOC | PF_KSWAPD | PF_SWAPWRITE
    layout.add("tasks", TaskPlan("kswapd0", kswapd, 0, ROLE_KSWAPD, kswapd_flags))
    layout.add("tasks", TaskPlan("oom_reaper", "oom_reaper", 0, ROLE_REAPER, PF_KTHREAD))
    workloads = Workloads(world, layout, loops)
    if world.machine.sampler:
        layout.add("tasks", TaskPlan("init", "vmstat_sampler", 0, ROLE_USER))
    n_tasks = len(layout.tasks) + count_kernel_threads(world)
    arrays = build.arrays(sizes(world, layout, workloads, n_tasks))
    del layout.disks[1:], layout.caches[1:]
    constants = {
        "jiffy_ns": 1_000_000_000 // world.machine.hz,
        "switch_ns": world.costs["context_switch"],
        "wake_ns": world.costs["wakeup"],
        "try_to_wake_up_ns": world.costs["try_to_wake_up"],
        "transfer_ns": world.costs["lock_transfer"],
        "stall_min_ns": world.stall_min_ns,
        "resched_soon": int(devices.ERA[world.kernel] >= 61),  # v4.7 scenarios look when the debt is paid, every 50 us
        "latency_ns": SCHED_LATENCY_NS if devices.ERA[world.kernel] >= 61 else 0,
    }
    engine_boot.prepare(arrays, seed, fixed_order=fixed_order, **constants)
    fill(arrays, world, layout, workloads, seed)
    for i, purpose in enumerate(layout.streams):
        arrays["rng"]["state"][FIRST_STREAM + i] = stream_state(seed, purpose)
    for kind, (name, _) in TRACEPOINTS.items():
        arrays["trace_on"][kind] = int(trace_all or name not in QUIET)
    plan_tasks(build, arrays, layout)
    return Machine(arrays, layout)


def plan_loop_pools(world, layout: Layout) -> dict[str, int]:
    """The pools that mempool_loop tasks share, by comm."""
    loops = {}
    for task in world.tasks:
        if task.kind == "mempool_loop":
            page = task.pool == "page"
            kind, cache, size = (
                (POOL_PAGE, 0, PAGE_SIZE) if page else (POOL_SLAB, layout.caches.index("mempool_loop"), 256)
            )
            loops[task.comm] = layout.add("pools", PoolPlan(task.comm, kind, cache, task.min_nr, size))
    return loops


def count_kernel_threads(world) -> int:
    """Threads that devices and workqueues will add: writers, rescuers, workers, flushers."""
    biosets = 1 + 2 * len(world.crypts)
    workers = world.machine.cpus + 1 + devices.dormant_workers(world)
    return len(world.crypts) * 3 + biosets + workers + len(world.filesystems) + devices.kblockd_workers(world)


def sizes(world, layout: Layout, workloads: Workloads, n_tasks: int) -> dict[str, int]:
    """Sizes of every array. Records of I/O are bounded by the memory that they would cost.

    A page on its way to swap on dm-crypt holds a bio and, with dm_io or dm_target_io, a clone: more than a quarter of a
    page. So no more than four fifths of all pages can be on their way, with two bios each.
    """
    cpus = world.machine.cpus
    pages = world.machine.managed_pages
    zones = len(world.machine.zones) + 1
    tags = sum(disk.tags + disk.nr_requests * 2 for disk in world.disks)
    out = engine_boot.sizes(
        tasks=n_tasks,
        cpus=cpus,
        heap=4 * (n_tasks + cpus) + tags + SPENT_TIMERS,
        waitqueues=PAGE_WAIT_TABLE + 64 + n_tasks * 2 + 8 * (len(world.disks) + len(world.crypts)),
        locks=64,
        streams=len(layout.streams) + len(world.disks) + 8,
        kinds=max(TRACEPOINTS),
        stacks=STACKS,
        stack_words=STACK_WORDS,
    )
    out["stack_frames"] = 64 * STACKS
    out["quantiles"] += QUANTILE_WORDS * len(world.disks)
    sites = len(layout.sites) + len(layout.pools) + 4
    phases = max(workloads.phases, 1)
    return out | workloads.sizes() | swap_sizes(world) | INSTRUMENT_SIZES | pageblock_sizes(world) | {
        "vm": 1,
        "zones": zones,
        "lruvecs": zones,
        "lrus": zones * 4,
        "pcps": zones * cpus,
        "alloc_requests": 2 * (n_tasks + 1),
        "scans": n_tasks + 1,
        "dtcs": n_tasks + 1,
        "scanned_pages": n_tasks + 1,
        "mempool_calls": 2 * (n_tasks + 1),
        "caches": len(slabs.CACHE_SIZES) + 1,
        "cpu_slabs": (len(slabs.CACHE_SIZES) + 1) * cpus,
        "pools": len(layout.pools),
        "magazines": len(layout.pools) * cpus,
        "alloc_spans": CALLS_KEPT * cpus + 1,
        "magazine_elems": len(layout.pools) * cpus * MAGAZINE_SLOTS,
        "pool_elems": 1 + sum(max(plan.min_nr, 1) for plan in layout.pools[1:]),
        "biosets": len(layout.biosets),
        "bios": pages * 8 // 5 + 1024,
        "crypt_ios": pages * 4 // 5 + 1024,
        "works": pages * 4 // 5 + 1024,
        "requests": tags + 1024,
        "kblockds": cpus + 1,
        "disks": len(world.disks) + 1,
        "servers": 1 + sum(disk.parallelism for disk in world.disks),
        "crypts": len(world.crypts) + 1,
        "mutexes": len(world.crypts) + 1,
        "wqs": 2 + 3 * len(world.crypts) + len(layout.biosets),
        "worker_pools": 2,
        "page_flags": pages + 1,
        "page_zone": pages + 1,
        "page_next": pages + 1,
        "page_prev": pages + 1,
        "page_index": pages + 1,
        "page_private": pages + 1,
        "isolated": 64 * (n_tasks + 1),
        "hist": HIST_BINS * sites,
        "hist_sum": sites,
        "hist_max": sites,
        "phase_hist": HIST_BINS * sites * phases,
        "phase_hist_sum": sites * phases,
        "phase_pools": PHASE_POOL_COUNTERS * len(layout.pools) * phases,
        "costs": len(COST_NAMES) + 1,
    }  # fmt: skip


def fill(arrays, world, layout: Layout, workloads: Workloads, seed: int):
    """Fill every record; pages go to the kernel, the reserves, the page cache and the tasks, in this order."""
    vm = arrays["vm"]
    machine = world.machine
    arrays["costs"][1:] = [world.costs[name] for name in COST_NAMES]
    vm["era"] = devices.ERA[world.kernel]
    vm["swappiness"], vm["page_cluster"] = machine.swappiness, machine.page_cluster
    vm["dirty_ratio"], vm["dirty_background_ratio"] = machine.dirty_ratio, machine.dirty_background_ratio
    vm["dirty_expire_ns"] = machine.dirty_expire_centisecs * 10_000_000
    vm["flusher_ns"] = machine.dirty_writeback_centisecs * 10_000_000
    vm["sample_ns"] = world.sample_ns
    vm["watermark_scale_factor"], vm["nr_cpus"] = machine.watermark_scale_factor, machine.cpus
    vm["sampler"], vm["until_done"] = int(machine.sampler), int(world.until == "done")
    vm["running_tasks"] = sum(getattr(task, "count", 1) for task in world.tasks if isinstance(task, AWAITED))
    vm["pageblock_order"], vm["watermark_boost_factor"] = machine.pageblock_order, machine.watermark_boost_factor
    vm["page_wait_first"] = layout.waitqueue(PAGE_WAIT_TABLE)
    for queue in ("pfmemalloc_wait", "congestion_wqh", "kswapd_wait", "oom_reaper_wait"):
        vm[queue] = layout.waitqueue()
    if vm["era"][0] >= NODE_LRU_ERA:
        vm["reclaim_wait"] = layout.waitqueue(VMSCAN_THROTTLE_CONGESTED)  # one a reason
    vm["readahead_hits"] = 4
    for records in ("pools", "tasks", "zones"):  # policies may keep something for each of them
        arrays[records]["index"] = np.arange(len(arrays[records]))
    setup_zones(arrays, world, layout)
    source = (BlockSource if has_pageblocks(world) else PageSource)(arrays, world)
    slabs.setup_caches(arrays, layout, world)
    setup_pools(arrays, layout)
    devices.setup_disks(arrays, world, layout)
    devices.setup_crypts(arrays, world, layout)
    devices.setup_workqueues(arrays, world, layout)
    devices.setup_kblockd(arrays, world, layout)
    arrays["swaps"]["lock"][1] = layout.lock()
    arrays["swaps"]["node_cache"][1] = layout.caches.index("radix_tree_node")
    if world.swap:
        setup_swap(arrays, world, layout, *devices.device(layout, world.swap.device))
    devices.setup_flushers(arrays, world, layout)
    stated_free = machine.start.free_pages is not None  # then the reserves are part of what the kernel holds
    if not stated_free:
        take_kernel_pages(vm, source, machine.start, machine.kernel_pages)
    slabs.fill_reserves(arrays, layout, source)
    if stated_free:
        rest = max(machine.kernel_pages - int(vm["nr_mempool"][0] + vm["nr_slab"][0]), 0)
        take_kernel_pages(vm, source, machine.start, rest)
    start_dirty_limit(arrays, world)
    workloads.fill(arrays, source, seed)
    source.free_the_rest()


def take_kernel_pages(vm, source, start, n: int):
    """What the kernel holds for good, each type of it in its own pageblocks."""
    by_type = {MIGRATE_RECLAIMABLE: start.kernel_reclaimable_pages, MIGRATE_MOVABLE: start.kernel_movable_pages}
    by_type[MIGRATE_UNMOVABLE] = max(n - sum(by_type.values()), 0)
    for migratetype, pages in by_type.items():
        vm["nr_fixed"] += len(source.take(pages, "the kernel itself", migratetype))


def start_dirty_limit(arrays, world):
    """dirty_limit at the start: as the scenario says, else dirty_ratio of what was free before memory filled."""
    vm = arrays["vm"]
    limit = world.machine.start.dirty_limit_pages
    if limit is None:
        taken = vm["nr_fixed"] + vm["nr_mempool"] + vm["nr_slab"]
        limit = (vm["nr_managed"] - taken - vm["totalreserve"]) * world.machine.dirty_ratio // 100
    vm["start_dirty_limit"] = limit


def setup_pools(arrays, layout: Layout):
    """Records of all mempools; their reserves are filled later."""
    pools = arrays["pools"]
    for p, plan in enumerate(layout.pools[1:], 1):
        pools["kind"][p], pools["cache"][p], pools["min_nr"][p] = plan.kind, plan.cache, plan.min_nr
        if plan.kind != POOL_PAGE:
            pools["kind"][p] = POOL_SLAB
        pools["lock"][p], pools["wait"][p] = layout.lock(), layout.waitqueue()
        pools["site"][p] = layout.site(f"mempool_alloc {plan.name}")
        pools["element_bytes"][p], pools["elem_pages"][p] = plan.element_bytes, 1


def plan_tasks(build, arrays, layout: Layout):
    """Write the task records; the kernel's own start comes at 0 ns, every task at 1 ns."""
    tasks = arrays["tasks"]
    k = PyState(build.schema, arrays)
    push_event(k, 0, EV_BOOT, 0)
    for t, plan in enumerate(layout.tasks[1:], 1):
        row = tasks[t]
        row["pid"], row["role"], row["pf_flags"] = t + (1000 if plan.role == ROLE_USER else 1), plan.role, plan.pf_flags
        row["kind"] = 2 if plan.role == ROLE_USER else 1
        row["cpu_allowed"], row["mm"], row["work"] = plan.cpu, plan.mm, plan.work
        for name, value in plan.fields.items():
            row[name] = value
        if not plan.dormant:
            plan_task(k, t, build.fid(plan.function), plan.argument, 1)
