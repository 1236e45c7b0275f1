"""Device mapper of v6.1: one allocation for a piece of a bio, depth first, and a gate for swap bios (MODEL 1.7, 10)."""

import pytest
from io_world import FS_BIO_SET, MS, SECOND, IoWorld

from gfplab.kernel.types import BIO_READ, DEV_CRYPT

GATE = ["___down_common", "__down_common", "down", "__map_bio", "dm_split_and_process_bio", "dm_submit_bio"]


def test_a_bio_costs_one_element_of_the_devices_set_and_none_of_the_pool_of_v4_7():
    """dm_io, target io and clone are one object; io_pool is not even looked at."""
    world = IoWorld(era=61)
    crypt = world.crypt(world.disk(write_ns=10 * MS), rescuer=False)
    world.job(kind=DEV_CRYPT, dev=crypt, count=5, stride=9)
    world.run(5 * MS)
    assert world.get("pools", world.get("crypts", crypt, "io_pool"), "outstanding") == 0
    io_bs = world.get("biosets", world.get("crypts", crypt, "tio_bioset"), "pool")
    assert world.get("pools", io_bs, "outstanding") == 5
    world.run(SECOND)
    world.assert_quiet()


@pytest.mark.parametrize("pieces", [2, 7, 16])
def test_a_split_bio_needs_one_element_at_a_time_and_no_rescuer(pieces):
    """Law 19: one element in reserve, allocators that always fail, and the bio still completes, all its pages once."""
    world = IoWorld(era=61)
    linear = world.crypt(world.disk(), linear=1, split_pages=1, dm_ios=1, fails=True, rescuer=False)
    world.job(kind=DEV_CRYPT, dev=linear, sector=100, nr_pages=pieces)
    world.run(5 * SECOND)
    assert world.ended("sector", "nr_pages") == [(100, pieces)]
    assert sum(n for _, n in world.issued()) == pieces
    world.assert_quiet()


def test_the_first_piece_is_on_the_device_below_before_the_second_is_cloned():
    """Depth first: with a slow disk and one element, exactly one piece is under way."""
    world = IoWorld(era=61)
    linear = world.crypt(world.disk(write_ns=10 * MS), linear=1, split_pages=1, dm_ios=1, fails=True, rescuer=False)
    task = world.job(kind=DEV_CRYPT, dev=linear, nr_pages=3)
    world.run(5 * MS)
    assert world.issued() == [(0, 1)]
    frames = ["bio_alloc_bioset", "dm_split_and_process_bio", "dm_submit_bio", "__submit_bio"]
    assert world.stack(task)[1:6] == [*frames, "submit_bio_noacct_nocheck"]


def test_a_stack_with_a_reserve_of_one_everywhere_serves_bio_after_bio():
    """Law 19 for dm-crypt on dm-linear, reads and writes, no allocator ever giving anything, no rescuer."""
    world = IoWorld(workers=1, era=61)
    world.set("bench", 0, alloc_fails=1)
    world.set("pools", world.get("biosets", FS_BIO_SET, "pool"), allocator_fails=1)
    world.set("biosets", FS_BIO_SET, rescue_wq=0)
    linear = world.crypt(world.disk(), linear=1, dm_ios=1, bios=1, fails=True, rescuer=False)
    tight = {"dm_ios": 1, "bios": 1, "pages": 1, "max_active": 1, "fails": True, "rescuer": False}
    crypt = world.crypt(linear, kind=DEV_CRYPT, **tight)
    world.job(kind=DEV_CRYPT, dev=crypt, count=20)
    world.job(kind=DEV_CRYPT, dev=crypt, count=20, sector=500, rw=BIO_READ)
    world.run(20 * SECOND)
    assert len(world.ended("sector")) == 40
    world.assert_quiet()


@pytest.mark.parametrize("swap_bios", [1, 4, 2048])
def test_swap_bios_in_flight_never_exceed_the_limit(swap_bios):
    """Law 29. Their submitters sleep, in the frames of MODEL 20; all of them are served in the end."""
    world = IoWorld(era=61, cpus=4)
    crypt = world.crypt(world.disk(write_ns=MS, tags=4), swap_bios=swap_bios, rescuer=False)
    tasks = [world.job(kind=DEV_CRYPT, dev=crypt, count=40, sector=1000 * j, stride=2) for j in range(3)]
    most, asleep = 0, []
    for until in range(100_000, 20 * MS, 100_000):
        world.run(until)
        most = max(most, world.get("crypts", crypt, "swap_bios_out"))
        asleep += [world.stack(t) for t in tasks if world.get("tasks", t, "state") == 2]
    assert most == min(swap_bios, 120)
    assert all(stack[:6] == GATE for stack in asleep) and bool(asleep) == (swap_bios < 120)
    world.run(5 * SECOND)
    assert len(world.ended("sector")) == 120
    world.assert_quiet()


def test_sleepers_at_the_gate_are_served_in_the_order_of_their_coming_and_nobody_overtakes():
    """A place is handed over: a submitter that comes just then queues behind those who wait."""
    world = IoWorld(era=61, cpus=4)
    crypt = world.crypt(world.disk(write_ns=5 * MS), swap_bios=1, rescuer=False)
    for j in range(6):
        world.job(kind=DEV_CRYPT, dev=crypt, count=1, sector=100 * j, start_ns=j * MS)
    world.run(SECOND)
    assert world.ended("sector") == [100 * j for j in range(6)]


def test_reads_pass_the_gate():
    """Only REQ_SWAP writes count, which here are those that end as swap writes."""
    world = IoWorld(era=61)
    crypt = world.crypt(world.disk(read_ns=MS, write_ns=SECOND), swap_bios=1, rescuer=False)
    world.job(kind=DEV_CRYPT, dev=crypt, count=2, stride=9)
    world.job(kind=DEV_CRYPT, dev=crypt, count=10, sector=5000, stride=9, rw=BIO_READ, start_ns=MS)
    world.run(100 * MS)
    assert world.ended("rw") == [BIO_READ] * 10
