"""Who answers what? Every decision point one plugin, every name known, every number read by somebody."""

import dataclasses

import numpy as np
import pytest

from gfplab.errors import PolicyError
from gfplab.kernel.decisions import DECISIONS
from gfplab.kernel.gfp import __GFP_KSWAPD_RECLAIM
from gfplab.policy.discover import discover
from gfplab.policy.select import select, stock_plugin
from gfplab.units import MSEC, SEC

EVERYTHING = {decision.name: "linux_4_7" for decision in DECISIONS}


def test_what_nobody_names_stays_with_the_stock_kernel(plugins):
    """And that of the scenario's era."""
    policies = select("v4.7", plugins=plugins)
    assert policies.names() == EVERYTHING
    assert list(policies.names()) == [decision.name for decision in DECISIONS]
    assert policies.tunables() == {}


def test_a_scenario_names_a_plugin_for_one_decision(plugins):
    """It answers that one, and nothing else that it could."""
    policies = select("v4.7", {"throttle_vm_writeout": "hocko_rfc"}, plugins=plugins)
    assert policies.names() == EVERYTHING | {"throttle_vm_writeout": "hocko_rfc"}
    assert policies.sources().keys() == {"linux_4_7", "hocko_rfc"}


def test_a_plugin_of_the_command_line_takes_all_that_it_answers(plugins):
    """Even from what the scenario says."""
    policies = select("v4.7", {"mempool_step": "neil_mask"}, extra=["hocko_rfc"], plugins=plugins)
    assert policies.names() == EVERYTHING | {"throttle_vm_writeout": "hocko_rfc", "mempool_step": "hocko_rfc"}


def test_two_plugins_may_share_the_work(plugins):
    """As long as they answer different questions."""
    policies = select("v4.7", extra=["neil_mask", "linux_4_9"], plugins=plugins)
    assert policies.names() == EVERYTHING | {"throttle_vm_writeout": "linux_4_9", "mempool_step": "neil_mask"}


def test_stock_is_a_name_for_the_stock_kernel(plugins):
    """In a scenario and on the command line."""
    assert select("v4.7", {"mempool_step": "stock"}, plugins=plugins).names() == EVERYTHING
    assert select("v4.7", {"mempool_step": "neil_mask"}, extra=["stock"], plugins=plugins).names() == EVERYTHING
    assert stock_plugin("v4.7", plugins) == "linux_4_7"


def test_a_file_of_the_command_line_is_a_plugin(tmp_path, monkeypatch):
    """Known by its stem."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(
        '"""A."""\nfrom gfplab import hookimpl\n\n\n@hookimpl\ndef mempool_free():\n    return 0\n'
    )
    assert select("v4.7", extra=["mine.py"]).names()["mempool_free"] == "mine"
    assert select("v4.7", extra=[str(tmp_path / "mine.py")]).chosen["mempool_free"].origin == "-p"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            dict(policies={"mempool_stp": "neil_mask"}),
            "policies.mempool_stp: there is no such decision point; did you mean 'mempool_step'?",
        ),
        (
            dict(policies={"mempool_step": "neil_msk"}),
            "policies.mempool_step: there is no plugin 'neil_msk'; did you mean 'neil_mask'?",
        ),
        (
            dict(policies={"mempool_free": "neil_mask"}),
            "policies.mempool_free: neil_mask does not answer this decision point; it answers mempool_step",
        ),
        (
            dict(extra=["neil_msk"]),
            "-p neil_msk: there is no plugin 'neil_msk'; did you mean 'neil_mask'?",
        ),
        (
            dict(extra=["neil_mask", "pool_first"]),
            "-p pool_first: neil_mask answers mempool_step too; leave one of them out",
        ),
        (
            dict(extra=["neil_mask"], tunables={"neil_mask.timout": "1s"}),
            "neil_mask.timout: neil_mask has no tunable 'timout'; did you mean 'timeout'?",
        ),
        (
            dict(extra=["neil_mask"], tunables={"neil_mask.timeout": "1h"}),
            "neil_mask.timeout: '1h' has an unknown unit; a time is written in ns, us, ms, s, min",
        ),
        (
            dict(extra=["neil_mask"], tunables={"pool_first.timeout": "1s"}),
            "pool_first.timeout: pool_first answers nothing in this run, so nothing would read it; "
            "choose it with -p pool_first",
        ),
        (
            dict(tunables={"timeout": "1s"}),
            "timeout: there is no plugin 'timeout'; write plugin.tunable",
        ),
        (
            dict(tunables={"linux_4_7.timeout": "1s"}),
            "linux_4_7.timeout: linux_4_7 has no tunable 'timeout'; it has none",
        ),
    ],
)
def test_what_is_unknown_or_unused_is_refused(plugins, arguments, message):
    """One sentence that says what would do."""
    with pytest.raises(PolicyError) as problem:
        select("v4.7", plugins=plugins, **arguments)
    assert str(problem.value) == message


def test_all_mistakes_are_told_at_once(plugins):
    """One a line."""
    with pytest.raises(PolicyError) as problem:
        select("v4.7", {"mempool_stp": "x", "mempool_free": "y"}, extra=["z"], plugins=plugins)
    assert len(problem.value.lines) == 3


def test_an_era_without_a_stock_kernel_is_refused(plugins):
    """linux_4_9 answers one question only, so it is no era."""
    with pytest.raises(PolicyError, match="kernel 'v4.9' has no stock plugin; there is v4.7, v6.1"):
        select("v4.9", plugins=plugins)


def test_every_era_has_its_own_stock_kernel(plugins):
    """Two plugins answer everything; which of them is stock is a matter of the scenario's kernel."""
    assert set(select("v6.1", plugins=plugins).names().values()) == {"linux_6_1"}
    assert set(select("v4.7", plugins=plugins).names().values()) == {"linux_4_7"}
    mixed = select("v6.1", {"mempool_free": "stock"}, extra=["neil_mask"], plugins=plugins).names()
    assert mixed["mempool_step"] == "neil_mask" and mixed["mempool_free"] == "linux_6_1"
    assert set(select("v6.1", extra=["linux_4_7"], plugins=plugins).names().values()) == {"linux_4_7"}


def test_numbers_are_written_into_the_slots_of_my(plugins):
    """Masks as numbers, times in ns, switches as 0 and 1; every plugin has its own range."""
    tunables = {"neil_mask.keep": "__GFP_KSWAPD_RECLAIM", "neil_mask.timeout": "250ms", "hocko_rfc.nap": "2ms"}
    chosen = {"mempool_step": "neil_mask", "throttle_vm_writeout": "hocko_rfc"}
    policies = select("v4.7", chosen, tunables=tunables, plugins=plugins)
    bound = policies.bind(_schema(), compiled=False)
    ours, theirs = bound["mempool_step"], bound["throttle_vm_writeout"]
    assert list(policies.my_initial()) == [__GFP_KSWAPD_RECLAIM, 0, 250 * MSEC, 1, 5 * SEC, 2 * MSEC]
    assert (ours.my_offset, ours.my_slots, theirs.my_offset, theirs.my_slots) == (0, 3, 3, 3)
    assert theirs.my_initial == (1, 5 * SEC, 2 * MSEC)
    assert bound["mempool_free"].my_layout == () and bound["mempool_free"].my_initial == ()
    assert policies.my_slots == 6
    assert policies.tunables()["neil_mask.timeout"] == 250 * MSEC


def test_a_run_without_tunables_still_has_an_address_for_my(plugins):
    """One slot that nobody reads."""
    policies = select("v4.7", plugins=plugins)
    assert policies.my_slots == 1 and list(policies.my_initial()) == [0]


def test_other_numbers_are_another_set_with_the_same_code(plugins):
    """An optimizer's trial never compiles: both sets bind to one dispatcher."""
    policies = select("v4.7", extra=["neil_mask"], plugins=plugins)
    other = policies.with_tunables({"neil_mask.timeout": 1 * SEC})
    schema = _schema()
    assert policies.bind(schema)["mempool_step"].compiled is other.bind(schema)["mempool_step"].compiled
    assert policies.tunables()["neil_mask.timeout"] == 5 * SEC
    assert other.tunables()["neil_mask.timeout"] == 1 * SEC
    assert not np.array_equal(policies.my_initial(), other.my_initial())
    with pytest.raises(PolicyError, match="neil_mask.timeout: 1us is outside"):
        policies.with_tunables({"neil_mask.timeout": "1us"})


def test_progress_is_told_before_each_decision(plugins):
    """done, total and the name of what is compiled next."""
    calls = []
    select("v4.7", plugins=plugins).bind(_schema(), compiled=False, progress=lambda *call: calls.append(call))
    assert calls == [(n, len(DECISIONS), decision.name) for n, decision in enumerate(DECISIONS)]


def test_a_policy_set_is_a_value(plugins):
    """Frozen: what ran is what was asked for."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        select("v4.7", plugins=plugins).era = "v6.1"


def test_without_a_catalogue_select_looks_for_itself(tmp_path, monkeypatch):
    """Shipped plugins and those dropped into ./plugins."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plugins").mkdir()
    text = '"""A."""\nfrom gfplab import hookimpl\n\n\n@hookimpl\ndef mempool_free():\n    return 1\n'
    (tmp_path / "plugins" / "dropped.py").write_text(text)
    assert select("v4.7", {"mempool_free": "dropped"}).names()["mempool_free"] == "dropped"
    assert "dropped" in discover()


def _schema():
    from gfplab.kernel.types import kernel_schema

    return kernel_schema()
