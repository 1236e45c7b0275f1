"""Bios and bio sets: every bio ends once and comes back, and nested pools make progress if something rescues them."""

import pytest
from io_world import FS_BIO_SET, MS, SECOND, IoWorld

from gfplab.kernel.bio import BIO_LIVE
from gfplab.kernel.types import BIO_READ, DEV_CRYPT


def split_of_four(rescuer, era=47, dm_ios=2):
    """A bio of four pages on a dm-linear device that takes one page at a time and has two clones in reserve."""
    world = IoWorld(era=era)
    disk = world.disk()
    linear = world.crypt(disk, linear=1, split_pages=1, dm_ios=dm_ios, fails=True, rescuer=rescuer)
    task = world.job(kind=DEV_CRYPT, dev=linear, sector=100, nr_pages=4)
    return world, task


def test_every_bio_ends_exactly_once_and_all_memory_comes_back():
    """Reads and writes, plugged and not, through dm-crypt and beside it; ending one twice would be a kernel_bug()."""
    world = IoWorld()
    disk = world.disk(table=1)
    crypt = world.crypt(disk)
    world.job(kind=DEV_CRYPT, dev=crypt, count=200, plug=1)
    world.job(kind=DEV_CRYPT, dev=crypt, count=200, stride=3, rw=BIO_READ, sector=1000)
    world.job(dev=disk, count=200, sector=5000, nr_pages=2)
    world.run(SECOND)
    done = world.ended("file", "sector")
    assert len(done) == len(set(done)) == 600
    world.assert_quiet()


def test_a_bio_set_that_may_not_sleep_gives_nothing_when_it_is_empty():
    """GFP_NOWAIT from an empty set: no bio, no sleep; dm-crypt then hands the read to kcryptd_io."""
    world = IoWorld()
    disk = world.disk(read_ns=10 * MS)
    crypt = world.crypt(disk, bios=1, fails=True)
    world.job(kind=DEV_CRYPT, dev=crypt, count=2, rw=BIO_READ, stride=50)
    world.run(5 * MS)
    assert world.get("pools", world.get("biosets", world.get("crypts", crypt, "bioset"), "pool"), "n_fail") == 1
    assert world.get("wqs", world.get("crypts", crypt, "wq_io"), "nr_active") == 1
    world.run(SECOND)
    assert world.ended("sector") == [0, 50]
    world.assert_quiet()


def test_fifo_submission_without_a_rescuer_can_wait_for_itself_for_ever():
    """v4.7's order: the two clones that would refill the pool are parked on the list of the task that waits for it."""
    world, task = split_of_four(rescuer=False)
    world.run(20 * SECOND)
    assert world.ended("sector") == []
    assert world.stack(task)[:5] == [
        "mempool_alloc",
        "bio_alloc_bioset",
        "alloc_tio",
        "__split_and_process_bio",
        "dm_make_request",
    ]
    assert world.get("disks", 1, "inflight") == 0


def test_with_a_rescuer_nested_pools_always_finish():
    """Before it sleeps, the task punts the parked bios of this set to the rescuer, which submits them."""
    world, _ = split_of_four(rescuer=True)
    world.run(SECOND)
    assert world.ended("sector", "nr_pages") == [(100, 4)]
    assert sum(pages for _, pages in world.issued()) == 4
    world.assert_quiet()


def test_since_depth_first_submission_no_rescuer_is_needed():
    """vm.era 61: a driver's bios for lower devices go first, and dm submits the rest of a split bio behind them."""
    world, _ = split_of_four(rescuer=False, era=61)
    world.run(SECOND)
    assert world.ended("sector", "nr_pages") == [(100, 4)]
    world.assert_quiet()


def test_one_request_finishes_through_every_pool_with_a_reserve_of_one():
    """All allocators fail for ever, those of new workers too: dm-crypt on dm-linear still completes, bio after bio."""
    world = IoWorld(workers=1)
    world.set("bench", 0, alloc_fails=1)
    world.set("pools", world.get("biosets", FS_BIO_SET, "pool"), allocator_fails=1)
    disk = world.disk()
    linear = world.crypt(disk, linear=1, dm_ios=1, bios=1, fails=True)
    crypt = world.crypt(linear, kind=DEV_CRYPT, dm_ios=1, bios=1, pages=1, max_active=1, fails=True)
    world.job(kind=DEV_CRYPT, dev=crypt, count=20)
    world.job(kind=DEV_CRYPT, dev=crypt, count=20, sector=500, rw=BIO_READ)
    world.run(20 * SECOND)
    assert len(world.ended("sector")) == 40
    world.assert_quiet()


def test_a_rescuer_takes_the_bios_of_its_own_set_and_leaves_the_others_parked():
    """So a clone of another set that is parked in between stays in order on the task's list."""
    world = IoWorld()
    k = world.k
    sim = world.build.start(world.a)
    for b, bioset in ((1, 2), (2, 3), (3, 2), (4, 3)):
        world.set("bios", b, used=BIO_LIVE, bioset=bioset)
        sim.call("bio_list_add", 7, b)
    world.set("biosets", 2, rescue_wq=1)
    world.set("e", 0, cur=7)
    sim.call("punt_bios_to_rescuer", 2)
    world.set("e", 0, cur=0)
    parked = [sim.call("bio_list_pop", 7) for _ in range(3)]
    assert parked == [2, 4, 0]
    assert [k.biosets[2].rescue_head, k.bios[1].next, k.biosets[2].rescue_tail] == [1, 3, 3]


def test_depth_first_order_is_lower_devices_then_this_one_then_what_was_parked_before():
    """What one driver submitted goes before what waited already, and inside it the bios for other devices go first."""
    world = IoWorld()
    sim = world.build.start(world.a)
    for b, dev in ((1, 5), (2, 9), (3, 5), (4, 9), (5, 7), (6, 5)):
        world.set("bios", b, used=BIO_LIVE, dev_kind=DEV_CRYPT, dev=dev)
    world.set("bios", 5, next=6)
    for b in (1, 2, 3, 4):
        sim.call("bio_list_add", 7, b)
    sim.call("bio_list_lower_first", 7, DEV_CRYPT, 5, 5, 6)
    assert [sim.call("bio_list_pop", 7) for _ in range(7)] == [2, 4, 1, 3, 5, 6, 0]


@pytest.mark.parametrize("depth", [1, 3])
def test_bios_parked_inside_a_driver_are_submitted_in_the_order_of_their_coming(depth):
    """v4.7: generic_make_request() inside a driver only queues; the outermost one takes them first in, first out."""
    world = IoWorld()
    lower, kind = world.disk(max_pages=1), 1
    for _ in range(depth):
        lower, kind = world.crypt(lower, kind=kind, linear=1, split_pages=2), DEV_CRYPT
    world.job(kind=DEV_CRYPT, dev=lower, sector=40, nr_pages=8)
    world.run(SECOND)
    assert [sector for sector, _ in world.issued()] == [40, 42, 44, 46]
    world.assert_quiet()
