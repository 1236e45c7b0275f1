"""Does a policy that is called by the simulated kernel see its records and keep its own, in every mode?"""

import asking
import pytest

from gfplab.engine.build import MODES, Model
from gfplab.kernel.decisions import DECISIONS
from gfplab.policy.select import PolicySet

COUNTS = '''"""Counts how often it has been asked above the limit."""

from gfplab import hookimpl, state, tunable

weight = tunable(3, low=1, high=9)
above = state(0)
mean = state(0.0)


@hookimpl
def throttle_vm_writeout(vm, scan, my):
    if vm.nr_writeback > scan.limit:
        my.above += 1
        my.mean += (vm.nr_writeback - my.mean) / 4
    return my.above * my.weight + int(my.mean)
'''
(DECISION,) = (decision for decision in DECISIONS if decision.name == "throttle_vm_writeout")


@pytest.fixture(scope="module")
def model(schema):
    return Model(schema, [asking], [DECISION], engine=())


def simulation(model, plugin, mode, weight):
    policies = PolicySet("", {DECISION.name: plugin}, {plugin.name: {"weight": weight}})
    build = model.build(mode)
    arrays = build.arrays({"vm": 1, "tasks": 2, "scans": 2})
    arrays["scans"]["limit"][1] = 10
    arrays["my"] = policies.my_initial()
    return build.start(arrays, policies.bind(model.schema, compiled=mode == "compiled"))


@pytest.mark.parametrize("mode", MODES)
def test_a_policy_keeps_its_state_between_questions(model, plugin_of, mode):
    """Twenty questions, ten of them above the limit: the counters are in the simulation's own array."""
    sim = simulation(model, plugin_of(COUNTS, "counts"), mode, weight=3)
    first, second = sim.call("ask_often", 10), sim.call("ask_often", 10)
    assert first == 0
    assert list(sim.arrays["my"][:2]) == [3, 10]
    expected, mean = 0, 0.0
    for n in range(1, 11):
        mean += (10 + n - mean) / 4
        expected += 3 * n + int(mean)
    assert second == expected
    assert sim.arrays["my"][2:3].view(float)[0] == mean


def test_two_simulations_of_one_plugin_share_nothing_but_code(model, plugin_of):
    """Each has its own numbers and its own state."""
    plugin = plugin_of(COUNTS, "counts")
    one, other = (simulation(model, plugin, "compiled", weight) for weight in (1, 9))
    assert one.call("ask_often", 11) == 1 + 2
    assert other.call("ask_often", 11) == 9 + 2
    assert list(one.arrays["my"][:2]) == [1, 1]


@pytest.mark.parametrize("mode", MODES)
def test_a_division_by_zero_in_a_policy_reaches_python(model, plugin_of, mode):
    """It stops the run; compiled or not, nothing goes on with a made-up answer."""
    text = COUNTS.replace("(vm.nr_writeback - my.mean) / 4", "1 / (vm.nr_writeback - 12)")
    sim = simulation(model, plugin_of(text, "divides"), mode, weight=1)
    with pytest.raises(ZeroDivisionError):
        sim.call("ask_often", 20)


def test_the_engine_and_the_seam_agree_on_the_signature(model, schema):
    """The engine calls by address, so the two must name the same records."""
    from gfplab.policy.compile import signature

    dtypes = {records: schema.dtype(records) for _name, records in DECISION.args}
    assert model.build("compiled").decision_signature(DECISION.name) == signature(DECISION, dtypes)
