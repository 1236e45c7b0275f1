"""A policy that exists only as arithmetic on the scenario, so that searching it costs nothing."""

import pytest

from gfplab import units
from gfplab.adversary.attack import Attack
from gfplab.adversary.goals import Goal
from gfplab.adversary.seen import Seen
from gfplab.world.shipped import scenario_path
from gfplab.world.toml import read_toml


def arithmetic(probe):
    """Hogs that want more than the memory stall for a second per 16 MiB too much, seeds a little apart."""
    wanted = sum(
        units.parse_size(task["size"]) * task.get("count", 1)
        for task in probe.tables["task"]
        if task["kind"] == "anon_toucher"
    )
    over = wanted - units.parse_size(probe.tables["machine"]["memory"])
    return Seen("ok", {"pool": max(0.0, over / units.MIB * 1000 / 16 - probe.seed)}, "hog", shortage=wanted / units.GIB)


@pytest.fixture
def harmless():
    """The tables of the scenario that searches begin with, and where it is."""
    path = scenario_path("harmless_swap")
    return read_toml(path), str(path)


@pytest.fixture
def attack_of(harmless):
    """A function that makes an attack on `arithmetic`."""

    def make(**more):
        return Attack(*harmless, **{"goal": Goal("stall"), "seeds": (1, 2, 3), "trials": 60, "seed": 5, **more})

    return make


@pytest.fixture
def toy():
    """The policy."""
    return arithmetic
