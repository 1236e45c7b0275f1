"""What does `gfplab plugin check` find that the lint cannot? Answers that mean nothing, and calls that never end."""

import pytest

from gfplab.errors import PolicyError
from gfplab.policy import check as stand
from gfplab.policy.check import bench_plugin, check_plugin

HEAD = '"""A."""\nfrom gfplab import ALLOC, FAIL, RESERVE, WAIT, hookimpl\n\n\n@hookimpl\n'
# questions to which a kernel has one answer
CONSTANT = {
    ("linux_6_1", "mempool_magazine"), ("linux_6_1", "throttle_vm_writeout"), ("linux_6_1", "wait_iff_congested"),
    ("linux_4_7", "mempool_magazine"), ("linux_4_7", "reclaim_throttle"), ("linux_4_9", "throttle_vm_writeout"),
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
        PolicyError, match=r"get_scan_count: answers 70000; it returns the share of anon in 1/65536: 0 = file"
    ):
        check_plugin(plugin_of(text), contexts=5)


def test_answers_that_differ_are_told_with_their_records(plugin_of, monkeypatch):
    """Whole numbers wrap when compiled: a product of three times is where the two forms part."""
    text = '"""A."""\nfrom gfplab import hookimpl\n\n\n@hookimpl\ndef throttle_vm_writeout(vm):\n'
    text += "    return vm.nr_free * vm.nr_free * vm.nr_free * vm.nr_free * vm.nr_free % 1000\n"
    monkeypatch.setattr(stand, "_count", lambda draw: 1 << 14 | 1)
    with pytest.raises(
        PolicyError, match=r"mine.throttle_vm_writeout: compiled it answers [0-9]+, in Python [0-9]+, or leaves"
    ):
        check_plugin(plugin_of(text), contexts=5)


def test_a_division_by_zero_is_the_policys_own_affair(plugin_of):
    """Both forms raise; the check counts it and goes on."""
    text = '"""A."""\nfrom gfplab import hookimpl\n\n\n@hookimpl\ndef throttle_vm_writeout(vm):\n'
    text += "    return 1000 // vm.nr_free\n"
    (found,) = check_plugin(plugin_of(text), contexts=100)
    assert 0 < found.raised < 100


def test_a_call_costs_nanoseconds(plugins):
    """The figure is the machine's; that it is no microsecond is the seam's."""
    (cost,) = bench_plugin(plugins["linux_4_9"], calls=200_000).values()
    assert 0 < cost < 200
