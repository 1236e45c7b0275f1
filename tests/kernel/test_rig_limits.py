"""Configurations of the rig at their limits (v6.1): no table of the simulator is full, and a run cut off says so."""

from dataclasses import replace

import pytest

from gfplab.run import simulate
from gfplab.tables.metrics import tabulate
from gfplab.tables.verdict import verdict_of
from gfplab.truth.policies import rig_policies
from gfplab.truth.rows import world_of

SEC = 1_000_000_000

pytestmark = pytest.mark.slow


def test_bios_in_flight_are_limited_by_memory_alone(compiled):
    """Policy 1 without dm-crypt's limits writes a page for each 40 us of CPU, far ahead of its disk (MODEL 7.2)."""
    row = {"swap_bios": 1_000_000, "page_limit": 1_000_000}
    run = simulate(world_of(row), rig_policies(1), 3, until_ns=5 * SEC)
    assert run.arrays["vm"]["nr_writeback"].max() > 8000 or run.vmstat["nr_writeback"].max() > 8000


def test_works_that_follow_one_another_need_no_more_workers(compiled):
    """kcryptd has at most one work at once: whoever else gets the CPU in between finds nothing pending (MODEL 9)."""
    run = simulate(world_of({"mbps": 200}), rig_policies(5), 1)
    assert run.verdict == "ok" and run.arrays["worker_pools"]["nr_workers"][1] <= 4


def test_a_run_that_its_scenario_cuts_off_is_unfinished(compiled):
    world = replace(world_of({}), length_ns=2 * SEC)
    run = simulate(world, rig_policies(0), 1)
    assert run.verdict == "unfinished" and run.sim_ns == 2 * SEC
    verdict = verdict_of(tabulate(run))
    assert (
        not verdict.ok and verdict.sentence == "not done after 2 s of simulated time, the most that the scenario allows"
    )
    assert simulate(world_of({}), rig_policies(0), 1, until_ns=2 * SEC).verdict == "ok"  # asked to stop there


def test_more_anonymous_memory_than_memory_and_swap_hold_ends_in_oom_kills(compiled):
    """192 MiB, 300 %: 134 000 pages for 44 000 of memory and 81 918 of swap."""
    run = simulate(world_of({"ram": 192, "pct": 300, "mbps": 200}), rig_policies(0), 1)
    assert run.verdict == "oom" and run.arrays["vm"]["done"][0]
    assert run.arrays["vm"]["oom_kill"][0] < 4, "who is left has room"
