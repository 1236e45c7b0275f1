"""Does a policy that keeps something for each pool, task or zone have that of the one it is asked about?"""

from pathlib import Path

import numpy as np
import pytest

from gfplab import state
from gfplab.errors import PolicyError
from gfplab.policy.check import check_plugin
from gfplab.policy.select import select
from gfplab.run import simulate
from gfplab.units import MSEC
from gfplab.world.scenario import load_scenario

SCENARIOS = Path(__file__).parents[2] / "studies" / "scenarios"

COUNTS = '''"""Counts everything, in every way there is."""

from gfplab import ALLOC, FAIL, RESERVE, WAIT, hookimpl, state, tunable
from gfplab.kernel.steps import STEP_ALLOC, STEP_RESERVE
from gfplab.units import MSEC, SEC

weight = tunable(2, low=1, high=9)
asked = state(0)
of_pool = state(0, per="pool")
mean = state(0.5, per="pool")
of_task = state(0, length=3, per="task")
of_zone = state(7, per="zone")


def note(amount, my):
    my.of_pool += amount
    my.mean += (my.of_pool - my.mean) / 4
    my.of_task[my.of_pool % 3] += my.weight
    return my.of_pool


@hookimpl
def mempool_step(call, my):
    my.asked += 1
    my.of_zone += note(1, my) & 1
    if call.last == STEP_ALLOC:
        return RESERVE
    if call.last == STEP_RESERVE:
        if call.attempts == 1 and call.optimistic != call.full:
            return ALLOC(call.full)
        if not call.may_sleep:
            return FAIL
        return WAIT(5 * SEC)
    return ALLOC(call.optimistic if call.last == 0 else call.full)


@hookimpl
def throttle_vm_writeout(vm, task, scan, my):
    my.of_task[0] += 1
    return 100 * MSEC if vm.nr_writeback + vm.nr_unstable > scan.limit else 0
'''


def chosen(plugin, plugins):
    return select("v4.7", extra=[plugin.name], plugins={**plugins, plugin.name: plugin})


def run(plugin, plugins, mode, length=20 * MSEC, scenario="s1_quarter"):
    world = load_scenario(SCENARIOS / f"{scenario}.toml")
    return simulate(world, chosen(plugin, plugins), seed=1, mode=mode, until_ns=length)


@pytest.mark.parametrize("mode", ["compiled", "generators"])
def test_every_pool_has_a_counter_of_its_own(plugin_of, plugins, mode):
    """The sum over the pools is what was counted in all, and each pool has been asked at least once a call."""
    done = run(plugin_of(COUNTS, "counts"), plugins, mode)
    my, pools = done.arrays["my"], done.arrays["pools"]
    weight, asked, pool_at, pool_nr, task_at, task_nr, zone_at, zone_nr = my[:8]
    assert (weight, pool_nr, task_nr) == (2, len(pools), len(done.arrays["tasks"]))
    rows = my[pool_at : pool_at + 2 * pool_nr].reshape(-1, 2)
    assert rows[:, 0].sum() == asked > 500
    assert (rows[:, 0] >= pools["n_alloc"]).all() and len(np.unique(rows[:, 0])) > 3
    assert rows[0, 1:].view(float)[0] == 0.5 and (rows[pools["n_alloc"] > 9, 1:].view(float) > 2).all()
    assert zone_at + zone_nr == len(my) and my[zone_at + zone_nr - 1] > 7
    tasks = my[task_at : task_at + 3 * task_nr].reshape(-1, 3)
    assert (tasks.sum(axis=1) > 0).sum() > 2


def test_both_modes_keep_the_same_and_go_the_same_way(plugin_of, plugins):
    """Down to the last event and the last slot."""
    plugin = plugin_of(COUNTS, "counts")
    one, other = (run(plugin, plugins, mode) for mode in ("compiled", "generators"))
    assert one.log_hash == other.log_hash
    assert bytes(one.arrays["my"]) == bytes(other.arrays["my"])


def test_the_conformance_check_knows_such_state(plugin_of):
    """Compiled and interpreted, for records of any number, those without state included."""
    assert [each.decision for each in check_plugin(plugin_of(COUNTS, "counts"))] == [
        "mempool_step",
        "throttle_vm_writeout",
    ]


def test_a_record_beyond_the_machine_is_refused_in_both_forms(plugin_of, bind):
    """Nothing is written outside of my."""
    ask = bind(plugin_of(COUNTS, "counts"), "throttle_vm_writeout", {})
    assert ask(task=dict(index=7)) == 0
    for index in (8, -1):
        with pytest.raises(IndexError, match=r"mine|counts.py: a task without state of its own"):
            ask(task=dict(index=index))


def test_a_policy_without_such_state_has_no_row(plugins):
    """Its record and its machine code are what they were."""
    policies = select("v4.7", extra=["neil_mask"], plugins=plugins)
    assert policies.my_slots == len(policies.my_initial()) == 3


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("return my.of_pool", "my.of_pool belongs to a pool, and throttle_vm_writeout is not asked about one"),
        ("return note(1, my)", "my.of_pool belongs to a pool, and throttle_vm_writeout is not asked about one"),
        ("my.of_task = 1\n    return 0", "my.of_task is an array; write my.of_task[i]"),
    ],
)
def test_state_of_a_record_that_nobody_is_asked_about_is_refused(plugin_of, line, sentence):
    """With the line in which it is read."""
    text = COUNTS[: COUNTS.index("    my.of_task[0] += 1")] + f"    {line}\n"
    with pytest.raises(PolicyError) as problem:
        plugin_of(text)
    assert sentence in str(problem.value) and "mine.py:" in str(problem.value)


def test_only_pools_tasks_and_zones_have_state():
    """What else there is comes and goes."""
    with pytest.raises(PolicyError, match="state: per='disk' is not one of pool, task, zone"):
        state(0, per="disk")


def test_a_run_goes_on_from_a_snapshot_with_the_state_of_each_record(plugin_of, plugins):
    """Twice from the middle is as once from the beginning."""
    from gfplab.boot.machine import boot_machine
    from gfplab.run import build_kernel

    policies = chosen(plugin_of(COUNTS, "counts"), plugins)
    build = build_kernel("compiled")
    machine = boot_machine(build, load_scenario(SCENARIOS / "s10_fast_path.toml"), 1)
    machine.arrays["my"] = policies.my_initial(machine)
    decisions = policies.bind(build.schema)
    sim = build.start(machine.arrays, decisions)
    sim.run(MSEC)
    middle = sim.snapshot()
    sim.run(2 * MSEC)
    again = build.restore(middle, decisions)
    again.run(2 * MSEC)
    assert bytes(again.arrays["my"]) == bytes(sim.arrays["my"]) != bytes(middle.arrays["my"])
    assert again.state_hash() == sim.state_hash()
