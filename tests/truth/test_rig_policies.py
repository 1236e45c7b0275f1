"""Is each policy of the rig what its README says? The programs of mempool_alloc() as the kernel patch has them."""

import pytest

from gfplab.engine.state import record_class
from gfplab.kernel.gfp import GFP_NOIO
from gfplab.kernel.types import kernel_schema
from gfplab.policy.drill import Drill
from gfplab.truth.policies import RIG_POLICIES, rig_policies


@pytest.mark.parametrize("number", range(8))
def test_the_program_of_a_rig_policy_is_the_one_that_was_measured(number):
    """Up to the second wait."""
    policies = rig_policies(number)
    bound = policies.bind(kernel_schema(), compiled=False)["mempool_step"]
    my = policies.my_initial()
    own = record_class("my", bound.my_layout).from_buffer(my, 8 * bound.my_offset) if bound.my_layout else None
    program = RIG_POLICIES[number].program
    steps = Drill(lambda *records: bound.python(*records, own), kernel_schema(), GFP_NOIO, limit=program.count(" ") + 1)
    assert " ".join(steps.run()) == program


def test_every_policy_stands_on_the_stock_kernel_of_6_1():
    """What no plugin of a policy answers is answered by linux_6_1; the throttle of 2016 is in 3, 4, 6 and 7."""
    for number in RIG_POLICIES:
        names = rig_policies(number).names()
        assert names["get_scan_count"] == names["reclaim_throttle"] == "linux_6_1"
        assert names["throttle_vm_writeout"].startswith("throttle_2016") == (number in (3, 4, 6, 7))
    assert rig_policies(4).names()["throttle_vm_writeout"] == "throttle_2016_exempt"
    assert sorted(RIG_POLICIES) == list(range(8))
