"""The rig's guest with its file writer does the same in all three modes (v6.1, the rig's policies 0, 3 and 5)."""

from dataclasses import replace

import numpy as np
import pytest

from gfplab.run import simulate
from gfplab.truth.policies import rig_policies
from gfplab.truth.rows import world_of

MS = 1_000_000
LENGTH = 300 * MS  # the hogs have filled memory after a third of it

pytestmark = pytest.mark.slow


def guest():
    """96 MiB, no limits in flight, the writer; the slow dirty_limit is down already, so that naps come soon."""
    world = world_of({"writer": 1, "swap_bios": 1_000_000, "page_limit": 1_000_000})
    start = replace(world.machine.start, dirty_limit_pages=600)
    return replace(world, machine=replace(world.machine, start=start))


@pytest.mark.parametrize("policy", [0, 3, 5])
def test_generators_steps_and_compiled_code_leave_the_same_log(policy, compiled):
    runs = [
        simulate(guest(), rig_policies(policy), 1, mode, until_ns=LENGTH)
        for mode in ("compiled", "generators", "steps")
    ]
    first = runs[0]
    vm = first.arrays["vm"][0]
    assert vm["nr_writeback"] > 100 and vm["nr_dirtied"] > 1000 and vm["pgscan_kswapd"]
    assert bool(first.arrays["writeout_cells"]["sleeps"].sum()) == (policy == 3)
    for other in runs[1:]:
        assert (other.log_hash, other.events) == (first.log_hash, first.events)
        for log in ("trace", "stalls", "vmstat"):
            np.testing.assert_array_equal(getattr(other, log), getattr(first, log))
        assert other.stacks == first.stacks
