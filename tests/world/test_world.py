"""Is a World complete, comparable, and safe from whatever a file may contain?"""

import copy
import datetime
from dataclasses import is_dataclass
from pathlib import Path
from typing import get_args, get_origin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gfplab.errors import GfplabError, PolicyError, ScenarioError, SimulationError, StudyError
from gfplab.kernel.costs import COST_DEFAULTS
from gfplab.units import GIB, MIB
from gfplab.world.fields import keys_of, quantity_of, table_of
from gfplab.world.machine import zones_of_memory
from gfplab.world.scenario import World, build_world
from gfplab.world.toml import read_toml
from gfplab.world.workload import TASKS

S1 = read_toml(Path(__file__).parents[2] / "studies" / "scenarios" / "s1_dm_crypt_swap.toml")
SMALL = {
    "title": "small",
    "length": "1s",
    "machine": {"cpus": 1, "memory": "64MiB"},
    "task": [{"kind": "anon_toucher", "comm": "hog", "size": "32MiB"}],
}


def small(**tables):
    return build_world({**SMALL, **tables}, "small.toml")


def every_table(annotation=World, seen=None):
    """All dataclasses that can stand in a scenario."""
    seen = set() if seen is None else seen
    table = table_of(annotation)
    if is_dataclass(table):
        seen.add(table)
        for declared in keys_of(table).values():
            every_table(declared.type, seen)
    elif get_origin(table) is tuple or len(get_args(table)) > 1:
        for inner in get_args(table):
            every_table(inner, seen)
    return seen


def test_every_key_is_explained_and_named_without_its_unit():
    """The explanation is what the documentation prints; a unit in a key's name would say twice what its value says."""
    tables = every_table()
    assert set(TASKS) <= tables and len(tables) == 13
    for table in tables:
        for declared in keys_of(table).values():
            assert declared.help, f"{table.__name__}.{declared.field} is not explained"
            assert not declared.key.endswith(("_ns", "_bytes", "_pages", "_bps"))
            unit = declared.field.rpartition("_")[2]
            if quantity_of(declared.type):
                assert unit in ("ns", "bytes", "pages", "bps"), f"{table.__name__}.{declared.field} hides its unit"


def test_what_a_file_leaves_out_is_filled_in_by_the_age_of_the_kernel():
    """dm-crypt got larger pools, a page limit and a limit on swap bios after v4.7, and a virtio disk a scheduler."""
    block = {
        "disk": [{"name": "d", "read": "1us", "write": "1us", "bandwidth": "1MB/s"}],
        "crypt": [{"name": "c", "device": "d"}],
    }
    old, new = small(**block), small(**block, kernel="v6.1")
    assert (old.crypts[0].bios, old.crypts[0].page_limit_pages, old.crypts[0].swap_bios) == (16, 0, 0)
    assert (new.crypts[0].bios, new.crypts[0].page_limit_pages, new.crypts[0].swap_bios) == (64, 4096, 2048)
    assert small(**block, kernel="v7.2").crypts[0].split_bytes < new.crypts[0].split_bytes
    assert old.crypts[0].encrypt_ns == COST_DEFAULTS["crypt_page"]
    assert old.crypts[0].max_active == 1
    assert (old.tasks[0].touch_ns, old.tasks[0].first_order) == (COST_DEFAULTS["touch"], "random")
    assert (old.disks[0].scheduler, new.disks[0].scheduler) == ("none", "mq-deadline")
    assert old.costs == COST_DEFAULTS and small(costs={"irq": "1us"}).costs == {**COST_DEFAULTS, "irq": 1000}


def test_zones_follow_from_memory_as_on_a_pc():
    """97 % is managed; the DMA zone takes its 3977 pages, DMA32 ends with the third GiB, Normal has the rest."""
    sizes = {
        size: {zone.name: zone.managed_pages for zone in zones_of_memory(size)} for size in (8 * MIB, GIB, 16 * GIB)
    }
    assert sizes[8 * MIB] == {"DMA": 1986}
    assert sizes[GIB] == {"DMA": 3977, "DMA32": 254_279 - 3977}
    assert list(sizes[16 * GIB]) == ["DMA", "DMA32", "Normal"]
    assert sum(sizes[16 * GIB].values()) == 16 * GIB // 4096 * 97 // 100


def test_two_worlds_have_one_name_iff_nothing_that_matters_differs():
    """Not the title, not the path, not whether the zones were written or computed; but every number."""
    world = small()
    written = [{"name": zone.name, "managed": f"{zone.managed_pages * 4}kB"} for zone in world.machine.zones]
    same = build_world({**SMALL, "title": "another", "machine": {"cpus": 1, "zone": written}}, "elsewhere.toml")
    assert same.sha256() == world.sha256() and len(world.sha256()) == 64
    assert small(length="2s").sha256() != world.sha256()
    assert small(tunables={"p": {"x": 1}}).sha256() != world.sha256()
    assert small(tunables={"p": {"x": 1}}).sha256() == small(tunables={"p.x": 1}).sha256()


def test_a_world_cannot_be_changed_by_accident():
    """Runs in several threads share it."""
    with pytest.raises(AttributeError):
        small().machine.cpus = 2


def test_only_a_failed_simulation_has_exit_code_one():
    """1 is a bad verdict, 2 a wrong input; one class to catch them all."""
    assert [error.exit_code for error in (ScenarioError, PolicyError, StudyError, SimulationError)] == [2, 2, 2, 1]
    assert issubclass(SimulationError, GfplabError) and SimulationError("a\nb").lines == ["a", "b"]


def places(tables, before=()):
    """Every path of keys and indices into a scenario's tables."""
    inside = tables.items() if isinstance(tables, dict) else enumerate(tables) if isinstance(tables, list) else ()
    for key, value in inside:
        yield (*before, key)
        yield from places(value, (*before, key))


JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 1 << 70),
    st.floats(),
    st.just(datetime.date(2016, 7, 18)),
    st.sampled_from(["", "vda", "swap0", "0ns", "1GiB", "99999GiB", "a.b", "random", "file_writer", "x" * 99]),
    st.sampled_from([[], {}, [{}], [[]], [1], {"name": "vda"}, {"kind": "mempool_loop"}, {"x": {"y": 1}}]),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(sorted(places(S1), key=str)), JUNK, st.booleans()), min_size=1, max_size=4))
def test_whatever_stands_in_a_file_it_is_a_world_or_a_scenario_error(changes):
    """Replace or remove anything, anywhere: no other exception leaves, and every line names its place."""
    tables = copy.deepcopy(S1)
    for path, junk, remove in changes:
        here = tables
        try:
            for step in path[:-1]:
                here = here[step]
            if remove:
                del here[path[-1]]
            else:
                here[path[-1]] = copy.deepcopy(junk)
        except (LookupError, TypeError):
            continue  # an earlier change took the place away
    try:
        assert isinstance(build_world(tables, "s1.toml"), World)
    except ScenarioError as problem:
        assert all(line.startswith("s1.toml: ") for line in problem.lines)
