"""Dirty memory: thresholds, position and rate of the control loop, who pauses and how long, what is counted."""

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wb_lab import MS, SEC, US, WritebackLab, generic_perform_write

from gfplab.engine.requests import cpu
from gfplab.engine.subset import kernel, prototype
from gfplab.kernel.gfp import PF_LESS_THROTTLE
from gfplab.kernel.symbols import set_page_dirty
from gfplab.kernel.types import PG_anon, PG_writeback

HERE = sys.modules[__name__]
ONE = 1024  # a ratio of 1 with 10 bits after the point


@kernel
def flood(k, f):
    """Write file f as fast as one may, for ever."""
    while True:
        yield from generic_perform_write(k, f, 0, k.files[f].nr)


@kernel
def write_once(k, nr):
    """Dirty the first nr pages of file 1."""
    yield from generic_perform_write(k, 1, 0, nr)
    return 0


@pytest.fixture
def lab():
    return WritebackLab(HERE)


def memory(lab, free, file, **vm):
    """A machine that has this much free and this much in file pages."""
    lab.vm.nr_free, lab.k.lruvecs[1].nr_inactive_file = free, file
    for name, value in vm.items():
        setattr(lab.vm, name, value)
    return lab


# thresholds


def test_dirtyable_memory_is_what_is_free_beyond_the_reserve_and_all_file_pages(lab):
    memory(lab, free=5000, file=700, totalreserve=1000)
    lab.k.lruvecs[1].nr_active_file = 300
    assert lab.call("global_dirtyable_memory") == 4000 + 700 + 300 + 1


def test_dirtyable_memory_is_never_zero(lab):
    assert (
        lab.call("global_dirtyable_memory")
        and memory(lab, 10, 0, totalreserve=500).call("global_dirtyable_memory") == 1
    )


def test_the_dump_of_july_2016_had_a_threshold_of_2014_pages_and_a_writeout_limit_of_2215(lab):
    memory(lab, free=0, file=10_072, dirty_limit=0)
    assert lab.call("global_dirty_limits") == 2014
    assert lab.call("writeout_limit") == 2215


def test_the_writeout_limit_keeps_to_the_slow_dirty_limit_while_that_is_higher(lab):
    assert memory(lab, free=0, file=10_072, dirty_limit=48_640).call("writeout_limit") == 48_640 + 4864


def test_anonymous_memory_takes_the_dirty_threshold_away(lab):
    idle = memory(lab, free=240_000, file=0).call("global_dirty_limits")
    assert idle == 240_001 * 819 // 4096 and round(idle, -3) == 48_000
    assert round(lab.call("dirty_freerun_ceiling", idle, lab.vm.dirty_bg_thresh), -3) == 36_000
    full = memory(lab, free=50_000, file=0).call("global_dirty_limits")
    assert round(full, -3) == 10_000
    assert round(lab.call("dirty_freerun_ceiling", full, lab.vm.dirty_bg_thresh), -2) == 7_500


def test_a_background_ratio_not_below_the_other_counts_as_half_of_it(lab):
    memory(lab, free=40_960, file=0, dirty_background_ratio=20)
    assert lab.call("domain_dirty_bg_thresh", 40_960, 0) == 819 * 10 // 2


def test_less_throttle_adds_a_quarter_and_a_thirty_second_of_the_dirty_limit_before_v5_8(lab):
    memory(lab, free=0, file=0, dirty_limit=3200)
    plain = lab.call("domain_dirty_thresh", 40_960, 0)
    assert lab.call("domain_dirty_thresh", 40_960, PF_LESS_THROTTLE) == plain + plain // 4 + 100
    background = lab.call("domain_dirty_bg_thresh", 40_960, 0)
    assert lab.call("domain_dirty_bg_thresh", 40_960, PF_LESS_THROTTLE) == background + background // 4 + 100
    lab.vm.era = 61
    assert lab.call("domain_dirty_thresh", 40_960, PF_LESS_THROTTLE) == plain


def test_a_zone_takes_no_more_pages_to_write_than_its_part_of_the_dirty_ratio(lab):
    zone = lab.k.zones[1]
    zone.free, zone.managed, zone.wmark_high, zone.reserve_2 = 1500, 4096, 300, 200
    lab.k.lruvecs[1].nr_active_file = 1000
    assert lab.call("zone_totalreserve", 1) == 500
    assert lab.call("zone_dirty_limit", 1) == (1500 - 500 + 1000) * 20 // 100
    zone.nr_dirty, zone.nr_writeback = 300, 100
    assert lab.call("zone_dirty_ok", 1) == 1
    zone.nr_writeback += 1
    assert lab.call("zone_dirty_ok", 1) == 0
    lab.k.tasks[0].pf_flags = PF_LESS_THROTTLE
    assert lab.call("zone_dirty_ok", 1) == 1


# the slow limit


def follow(lab, limit, thresh, dirty, until):
    """Updates of dirty_limit until it is below `until`."""
    lab.vm.dirty_limit, n = limit, 0
    lab.k.dtcs[1].thresh, lab.k.dtcs[1].dirty = thresh, dirty
    while lab.vm.dirty_limit >= until:
        lab.call("update_dirty_limit", 1)
        n += 1
    return n


def test_dirty_limit_needs_48_updates_from_190_mib_down_to_where_the_dump_would_throttle(lab):
    assert follow(lab, 48_640, thresh=2014, dirty=0, until=12_411) == 48
    assert follow(lab, 48_640, thresh=2014, dirty=6300, until=12_411) == 62


@given(st.integers(0, 1 << 32), st.integers(0, 1 << 32), st.integers(0, 1 << 32))
def test_dirty_limit_follows_up_at_once_and_down_by_at_most_a_thirty_second(lab_once, limit, thresh, dirty):
    lab_once.vm.dirty_limit = limit
    lab_once.k.dtcs[1].thresh, lab_once.k.dtcs[1].dirty = thresh, dirty
    lab_once.call("update_dirty_limit", 1)
    new = lab_once.vm.dirty_limit
    assert new >= thresh
    if limit >= thresh:
        assert limit - limit // 32 - 1 <= new <= limit
        assert new >= min(limit, dirty)


@pytest.fixture(scope="module")
def lab_once():
    return WritebackLab(HERE)


def test_dirty_limit_moves_every_200_ms_at_most(lab):
    lab.vm.dirty_limit, lab.k.dtcs[1].thresh = 3200, 0
    for tick in range(50, 151):
        lab.call("domain_update_bandwidth", 1, tick)
    assert lab.vm.dirty_limit == follow_down(3200, 3)


def follow_down(limit, times):
    for _ in range(times):
        limit -= limit >> 5
    return limit


# position


@pytest.mark.parametrize(
    "dirty, ratio, in_1024ths",
    [
        (15_000, 2.0, 2045),
        (16_000, 1.216, 1244),
        (17_500, 1.0, 1024),
        (19_000, 0.784, 803),
        (19_900, 0.115, 121),
        (20_000, 0, 2),
    ],
)
def test_the_position_ratio_is_two_at_the_end_of_free_run_one_at_the_setpoint_and_nothing_at_the_limit(
    lab, dirty, ratio, in_1024ths
):
    got = lab.call("pos_ratio_polynom", 17_500, dirty, 20_000)
    assert got == in_1024ths
    assert got / ONE == pytest.approx(ratio, abs=0.005)


def position(lab, dirty, limit=20_000, wb_dirty=None, wb_thresh=None):
    """pos_ratio with thresh = limit, half of that as background threshold."""
    dtc = lab.k.dtcs[1]
    lab.vm.dirty_limit = limit
    dtc.wb, dtc.thresh, dtc.bg_thresh, dtc.dirty = 1, limit, limit // 2, dirty
    dtc.wb_dirty = dirty if wb_dirty is None else wb_dirty
    dtc.wb_thresh = limit if wb_thresh is None else wb_thresh
    lab.call("wb_position_ratio", 1)
    return dtc.pos_ratio


def test_nobody_goes_on_once_the_limit_is_reached(lab):
    assert position(lab, 19_999) > 0 == position(lab, 20_000) == position(lab, 30_000)


def test_a_device_with_few_pages_queued_lets_its_writers_go_up_to_eight_times_faster(lab):
    lab.k.disks[1].avg_write_bw = 1
    normal = position(lab, 17_500, wb_dirty=10_000)
    assert position(lab, 17_500, wb_dirty=5_000) > 2 * normal
    assert position(lab, 17_500, wb_dirty=100) >= 8 * position(lab, 17_500, wb_dirty=10_000) // 2


def test_a_device_far_over_its_share_slows_its_writers_to_a_quarter(lab):
    assert position(lab, 17_500, wb_dirty=17_400, wb_thresh=0) == ONE // 4


@given(st.integers(2, 1 << 30), st.data())
def test_the_position_ratio_stays_between_nothing_and_two(lab_once, limit, data):
    setpoint = data.draw(st.integers(0, limit - 1))
    dirty = data.draw(st.integers(0, 2 * limit))
    assert 0 <= lab_once.call("pos_ratio_polynom", setpoint, dirty, limit) <= 2 * ONE


@given(st.integers(100, 1 << 30), st.data())
def test_more_dirty_pages_never_make_writers_faster(lab_once, limit, data):
    setpoint = data.draw(st.integers(limit // 2, limit - 1))
    less = data.draw(st.integers(0, limit))
    more = data.draw(st.integers(less, limit))
    ratio = [lab_once.call("pos_ratio_polynom", setpoint, dirty, limit) for dirty in (less, more)]
    assert ratio[0] >= ratio[1]


# rates


def measure(lab, pages, ticks):
    disk = lab.k.disks[1]
    disk.written_stamp = disk.written
    disk.written += pages
    lab.call("wb_update_write_bandwidth", 1, ticks, disk.written)
    return disk.write_bw, disk.avg_write_bw


def test_a_device_is_taken_for_100_mb_s_until_it_is_measured_and_then_followed_over_4_seconds(lab):
    assert lab.k.disks[1].write_bw == 25_600
    # HZ 250: 3 s are rounded up to 1024 ticks
    bw, _ = measure(lab, pages=1000, ticks=50)
    assert bw == (1000 * 250 + 25_600 * (1024 - 50)) // 1024
    for _ in range(500):
        bw, average = measure(lab, pages=1000, ticks=50)
    assert abs(bw - 5000) < 100 and abs(average - 5000) < 200


def test_after_a_long_gap_the_measured_speed_replaces_the_old_one(lab):
    assert measure(lab, pages=2000, ticks=2000) == (250, 250)


def test_the_average_never_drops_to_nothing(lab):
    for _ in range(2000):
        measure(lab, pages=0, ticks=200)
    assert lab.k.disks[1].avg_write_bw >= 1


@given(st.integers(0, 1 << 40), st.integers(0, 1 << 24), st.integers(1, 1 << 12), st.integers(1, 1 << 24),
       st.integers(1, 1 << 24), st.integers(0, 16 * ONE), st.booleans())  # fmt: skip
def test_the_dirty_ratelimit_steps_towards_the_balanced_rate_and_stays_positive(
    lab_once, dirtied, write_bw, elapsed, ratelimit, balanced, pos_ratio, above
):
    disk, dtc = lab_once.k.disks[1], lab_once.k.dtcs[1]
    disk.dirtied_stamp, disk.avg_write_bw, disk.dirty_ratelimit, disk.balanced_ratelimit = (
        0,
        max(write_bw, 1),
        ratelimit,
        balanced,
    )
    dtc.wb, dtc.thresh, dtc.bg_thresh, dtc.dirty, dtc.pos_ratio = (
        1,
        20_000,
        10_000,
        19_000 if above else 16_000,
        pos_ratio,
    )
    lab_once.vm.dirty_limit = 20_000
    lab_once.call("wb_update_dirty_ratelimit", 1, dirtied, elapsed)
    target = disk.balanced_ratelimit
    assert disk.dirty_ratelimit >= 1
    assert 0 <= target <= disk.avg_write_bw
    moved = disk.dirty_ratelimit - ratelimit
    assert moved == 0 or ratelimit == 1 or (moved > 0) == (ratelimit < target)


# pauses


@given(st.integers(1, 1 << 22), st.integers(1, 1 << 22), st.integers(0, 1 << 22), st.integers(0, 1 << 24),
       st.sampled_from([MS, 3_333_333, 4 * MS, 10 * MS]))  # fmt: skip
def test_pauses_are_chosen_between_one_tick_and_200_ms(
    lab_once, write_bw, ratelimit, task_ratelimit, wb_dirty, jiffy_ns
):
    lab_once.k.e[0].jiffy_ns = jiffy_ns
    disk = lab_once.k.disks[1]
    disk.avg_write_bw, disk.dirty_ratelimit = write_bw, ratelimit
    lab_once.k.dtcs[1].wb = 1
    longest = lab_once.call("wb_max_pause", 1, wb_dirty)
    shortest = lab_once.call("wb_min_pause", 1, longest, task_ratelimit, ratelimit)
    lab_once.k.e[0].jiffy_ns = 4 * MS
    assert 1 <= longest <= 200 * MS // jiffy_ns
    assert 1 <= shortest <= longest
    assert lab_once.k.dtcs[1].nr_dirtied_pause >= 0


def test_a_task_in_free_run_is_looked_at_after_about_the_root_of_what_is_left(lab):
    assert lab.call("dirty_poll_interval", 5904, 10_000) == 64
    assert lab.call("dirty_poll_interval", 10_000, 10_000) == 1


def test_local_throttle_gives_a_private_free_run_on_the_device_written_to_from_v5_8_on():
    lab = WritebackLab(HERE, disks=(US, US))
    lab.vm.nr_free, lab.vm.nr_writeback, lab.k.dtcs[1].wb = 20_000, 3500, 1
    for _ in range(10):
        lab.call("wb_writeout_inc", 1)
        lab.call("wb_writeout_inc", 2)
    lab.k.disks[1].wb_dirty = 100
    assert lab.call("dirty_freerun", 1) == 0
    lab.k.tasks[1].pf_flags = PF_LESS_THROTTLE
    lab.vm.era = 61
    assert lab.call("dirty_freerun", 1) == 1
    lab.k.disks[1].wb_dirty = 2000
    assert lab.call("dirty_freerun", 1) == 0
    lab.vm.era, lab.k.disks[1].wb_dirty = 47, 100
    lab.vm.nr_writeback = 4500  # above the global bonus, too
    assert lab.call("dirty_freerun", 1) == 0


def test_a_writer_in_free_run_never_sleeps():
    lab = WritebackLab(HERE, [("write_once", 500)], pages=8192).run(SEC)
    assert lab.vm.nr_dirtied == 500
    assert lab.k.tasks[2].t_iowait == lab.k.tasks[2].t_d == 0


def test_a_writer_faster_than_its_device_ends_up_at_the_speed_of_the_device_below_the_limit():
    lab = WritebackLab(HERE, [("flood", 1)], pages=8192, files=((6000, 1),), disks=(200 * US,))
    lab.run(6 * SEC)
    before, limit = lab.vm.nr_dirtied, lab.vm.dirty_limit
    lab.run(12 * SEC)
    assert lab.vm.nr_dirtied - before == pytest.approx(6 * 5000, rel=0.15)
    assert lab.vm.nr_dirty + lab.vm.nr_writeback <= limit + 32
    assert 0 < lab.k.disks[1].avg_write_bw < 10_000
    lab.check_counts()


def test_no_pause_is_longer_than_200_ms():
    lab = WritebackLab(HERE, [("flood", 1), ("flood", 2)], pages=4096, files=((3000, 1), (3000, 1)), disks=(2 * MS,))
    lab.run(30 * SEC)
    stalls = lab.sim.drain()["stalls"]
    pauses = [int(row["duration"]) for row in stalls if row["state"] & 3 == 3 and row["task"] > 1]
    assert len(pauses) > 50
    assert max(pauses) <= 200 * MS + 10 * US


@kernel
def work(k, w):
    """Write file w for ever and count the pages."""
    while True:
        written = yield from generic_perform_write(k, w, k.workloads[w].done % k.files[w].nr, 1)
        k.workloads[w].done += written


def test_two_writers_share_their_device_evenly():
    lab = WritebackLab(
        HERE, [("work", 1), ("work", 2)], pages=8192, files=((3000, 1), (3000, 1)), disks=(400 * US,)
    ).run(12 * SEC)
    done = [lab.k.workloads[w].done for w in (1, 2)]
    assert sum(done) > 25_000
    assert abs(done[0] - done[1]) < 0.15 * sum(done)
    lab.check_counts()


def test_the_share_of_the_dirty_limit_follows_the_speed_of_the_device():
    lab = WritebackLab(
        HERE, [("flood", 1), ("flood", 2)], pages=16_384, files=((6000, 1), (6000, 2)), disks=(50 * US, 1 * MS)
    ).run(12 * SEC)
    fast, slow = (lab.call("wb_calc_thresh", d, 10_000) for d in (1, 2))
    assert 9900 <= fast + slow <= 10_000
    assert slow < 3500 and fast > 6500


def test_the_share_of_a_device_fades_by_half_every_three_seconds():
    lab = WritebackLab(HERE, disks=(10 * US, 10 * US))
    for _ in range(1000):
        lab.call("wb_writeout_inc", 1)
    assert lab.k.disks[1].completions == 1000 and lab.vm.completions == 1001
    lab.k.e[0].now = 7 * SEC
    assert lab.call("wb_calc_thresh", 1, 1000) == 1000 * 250 // 250
    assert lab.k.disks[1].completions == 250
    lab.k.e[0].now = 600 * SEC
    assert lab.call("wb_calc_thresh", 1, 1000) == 1000  # the only device keeps the whole
    assert lab.k.disks[1].completions == 1 and lab.vm.completions_time == 0
    for _ in range(99):
        lab.call("wb_writeout_inc", 2)
    assert lab.call("wb_calc_thresh", 1, 1000) == 10


def test_dirty_limit_stays_where_boot_put_it_while_nobody_writes_files():
    lab = WritebackLab(HERE, [])
    boot = lab.vm.dirty_limit
    lab.run(60 * SEC)
    assert lab.vm.dirty_limit == boot == lab.call("domain_dirty_thresh", 4097, 0)


def test_a_pausing_writer_shows_the_stack_of_a_writer_in_balance_dirty_pages():
    lab = WritebackLab(HERE, [("vfs_flood", 1)], pages=2048, files=((1000, 1),), disks=(1 * MS,)).run(3 * SEC)
    frames = [name for name, *_ in lab.build.stack_names(lab.sim, lab.k.tasks[2].block_stack)]
    assert frames[:6] == [
        "balance_dirty_pages", "balance_dirty_pages_ratelimited", "generic_perform_write", "__generic_file_write_iter",
        "ext4_file_write_iter", "__vfs_write",
    ]  # fmt: skip


@prototype(blocking=True)
def __vfs_write(k, f, index, nr):
    """Of filemap.py."""


@kernel
def vfs_flood(k, f):
    """write() of the whole file, for ever."""
    while True:
        yield from __vfs_write(k, f, 0, k.files[f].nr)


# states of pages


def test_pages_of_swap_count_as_under_writeback_but_not_as_a_device_s_and_never_as_dirty(lab):
    lab.k.page_flags[7] |= PG_anon
    assert lab.call("set_page_dirty", 7) == 1 and lab.call("set_page_dirty", 7) == 0
    assert lab.vm.nr_dirty == lab.vm.nr_dirtied == 0
    assert lab.call("clear_page_dirty_for_io", 7) == 1 and lab.call("clear_page_dirty_for_io", 7) == 0
    assert lab.call("set_page_writeback", 7) == 0 and lab.call("set_page_writeback", 7) == 1
    assert lab.vm.nr_writeback == lab.k.zones[1].nr_writeback == 1
    assert [d.wb_writeback for d in lab.k.disks] == [0, 0]
    lab.call("end_page_writeback", 7)
    assert lab.vm.nr_writeback == lab.k.zones[1].nr_writeback == 0
    assert lab.vm.nr_written == 1 and lab.k.disks[1].written == 0


def test_every_counter_is_the_sum_over_the_pages_at_every_moment():
    lab = WritebackLab(
        HERE, [("flood", 1), ("flood", 2)], pages=2048, files=((1500, 1), (900, 2)), disks=(300 * US, 1 * MS)
    )
    for ms in range(0, 3000, 37):
        lab.run(ms * MS)
        lab.check_counts()
    assert lab.vm.nr_dirtied - lab.vm.nr_written == lab.vm.nr_dirty + lab.vm.nr_writeback


@kernel
def dirty_again(k, f):
    """Write the page once more as soon as it is under writeback."""
    yield from generic_perform_write(k, f, 0, 1)
    while k.page_flags[k.file_pages[k.files[f].base]] & PG_writeback == 0:
        yield cpu(10_000)
    set_page_dirty(k, k.file_pages[k.files[f].base])
    return 0


def test_a_page_dirtied_under_writeback_is_written_a_second_time():
    lab = WritebackLab(HERE, [("dirty_again", 1)], disks=(1 * MS,))
    lab.vm.dirty_background_ratio = 0
    lab.k.tasks[2].nr_dirtied_pause = 0
    lab.run(60 * SEC)
    assert lab.vm.nr_dirtied == lab.vm.nr_written == 2
    assert lab.vm.nr_dirty == lab.vm.nr_writeback == 0


@settings(max_examples=5, deadline=None)
@given(st.integers(1, 1 << 30), st.integers(300, 4000), st.integers(20, 2000), st.integers(1, 3))
def test_dirty_pages_stay_below_the_limit_whatever_the_machine(seed, pages, device_us, writers):
    lab = WritebackLab(
        HERE,
        [("flood", f) for f in range(1, writers + 1)],
        pages=pages,
        files=((pages, 1),) * writers,
        disks=(device_us * US,),
        seed=seed,
    )
    limit = lab.vm.dirty_limit
    lab.run(1 * SEC)
    assert lab.vm.nr_dirty + lab.vm.nr_writeback <= limit + 32 * writers
    lab.check_counts()
