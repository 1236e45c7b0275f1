"""The disk: never faster than its bandwidth, never busier than its servers, random by its own stream only."""

import pytest
from io_world import MS, SECOND, US, IoWorld

from gfplab.kernel.types import BIO_READ


def test_a_disk_never_moves_more_bytes_than_its_bandwidth():
    """100 MB/s, many servers, four submitters: 400 pages take at least 16.4 ms, and with full tags not much more."""
    world = IoWorld(cpus=4)
    world.disk(bandwidth=100_000_000, parallelism=64, write_ns=50 * US, table=1)
    for j in range(4):
        world.job(count=100, sector=j * 1000, stride=2)
    world.run(SECOND)
    last = world.ended("time")[-1]
    assert 400 * 40_960 <= last <= 400 * 40_960 * 1.05
    assert world.get("disks", 1, "sectors") == 400
    for i, time in enumerate(world.ended("time")):
        assert (i + 1) * 40_960 <= time


def test_requests_beyond_the_servers_wait_for_one():
    """Two servers of 1 ms: ten requests need 5 ms."""
    world = IoWorld()
    world.disk(bandwidth=10**12, parallelism=2, write_ns=MS)
    world.job(count=10, stride=2)
    world.run(SECOND)
    assert 5 * MS <= world.ended("time")[-1] < 5 * MS + 50 * US


def test_each_request_also_holds_the_pipe_for_its_fixed_cost():
    """per_request_ns makes many small requests slower than one large one of the same bytes."""
    world = IoWorld()
    world.disk(bandwidth=100_000_000, per_request_ns=200 * US, write_ns=0, parallelism=8)
    world.job(count=16, stride=2)
    world.job(count=16, sector=1000, plug=1, start_ns=20 * MS)
    world.run(SECOND)
    times = world.ended("time")
    assert times[15] >= 16 * (200_000 + 40_960)
    assert times[-1] - 20 * MS < 2 * 200_000 + 17 * 40_960


@pytest.mark.parametrize(("rw", "ns"), [(BIO_READ, 3 * MS), (1, 7 * MS)])
def test_reads_and_writes_have_their_own_service_time(rw, ns):
    """read_ns and write_ns, after the bytes went through the pipe."""
    world = IoWorld()
    world.disk(read_ns=3 * MS, write_ns=7 * MS, bandwidth=4096 * 1000)
    world.job(count=1, rw=rw)
    world.run(SECOND)
    assert MS + ns <= world.ended("time")[0] < MS + ns + 50 * US


def test_two_disks_draw_from_streams_of_their_own():
    """What happens on one disk does not change the service times of the other."""
    lone = IoWorld(fixed_order=True)
    lone.disk(table=1)
    lone.job(count=20, dev=1, pause_ns=MS)
    lone.run(SECOND)
    both = IoWorld(fixed_order=True)
    both.disk(table=1)
    both.disk(table=1)
    both.job(count=20, dev=1, pause_ns=MS)
    both.job(count=20, dev=2, pause_ns=MS, sector=5000)
    both.run(SECOND)

    def service(world):
        return sorted(t % MS // (10 * US) for t, s in world.ended("time", "sector") if s < 5000)

    assert service(lone) == service(both)


def test_busy_time_is_the_time_with_a_request_in_flight():
    """Two bursts far apart: idle time between them does not count."""
    world = IoWorld()
    world.disk(bandwidth=10**12, write_ns=2 * MS)
    world.job(count=3, stride=2)
    world.job(count=3, sector=100, stride=2, start_ns=50 * MS)
    world.run(SECOND)
    assert 4 * MS <= world.get("disks", 1, "busy_ns") <= 4 * MS + 50 * US
