"""The scenarios that attacks have found and that come with gfplab show what they say, with every seed."""

import pytest

from gfplab.adversary.goals import Goal
from gfplab.adversary.probe import Probe, Victim
from gfplab.policy.discover import discover
from gfplab.world.shipped import scenario_path
from gfplab.world.toml import read_toml

FOUND = {"stall_stock": Goal("stall"), "deadlock_stock": Goal("deadlock")}
HARMLESS = {"harmless_swap": Goal("stall"), "two_writers": Goal("deadlock")}


def shows(name, goal, seeds, policies=(), **crypt):
    path = scenario_path(name)
    tables, victim = read_toml(path), Victim(policies, discover(), str(path))
    tables["crypt"][0] |= crypt
    return [goal.reached(victim(Probe(tables, seed))) for seed in seeds]


@pytest.mark.parametrize("name", FOUND)
def test_what_was_found_shows_it_with_every_seed_those_of_the_search_and_fresh_ones(compiled, name):
    assert all(shows(name, FOUND[name], [*range(1, 11), *range(5001, 5021)]))


@pytest.mark.parametrize("name", HARMLESS)
def test_where_the_search_begins_shows_nothing(compiled, name):
    assert not any(shows(name, HARMLESS[name], [1, 2, 3]))


def test_what_is_to_blame_for_the_stall_is_the_policy(compiled):
    assert not any(shows("stall_stock", FOUND["stall_stock"], [1, 2, 3], ["neil_mask"]))


def test_what_is_to_blame_for_the_deadlock_is_the_missing_lock(compiled):
    assert not any(shows("deadlock_stock", FOUND["deadlock_stock"], [1, 2, 3], bio_alloc_lock=True))
