"""The page cache: what writes and reads do to pages and lists, readahead, shadows, and the tasks that use it."""

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wb_lab import MS, SEC, US, WritebackLab, do_generic_file_read, generic_perform_write

from gfplab.engine.requests import TASK_INTERRUPTIBLE, schedule_timeout
from gfplab.engine.subset import kernel
from gfplab.kernel.types import (
    LRU_ACTIVE_FILE,
    LRU_INACTIVE_FILE,
    ORDER_RANDOM,
    ORDER_SEQUENTIAL,
    PG_active,
    PG_dirty,
    PG_locked,
    PG_referenced,
)

HERE = sys.modules[__name__]


@kernel
def read(k, w):
    """Read `bytes` pages of workload w's file from `pos` on, `passes` times."""
    load = k.workloads[w]
    while load.pass_nr < load.passes:
        load.pass_nr += 1
        got = yield from do_generic_file_read(k, load.file, load.pos, load.bytes)
        load.done += got
    load.finished = k.e[0].now
    return 0


@kernel
def write(k, w):
    """Write them."""
    load = k.workloads[w]
    while load.pass_nr < load.passes:
        load.pass_nr += 1
        got = yield from generic_perform_write(k, load.file, load.pos, load.bytes)
        load.done += got
    load.finished = k.e[0].now
    return 0


@kernel
def read_one_by_one(k, w):
    """Read pages pos, pos + hold_ns, pos + 2 * hold_ns, ... of workload w's file, with pause_ns between."""
    load = k.workloads[w]
    for i in range(load.bytes):
        got = yield from do_generic_file_read(k, load.file, load.pos + i * load.hold_ns, 1)
        load.done += got
        yield schedule_timeout(0, load.pause_ns, TASK_INTERRUPTIBLE)
    load.finished = k.e[0].now
    return 0


def after(task, until=SEC, pages=4096, files=((4096, 1),), disks=(10 * US,), **fields):
    """A machine after one task has run with workload 2."""
    lab = WritebackLab(HERE, [(task, 2)], pages=pages, files=files, disks=disks)
    lab.workload(2, **{"file": 1, "pos": 0, "bytes": 1, "passes": 1, **fields}).run(until)
    lab.check_counts()
    return lab


def lists(lab):
    """(inactive, active) file pages."""
    return lab.k.lrus[4 + LRU_INACTIVE_FILE].nr, lab.k.lrus[4 + LRU_ACTIVE_FILE].nr


def flags(lab, index, f=1):
    """Flags of a page of a file, None if it is not cached."""
    page = lab.k.file_pages[lab.k.files[f].base + index]
    return lab.k.page_flags[page] if page > 0 else None


# writing


def test_a_written_page_is_dirty_inactive_unlocked_and_not_referenced():
    lab = after("write", bytes=3)
    assert lists(lab) == (3, 0) and lab.vm.nr_dirty == 3
    assert flags(lab, 0) & (PG_dirty | PG_locked | PG_active | PG_referenced) == PG_dirty


def test_writing_a_page_again_neither_dirties_nor_activates_it():
    lab = after("write", bytes=3, passes=5)
    assert lists(lab) == (3, 0) and lab.vm.nr_dirtied == 3 and lab.k.workloads[2].done == 15


def test_a_write_that_finds_no_memory_writes_less():
    lab = after("write", pages=8, bytes=20, until=3 * SEC)
    assert lab.k.workloads[2].done >= 8  # dirty pages were written and reclaimed on the way
    assert lab.vm.nr_free >= 0


def test_a_writer_may_use_a_file_larger_than_memory():
    lab = after("write", pages=512, bytes=4000, until=20 * SEC)
    assert lab.k.workloads[2].done == 4000
    assert lab.k.files[1].cached <= 512


# reading


def test_a_sequential_read_brings_32_pages_at_once_and_the_next_32_before_they_are_wanted():
    lab = after("read_one_by_one", bytes=1, hold_ns=1, disks=(1 * MS,))
    assert lab.k.disks[1].sectors == 32
    lab = after("read_one_by_one", bytes=2, hold_ns=1, disks=(1 * MS,))
    assert lab.k.disks[1].sectors == 64  # page 1 is the mark of a one-page reader
    lab = after("read_one_by_one", bytes=33, hold_ns=1, disks=(1 * MS,))
    assert lab.k.disks[1].sectors == 96


def test_readahead_hides_the_device_from_a_slow_reader():
    lab = after("read_one_by_one", bytes=200, hold_ns=1, pause_ns=6 * MS, disks=(1 * MS,), until=3 * SEC)
    assert lab.k.workloads[2].done == 200
    # only the first page is waited for: 32 pages come as one bio
    assert lab.k.tasks[2].t_iowait < 33 * MS


def test_a_random_read_brings_just_its_page():
    lab = after("read_one_by_one", bytes=10, pos=7, hold_ns=100, disks=(1 * MS,))
    assert lab.k.disks[1].sectors == 10 and lab.k.disks[1].max_inflight == 1
    assert lab.k.tasks[2].t_iowait == pytest.approx(10 * MS, rel=0.02)


def test_readahead_stops_at_the_end_of_the_file():
    lab = after("read", bytes=40, files=((40, 1),))
    assert lab.k.workloads[2].done == 40 and lab.k.disks[1].sectors == 40


def test_a_large_read_is_one_bio():
    lab = after("read", bytes=200)
    assert lab.k.disks[1].max_inflight == 200


def test_the_second_read_of_a_page_activates_it_and_ages_the_inactive_list():
    lab = after("read", bytes=40, passes=1)
    assert lists(lab)[1] == 0 and flags(lab, 0) & PG_referenced
    lab = after("read", bytes=40, passes=2)
    assert lists(lab) == (lab.k.files[1].cached - 40, 40)
    assert lab.k.lruvecs[1].inactive_age == 40 and flags(lab, 0) & PG_active


def test_cached_pages_cost_no_io():
    lab = after("read", bytes=64, passes=10)
    assert lab.k.workloads[2].done == 640 and lab.k.disks[1].sectors <= 96


# the working set


def evict(lab, index):
    """Reclaim one page of file 1."""
    page = lab.k.file_pages[lab.k.files[1].base + index]
    lab.call("lru_del", page)
    lab.call("evict_file_page", page)
    lab.call("free_hot_cold_page", page)


def test_an_evicted_page_leaves_a_shadow_and_is_free():
    lab = after("write", bytes=3)
    lab.call("clear_page_dirty_for_io", lab.k.file_pages[lab.k.files[1].base + 1])
    evict(lab, 1)
    assert lab.k.file_pages[lab.k.files[1].base + 1] == -(1 + 1 * 64 + 1)
    assert lab.k.files[1].cached == 2 and lab.k.lruvecs[1].inactive_age == 1
    lab.check_counts()


def refault(evictions_between, active, gfp_mask=0):
    """1 if a page evicted that long ago comes back to the active list."""
    lab = after("read", bytes=1, pos=50)
    evict(lab, 50)
    lab.k.lruvecs[1].inactive_age += evictions_between
    lab.k.lruvecs[1].nr_active_file += active
    page = lab.call("take_free_page")
    assert lab.call("add_to_page_cache_lru", page, 1, 50, gfp_mask) == 0
    lab.k.lruvecs[1].nr_active_file -= active
    return lab.vm.workingset_refault, lab.vm.workingset_activate, bool(lab.k.page_flags[page] & PG_active)


def test_a_page_that_comes_back_within_the_size_of_the_active_list_is_activated():
    assert refault(evictions_between=20, active=20) == (1, 1, True)
    assert refault(evictions_between=21, active=20) == (1, 0, False)


def test_a_page_that_is_overwritten_was_not_missed():
    from gfplab.kernel.gfp import __GFP_WRITE

    assert refault(evictions_between=0, active=20, gfp_mask=__GFP_WRITE) == (0, 0, False)


@given(st.integers(0, 1 << 40), st.integers(1, 63))
def test_a_shadow_tells_age_and_lruvec_apart(age, lv):
    shadow = -(1 + age * 64 + lv)
    assert shadow < 0 and (-shadow - 1) // 64 == age and (-shadow - 1) % 64 == lv


def test_a_cyclic_read_larger_than_memory_misses_every_page_on_every_pass():
    lab = after("read", pages=256, bytes=1000, passes=3, files=((1000, 1),), until=30 * SEC)
    assert lab.k.workloads[2].done == 3000
    assert lab.k.disks[1].sectors >= 2900
    assert lab.vm.workingset_refault > 1500


# the tasks of a scenario


def writer(rate, stop_ns=2 * SEC, device=10 * US, pages=8192, **fields):
    lab = WritebackLab(HERE, [("file_writer", 2)], pages=pages, files=((3000, 1),), disks=(device,))
    return lab.workload(2, file=1, rate=rate, stop_ns=stop_ns, **fields)


def test_a_writer_keeps_its_rate():
    lab = writer(rate=5000).run(3 * SEC)
    assert lab.k.workloads[2].done == pytest.approx(10_000, rel=0.01)
    assert lab.k.workloads[2].pass_nr == 3
    assert 2 * SEC <= lab.k.workloads[2].finished < 2 * SEC + 10 * MS


def test_a_writer_starts_when_it_shall():
    lab = writer(rate=5000, start_ns=500 * MS).run(499 * MS)
    assert lab.k.workloads[2].done == 0
    assert lab.run(3 * SEC).k.workloads[2].done == pytest.approx(7500, rel=0.01)


def test_a_writer_with_no_rate_goes_as_fast_as_it_may():
    lab = writer(rate=0, stop_ns=8 * SEC, device=250 * US).run(10 * SEC)
    assert lab.k.workloads[2].done == pytest.approx(8 * 4000, rel=0.2)
    assert lab.k.tasks[2].t_iowait > 2 * SEC


def test_a_throttled_writer_does_not_make_up_for_lost_time_in_one_go():
    lab = writer(rate=8000, stop_ns=20 * SEC, device=250 * US, pages=4096).run(20 * SEC)
    assert lab.k.workloads[2].done < 20 * 4400
    assert lab.vm.nr_dirty + lab.vm.nr_writeback < lab.vm.dirty_limit
    lab.check_counts()


def test_a_writer_records_the_latency_of_its_calls():
    lab = writer(rate=5000, site=2, chunk_pages=50).run(3 * SEC)
    calls = int(lab.arrays["hist"][512:768].sum())
    assert calls == 200


def test_a_killed_writer_ends():
    lab = writer(rate=0, device=500 * US).run(SEC)
    lab.k.tasks[2].killed = 1
    assert lab.run(2 * SEC).k.workloads[2].finished > 0


def reader(order, rate=0, pages=2048, nr=1500, device=20 * US):
    lab = WritebackLab(HERE, [("file_reader", 2)], pages=pages, files=((nr, 1),), disks=(device,))
    return lab.workload(2, file=1, rate=rate, stop_ns=SEC, order=order, stream=2)


def test_a_sequential_reader_goes_round_and_round():
    lab = reader(ORDER_SEQUENTIAL, rate=4000).run(2 * SEC)
    assert lab.k.workloads[2].done == pytest.approx(4000, rel=0.02)
    assert lab.k.workloads[2].pass_nr == 2 and lab.k.disks[1].sectors == 1500


def test_a_random_reader_waits_for_each_page_it_has_not_yet_seen():
    lab = reader(ORDER_RANDOM, rate=1000).run(2 * SEC)
    assert lab.k.workloads[2].done == pytest.approx(1000, rel=0.02)
    assert 600 < lab.k.disks[1].sectors < 1000
    lab.check_counts()


@settings(max_examples=6, deadline=None)
@given(st.integers(1, 1 << 30), st.integers(64, 600), st.integers(1, 3))
def test_readers_and_writers_of_one_file_lose_no_page(seed, pages, cpus):
    lab = WritebackLab(
        HERE, [("file_reader", 2), ("file_writer", 3), ("file_reader", 4)], pages=pages, files=((400, 1),),
        disks=(100 * US,), cpus=cpus, seed=seed,
    )  # fmt: skip
    for w, order in ((2, ORDER_RANDOM), (3, ORDER_SEQUENTIAL), (4, ORDER_SEQUENTIAL)):
        lab.workload(w, file=1, stop_ns=SEC, order=order, stream=2, chunk_pages=7, rate=3000)
    lab.run(SEC // 2)
    lab.check_counts()
    lab.run(100 * SEC)
    assert all(lab.k.workloads[w].finished for w in (2, 3, 4))
    assert lab.vm.nr_dirty == lab.vm.nr_writeback == 0
    lab.check_counts()


@pytest.mark.parametrize("seed", [1, 2])
def test_interpreted_step_functions_do_the_same(seed):
    hashes = []
    for mode in ("generators", "steps"):
        lab = WritebackLab(
            HERE, [("file_reader", 2), ("file_writer", 3)], pages=300, files=((400, 1),), seed=seed, mode=mode
        )
        for w in (2, 3):
            lab.workload(w, file=1, stop_ns=SEC, order=ORDER_RANDOM, stream=2, chunk_pages=7, rate=2000)
        lab.run(40 * SEC)
        hashes.append((lab.k.e[0].log_hash, lab.k.e[0].nr_events))
    assert hashes[0] == hashes[1]
