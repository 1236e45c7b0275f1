"""The scenarios that attacks have found and that come with gfplab show what they say, with every seed."""

import pytest

from gfplab.adversary.goals import Goal
from gfplab.adversary.probe import Probe, Victim
from gfplab.policy.discover import discover
from gfplab.world.shipped import scenario_path
from gfplab.world.toml import read_toml

FOUND = {"stall_stock": Goal("stall")}
HARMLESS = {"harmless_swap": Goal("stall"), "two_writers": Goal("deadlock")}


def shows(name, goal, seeds):
    path = scenario_path(name)
    tables, victim = read_toml(path), Victim([], discover(), str(path))
    return [goal.reached(victim(Probe(tables, seed))) for seed in seeds]


@pytest.mark.parametrize("name", FOUND)
def test_what_was_found_shows_it_with_every_seed_those_of_the_search_and_fresh_ones(compiled, name):
    assert all(shows(name, FOUND[name], [*range(1, 11), 1001, 1002]))


@pytest.mark.parametrize("name", HARMLESS)
def test_where_the_search_begins_shows_nothing(compiled, name):
    assert not any(shows(name, HARMLESS[name], [1, 2, 3]))
