"""What does `gfplab plugin check` find that the lint cannot? Answers that mean nothing, and calls that never end."""

import dataclasses

import numpy as np
import pytest

from gfplab.errors import PolicyError
from gfplab.policy import check as stand
from gfplab.policy.bench import bench_plugin
from gfplab.policy.check import check_plugin
from gfplab.policy.faults import DivisionByZero, EndlessLoop

HEAD = '"""A."""\nfrom gfplab import ALLOC, FAIL, RESERVE, WAIT, hookimpl\n\n\n@hookimpl\n'
BARE = '"""A."""\nfrom gfplab import hookimpl\n\n\n'
# questions to which a kernel has one answer
CONSTANT = {
    ("linux_6_1", "mempool_magazine"), ("linux_6_1", "throttle_vm_writeout"), ("linux_6_1", "wait_iff_congested"),
    ("linux_4_7", "mempool_magazine"), ("linux_4_7", "reclaim_throttle"), ("linux_4_9", "throttle_vm_writeout"),
    ("open_door", "throttle_direct_reclaim"), ("small_lists", "zone_batchsize"),
}  # fmt: skip


def test_the_shipped_plugins_pass(plugins):
    """Each decision was asked, and gave more than one answer unless it has only one."""
    for plugin in plugins.values():
        checks = check_plugin(plugin, contexts=60)
        assert [check.decision for check in checks] == list(plugin.decisions)
        assert all(check.answers > 1 or (plugin.name, check.decision) in CONSTANT for check in checks)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (
            "return 0",
            "mempool_step: 0 is no step; return ALLOC(mask), RESERVE, WAIT(ns) or FAIL; mask GFP_KERNEL, after noth",
        ),
        ("return FAIL", "FAIL for a caller that may sleep; mempool_alloc() never fails for it"),
        ("return WAIT(0)", "WAIT(0); wait between 1 ns and an hour"),
        ("return WAIT(9)", "WAIT for a caller that may not sleep; return FAIL; mask GFP_NOWAIT, after nothing"),
        (
            "return RESERVE",
            "that finds no memory goes on for ever without sleeping (R R R R R R R R ...); return WAIT(ns)",
        ),
        (
            "return WAIT(9) if call.may_sleep else ALLOC(call.full | 0x400000)",
            "__GFP_DIRECT_RECLAIM) for a caller that may not sleep",
        ),
    ],
)
def test_a_program_that_no_caller_could_run_is_refused(plugin_of, body, sentence):
    """mempool_step is led through calls of every kind, none of which finds memory."""
    with pytest.raises(PolicyError) as problem:
        check_plugin(plugin_of(f"{HEAD}def mempool_step(call):\n    {body}\n"), contexts=5)
    assert sentence.replace("__GFP_DIRECT_RECLAIM", "") in str(problem.value).replace("__GFP_DIRECT_RECLAIM", "")


def test_an_answer_outside_the_contract_is_refused(plugin_of):
    """With the contract's own words."""
    text = '"""A."""\nfrom gfplab import hookimpl\n\n\n@hookimpl\ndef get_scan_count(scan):\n    return 70000\n'
    with pytest.raises(
        PolicyError, match=r"get_scan_count answers 70000; it returns the share of anon in 1/65536: 0 = file"
    ):
        check_plugin(plugin_of(text), contexts=5)


def test_answers_that_differ_are_told_with_their_records(plugin_of, monkeypatch):
    """Whole numbers wrap when compiled: the product that leaves 64 bits is where the two forms part."""
    text = '"""A."""\nfrom gfplab import hookimpl\n\n\n@hookimpl\ndef throttle_vm_writeout(vm):\n'
    text += "    return vm.nr_free * vm.nr_free * vm.nr_free * vm.nr_free * vm.nr_free % 1000\n"
    monkeypatch.setattr(stand, "_count", lambda draw: 1 << 14 | 1)
    with pytest.raises(PolicyError) as problem:
        check_plugin(plugin_of(text), contexts=5)
    sentence, source, carets, seen = str(problem.value).split("\n")
    assert "mine.py:7: this is 1180951952670750490625 here, which does not fit 64 bits; divide before" in sentence
    assert source == "    return vm.nr_free * vm.nr_free * vm.nr_free * vm.nr_free * vm.nr_free % 1000"
    assert carets == "           " + "^" * len("vm.nr_free * vm.nr_free * vm.nr_free * vm.nr_free * vm.nr_free")
    assert seen == "    asked with vm.nr_free = 16385"


@pytest.mark.parametrize(
    ("body", "kind", "sentence"),
    [
        ("return 1000 // vm.nr_free", DivisionByZero, "divides by zero; write max"),
        ("n = 1\n    while n < 9:\n        n += vm.nr_free\n    return n", EndlessLoop, "this loop does not end"),
        ("return endless(vm.nr_free)", EndlessLoop, "this loop does not end"),
    ],
)
def test_a_policy_that_raises_is_told_with_what_it_saw(plugin_of, body, kind, sentence):
    """Both forms raise the same; a loop without an end is one of the things that raise."""
    text = '"""A."""\nfrom gfplab import hookimpl\n\n\ndef endless(n):\n    i = 0\n    while i < 9:\n        i += n\n'
    text += f"    return n\n\n\n@hookimpl\ndef throttle_vm_writeout(vm):\n    {body}\n"
    with pytest.raises(kind, match=sentence) as problem:
        check_plugin(plugin_of(text), contexts=200)
    assert str(problem.value).split("\n")[-1].startswith("    asked with vm.nr_free = 0")


def test_turns_of_all_loops_of_a_call_count_together(plugin_of):
    """A hundred turns of a loop that calls a helper with a loop of a thousand are 100,000."""
    text = f"{BARE}def inner(n):\n    for i in range(n):\n        n += 0\n    return n\n"
    text += "\n\n@hookimpl\ndef throttle_vm_writeout():\n    n = 0\n    for i in range({}):\n        n += inner(1000)\n"
    text += "    return n\n"
    assert check_plugin(plugin_of(text.format(90)), contexts=1)
    with pytest.raises(EndlessLoop, match="one call went round 100,000 times"):
        check_plugin(plugin_of(text.format(101)), contexts=1)


def test_a_call_costs_nanoseconds(plugins):
    """The figure is the machine's; that it is no microsecond is the seam's."""
    (cost,) = bench_plugin(plugins["linux_4_9"], calls=200_000)
    assert 0 < cost.ns < 200 and 0 < cost.empty_ns < 200
    assert cost.ratio == cost.ns / cost.empty_ns


def test_what_the_machine_code_writes_is_found_out(plugins, plugin_of, answer):
    """The lint lets no Python write a record or a tunable; C can, and beside `my` as well."""
    ask = answer("linux_4_9", "throttle_vm_writeout")
    numbers = {name: dict.fromkeys(ask.schema.fields[array], 0) for name, array in ask.decision.args}

    def writes(vm, task, scan, my):
        vm["nr_free"] = 7
        return 0

    bound = dataclasses.replace(ask.bound, compiled=writes)
    with pytest.raises(PolicyError, match=r"linux_4_9.throttle_vm_writeout: writes vm.nr_free; it may write only my"):
        stand.compiled_answer(bound, ask.decision, ask.schema, numbers, ask.compiled_my)

    plugin, ask = plugins["throttle_2016"], answer("throttle_2016", "throttle_vm_writeout")
    before = np.array([5])
    around = np.concatenate([stand._BEYOND, before, stand._BEYOND])
    stand._written_elsewhere(plugin, ask.bound, around, before)
    around[8] = 6
    with pytest.raises(PolicyError, match=r"writes my.nap, a tunable; declare a state"):
        stand._written_elsewhere(plugin, ask.bound, around, before)
    around[8], around[9] = 5, 0
    with pytest.raises(PolicyError, match=r"writes outside of my"):
        stand._written_elsewhere(plugin, ask.bound, around, before)
