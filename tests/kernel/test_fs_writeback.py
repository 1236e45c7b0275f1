"""The flushers: when they start and stop, what they write, in which order and in how large pieces."""

import sys

import pytest
from wb_lab import MS, SEC, US, WritebackLab, generic_perform_write

from gfplab.engine.requests import TASK_INTERRUPTIBLE, cpu, schedule_timeout
from gfplab.engine.subset import kernel, prototype
from gfplab.kernel.symbols import wakeup_flusher_threads
from gfplab.kernel.types import PG_dirty, PG_writeback

HERE = sys.modules[__name__]


@prototype(blocking=True)
def vmscan_writepage(k, page):
    """Of ext4.py."""


@kernel
def write_range(k, w):
    """Dirty workload w's pages: `bytes` from `pos` on of its file."""
    load = k.workloads[w]
    yield from generic_perform_write(k, load.file, load.pos, load.bytes)
    load.finished = k.e[0].now
    return 0


@kernel
def dribble(k, f):
    """Dirty a page of file f every 100 ms, for ever."""
    index = 0
    while True:
        yield from generic_perform_write(k, f, index % k.files[f].nr, 1)
        index += 1
        yield schedule_timeout(0, 100_000_000, TASK_INTERRUPTIBLE)


@kernel
def ask_after_one_second(k, nr):
    """What direct reclaim does."""
    yield schedule_timeout(0, 1_000_000_000, TASK_INTERRUPTIBLE)
    wakeup_flusher_threads(k, nr)
    return 0


def dirtied(nr, tasks=(), pos=0, **options):
    """A machine whose task 2 dirties nr pages of file 1 as soon as it can."""
    return WritebackLab(HERE, [("write_range", 2), *tasks], **options).workload(2, file=1, pos=pos, bytes=nr)


def bios(lab, d=1):
    """(number of bios, pages of the largest, pages) that a device has had."""
    disk = lab.k.disks[d]
    return disk.done, disk.max_inflight, disk.sectors


# when


def test_nothing_is_written_below_the_background_threshold_until_it_is_30_seconds_old():
    lab = dirtied(300)
    for _ in range(100):
        lab.call("wb_writeout_inc", 1)
    lab.run(29 * SEC)  # the threshold is 409
    assert lab.vm.nr_dirty == 300 and bios(lab) == (0, 0, 0)
    lab.run(36 * SEC)
    assert lab.vm.nr_dirty == 0 and lab.k.disks[1].sectors == 300
    lab.check_counts()


def test_a_device_that_has_never_written_is_over_its_share_with_its_first_page():
    lab = dirtied(3).run(4 * SEC)
    assert lab.vm.nr_dirty == 3
    lab.run(6 * SEC)  # when the flusher looks for old pages it finds that too much is dirty
    assert lab.vm.nr_dirty == 0


def test_the_flusher_starts_as_soon_as_the_writer_passes_the_background_threshold():
    # 600 pages are still in free run, whose end is at 614
    lab = dirtied(600, pages=4096).run(SEC)
    assert lab.k.tasks[2].t_iowait == 0
    assert 0 < lab.k.disks[1].sectors
    assert lab.vm.nr_dirty + lab.vm.nr_writeback <= 409


def test_a_flusher_once_started_writes_a_whole_unit_of_4_mib():
    assert dirtied(1, pages=64).call("writeback_chunk_size", 1, 1 << 40) == 1024
    lab = dirtied(1)
    lab.vm.dirty_limit = 48_000
    assert lab.call("writeback_chunk_size", 1, 1 << 40) == 6 * 1024  # an eighth of the limit
    lab.k.disks[1].avg_write_bw = 5_000
    assert lab.call("writeback_chunk_size", 1, 1 << 40) == 3 * 1024  # half a second's worth
    assert lab.call("writeback_chunk_size", 1, 100) == 1024


def test_reclaim_can_ask_for_pages_at_any_time():
    lab = dirtied(300, tasks=[("ask_after_one_second", 100)])
    lab.run(999 * MS)
    assert lab.k.disks[1].sectors == 0
    lab.run(2 * SEC)
    assert lab.k.disks[1].sectors == 300  # the unit is 1024 pages, so it got all
    lab.run(100 * SEC)
    assert lab.vm.nr_dirty == 0 and lab.k.disks[1].wb_work_pages == 0


def test_asking_for_no_number_means_all():
    lab = dirtied(300, tasks=[("ask_after_one_second", 0)]).run(2 * SEC)
    assert lab.vm.nr_dirty == 0 and lab.k.disks[1].sectors == 300


def test_only_devices_with_dirty_pages_are_asked():
    lab = WritebackLab(
        HERE, [("write_range", 3), ("ask_after_one_second", 0)], files=((500, 1), (500, 2)), disks=(US, US)
    )
    lab.workload(3, file=2, bytes=200).run(2 * SEC)
    assert bios(lab, 1) == (0, 0, 0) and lab.k.disks[2].sectors == 200


def test_with_nothing_dirty_a_flusher_sleeps_for_ever():
    lab = dirtied(50).run(300 * SEC)
    events = lab.k.e[0].nr_events
    lab.run(10_000 * SEC)
    assert lab.k.e[0].nr_events == events


def test_pages_that_are_dirty_at_the_start_are_old_and_are_written_in_the_first_interval():
    lab = dirtied(30).run(10 * MS)
    lab.vm.dirty_expire_ns, lab.k.disks[1].wb_delayed = 1, 0
    lab.call("page_writeback_init")
    assert lab.run(6 * SEC).vm.nr_dirty == 0


def test_without_the_interval_old_pages_are_never_looked_for():
    lab = dirtied(300)
    lab.vm.flusher_ns = 0
    assert lab.run(1000 * SEC).vm.nr_dirty == 300


def test_what_is_dirtied_steadily_is_written_about_every_30_seconds():
    lab = WritebackLab(HERE, [("dribble", 1)]).run(300 * SEC)
    assert 240 * 10 <= lab.k.disks[1].sectors <= 300 * 10
    assert lab.vm.nr_dirty <= 36 * 10
    assert lab.k.disks[1].done <= 2 * 10  # 300 pages are two bios


# what


def test_pages_go_out_in_order_in_bios_of_256():
    lab = dirtied(600, tasks=[("ask_after_one_second", 0)])
    lab.vm.dirty_background_ratio = 20
    lab.run(3 * SEC)
    assert bios(lab) == (3, 256, 600)
    lab.check_counts()


def test_pages_that_do_not_adjoin_go_into_different_bios():
    lab = WritebackLab(HERE, [("write_range", 2), ("write_range", 3), ("ask_after_one_second", 0)])
    lab.workload(2, file=1, pos=10, bytes=20).workload(3, file=1, pos=100, bytes=5).run(3 * SEC)
    assert bios(lab) == (2, 20, 25)


def test_the_next_call_goes_on_behind_the_last_page_and_then_round():
    lab = dirtied(100, tasks=[("ask_after_one_second", 0)], pos=200)
    lab.run(3 * SEC)
    assert lab.k.files[1].cursor == 300
    assert lab.call("find_get_pages_tag", 1, 0, 4096, 4096) == 4096


def test_the_search_for_dirty_pages_passes_over_those_under_writeback_and_gives_up_in_time():
    lab = dirtied(10, pos=5).run(10 * MS)
    base = lab.k.files[1].base
    for index in (5, 6, 8):
        lab.k.page_flags[lab.k.file_pages[base + index]] |= PG_writeback
    assert lab.call("find_get_pages_tag", 1, 0, 4096, 10) == 7
    assert lab.call("find_get_pages_tag", 1, 8, 4096, 10) == 9
    assert lab.call("find_get_pages_tag", 1, 8, 4096, 1) == 4096


def test_a_page_locked_by_another_is_waited_for_not_forgotten():
    lab = WritebackLab(HERE, [("write_range", 2), ("hold_page", 1), ("ask_after_one_second", 0)], cpus=2)
    lab.workload(2, file=1, bytes=20).run(2 * SEC)
    assert bios(lab) == (1, 7, 7)
    lab.run(4 * SEC)
    assert bios(lab) == (2, 13, 20)


@prototype(blocking=False)
def trylock_page(k, page):
    """Of swap.c."""


@prototype(blocking=False)
def unlock_page(k, page):
    """Of swap.c."""


@kernel
def hold_page(k, f):
    """Keep page 7 of file f locked for 3 s."""
    yield schedule_timeout(0, 500_000_000, TASK_INTERRUPTIBLE)
    page = k.file_pages[k.files[f].base + 7]
    trylock_page(k, page)
    yield schedule_timeout(0, 2_500_000_000, TASK_INTERRUPTIBLE)
    unlock_page(k, page)
    return 0


def test_files_of_a_device_take_turns():
    lab = WritebackLab(
        HERE, [("write_range", 2), ("write_range", 3), ("ask_after_one_second", 0)], pages=16_384,
        files=((1500, 1), (1500, 1)), disks=(US,),
    )  # fmt: skip
    lab.workload(2, file=1, bytes=800).workload(3, file=2, bytes=800)
    lab.run(10 * SEC)
    assert [lab.k.files[f].nr_dirty for f in (1, 2)] == [0, 0]
    assert lab.k.disks[1].sectors == 1600
    assert [lab.call("next_dirty_file", 1, f, 1 << 60) for f in (0, 1, 2)] == [0, 0, 0]


def test_a_turn_that_leaves_dirty_pages_starts_their_age_anew():
    lab = dirtied(300).run(10 * MS)
    born = lab.k.files[1].oldest_dirty
    lab.k.e[0].now = 20 * MS
    lab.call("requeue_inode", 1, 1024, 1024)
    assert lab.k.files[1].oldest_dirty == born  # its turn was used up: it goes on next time
    lab.call("requeue_inode", 1, 10, 1024)
    assert lab.k.files[1].oldest_dirty == 20 * MS
    lab.k.files[1].nr_dirty = 0
    lab.call("requeue_inode", 1, 300, 1024)
    assert lab.k.files[1].oldest_dirty == 0


@kernel
def reclaim_writes(k, w):
    """What kswapd does with one dirty page of file 1: lock, clear, write."""
    yield cpu(10_000_000)
    page = k.file_pages[k.files[1].base + k.workloads[w].pos]
    trylock_page(k, page)
    clear_page_dirty_for_io(k, page)
    yield from vmscan_writepage(k, page)
    return 0


@prototype(blocking=False)
def clear_page_dirty_for_io(k, page):
    """Of page_writeback.py."""


def test_reclaim_writes_one_page_and_leaves_it_unlocked_under_writeback():
    lab = WritebackLab(HERE, [("write_range", 2), ("reclaim_writes", 3)], disks=(5 * MS,)).workload(2, file=1, bytes=10)
    lab.workload(3, pos=4).run(13 * MS)
    page = lab.k.file_pages[lab.k.files[1].base + 4]
    assert lab.k.page_flags[page] & (PG_dirty | PG_writeback | 1) == PG_writeback
    lab.check_counts()
    lab.run(50 * MS)
    assert bios(lab) == (1, 1, 1) and lab.vm.nr_dirty == 9
    lab.check_counts()


def test_the_flusher_stops_at_the_background_threshold_of_a_machine_that_goes_on_dirtying():
    lab = WritebackLab(HERE, [("dribble", 1)], pages=600).run(120 * SEC)
    assert lab.vm.nr_dirty <= 60 + 50
    assert lab.k.disks[1].sectors == pytest.approx(1200, abs=120)
