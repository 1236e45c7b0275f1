"""The pytest plugin: fixtures for tests of policies.  It changes nothing else, and loads nothing until one is used.

    def test_a_waiter_wakes_when_an_element_comes_back(mempool):
        mut = mempool("pool_first", min_nr=1).exhaust()
        held = mut.take()
        waiter = mut.take(at="1ms")
        mut.give_back(held, at="700ms")
        mut.run("1s")
        mut.assert_wakes_at(waiter, "700ms")

PYTEST_DONT_REWRITE: there is no assert in here, and rewriting would cost every session of every project.
"""

import pytest


def pytest_addoption(parser):
    """One option, in a group of its own."""
    group = parser.getgroup("gfplab")
    group.addoption(
        "--gfplab-update", action="store_true", help="write the tables that table_snapshot compares with anew"
    )


@pytest.fixture
def machine(request):
    """machine(*policies, ...): a small simulated machine, uncompiled and checked at every event (machine.py)."""
    from gfplab.testing.machine import Machine

    return lambda *policies, **options: Machine(policies, folder=request.path.parent, **options)


@pytest.fixture
def mempool(request):
    """mempool(*policies, min_nr=2, kind="page", ...): such a machine with one pool on it, which tasks may use."""
    from gfplab.testing.machine import Mempool

    return lambda *policies, **options: Mempool(policies, folder=request.path.parent, **options)


@pytest.fixture
def scenario(request):
    """scenario(name or file, *policies, seed=1, settings={}, ...): a run of it, with its tables (runs.py)."""
    from gfplab.testing.runs import run_scenario

    return lambda given, *policies, **options: run_scenario(given, policies, folder=request.path.parent, **options)


@pytest.fixture
def compare(request):
    """compare(name or file, policies, seeds=5, settings={}): policies over common seeds, pair by pair (paired.py)."""
    from gfplab.testing.paired import compare_policies

    return lambda given, policies, **options: compare_policies(given, policies, folder=request.path.parent, **options)


@pytest.fixture
def table_snapshot(request):
    """table_snapshot(frame, ...): the table is exactly what the file beside this test holds (snapshot.py)."""
    from gfplab.testing.snapshot import Snapshots

    return Snapshots(request.path, request.node.name, request.config.getoption("--gfplab-update"))
