"""Workqueues: idle workers are woken, missing ones are made, and a rescuer helps while making one takes too long."""

from io_world import MS, SECOND, US, IoWorld

from gfplab.kernel.tracepoints import workqueue_execute_start
from gfplab.kernel.types import BIO_READ, DEV_CRYPT

MAYDAY = 10 * MS


def write_storm(workers, rescuer=True, count=12, start_ns=0, **bench):
    """Writes, four encryptions at once, each of which sleeps for its clone bio (the set has two)."""
    world = IoWorld(cpus=4, workers=workers)
    world.set("bench", 0, **bench)
    disk = world.disk(write_ns=MS)
    crypt = world.crypt(disk, bios=2, max_active=4, fails=True)
    if not rescuer:
        world.set("wqs", world.get("crypts", crypt, "wq"), rescuer=0)
    world.job(kind=DEV_CRYPT, dev=crypt, count=count, stride=9, start_ns=start_ns)
    return world, world.get("crypts", crypt, "wq")


def who_worked(world):
    """The tasks that began works, in order."""
    return world.traced(workqueue_execute_start, "task")


def test_a_work_is_run_by_the_worker_that_went_idle_last():
    """Its caches are warm; the others stay asleep."""
    world = IoWorld(cpus=4, workers=4)
    crypt = world.crypt(world.disk())
    world.run(MS)
    last_idle = world.get("worker_pools", 1, "idle_head")
    world.job(kind=DEV_CRYPT, dev=crypt, count=5, pause_ns=2 * MS)
    world.run(SECOND)
    assert set(who_worked(world)) == {last_idle}


def test_a_worker_that_takes_a_work_wakes_the_next_if_more_are_pending():
    """Four works queued in one go wake one worker: it finishes two and sleeps in the third, the next has the fourth."""
    world, wq = write_storm(workers=5, count=4, start_ns=MS)
    world.run(MS + 900 * US)
    assert world.get("wqs", wq, "nr_active") == 2  # two have their bio, two wait for one
    first, *_, last = who_worked(world)
    assert who_worked(world) == [first, first, first, last]
    assert first != last
    world.run(SECOND)
    assert len(world.ended("sector")) == 4
    world.assert_quiet()


def test_a_new_worker_costs_four_pages_and_is_made_when_nobody_is_idle():
    """The last idle worker becomes the manager before it works."""
    world, _ = write_storm(workers=2)
    before = world.get("bench", 0, "nr_free")
    world.run(900 * US)
    made = world.get("worker_pools", 1, "nr_workers") - 2
    assert made >= 1
    assert world.get("vm", 0, "nr_kernel_stack") == 4 * made
    world.run(SECOND)
    made = world.get("worker_pools", 1, "nr_workers") - 2
    assert world.get("bench", 0, "nr_free") == before - 4 * made
    assert len(world.ended("sector")) == 12


def test_while_the_manager_is_stuck_nothing_runs_before_mayday_and_the_rescuer_runs_after_it():
    """Making a worker takes 4 x 200 ms here: after 10 ms the workqueue's rescuer does its works one by one."""
    world, wq = write_storm(workers=1, alloc_stall_ns=200 * MS)
    rescuer = world.get("wqs", wq, "rescuer")
    world.run(MAYDAY - MS)
    assert who_worked(world) == []
    world.run(MAYDAY + 30 * MS)
    assert who_worked(world) == [rescuer] * 12
    assert len(world.ended("sector")) == 12
    manager = world.get("worker_pools", 1, "manager")
    assert world.stack(manager) == ["alloc_pages_current", "create_worker", "manage_workers", "worker_thread"]
    world.run(5 * SECOND)
    assert world.get("worker_pools", 1, "manager") == 0
    world.assert_quiet()


def test_without_a_rescuer_works_wait_until_a_worker_could_be_made():
    """The same storm on a workqueue that is not WQ_MEM_RECLAIM: 0.8 s of nothing."""
    world, _ = write_storm(workers=1, rescuer=False, alloc_stall_ns=200 * MS)
    world.run(790 * MS)
    assert who_worked(world) == []
    world.run(5 * SECOND)
    assert len(world.ended("sector")) == 12


def test_a_rescuer_runs_the_works_of_its_own_workqueue_only():
    """Two devices, one stuck pool: each rescuer has done its own device's works."""
    world = IoWorld(cpus=4, workers=1)
    world.set("bench", 0, alloc_stall_ns=300 * MS)
    disk = world.disk()
    one, two = world.crypt(disk), world.crypt(disk, start=5000)
    world.job(kind=DEV_CRYPT, dev=one, count=4)
    world.job(kind=DEV_CRYPT, dev=two, count=4)
    world.run(100 * MS)
    rescuers = {world.get("wqs", world.get("crypts", c, "wq"), "rescuer") for c in (one, two)}
    assert sorted(who_worked(world).count(r) for r in rescuers) == [4, 4]


def test_a_failed_creation_is_tried_again_after_a_second_and_mayday_stays_raised():
    """No memory for a worker: the manager cools down, and works that come later are rescued within 100 ms."""
    world, wq = write_storm(workers=1, alloc_fails=1)
    world.run(500 * MS)
    assert len(world.ended("sector")) == 12
    crypt_job = world.get("jobs", 1, "dev")
    assert world.get("worker_pools", 1, "nr_workers") == 1
    world.job(kind=DEV_CRYPT, dev=crypt_job, count=1, sector=999, start_ns=100 * MS)
    world.run(710 * MS)
    assert world.ended("sector")[-1] == 999
    assert set(who_worked(world)) == {world.get("wqs", wq, "rescuer")}
    world.set("bench", 0, alloc_fails=0)
    world.job(kind=DEV_CRYPT, dev=crypt_job, count=1, sector=1999, start_ns=SECOND)
    world.run(5 * SECOND)
    assert world.ended("sector")[-1] == 1999
    assert world.get("worker_pools", 1, "manager") == 0


def test_reads_that_found_no_bio_queue_on_kcryptd_io_one_at_a_time():
    """max_active 1: a second read waits until the first has its bio."""
    world = IoWorld()
    crypt = world.crypt(world.disk(read_ns=10 * MS), bios=1, fails=True)
    world.job(kind=DEV_CRYPT, dev=crypt, rw=BIO_READ, count=5, stride=9)
    world.run(5 * MS)
    wq = world.get("crypts", crypt, "wq_io")
    assert [world.get("wqs", wq, f) for f in ("nr_active", "nr_inactive")] == [1, 3]
    world.run(20 * SECOND)
    assert world.ended("sector") == [0, 9, 18, 27, 36]
    world.assert_quiet()
