"""Is a program of the thread, run by mempool_program, that policy of the thread? Down to the last event of a run."""

from pathlib import Path

import pytest

from gfplab.policy.select import select
from gfplab.run import simulate
from gfplab.units import MSEC
from gfplab.world.scenario import load_scenario

SCENARIOS = Path(__file__).parents[2] / "studies" / "scenarios"
IN_SPACE = {
    "linux_4_7": "ALLOC(optimistic) RESERVE ALLOC(full) | RESERVE WAIT(5s) ALLOC(full)",
    "neil_mask": "ALLOC(optimistic) RESERVE | WAIT(5s) ALLOC(optimistic) RESERVE",
    "pool_first": "RESERVE ALLOC(optimistic) | WAIT(5s) RESERVE ALLOC(optimistic)",
}


def run(plugins, scenario, name, tunables=(), **more):
    world = load_scenario(SCENARIOS / f"{scenario}.toml")
    chosen = select("v4.7", {"mempool_step": name}, tunables=dict(tunables), plugins=plugins)
    return simulate(world, chosen, seed=1, **more)


@pytest.mark.parametrize(("name", "text"), IN_SPACE.items())
def test_a_storm_on_dm_crypt_goes_event_by_event_as_with_the_policy_itself(plugins, name, text):
    """Ten simulated seconds of s1_quarter."""
    program = run(plugins, "s1_quarter", "mempool_program", {"mempool_program.program": text})
    policy = run(plugins, "s1_quarter", name)
    assert program.events > 5000
    assert (program.log_hash, program.events) == (policy.log_hash, policy.events)


def test_another_program_is_another_run(plugins):
    """The hash would tell."""
    hashes = {run(plugins, "s1_quarter", name, until_ns=300 * MSEC).log_hash for name in IN_SPACE}
    assert len(hashes) == len(IN_SPACE)


def test_a_program_runs_interpreted_as_it_does_compiled(plugins):
    """Here one that nobody proposed."""
    text = "RESERVE ALLOC(full+STEP_LIGHT_RECLAIM) | WAIT(10ms) RESERVE WAIT(1ms) ALLOC(optimistic+__GFP_HIGH)"
    hashes = {
        run(
            plugins, "s10_fast_path", "mempool_program", {"mempool_program.program": text}, mode=mode, until_ns=MSEC
        ).log_hash
        for mode in ("compiled", "generators")
    }
    assert len(hashes) == 1
