"""The disk of the measuring rig: memory behind one server that takes requests in their order (no file of Linux)."""

import pytest
from io_world import MS, SECOND, US, IoWorld

from gfplab.kernel.costs import C_COPY_PAGE
from gfplab.kernel.tracepoints import block_rq_complete, block_rq_issue
from gfplab.kernel.types import BIO_READ

PAGE_NS = 204_800  # at 20 MB/s


def slowmem(**disk):
    """One such disk, no jitter unless asked for."""
    world = IoWorld(cpus=1, era=61)
    world.set("e", 0, fixed_order=1)
    world.scheduled_disk(**disk)
    world.a["trace_on"][block_rq_complete] = 1
    return world


def test_the_server_is_busy_for_the_bytes_and_completion_comes_a_latency_later():
    """start = max(now, busy_until): ten requests in a row end a page time apart, the first a latency after its own."""
    world = slowmem(read_ns=100 * US, write_ns=100 * US)
    world.job(count=10, stride=2, plug=1)
    world.run(SECOND)
    issued = world.traced(block_rq_issue, "time")[0]
    done = world.traced(block_rq_complete, "time")
    assert abs(done[0] - issued - PAGE_NS - 100 * US) < 3 * US  # the interrupt itself
    assert {b - a for a, b in zip(done, done[1:], strict=False)} == {PAGE_NS}


def test_latency_overlaps_and_service_does_not():
    """10 ms of latency: fifty requests take fifty service times and one latency."""
    world = slowmem(read_ns=10 * MS, write_ns=10 * MS)
    world.job(count=50, stride=2, plug=1)
    world.run(SECOND)
    assert 50 * PAGE_NS + 10 * MS < world.ended("time")[-1] < 50 * PAGE_NS + 10 * MS + MS


def test_reads_and_writes_share_one_bandwidth():
    """Forty of each: eighty page times."""
    world = slowmem()
    world.job(count=40, stride=2, plug=1)
    world.job(count=40, stride=2, plug=1, sector=5000, rw=BIO_READ)
    world.run(SECOND)
    assert 80 * PAGE_NS < world.ended("time")[-1] < 80 * PAGE_NS + MS


def test_each_request_also_takes_the_server_for_its_operation_time():
    """op_ns = 1 ms: one request of 16 pages is 15 ms faster than sixteen of one."""
    world = slowmem(per_request_ns=MS)
    world.job(count=16, stride=2, plug=1)
    world.run(SECOND)
    apart = world.ended("time")[-1]
    world = slowmem(per_request_ns=MS)
    world.job(count=16, plug=1)
    world.run(SECOND)
    assert apart - world.ended("time")[-1] == pytest.approx(15 * MS, abs=100 * US)


def test_service_times_vary_evenly_within_the_jitter():
    """+-10 % in whole per cent from -10 to +9: never outside, both ends reached, the mean half a per cent low."""
    world = slowmem(jitter_permille=100)
    world.job(count=400, stride=2, plug=1)
    world.run(SECOND)
    done = world.traced(block_rq_complete, "time")
    gaps = [b - a for a, b in zip(done, done[1:], strict=False)]
    assert 0.9 * PAGE_NS - 1 <= min(gaps) < 0.92 * PAGE_NS and 1.08 * PAGE_NS < max(gaps) <= 1.09 * PAGE_NS + 1
    assert sum(gaps) / len(gaps) == pytest.approx(0.995 * PAGE_NS, rel=0.01)


def test_the_cpu_copies_what_it_queues():
    """Issuing a request of 128 pages costs its task 127 copies more than one of a page."""

    def cost(nr_pages):
        world = slowmem()
        task = world.job(count=1, nr_pages=nr_pages, plug=1)
        world.run(SECOND)
        return world.get("tasks", task, "t_running"), int(world.a["costs"][C_COPY_PAGE])

    (large, copy), (small, _) = cost(128), cost(1)
    assert large - small == 127 * copy


def test_the_counters_are_those_of_the_device():
    """Requests and pages of each direction, and the time the server was busy; no idle time counts."""
    world = slowmem()
    world.job(count=16, plug=1)
    world.job(count=3, stride=9, sector=100, rw=BIO_READ, plug=1, start_ns=50 * MS)
    world.run(SECOND)
    d = {name: world.get("disks", 1, name) for name in ("done", "read_pages", "write_pages", "busy_ns")}
    assert d == {"done": 4, "read_pages": 3, "write_pages": 16, "busy_ns": 19 * PAGE_NS}
