"""The block layer of v6.1: what merges, who issues, in which order requests leave the elevator (MODEL 10, era v6.1)."""

import pytest
from io_world import MS, SECOND, US, IoWorld

from gfplab.kernel.tracepoints import block_rq_issue
from gfplab.kernel.types import BIO_READ, BIO_WRITE

SUBMITTER = [
    "blk_mq_get_tag",
    "__blk_mq_alloc_requests",
    "blk_mq_submit_bio",
    "__submit_bio",
    "submit_bio_noacct_nocheck",
]


def one_cpu(tags=64, **disk):
    """One CPU and a disk of one page in 205 us with mq-deadline."""
    world = IoWorld(cpus=1, era=61)
    world.scheduled_disk(tags, **disk)
    return world


def issuers(world):
    """The tasks that gave requests to the device, in order."""
    return world.traced(block_rq_issue, "task")


def busy_disk(**disk):
    """A disk of one tag and 10 ms a write: one is in service, one left the elevator in vain, the rest waits in it."""
    world = one_cpu(tags=1, nr_requests=256, async_depth=256, bandwidth=10**12, per_request_ns=10 * MS, **disk)
    world.job(count=2, sector=9000, stride=500, plug=1)
    return world


def test_the_end_of_a_plug_issues_in_the_task_and_what_finds_no_tag_comes_from_kblockd():
    """Here two tags for five requests: the task issues two, the others follow one by one as requests complete."""
    world = one_cpu(tags=2, nr_requests=128, async_depth=128)
    task = world.job(count=5, stride=2, plug=1)
    world.run(SECOND)
    worker = world.get("kblockds", 1, "task")
    assert issuers(world) == [task, task, worker, worker, worker]
    world.assert_quiet()


def test_without_a_plug_kblockd_issues_from_the_start():
    """An elevator takes the request, and the queue runs asynchronously."""
    world = one_cpu()
    world.job(count=3, stride=2, pause_ns=MS)
    world.run(SECOND)
    assert set(issuers(world)) == {world.get("kblockds", 1, "task")}
    world.assert_quiet()


def test_a_task_that_falls_asleep_leaves_its_plug_to_kblockd():
    """Whatever it had held back goes: the requests of a task that sleeps are never stuck."""
    world = one_cpu()
    task = world.job(count=2, stride=2, plug=1, pause_ns=50 * MS)
    world.run(40 * MS)
    assert issuers(world) == [world.get("kblockds", 1, "task")]
    assert world.get("tasks", task, "plug_count") == 0
    world.run(SECOND)
    assert world.ended("sector") == [0, 2]
    world.assert_quiet()


def test_a_plug_lets_go_of_32_requests_and_of_one_that_has_grown_to_128_kib():
    """Held back until then, 20 requests of 31 pages cost their task much more time before the first one leaves."""
    world = one_cpu()
    world.job(count=40, stride=2, plug=1)
    world.run(SECOND)
    times = world.traced(block_rq_issue, "time")
    assert [i for i in range(1, 40) if times[i] - times[i - 1] > 4 * US] == [32]

    def first_issue(nr_pages):
        world = one_cpu()
        world.job(count=20, nr_pages=nr_pages, stride=64, plug=1)
        world.run(SECOND)
        return world.traced(block_rq_issue, "time")[0]

    assert first_issue(31) > 2 * first_issue(32)


def test_a_request_is_no_larger_than_the_disk_takes():
    """300 adjacent pages, 128 to a request: merging stops, whether in the plug or in the elevator."""
    world = one_cpu()
    world.job(count=300, plug=1)
    world.run(SECOND)
    assert world.issued() == [(0, 128), (128, 128), (256, 44)]
    world.assert_quiet()


@pytest.mark.parametrize(("sectors", "merged"), [((11, 10), (10, 2)), ((10, 11), (10, 2)), ((10, 12, 11), (10, 3))])
def test_what_waits_grows_at_its_back_and_its_front_and_across_a_gap_that_closes(sectors, merged):
    """Bios of different tasks join in the elevator; a bio between two requests makes them one."""
    world = busy_disk()
    for i, sector in enumerate(sectors):
        world.job(count=1, sector=sector, plug=1, start_ns=MS + i * MS)
    world.run(SECOND)
    assert world.issued() == [(9000, 1), (9500, 1), merged]
    assert sorted(world.ended("sector")) == sorted([*sectors, 9000, 9500])
    world.assert_quiet()


def test_reads_and_writes_never_merge():
    """Adjacent they may be."""
    world = busy_disk()
    world.job(count=1, sector=10, plug=1, start_ns=MS)
    world.job(count=1, sector=11, plug=1, rw=BIO_READ, start_ns=2 * MS)
    world.run(SECOND)
    assert sorted(world.issued()) == [(10, 1), (11, 1), (9000, 1), (9500, 1)]


def test_the_request_that_found_no_tag_merges_no_more_and_goes_first():
    """It has left the elevator: 9501 does not join 9500, nor does it go before it."""
    world = busy_disk()
    for i, sector in enumerate((9501, 9499)):
        world.job(count=1, sector=sector, plug=1, start_ns=(i + 1) * MS)
    world.run(SECOND)
    assert world.issued() == [(9000, 1), (9500, 1), (9501, 1), (9499, 1)]


def test_a_batch_goes_upwards_and_the_end_of_the_sort_starts_again_at_the_oldest():
    """Sixteen to a batch, and no deadline near."""
    world = busy_disk()
    order = [700, 100, 300, 200, 600, 400]
    for i, sector in enumerate(order):
        world.job(count=1, sector=sector, plug=1, start_ns=(i + 1) * MS)
    world.run(SECOND)
    assert [s for s, _ in world.issued()] == [9000, 9500, 700, 100, 200, 300, 400, 600]


def test_reads_go_first_but_twice_only_while_writes_wait():
    """writes_starved = 2 batches of fifo_batch = 16 requests; then a batch of writes."""
    world = busy_disk()
    world.job(count=40, sector=20_000, stride=2, plug=1, start_ns=MS)
    world.job(count=60, sector=0, stride=2, plug=1, rw=BIO_READ, start_ns=2 * MS)
    world.run(5 * SECOND)
    kinds = world.traced(block_rq_issue, "b")[2:]
    assert kinds == [BIO_READ] * 32 + [BIO_WRITE] * 16 + [BIO_READ] * 28 + [BIO_WRITE] * 24
    world.assert_quiet()


def test_a_request_past_its_deadline_is_the_next_of_its_kind():
    """A lone read at the far end, 500 ms old, cuts in when the batch is over, though nearer ones keep coming."""
    world = busy_disk()
    for i, sector in enumerate((0, 8000)):
        world.job(count=1, sector=sector, rw=BIO_READ, plug=1, start_ns=(i + 1) * MS)
    world.job(count=120, sector=10, stride=2, rw=BIO_READ, plug=1, start_ns=3 * MS)
    world.run(5 * SECOND)
    place = [s for s, _ in world.issued()].index(8000)
    assert 500 * MS <= world.traced(block_rq_issue, "time")[place] < (500 + 17 * 11) * MS
    world.assert_quiet()


def test_without_a_scheduler_tag_the_submitter_sleeps_until_one_is_free():
    """Twice as many requests as driver tags; the stack is that of MODEL 20."""
    world = one_cpu(tags=4, per_request_ns=10 * MS)
    task = world.job(count=20, stride=2, plug=1)
    world.run(5 * MS)
    assert [name.removesuffix("__v6_1") for name in world.stack(task)[:5]] == SUBMITTER
    assert world.get("disks", 1, "sched_in_use") == world.get("disks", 1, "nr_requests") == 8
    assert world.get("disks", 1, "in_use") == 4
    world.run(5 * SECOND)
    assert len(world.ended("sector")) == 20
    world.assert_quiet()


def test_tags_in_use_never_exceed_their_depth():
    """Law 30, of both kinds of tags, asked after every event (check_invariants)."""
    world = IoWorld(cpus=4, era=61)
    world.scheduled_disk(tags=8, bandwidth=10**9)
    for j in range(6):
        world.job(count=100, stride=2 - j % 2, sector=j * 1000, rw=j & 1, plug=j % 3 > 0)
    world.run(5 * SECOND)
    assert len(world.ended("sector")) == 600
    assert world.get("disks", 1, "max_inflight") == 8
    world.assert_quiet()


def test_kblockd_runs_a_queue_on_each_cpu_in_turn():
    """Eight runs, then the next CPU."""
    world = IoWorld(cpus=2, era=61)
    world.scheduled_disk()
    world.job(count=32, stride=2, pause_ns=MS)
    world.run(SECOND)
    workers = [world.get("kblockds", c + 1, "task") for c in range(2)]
    assert issuers(world) == [workers[0]] * 8 + [workers[1]] * 8 + [workers[0]] * 8 + [workers[1]] * 8


def test_the_interpreted_steps_and_the_generators_see_the_same_events():
    """One source, two modes, one log hash."""

    def log_hash(mode):
        world = IoWorld(mode=mode, cpus=2, era=61)
        crypt = world.crypt(world.scheduled_disk(tags=8), bios=4, dm_ios=6, pages=12, fails=True, rescuer=False)
        world.job(kind=2, dev=crypt, count=150, stride=3, plug=1)
        world.job(kind=2, dev=crypt, count=60, nr_pages=5, stride=5, sector=3000)
        world.job(kind=2, dev=crypt, count=60, rw=BIO_READ, sector=8000, plug=1)
        world.run(20 * SECOND)
        world.assert_quiet()
        return world.get("e", 0, "log_hash"), world.ended("time", "sector")

    assert log_hash("generators") == log_hash("steps")
