"""Disks, dm-crypt devices with their pools and workqueues, and file systems at boot."""

import numpy as np

from gfplab.boot.layout import (
    ROLE_DMCRYPT,
    ROLE_FLUSHER,
    ROLE_KWORKER,
    ROLE_RESCUER,
    Layout,
    PoolPlan,
    TaskPlan,
)
from gfplab.boot.slabs import cache_sizes
from gfplab.engine.rng import ONE, QUANTILE_WORDS, lognormal_table
from gfplab.kernel.gfp import PF_KTHREAD, PF_SWAPWRITE, PF_WQ_WORKER
from gfplab.kernel.types import BIO_READ, DEV_CRYPT, DEV_DISK, PAGE_SIZE, POOL_KMALLOC, POOL_PAGE, POOL_SLAB

ERA = {"v4.7": 47, "v6.1": 61, "v7.2": 72}
ERA_V6_1 = 61
DM_MAJOR = 252
NICE_MINUS_20_WEIGHT = 88761
TASK_COMM_LEN = 15
BLKDEV_DEFAULT_RQ = 128
WQ_DFL_ACTIVE = 256
ENGINE_TABLES = 2


def disk_table(disk) -> np.ndarray | None:
    """Quantile table of a disk's service times (mean 1), or None for a fixed time."""
    if disk.distribution == "fixed" or disk.spread == 0 or disk.fifo:
        return None
    if disk.distribution == "lognormal":
        return lognormal_table(disk.spread)
    points = np.linspace(1 - disk.spread, 1 + disk.spread, QUANTILE_WORDS)
    return np.round(points * ONE).astype(np.int64)


def plan_pools(world, layout: Layout):
    """Every mempool of the machine and the bio sets on top of them. Bioset 1 is fs_bio_set."""
    caches = {name: c for c, name in enumerate(layout.caches) if name}
    size = cache_sizes(world.kernel)

    def pool(name, cache, min_nr, kind=POOL_SLAB):
        return layout.add("pools", PoolPlan(name, kind, caches[cache], min_nr, size[cache]))

    layout.add("biosets", ("fs_bio_set", pool("fs_bio_set", "bio-0", 2)))
    for crypt in world.crypts:
        name = crypt.name
        # cc->bs has no front padding, so it shares the slab of fs_bio_set
        layout.add("biosets", (f"{name}.bs", pool(f"{name}.bs", "bio-0", crypt.bios)))
        layout.add("pools", PoolPlan(f"{name}.page_pool", POOL_PAGE, 0, crypt.page_pool, PAGE_SIZE))
        if ERA[world.kernel] < ERA_V6_1:
            pool(f"{name}.io_pool", "dm_io", crypt.dm_ios)
            layout.add("biosets", (f"{name}.tio", pool(f"{name}.tio", "bio-1", crypt.dm_ios)))
        else:  # dm_io, dm_target_io and the clone are one object
            layout.add("biosets", (f"{name}.io_bs", pool(f"{name}.io_bs", "bio-1", crypt.dm_ios)))
        pool(f"{name}.req_pool", "kmalloc-512", crypt.requests, POOL_KMALLOC)


def setup_disks(arrays, world, layout: Layout):
    """Fill k.disks and k.servers. A stream of its own per disk keeps policies comparable."""
    disks = arrays["disks"]
    server = 1
    tables = ENGINE_TABLES
    for disk in world.disks:
        d = layout.add("disks", disk.name)
        row = disks[d]
        row["read_ns"], row["write_ns"] = disk.read_ns, disk.write_ns
        row["bandwidth"], row["per_request_ns"] = disk.bandwidth_bps, disk.per_request_ns
        row["parallelism"], row["first_server"] = disk.parallelism, server
        server += disk.parallelism
        row["tags"], row["max_pages"] = disk.tags, disk.max_request_bytes // PAGE_SIZE
        row["fifo"], row["jitter_permille"] = int(disk.fifo), disk.jitter_permille
        row["congestion"], row["nr_requests"] = int(disk.congestion and ERA[world.kernel] < ERA_V6_1), disk.nr_requests
        row["tag_wait"], row["read_wait"] = layout.waitqueue(), layout.waitqueue()
        setup_scheduler(row, disk, world, layout)
        row["flusher_wait"] = layout.waitqueue()
        row["stream"] = layout.stream(f"disk {disk.name}")
        table = disk_table(disk)
        if table is not None:
            tables += 1
            row["sigma_table"] = tables
            start = (tables - 1) * QUANTILE_WORDS
            arrays["quantiles"][start : start + QUANTILE_WORDS] = table


def setup_scheduler(row, disk, world, layout: Layout):
    """A disk's scheduler (v6.1): twice as many requests as the driver has tags, 256 at most, all of them for writes."""
    if ERA[world.kernel] < ERA_V6_1 or disk.scheduler == "none":
        return
    row["mq_deadline"], row["last_dir"] = 1, BIO_READ
    row["nr_requests"] = row["async_depth"] = 2 * min(disk.tags, BLKDEV_DEFAULT_RQ)
    row["sched_wait"], row["sched_wake_batch"] = layout.waitqueue(), 1


def setup_kblockd(arrays, world, layout: Layout):
    """A high-priority worker on each CPU, which runs the queues of disks with a scheduler."""
    for cpu in range(kblockd_workers(world)):
        worker = arrays["kblockds"][cpu + 1]
        worker["wait"] = layout.waitqueue()
        plan = TaskPlan(f"kworker/{cpu}:1H", "kblockd_worker", cpu, ROLE_KWORKER, PF_KTHREAD | PF_WQ_WORKER, cpu)
        plan.fields["weight"] = NICE_MINUS_20_WEIGHT
        worker["task"] = layout.add("tasks", plan)


def kblockd_workers(world) -> int:
    """How many workers kblockd needs: none as long as nobody queues work for them."""
    scheduled = any(disk.scheduler != "none" for disk in world.disks)
    return world.machine.cpus if scheduled and ERA[world.kernel] >= ERA_V6_1 else 0


def device(layout: Layout, name: str) -> tuple[int, int]:
    """(DEV_*, index) of a disk or dm-crypt device by name."""
    if name in layout.disks:
        return DEV_DISK, layout.disks.index(name)
    return DEV_CRYPT, layout.crypts.index(name)


def setup_crypts(arrays, world, layout: Layout):
    """Fill k.crypts and plan their writer threads; workqueues come later, in setup_workqueues()."""
    pools = {plan.name: p for p, plan in enumerate(layout.pools) if plan}
    sets = {name: b for b, (name, _) in enumerate(layout.biosets[1:], 1)}
    for crypt in world.crypts:
        c = layout.add("crypts", crypt.name)
        row = arrays["crypts"][c]
        row["lower_kind"], row["lower"] = device(layout, crypt.device)
        row["bioset"], row["page_pool"] = sets[f"{crypt.name}.bs"], pools[f"{crypt.name}.page_pool"]
        if ERA[world.kernel] < ERA_V6_1:
            row["tio_bioset"], row["io_pool"] = sets[f"{crypt.name}.tio"], pools[f"{crypt.name}.io_pool"]
        else:
            row["tio_bioset"] = sets[f"{crypt.name}.io_bs"]
        arrays["pools"]["page_limit"][pools[f"{crypt.name}.page_pool"]] = crypt.page_limit_pages
        row["req_pool"] = pools[f"{crypt.name}.req_pool"]
        row["encrypt_ns"] = crypt.encrypt_ns
        row["split_pages"] = (crypt.split_bytes or 0) // PAGE_SIZE
        row["swap_bios"], row["swap_wait"] = crypt.swap_bios, layout.waitqueue()
        row["mutex"], row["no_mutex"] = c, not crypt.bio_alloc_lock
        arrays["mutexes"]["wait"][c] = layout.waitqueue()
        row["write_wait"] = layout.waitqueue()
        name = "dmcrypt_write" if ERA[world.kernel] < ERA_V6_1 else f"dmcrypt_write/{DM_MAJOR}:{c - 1}"[:TASK_COMM_LEN]
        row["write_task"] = layout.add("tasks", TaskPlan(name, "dmcrypt_write", c, ROLE_DMCRYPT, PF_KTHREAD))
    for b, (_, pool) in enumerate(layout.biosets[1:], 1):
        arrays["biosets"]["pool"][b] = pool


def dormant_workers(world) -> int:
    """Workers that may have to be created: as many as works can run at once."""
    return max(32, sum(crypt.max_active + 3 for crypt in world.crypts) + 4)


def setup_workqueues(arrays, world, layout: Layout):
    """One unbound worker pool, kcryptd and kcryptd_io of each dm-crypt device, a rescue queue for each bio set."""
    wqs, crypts = arrays["wqs"], arrays["crypts"]

    def workqueue(name, max_active):
        w = layout.add("wqs", name)
        wqs["max_active"][w], wqs["pool"][w] = max_active, 1
        wqs["rescuer_wait"][w] = layout.waitqueue()
        wqs["rescuer"][w] = layout.add(
            "tasks",
            TaskPlan(
                name[:TASK_COMM_LEN],
                "rescuer_thread",
                w,
                ROLE_RESCUER,
                PF_KTHREAD | PF_WQ_WORKER,
                fields={"rescue_of": w},
            ),
        )
        return w

    old = ERA[world.kernel] < ERA_V6_1
    for c, crypt in enumerate(world.crypts, 1):
        of = "" if old else f"/{DM_MAJOR}:{c - 1}"
        crypts["wq_io"][c] = workqueue(f"kcryptd_io{of}", 1)
        crypts["wq"][c] = workqueue(f"kcryptd{of}", crypt.max_active)
    if old:  # since v4.15 a bio set has a rescuer only if it asks for one, and none here does
        for b in range(1, len(layout.biosets)):
            arrays["biosets"]["rescue_wq"][b] = workqueue("bioset", WQ_DFL_ACTIVE)
    pool = arrays["worker_pools"][1]
    busy = world.machine.cpus + 1
    for i in range(busy + dormant_workers(world)):
        plan = TaskPlan(
            f"kworker/u{2 * world.machine.cpus}:{i}", "worker_thread", 1, ROLE_KWORKER, PF_KTHREAD | PF_WQ_WORKER
        )
        plan.dormant = i >= busy
        plan.fields = {"worker_wait": layout.waitqueue(), "pool_id": 1}
        t = layout.add("tasks", plan)
        if i == 0:
            pool["first_task"] = t
        if i == busy:
            pool["next_create"] = t
        pool["last_task"] = t
    pool["nr_workers"] = busy


def setup_flushers(arrays, world, layout: Layout):
    """A flusher thread for each disk that holds a file system."""
    for fs in world.filesystems:
        kind, d = device(layout, fs.device)
        if kind == DEV_DISK and arrays["disks"]["flusher"][d] == 0:
            plan = TaskPlan(f"kworker/u{2 * world.machine.cpus}:fl-{d}", "wb_workfn", d, ROLE_FLUSHER)
            plan.pf_flags = PF_KTHREAD | PF_WQ_WORKER | PF_SWAPWRITE
            arrays["disks"]["flusher"][d] = layout.add("tasks", plan)
