"""The block layer: plugs merge and strand no request, tags bound what a device gets, legacy queues get congested."""

import pytest
from io_world import MS, SECOND, US, IoWorld

from gfplab.kernel.blk_legacy import CONGESTED_ASYNC
from gfplab.kernel.tracepoints import block_rq_issue
from gfplab.kernel.types import BIO_READ


def test_adjacent_bios_in_a_plug_become_one_request():
    """Forwards they are appended, and the device sees one request of all their pages."""
    world = IoWorld()
    world.disk()
    world.job(count=30, sector=200, plug=1)
    assert world.run(SECOND) == "idle"
    assert world.issued() == [(200, 30)]
    assert len(world.ended("sector")) == 30


def test_a_bio_that_precedes_a_plugged_request_merges_to_its_front():
    """Backwards as well: the request then begins where the last bio does."""
    world = IoWorld()
    world.disk()
    world.job(count=10, sector=200, stride=-1, plug=1)
    assert world.run(SECOND) == "idle"
    assert world.issued() == [(191, 10)]


def test_merging_stops_at_the_largest_request_and_at_a_gap():
    """max_pages = 8: 20 adjacent pages are 8 + 8 + 4; a stride of two merges nothing."""
    world = IoWorld()
    world.disk(max_pages=8)
    world.job(count=20, plug=1)
    world.job(count=5, sector=1000, stride=2, plug=1)
    world.run(SECOND)
    assert sorted(world.issued()) == [(0, 8), (8, 8), (16, 4), *((1000 + 2 * i, 1) for i in range(5))]


def test_reads_never_merge_with_writes():
    """Direction is part of adjacency: write, read, write, read of four pages in a row are four requests."""
    world = IoWorld()
    world.disk()
    world.job(count=4, alternate=1, plug=1)
    world.run(SECOND)
    assert world.issued() == [(0, 1), (1, 1), (2, 1), (3, 1)]
    assert sorted(world.ended("sector", "rw")) == [(0, 1), (1, 0), (2, 1), (3, 0)]


def test_without_a_plug_every_bio_is_a_request():
    """Nothing holds them back, so nothing merges."""
    world = IoWorld()
    world.disk()
    world.job(count=12)
    world.run(SECOND)
    assert world.issued() == [(i, 1) for i in range(12)]


def test_a_plug_lets_sixteen_requests_go_when_the_seventeenth_comes():
    """40 scattered bios: 16 requests go at once, then 16, and the plug's end lets the other 8 go."""
    world = IoWorld(cpus=1)
    world.disk()
    world.job(count=40, stride=2, plug=1)
    world.run(SECOND)
    times = world.traced(block_rq_issue, "time")
    gaps = [i for i in range(1, 40) if times[i] - times[i - 1] > 4 * US]
    assert gaps == [16, 32]


def test_falling_asleep_flushes_the_plug():
    """Else a task could sleep on I/O that only it has seen: here after each single bio."""
    world = IoWorld()
    world.disk()
    task = world.job(count=3, stride=2, plug=1, pause_ns=50 * MS)
    world.run(40 * MS)
    assert world.issued() == [(0, 1)]
    assert world.ended("sector") == [0]
    assert world.get("tasks", task, "plug_count") == 0
    world.run(SECOND)
    assert world.ended("sector") == [0, 2, 4]


def test_tags_in_use_never_exceed_the_depth_and_their_waiters_sleep_only_while_it_is_full():
    """Asked after every event (check_invariants); as wake-ups come in batches, "full" means fewer than a batch free."""
    world = IoWorld(cpus=4)
    world.disk(tags=32, parallelism=8, table=1, bandwidth=10**12)
    for j in range(6):
        world.job(count=100, stride=2, sector=j * 1000)
    world.run(SECOND)
    assert world.get("disks", 1, "max_inflight") == 32
    assert len(world.ended("sector")) == 600
    world.assert_quiet()


def test_a_task_without_a_tag_sleeps_where_dmcrypt_write_was_seen_sleeping():
    """The stack of July 2016, from bt_get up."""
    world = IoWorld()
    world.disk(tags=1, write_ns=SECOND)
    task = world.job(count=3, stride=2)
    world.run(10 * MS)
    frames = ["bt_get", "blk_mq_get_tag", "__blk_mq_alloc_request", "blk_mq_map_request", "blk_sq_make_request"]
    assert world.stack(task) == [*frames, "generic_make_request", "submit_bio", "submit_job"]


@pytest.mark.parametrize(("tags", "batch"), [(128, 8), (64, 8), (16, 2), (4, 1)])
def test_waiters_for_tags_wake_in_batches(tags, batch):
    """A single completion wakes nobody: eight do, or an eighth of the depth."""
    world = IoWorld(cpus=1)
    world.disk(tags=tags, parallelism=1, write_ns=MS, bandwidth=10**12)
    world.job(count=tags + 1, stride=2)
    world.run((batch - 1) * MS + MS // 2)
    assert len(world.issued()) == tags
    world.run(batch * MS + MS // 2)
    assert len(world.issued()) == tags + 1


def test_a_legacy_queue_is_congested_from_113_requests_until_fewer_than_103():
    """nr_requests = 128; congestion begins at 128 - 16 + 1 and ends below 128 - 16 - 8 - 1."""
    world = IoWorld(cpus=1)
    world.disk(congestion=1, tags=1, parallelism=1, write_ns=MS, bandwidth=10**12)
    world.job(count=112, stride=2)
    world.job(count=1, sector=5000, start_ns=500 * US)
    world.run(400 * US)
    assert world.get("disks", 1, "congested") == 0
    world.run(900 * US)
    assert world.get("disks", 1, "rq_write") == 113
    assert world.get("disks", 1, "congested") == CONGESTED_ASYNC
    assert world.get("vm", 0, "nr_bdi_congested") == 1
    world.run(10 * MS + 900 * US)
    assert (world.get("disks", 1, "rq_write"), world.get("disks", 1, "congested")) == (103, CONGESTED_ASYNC)
    world.run(11 * MS + 900 * US)
    assert (world.get("disks", 1, "rq_write"), world.get("disks", 1, "congested")) == (102, 0)
    assert world.get("vm", 0, "nr_bdi_congested") == 0


def test_reads_congest_their_own_class_only():
    """What reclaim asks about is writes."""
    world = IoWorld()
    world.disk(congestion=1, tags=1, parallelism=1, read_ns=MS)
    world.job(count=120, stride=2, rw=BIO_READ)
    world.run(MS)
    assert world.get("vm", 0, "nr_bdi_congested") == 0
    assert world.sim.call("bdi_congested", 1, 1) == 0


def test_a_legacy_queue_makes_its_submitters_wait_at_nr_requests():
    """128 writes are allocated, the rest sleep in get_request(); a reader still gets in."""
    world = IoWorld()
    world.disk(congestion=1, tags=4, parallelism=1, write_ns=MS, read_ns=MS)
    writer = world.job(count=200, stride=2)
    reader = world.job(count=1, sector=9000, rw=BIO_READ, start_ns=MS)
    world.run(4 * MS)
    assert world.get("disks", 1, "rq_write") == 128
    assert world.get("disks", 1, "rq_read") == 1
    assert world.stack(writer)[:3] == ["get_request", "blk_queue_bio", "generic_make_request"]
    assert world.get("tasks", reader, "state") == 0
    world.run(SECOND)
    assert len(world.ended("sector")) == 201
    world.assert_quiet()


def test_readers_of_a_legacy_queue_wake_as_its_reads_complete():
    """They have a count and a queue of their own, and each freed request wakes the one that waits longest."""
    world = IoWorld()
    world.disk(congestion=1, tags=4, parallelism=4, read_ns=MS)
    world.job(count=300, stride=2, rw=BIO_READ)
    world.job(count=10, stride=2, sector=5000)
    world.run(SECOND)
    assert len(world.ended("sector")) == 310
    world.assert_quiet()


def test_blk_mq_never_gets_congested():
    """However full it is: that is why congestion_wait() sleeps its whole time above virtio."""
    world = IoWorld()
    world.disk(tags=128, write_ns=100 * MS)
    world.job(count=500, stride=2)
    world.run(50 * MS)
    assert world.get("disks", 1, "in_use") == 128
    assert world.get("vm", 0, "nr_bdi_congested") == 0
