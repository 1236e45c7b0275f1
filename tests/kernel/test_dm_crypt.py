"""dm-crypt: who waits where, in which order things go down, and why bio_alloc_lock exists."""

import random

import pytest
from io_world import MS, SECOND, US, IoWorld

from gfplab.kernel.tracepoints import workqueue_execute_start
from gfplab.kernel.types import BIO_READ, DEV_CRYPT, WORK_KCRYPTD_CRYPT

WORKER = ["kcryptd_crypt", "process_one_work", "worker_thread"]


def runs(numbers):
    """How many ascending runs a list falls into."""
    return 1 + sum(b < a for a, b in zip(numbers, numbers[1:], strict=False))


def sleepers(world, function):
    """The tasks that sleep with this function on top of their stack."""
    tasks = range(1, world.next["tasks"])
    return [t for t in tasks if world.get("tasks", t, "state") in (2, 10) and world.stack(t)[:1] == [function]]


def half_a_pool_each(no_mutex, seed):
    """Reserve of 8 pages: two bios of 4 are in flight, two of 8 come and must wait for what those give back."""
    world = IoWorld(cpus=2, workers=4, seed=seed)
    disk = world.disk(parallelism=1, write_ns=10 * MS)
    crypt = world.crypt(disk, pages=8, max_active=4, fails=True, no_mutex=no_mutex)
    world.job(kind=DEV_CRYPT, dev=crypt, count=2, nr_pages=4, stride=100)
    world.job(kind=DEV_CRYPT, dev=crypt, count=2, nr_pages=8, stride=100, sector=1000, start_ns=2 * MS)
    world.run(30 * SECOND)
    return world


def test_writes_go_down_in_the_order_of_their_sectors():
    """The writer takes the whole tree at once: however they were submitted, each take is one ascending run."""
    world = IoWorld(cpus=2)
    disk = world.disk(tags=1, write_ns=2 * MS)
    crypt = world.crypt(disk)
    world.job(kind=DEV_CRYPT, dev=crypt, sector=5000, stride=-7, count=100)
    world.run(SECOND)
    sectors = [sector for sector, _ in world.issued()]
    assert sorted(sectors) == [5000 - 7 * i for i in reversed(range(100))]
    assert runs(sectors) <= 6
    world.assert_quiet()


def test_the_tree_gives_back_what_it_got_in_order():
    """Random insertions and partial removals against a sorted list."""
    world = IoWorld()
    sim = world.build.start(world.a)
    rng = random.Random(7)
    root, model = 0, []
    for io in range(1, 400):
        world.set("crypt_ios", io, sector=io * 7919 % 100_003)
        model.append(io * 7919 % 100_003)
        root = sim.call("write_tree_merge", root, io)
        while model and rng.random() < 0.4:
            model.sort()
            assert world.get("crypt_ios", root, "sector") == model.pop(0)
            root = sim.call("write_tree_erase_first", root)
    for sector in sorted(model):
        assert world.get("crypt_ios", root, "sector") == sector
        root = sim.call("write_tree_erase_first", root)
    assert root == 0


def test_ciphertext_merges_below_dm_crypt_though_nothing_merges_above_it():
    """64 bios of one page are 64 encryptions, and far fewer requests, because the writer submits under a plug."""
    world = IoWorld()
    crypt = world.crypt(world.disk())
    world.job(kind=DEV_CRYPT, dev=crypt, count=64, plug=1)
    world.run(SECOND)
    assert world.traced(workqueue_execute_start, "b") == [WORK_KCRYPTD_CRYPT] * 64
    assert len(world.issued()) < 16
    world.assert_quiet()


def test_a_read_is_decrypted_by_kcryptd_after_the_device_brought_it():
    """One work item per read, after its interrupt; the bio ends when its pages are decrypted."""
    world = IoWorld()
    disk = world.disk(read_ns=3 * MS, bandwidth=10**12)
    crypt = world.crypt(disk, encrypt_ns=100 * US)
    world.job(kind=DEV_CRYPT, dev=crypt, count=1, nr_pages=8, rw=BIO_READ, sector=77)
    world.run(SECOND)
    assert world.issued() == [(77, 8)]
    (started,) = world.traced(workqueue_execute_start, "time")
    assert started > 3 * MS
    assert world.ended("time")[0] >= 3 * MS + 7 * 100 * US
    assert world.get("pools", world.get("crypts", crypt, "page_pool"), "lowest") == 256
    world.assert_quiet()


def test_kcryptd_encrypts_max_active_bios_at_once_and_takes_the_others_in_order():
    """The third bio waits, inactive, until one of two is encrypted; with one at a time all go down as they came."""
    world = IoWorld(cpus=4)
    crypt = world.crypt(world.disk(), max_active=2, encrypt_ns=5 * MS)
    wq = world.get("crypts", crypt, "wq")
    world.job(kind=DEV_CRYPT, dev=crypt, count=6)
    world.run(4 * MS)
    assert [world.get("wqs", wq, f) for f in ("nr_active", "nr_inactive")] == [2, 4]
    world.run(9 * MS)
    assert [world.get("wqs", wq, f) for f in ("nr_active", "nr_inactive")] == [2, 2]

    world = IoWorld(cpus=4)
    crypt = world.crypt(world.disk(), max_active=1, no_offload=1)
    world.job(kind=DEV_CRYPT, dev=crypt, count=50, sector=900, stride=-2)
    world.run(SECOND)
    assert [sector for sector, _ in world.issued()] == [900 - 2 * i for i in range(50)]


def test_the_encryption_of_a_page_costs_encrypt_ns_of_a_cpu():
    """Two workers on two CPUs, 200 pages of 1 ms each: 100 ms and not less."""
    world = IoWorld(cpus=2)
    crypt = world.crypt(world.disk(), encrypt_ns=MS)
    world.job(kind=DEV_CRYPT, dev=crypt, count=200)
    world.run(SECOND)
    assert 100 * MS <= world.ended("time")[-1] < 112 * MS


def test_two_writers_that_each_hold_half_the_pool_wait_for_ever_without_the_mutex():
    """MODEL 1.6: the reason for bio_alloc_lock. Both sleep in mempool_alloc() with nothing in flight."""
    stuck = [half_a_pool_each(no_mutex=1, seed=seed) for seed in range(4)]
    stuck = [world for world in stuck if len(world.ended("sector")) == 2]
    assert stuck
    for world in stuck:
        assert world.get("disks", 1, "inflight") == 0
        assert len(sleepers(world, "mempool_alloc")) == 2
        assert world.get("vm", 0, "crypt_pages") == 8


@pytest.mark.parametrize("seed", range(4))
def test_with_the_mutex_the_holder_always_finishes(seed):
    """One waits for pages, the others for the mutex, and a bio never needs more pages than the reserve holds."""
    world = half_a_pool_each(no_mutex=0, seed=seed)
    assert len(world.ended("sector")) == 4
    world.assert_quiet()


def test_round_one_gives_back_what_it_got_before_it_waits():
    """A bio of 8 pages against 5 free ones: while it waits for the mutex's holder it holds no page."""
    world = IoWorld(workers=4)
    disk = world.disk(parallelism=1, write_ns=50 * MS)
    crypt = world.crypt(disk, pages=8, max_active=4, fails=True)
    world.job(kind=DEV_CRYPT, dev=crypt, nr_pages=3)
    world.job(kind=DEV_CRYPT, dev=crypt, nr_pages=8, sector=100, count=2, stride=100, start_ns=5 * MS)
    world.run(20 * MS)
    assert world.get("vm", 0, "crypt_pages") == 8
    (holder,) = sleepers(world, "mempool_alloc")
    (waiter,) = sleepers(world, "mutex_lock")
    assert world.stack(holder) == ["mempool_alloc", *WORKER]
    assert world.stack(waiter) == ["mutex_lock", *WORKER]
    assert world.get("mutexes", 1, "owner") == holder
    world.run(20 * SECOND)
    world.assert_quiet()


def test_a_worker_waits_for_its_clone_bio_even_in_round_one():
    """Two clones in reserve, both in flight: kcryptd sleeps in bio_alloc_bioset(), as in the report of July 2016."""
    world = IoWorld()
    crypt = world.crypt(world.disk(write_ns=SECOND), bios=2, fails=True)
    world.job(kind=DEV_CRYPT, dev=crypt, count=3, stride=9)
    world.run(500 * MS)
    (worker,) = sleepers(world, "mempool_alloc")
    assert world.stack(worker) == ["mempool_alloc", "bio_alloc_bioset", *WORKER]


def test_the_submitter_of_a_write_waits_for_dm_objects_only():
    """Sixteen dm_ios are the reserve of a device whose worker is asleep: the seventeenth submitter sleeps in dm."""
    world = IoWorld()
    crypt = world.crypt(world.disk(write_ns=SECOND), bios=2, dm_ios=16, fails=True)
    task = world.job(kind=DEV_CRYPT, dev=crypt, count=20, stride=9)
    world.run(500 * MS)
    assert world.get("jobs", 1, "submitted") == 16
    frames = ["__split_and_process_bio", "dm_make_request", "generic_make_request", "submit_bio", "submit_job"]
    assert world.stack(task) == ["mempool_alloc", *frames]


def test_a_limit_on_swap_bios_makes_their_submitter_wait_and_nobody_else():
    """v5.12: at most swap_bios writes in flight on the device, the others' submitters asleep in dm."""
    world = IoWorld(era=61)
    crypt = world.crypt(world.disk(write_ns=5 * MS), swap_bios=4)
    task = world.job(kind=DEV_CRYPT, dev=crypt, count=30, stride=9)
    world.job(kind=DEV_CRYPT, dev=crypt, count=1, rw=BIO_READ, sector=5000)
    world.run(3 * MS)
    assert world.stack(task)[:4] == ["___down_common", "__down_common", "down", "__map_bio"]
    assert world.get("crypts", crypt, "nr_pending") <= 5
    assert world.get("crypts", crypt, "swap_bios_out") == 4
    world.run(SECOND)
    assert len(world.ended("sector")) == 31
    assert world.get("crypts", crypt, "swap_bios_out") == 0
    world.assert_quiet()


def test_dm_crypt_is_congested_exactly_when_the_disk_below_is():
    """It has no state of its own, however deep the stack."""
    world = IoWorld()
    disk = world.disk(congestion=1, tags=1, parallelism=1, write_ns=MS)
    upper = world.crypt(world.crypt(disk, linear=1), kind=DEV_CRYPT)
    world.run(0)
    assert world.sim.call("bdi_congested", DEV_CRYPT, upper) == 0
    world.set("disks", disk, congested=1)
    assert world.sim.call("bdi_congested", DEV_CRYPT, upper) == 1


def test_dm_crypt_over_a_disk_is_never_faster_than_the_disk():
    """Two devices on one disk of 50 MB/s: 600 pages take at least 49 ms."""
    world = IoWorld(cpus=4)
    disk = world.disk(bandwidth=50_000_000)
    one, two = world.crypt(disk), world.crypt(disk, start=100_000)
    world.job(kind=DEV_CRYPT, dev=one, count=300)
    world.job(kind=DEV_CRYPT, dev=two, count=300)
    world.run(SECOND)
    assert len(world.ended("sector")) == 600
    assert world.ended("time")[-1] >= 600 * 81_920
    world.assert_quiet()


def test_the_interpreted_steps_and_the_generators_see_the_same_events():
    """One source, two modes, one log hash."""

    def log_hash(mode):
        world = IoWorld(mode=mode, cpus=3)
        disk = world.disk(table=1, tags=16, parallelism=4)
        crypt = world.crypt(disk, bios=4, dm_ios=6, pages=12, fails=True)
        world.job(kind=DEV_CRYPT, dev=crypt, count=150, stride=3, plug=1)
        world.job(kind=DEV_CRYPT, dev=crypt, count=60, nr_pages=5, stride=5, sector=3000)
        world.job(kind=DEV_CRYPT, dev=crypt, count=60, rw=BIO_READ, sector=8000)
        world.run(20 * SECOND)
        world.assert_quiet()
        return world.get("e", 0, "log_hash"), world.ended("time", "sector")

    assert log_hash("generators") == log_hash("steps")
