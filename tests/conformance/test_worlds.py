"""Are the random worlds worlds? All of them load, they differ, and a number means the same one for ever."""

import tomli

from gfplab.conformance.worlds import ERAS, as_toml, random_tables, random_world
from gfplab.units import MIB
from gfplab.world.scenario import build_world

NUMBERS = range(1, 201)


def test_every_number_is_a_world_of_its_own():
    worlds = [random_world(number) for number in NUMBERS]
    assert len({world.sha256() for world in worlds}) == len(worlds)
    assert {world.kernel for world in worlds} == set(ERAS)
    assert {bool(world.crypts) for world in worlds} == {True, False}
    assert all(16 * MIB <= world.machine.memory_bytes <= 64 * MIB for world in worlds)
    assert {task.kind for world in worlds for task in world.tasks} == {
        "anon_toucher", "file_writer", "file_reader", "mempool_loop",
    }  # fmt: skip


def test_a_number_is_the_same_world_for_ever():
    """The hash changes when the worlds are drawn otherwise; then what is said about a number is void."""
    assert random_world(17).sha256() == random_world(17).sha256()
    assert random_tables(17) == random_tables(17) != random_tables(18)
    assert random_tables(17)["machine"]["memory"] == "49152KiB"


def test_a_world_can_be_written_down_as_a_scenario():
    """`gfplab run` of the file is the same world."""
    for number in NUMBERS:
        written = build_world(tomli.loads(as_toml(random_tables(number))), "world.toml")
        assert written.sha256() == random_world(number).sha256()


def test_a_policy_is_run_in_the_kernels_that_ask_it():
    assert {random_world(number, ("v6.1",)).kernel for number in NUMBERS} == {"v6.1"}
