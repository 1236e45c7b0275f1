"""Rows of measurements as scenarios: the rig's guest as it was found, and every column of a configuration."""

import dataclasses
from pathlib import Path

import pytest

from gfplab.boot.watermarks import zone_watermarks
from gfplab.errors import ScenarioError
from gfplab.truth.rows import COLUMNS, managed_pages, scenario_toml, settings_of, world_of
from gfplab.units import MIB
from gfplab.world.scenario import load_scenario

SCENARIOS = Path(__file__).parents[2] / "studies" / "scenarios"
LIFTED = {"swap_bios": 1_000_000, "page_limit": 1_000_000}
CONFIGURATIONS = {
    "slow20": {"mbps": 20},
    "fast100": {"mbps": 100},
    "null20": {"mbps": 20, "cipher": "null"},
    "era2016_20": {"mbps": 20, **LIFTED},
    "fastpath": {"mbps": 400, "work": "odirect"},
}


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_a_shipped_scenario_of_the_rig_is_what_its_row_gives(name):
    """The file is the text of scenario_toml(), and reading it gives the world of the row."""
    path = SCENARIOS / f"rig_{name}.toml"
    assert path.read_text() == scenario_toml(CONFIGURATIONS[name])
    assert load_scenario(path) == world_of(CONFIGURATIONS[name])


def test_an_empty_row_is_the_rig_as_it_mostly_was():
    """Defaults fill empty cells, whether they are None, an empty text, or not there."""
    empty = dict.fromkeys(COLUMNS, "")
    assert settings_of({}) == settings_of(empty) == settings_of(dict.fromkeys(COLUMNS))
    assert world_of({}) == world_of({"mbps": "20.0", "procs": 4.0, "policy": 3, "seed": 7, "elapsed_s": "22.1"})


def test_the_guest_of_96_mib_has_the_marks_that_it_printed():
    """zoneinfo: managed 20497, min 279, low 348, high 417; vmstat: 81984 touches are two passes over all hogs."""
    machine = world_of({}).machine
    assert machine.managed_pages == 20497
    assert zone_watermarks([20497], machine.min_free_kbytes) == [(279, 348, 417)]
    hog = world_of({}).tasks[0]
    assert hog.count * hog.size_bytes // 4096 * hog.passes == 81984
    assert machine.start.dirty_limit_pages == 4066


def test_more_memory_is_managed_but_for_its_map_and_larger_hash_tables():
    """96 MiB more lie in one more section of 128 MiB, whose map is 512 pages; the hashes double."""
    assert managed_pages(192) == 20497 + 96 * 256 - 512 - 48
    assert managed_pages(128) == 20497 + 32 * 256


def test_every_hog_holds_its_copy_of_the_parents_locked_memory_from_the_start():
    """With three times as many hogs, less memory is free when the clock starts, and the kernel has no more of it."""
    few, many = world_of({"procs": 4}), world_of({"procs": 12})
    locked = [world.tasks[0].locked_bytes // 4096 for world in (few, many)]
    assert locked == [507, 507]  # its page tables come with its first touches
    free = [world.machine.start.free_pages for world in (few, many)]
    assert free[0] - free[1] == 8 * 507
    assert few.machine.kernel_pages == many.machine.kernel_pages


def test_the_columns_of_the_disk_the_cipher_and_the_limits_go_where_they_belong():
    """One row with everything different."""
    world = world_of(
        {"mbps": "5", "op_ns": 1_000_000, "lat_ns": 50_000, "qd": 32, "jitter": 0, "cipher": "aesgen", "swap_bios": 1}
        | {"page_limit": 100, "hz": 1000, "vcpus": 2, "swap_mb": 64, "min_free_kbytes": 4096, "pct": 150, "passes": 3}
    )
    disk, crypt = world.disks[0], world.crypts[0]
    assert (disk.bandwidth_bps, disk.per_request_ns, disk.read_ns, disk.write_ns) == (5_000_000, 10**6, 50_000, 50_000)
    assert (disk.tags, disk.nr_requests, disk.jitter_permille, disk.fifo) == (32, 64, 0, True)
    assert (crypt.swap_bios, crypt.page_limit_pages, crypt.bios) == (1, 100, 64)
    assert crypt.encrypt_ns > world_of({}).crypts[0].encrypt_ns > world_of({"cipher": "null"}).crypts[0].encrypt_ns
    assert (world.machine.hz, world.machine.cpus, world.machine.min_free_kbytes) == (1000, 2, 4096)
    assert world.swap.size_bytes == 64 * MIB - 4096
    assert (world.tasks[0].size_bytes, world.tasks[0].passes) == (int(20497 * 1.5 / 4) * 4096, 3)


def test_half_speed_doubles_all_cpu_time_and_nothing_else():
    """shift = 1: every cost, the cipher and the touch; not the disk."""
    full, half = world_of({"cipher": "aesgen"}), world_of({"cipher": "aesgen", "shift": 1})
    assert half.costs == {name: 2 * ns for name, ns in full.costs.items()}
    assert half.crypts[0].encrypt_ns == 2 * full.crypts[0].encrypt_ns
    assert half.tasks[0].touch_ns == 2 * full.tasks[0].touch_ns
    assert half.disks == full.disks
    assert dataclasses.replace(half.tasks[0], touch_ns=0) == dataclasses.replace(full.tasks[0], touch_ns=0)


def test_the_writer_has_a_disk_of_its_own_and_a_file_that_it_overwrites():
    """64 MiB in calls of 64 KiB on ext2; it is one more child of PID 1."""
    world, without = world_of({"writer": 1}), world_of({})
    writer = world.tasks[1]
    assert (writer.size_bytes, writer.chunk_bytes, writer.stop_ns) == (64 * MIB, 65536, None)
    assert [disk.bandwidth_bps for disk in world.disks] == [20_000_000, 20_000_000]
    assert without.machine.start.free_pages - world.machine.start.free_pages == 507
    assert world.machine.kernel_pages - without.machine.kernel_pages == 507


def test_direct_io_has_no_hogs_and_four_phases_one_after_the_other():
    """4 KiB x 4000 and 64 KiB x 1000, each written and read; the CSV names them so."""
    tasks = world_of(CONFIGURATIONS["fastpath"]).tasks
    assert [(task.direction, task.size_bytes, task.operations) for task in tasks] == [
        ("write", 4096, 4000), ("read", 4096, 4000), ("write", 65536, 1000), ("read", 65536, 1000),
    ]  # fmt: skip
    assert [task.after for task in tasks] == [None, *(task.comm for task in tasks[:-1])]


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({"cipher": "aes"}, "row: cipher: 'aes' is unknown; did you mean 'aesni'?"),
        ({"work": "sleep", "cfg": "c"}, "c: work: 'sleep' is unknown; one of: swap, odirect"),
        ({"hz": 60}, "row: hz: '60' is unknown; one of: 100, 250, 300, 1000"),
        ({"ram": "much"}, "row: ram: 'much' is not a number"),
        ({"ram": 8}, "row: ram: 8 is too small; it must be at least 64"),
        ({"ram": "inf"}, "row: ram: 'inf' is not a number"),
        ({"mbps": 0}, "row: mbps: 0 is too small; it must be at least 0.001"),
        ({"chunk": 1.5}, "row: chunk: 1.5 is not a whole number"),
        ({"jitter": 100}, "row: jitter: 100 is too large; it must be at most 99"),
        ({"backend": "virtio-blk"}, "row: backend: virtio-blk is a file of the host, whose speed nobody knows"),
        ({"writer": 1, "file_mb": 10}, "row: file_mb: 10 MiB do not hold the writer's file of 64 MiB"),
        ({"procs": 40}, "row: procs: 40 processes leave nothing free in 96 MiB before they begin"),
    ],
)
def test_a_value_that_cannot_be_is_named_with_its_column(row, sentence):
    """One sentence for each; nothing is simulated that was not meant."""
    with pytest.raises(ScenarioError) as problem:
        world_of(row)
    assert str(problem.value).startswith(sentence) and len(problem.value.lines) == 1


def test_all_wrong_columns_are_named_at_once():
    """Like every mistake in a scenario."""
    with pytest.raises(ScenarioError) as problem:
        world_of({"name": "r1", "ram": "x", "cipher": "x", "qd": 0})
    assert [line.split(": ")[:2] for line in problem.value.lines] == [["r1", "ram"], ["r1", "qd"], ["r1", "cipher"]]
