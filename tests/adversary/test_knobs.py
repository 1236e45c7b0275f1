"""The space around a scenario: every value of every knob is one that the scenario may have."""

import pytest

from gfplab.adversary.knobs import knobs_of, stock_tasks, turned
from gfplab.errors import ScenarioError
from gfplab.world.scenario import build_world
from gfplab.world.shipped import scenario_path
from gfplab.world.toml import read_toml


def tables_of(name):
    path = scenario_path(name)
    tables = read_toml(path)
    return tables, build_world(tables, path)


@pytest.mark.parametrize("name", ["harmless_swap", "two_writers", "s1_quarter", "s10_fast_path", "rig_slow20"])
def test_every_value_can_be_written_and_the_start_is_one_of_them(name):
    tables, world = tables_of(name)
    knobs = knobs_of(tables, world)
    assert len({knob.address for knob in knobs}) == len(knobs) > 3
    joined = {knob.address: True for knob in knobs if knob.values == (False, True)}
    for knob in knobs:
        assert knob.start in knob.values and len(set(knob.values)) == len(knob.values)
        for value in knob.values:
            try:
                build_world(turned(tables, {**joined, knob.address: value}, world), name)
            except ScenarioError as error:
                # too much at once, but nothing that could not be written
                assert "overfull" in str(error) or "resident: more than size" in str(error)


def test_nothing_turned_is_the_scenario_itself():
    tables, world = tables_of("harmless_swap")
    assert turned(tables, {}, world) == tables
    start = {knob.address: knob.start for knob in knobs_of(tables, world)}
    assert turned(tables, start, world) == tables


def test_a_task_that_joins_brings_its_settings_and_one_that_does_not_leaves_them():
    tables, world = tables_of("harmless_swap")
    joins = turned(tables, {"add.hog+": True, "add.hog+.size": "64MiB", "add.writer+.rate": "7MB/s"}, world)
    assert [task["comm"] for task in joins["task"]] == ["hog", "writer", "hog+"]
    assert joins["task"][2]["size"] == "64MiB"
    assert len(tables["task"]) == 2
    assert [task["comm"] for task in stock_tasks(joins, 1 << 27)] == ["writer+", "reader+", "direct+"]
