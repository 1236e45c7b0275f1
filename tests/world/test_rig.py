"""What a scenario may say since it can describe a measuring rig: CPUs by name, runs that end with their tasks."""

import pytest

from gfplab.errors import ScenarioError
from gfplab.kernel.costs import COST_DEFAULTS
from gfplab.world.profiles import CIPHERS, PROFILES
from gfplab.world.scenario import build_world

SMALL = {
    "title": "small",
    "kernel": "v6.1",
    "length": "1s",
    "machine": {"cpus": 1, "memory": "64MiB"},
    "disk": [{"name": "d", "read": "1us", "write": "1us", "bandwidth": "1MB/s"}],
    "task": [{"kind": "anon_toucher", "comm": "hog", "size": "32MiB", "passes": 1}],
}
DIRECT = {"kind": "direct_io", "device": "d", "direction": "read", "size": "4KiB", "operations": 3}


def world(machine=None, **tables):
    return build_world({**SMALL, **tables, "machine": {**SMALL["machine"], **(machine or {})}}, "small.toml")


def sentence(machine=None, **tables):
    with pytest.raises(ScenarioError) as problem:
        world(machine, **tables)
    return str(problem.value)


def test_a_cpu_by_name_stands_for_its_costs_and_single_ones_can_be_written_over():
    """The world's hash is that of the costs, not of the name."""
    assert world().costs == COST_DEFAULTS
    rig = world({"cpu": "rig"})
    assert rig.costs == {**COST_DEFAULTS, **PROFILES["rig"]} != COST_DEFAULTS
    assert world({"cpu": "rig"}, costs={"touch": "1us"}).costs == {**rig.costs, "touch": 1000}
    assert world(costs={name: f"{ns}ns" for name, ns in rig.costs.items()}).sha256() == rig.sha256()


@pytest.mark.parametrize("cpu", PROFILES)
def test_a_profile_names_costs_that_there_are(cpu):
    assert set(PROFILES[cpu]) <= set(COST_DEFAULTS)
    assert set(CIPHERS) == set(PROFILES)


def test_a_slower_cpu_takes_twice_the_time_for_everything_that_is_cpu_time():
    """What the scenario itself writes is doubled as well."""
    crypts = {"crypt": [{"name": "c", "device": "d", "encrypt": "3us"}, {"name": "g", "device": "d", "cipher": "null"}]}
    full, half = world(**crypts, costs={"irq": "1us"}), world({"cpu_shift": 1}, **crypts, costs={"irq": "1us"})
    assert half.costs["irq"] == 2000 and half.costs["touch"] == 2 * full.costs["touch"]
    assert [crypt.encrypt_ns for crypt in half.crypts] == [2 * crypt.encrypt_ns for crypt in full.crypts]
    assert half.tasks[0].touch_ns == 2 * full.tasks[0].touch_ns and half.disks == full.disks


def test_what_is_free_can_be_written_and_the_kernel_has_the_rest():
    """Locked memory of tasks is claimed before that."""
    task = {**SMALL["task"][0], "count": 2, "locked": "1MiB"}
    here = world({"start": {"free": "40MiB", "active_file": "1MiB"}}, task=[task])
    managed = here.machine.managed_pages
    assert here.start_free_pages == 40 * 256
    assert here.machine.kernel_pages == managed - 40 * 256 - 256 - 2 * 256
    assert "write one of the two" in sentence({"kernel_memory": "1MiB", "start": {"free": "40MiB"}})


def test_a_run_until_the_tasks_are_done_needs_tasks_that_end():
    """And one that waits must not wait for a task that never ends."""
    assert world(until="done").until == "done"
    for_ever = [{**SMALL["task"][0], "passes": 0}]
    assert "[task.hog] passes: 0 is for ever" in sentence(until="done", task=for_ever)
    loop = [{"kind": "mempool_loop", "comm": "loop", "pool": "slab"}]
    assert "no task would end the run" in sentence(until="done", task=loop)


def test_direct_io_goes_to_a_device_that_there_is_after_a_task_that_stands_before():
    """Whole pages, within its region."""
    assert world(task=[{**DIRECT, "comm": "a"}, {**DIRECT, "comm": "b", "after": "a"}]).tasks[1].after == "a"
    assert "no [[disk]] or [[crypt]] is named 'e'" in sentence(task=[{**DIRECT, "comm": "a", "device": "e"}])
    assert "no direct_io task 'a' stands before" in sentence(task=[{**DIRECT, "comm": "a", "after": "a"}])
    assert "not whole pages" in sentence(task=[{**DIRECT, "comm": "a", "size": "5000B"}])
    assert "less than one operation" in sentence(task=[{**DIRECT, "comm": "a", "size": "8KiB", "region": "4KiB"}])
    assert "'sideways' is not a choice" in sentence(task=[{**DIRECT, "comm": "a", "direction": "sideways"}])


def test_locked_memory_is_whole_pages():
    assert "locked: not whole pages" in sentence(task=[{**SMALL["task"][0], "locked": "1kB"}])
