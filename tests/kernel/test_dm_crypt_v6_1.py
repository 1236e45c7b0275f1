"""dm-crypt of v6.1: its stacks, its cap on ciphertext pages, its writer above mq-deadline (MODEL 1.5, 1.6, 20)."""

import pytest
from io_world import MS, SECOND, US, IoWorld

from gfplab.kernel.tracepoints import block_rq_issue
from gfplab.kernel.types import BIO_READ, DEV_CRYPT

WORKER = ["kcryptd_crypt", "process_one_work", "worker_thread"]


def asleep_in(world, function):
    """The stacks, era left out, of the tasks that sleep with this function on top."""
    stacks = []
    for t in range(1, world.next["tasks"]):
        if world.get("tasks", t, "state") in (2, 10):
            stacks.append([name.removesuffix("__v6_1") for name in world.stack(t)])
    return [stack for stack in stacks if stack[:1] == [function]]


def test_a_worker_without_a_clone_sleeps_under_crypt_alloc_buffer():
    """gcc inlines it no more: MODEL 20."""
    world = IoWorld(era=61)
    crypt = world.crypt(world.disk(write_ns=SECOND), bios=2, fails=True, rescuer=False)
    world.job(kind=DEV_CRYPT, dev=crypt, count=3, stride=9)
    world.run(500 * MS)
    frames = ["mempool_alloc", "bio_alloc_bioset", "crypt_alloc_buffer", "kcryptd_crypt_write_convert"]
    assert asleep_in(world, "mempool_alloc") == [[*frames, *WORKER]]


def test_round_two_holds_the_mutex_as_ever():
    """One worker waits for pages, the other for the mutex, and all are served."""
    world = IoWorld(workers=4, era=61)
    crypt = world.crypt(world.disk(parallelism=1, write_ns=50 * MS), pages=8, max_active=4, fails=True, rescuer=False)
    world.job(kind=DEV_CRYPT, dev=crypt, nr_pages=3)
    world.job(kind=DEV_CRYPT, dev=crypt, nr_pages=8, sector=100, count=2, stride=100, start_ns=5 * MS)
    world.run(20 * MS)
    frames = ["crypt_alloc_buffer", "kcryptd_crypt_write_convert"]
    assert asleep_in(world, "mempool_alloc") == [["mempool_alloc", *frames, *WORKER]]
    assert asleep_in(world, "__mutex_lock") == [["__mutex_lock", *frames, *WORKER]]
    world.run(20 * SECOND)
    assert len(world.ended("sector")) == 3
    world.assert_quiet()


@pytest.mark.parametrize(("limit", "most"), [(0, 300), (100, 100), (40, 40), (16, 16)])
def test_ciphertext_pages_never_exceed_the_cap_and_above_it_the_reserve_circulates(limit, most):
    """Law 7. The reserve of 16 pages counts from the start; a cap of no more than the reserve leaves just that."""
    world = IoWorld(era=61, workers=4, cpus=2)
    crypt = world.crypt(world.disk(write_ns=100 * MS, tags=512, parallelism=512), pages=16, rescuer=False)
    world.set("pools", world.get("crypts", crypt, "page_pool"), page_limit=limit)
    world.job(kind=DEV_CRYPT, dev=crypt, count=300, stride=2)
    seen = 0
    for until in range(MS, 90 * MS, MS):
        world.run(until)
        seen = max(seen, world.get("vm", 0, "crypt_pages"))
    assert seen == most
    world.run(20 * SECOND)
    assert len(world.ended("sector")) == 300
    world.assert_quiet()


def test_a_write_of_more_than_the_device_takes_goes_in_pieces():
    """256 pages (1 MiB) to a piece: each has a page of the reserve, which holds just that many."""
    world = IoWorld(era=61)
    crypt = world.crypt(world.disk(), split_pages=256, pages=256, fails=True, rescuer=False)
    world.job(kind=DEV_CRYPT, dev=crypt, nr_pages=600)
    world.run(5 * SECOND)
    assert world.ended("nr_pages") == [600]
    assert sum(n for _, n in world.issued()) == 600
    assert world.get("pools", world.get("crypts", crypt, "page_pool"), "lowest") == 0
    world.assert_quiet()


def test_the_writer_issues_while_there_are_tags_and_afterwards_requests_grow_in_the_elevator():
    """Pages come encrypted faster than the disk takes them, from four sequential streams in turn."""
    world = IoWorld(cpus=1, era=61)
    crypt = world.crypt(world.scheduled_disk(), max_active=1, encrypt_ns=20 * US, rescuer=False)
    for j in range(4):
        world.job(kind=DEV_CRYPT, dev=crypt, count=400, sector=j * 1000, pause_ns=200 * US)
    world.run(20 * SECOND)
    issued = world.traced(block_rq_issue, "task", "d")
    by_writer = [pages for task, pages in issued if task == world.get("crypts", crypt, "write_task")]
    by_kblockd = [pages for task, pages in issued if task == world.get("kblockds", 1, "task")]
    assert len(by_writer) + len(by_kblockd) == len(issued)
    assert sum(by_writer) / len(by_writer) < 2 and sum(by_kblockd) / len(by_kblockd) > 4
    assert {task for task, _ in issued[:60]} == {world.get("crypts", crypt, "write_task")}
    world.assert_quiet()


def test_reads_of_a_plug_reach_the_disk_as_one_request_from_the_reader_itself():
    """Read-ahead: each page is a bio of its own down to the plug, and the reader's context issues."""
    world = IoWorld(era=61)
    crypt = world.crypt(world.scheduled_disk(), rescuer=False)
    reader = world.job(kind=DEV_CRYPT, dev=crypt, count=8, rw=BIO_READ, plug=1)
    world.run(SECOND)
    assert world.traced(block_rq_issue, "task", "c", "d") == [(reader, 0, 8)]
    assert world.ended("sector") == list(range(8))
    world.assert_quiet()


@pytest.mark.parametrize("seed", range(3))
def test_everything_completes_with_tight_pools_over_a_scheduler(seed):
    """Law 18: reads and writes of several tasks, four tags, reserves of a few, two CPUs."""
    world = IoWorld(era=61, seed=seed)
    crypt = world.crypt(
        world.scheduled_disk(tags=4), bios=4, dm_ios=4, pages=12, fails=True, rescuer=False, swap_bios=20
    )
    world.job(kind=DEV_CRYPT, dev=crypt, count=150, stride=3, plug=1)
    world.job(kind=DEV_CRYPT, dev=crypt, count=60, nr_pages=5, stride=5, sector=3000)
    world.job(kind=DEV_CRYPT, dev=crypt, count=60, rw=BIO_READ, sector=8000)
    world.run(20 * SECOND)
    assert len(world.ended("sector")) == 270
    world.assert_quiet()
