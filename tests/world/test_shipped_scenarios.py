"""Are the scenarios that come with gfplab what they say they are?"""

import dataclasses
import re
from pathlib import Path

import pytest

from gfplab.units import GIB, MIB, PAGE_SIZE
from gfplab.world.scenario import load_scenario

SCENARIOS = Path(__file__).parents[2] / "studies" / "scenarios"


@pytest.fixture
def s1():
    return load_scenario(SCENARIOS / "s1_dm_crypt_swap.toml")


@pytest.mark.parametrize("path", sorted(SCENARIOS.glob("*.toml")), ids=lambda path: path.stem)
def test_every_shipped_scenario_can_be_read(path):
    """And opens with a comment that says what it is about."""
    world = load_scenario(path)
    assert world.title and path.read_text().startswith("# ")
    assert world.source == str(path)


def test_s1_is_the_guest_of_the_thread(s1):
    """1 GiB, two CPUs, swap on dm-crypt over a virtio disk that is never congested; two hogs want 1400 MiB."""
    assert (s1.machine.cpus, s1.machine.hz) == (2, 1000)
    assert {zone.name: zone.managed_pages for zone in s1.machine.zones} == {"DMA": 3977, "DMA32": 250_315}
    crypt, disk = s1.crypts[0], s1.disks[0]
    assert (crypt.device, crypt.bios, crypt.page_pool, crypt.encrypt_ns) == (disk.name, 16, 256, 2000)
    assert (disk.write_ns, disk.bandwidth_bps, disk.tags, disk.congestion) == (200_000, 100_000_000, 128, False)
    assert (s1.swap.device, s1.swap.size_bytes) == (crypt.name, 2 * GIB)
    assert [(task.count, task.size_bytes, task.order) for task in s1.tasks] == [(2, 700 * MIB, "random")]
    assert s1.machine.start.active_file_pages * PAGE_SIZE == 70 * MIB


def marks(world):
    """min, low and high of each zone, as the kernel computes them from min_free_kbytes."""
    total = world.machine.managed_pages
    for zone in world.machine.zones:
        low_end = world.machine.min_free_kbytes // 4 * zone.managed_pages // total
        gap = max(low_end // 4, zone.managed_pages * world.machine.watermark_scale_factor // 10_000)
        yield low_end, low_end + gap, low_end + 2 * gap


def test_s1_has_the_min_marks_of_the_thread(s1):
    """60 and 3828 kB, as the dump prints them. Its low and high are one page lower: 996 kB apart, from boot's size."""
    assert [mark[0] * 4 for mark in marks(s1)] == [60, 3828]
    assert [mark[1] * 4 for mark in marks(s1)] == [72, 4828]


@pytest.mark.parametrize("name", ["s1_dm_crypt_swap", "s1_quarter"])
def test_the_dirty_limit_is_what_a_minute_of_throttled_writing_leaves(name):
    """From its value after boot it falls by (limit - thresh) >> 5 every 200 ms, 300 times."""
    world = load_scenario(SCENARIOS / f"{name}.toml")
    machine, start = world.machine, world.machine.start
    highs = [mark[2] for mark in marks(world)]
    lowmem_reserve = machine.zones[1].managed_pages // 256
    kept = sum(highs) + lowmem_reserve
    free = world.start_free_pages - world.crypts[0].page_pool
    dirtyable = max(free - kept, 0) + start.active_file_pages + start.inactive_file_pages
    thresh = dirtyable * machine.dirty_ratio // 100
    limit = (
        (machine.managed_pages - machine.kernel_pages - world.crypts[0].page_pool - kept) * machine.dirty_ratio // 100
    )
    for _ in range(300):
        limit -= (limit - thresh) >> 5
    assert (start.dirty_limit_pages, limit) == (limit, thresh + 31)
    background = dirtyable * machine.dirty_background_ratio // 100
    assert (thresh + background) // 2 < start.dirty_pages < limit


def test_s1_begins_where_reclaim_begins(s1):
    """Above the high marks, for kswapd sleeps, but not by more than the hogs touch in a moment."""
    high = sum(mark[2] for mark in marks(s1))
    assert high < s1.start_free_pages < 2 * high


def test_the_quarter_has_a_quarter_of_every_size(s1):
    """But for the length, the megabyte that the unscaled reserve needs, and rounding to whole pages."""
    quarter = load_scenario(SCENARIOS / "s1_quarter.toml")
    assert quarter.machine.managed_pages == pytest.approx(s1.machine.managed_pages / 4, abs=1)
    assert quarter.machine.kernel_pages == s1.machine.kernel_pages // 4 - 256
    for field in ("active_file_pages", "inactive_file_pages", "dirty_pages"):
        assert getattr(quarter.machine.start, field) * 4 == getattr(s1.machine.start, field)
    for small, large in zip(quarter.tasks, s1.tasks, strict=True):
        assert (small.size_bytes * 4, small.resident_bytes * 4) == (large.size_bytes, large.resident_bytes)
    assert quarter.swap.size_bytes * 4 == s1.swap.size_bytes
    assert (quarter.disks, quarter.crypts, quarter.filesystems) == (s1.disks, s1.crypts, s1.filesystems)


def test_s2_is_s1_without_what_the_writer_did(s1):
    """The same storm on the same machine; only the dirty pages, the decayed limit and the writer's disk are gone."""
    s2 = load_scenario(SCENARIOS / "s2_pure_anon.toml")
    assert s2.machine.start.dirty_limit_pages is None and s2.machine.start.dirty_pages == 0
    assert (s2.filesystems, len(s2.disks)) == ((), 1)
    less = dict(resident_state="aged", resident_bytes=s2.tasks[0].resident_bytes)  # half a MiB is page cache there
    aged = tuple(dataclasses.replace(task, **less) for task in s1.tasks)
    assert (s2.tasks, s2.swap, s2.crypts, s2.disks[0]) == (aged, s1.swap, s1.crypts, s1.disks[0])
    assert s2.machine.zones == s1.machine.zones and s2.start_free_pages == s1.start_free_pages


def test_s10_has_one_loop_on_each_cpu_however_many_there_are():
    """--set machine.cpus is all it takes."""
    path = SCENARIOS / "s10_fast_path.toml"
    assert load_scenario(path).tasks[0].count == 8
    assert load_scenario(path, {"machine.cpus": 128, "task.loop.pool": "page"}).tasks[0].count == 128


def test_no_scenario_writes_a_line_that_does_not_fit():
    """120 columns, as in the source."""
    for path in SCENARIOS.glob("*.toml"):
        assert not re.search(r"^.{121}", path.read_text(), re.MULTILINE), path
