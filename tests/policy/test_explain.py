"""What does a person see who asks about a decision point, a plugin, or all of them?"""

import json

import pytest

from gfplab.errors import PolicyError
from gfplab.kernel.decisions import DECISIONS
from gfplab.policy.explain import catalogue_rows, explain
from gfplab.policy.template import new_plugin


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda decision: decision.name)
def test_a_decision_is_explained_with_contract_fields_and_implementers(plugins, schema, decision):
    """Everything that one needs to write a policy is on one page."""
    text = explain(decision.name, plugins)
    assert text.startswith(f"def {decision.name}(")
    for word in ("Reads:", "Writes:", "Returns:", "Stock:", "Models:", "Answered by:", "linux_4_7"):
        assert word in text
    words = set(text.replace(",", " ").split())
    for name, records in decision.args:
        assert f"\n{name}:\n" in text
        assert words >= set(schema.fields[records])


def test_a_plugin_is_explained_with_its_argument_and_tunables(plugins):
    """Ranges as people write them."""
    text = explain("neil_mask", plugins)
    assert "Neil Brown, 18 July 2016." in text and "shipped: " in text
    assert "  mempool_step" in text
    assert "5s (1ms .. 10s, log): longest sleep before the next try" in text
    assert "GFP_NOWAIT (may vary: __GFP_IO, __GFP_DIRECT_RECLAIM, __GFP_KSWAPD_RECLAIM)" in text
    assert "keep refused:  __GFP_IO without __GFP_DIRECT_RECLAIM: only direct reclaim starts I/O" in text


def test_what_a_plugin_keeps_is_explained(plugin_of, plugins):
    """With its first value, and for what there is one of its own."""
    text = explain("adaptive_wait", plugins)
    assert "State:\n  choices  0: how often there was a choice" in text
    kept = (
        '"""A."""\nfrom gfplab import hookimpl, state\n\nseen = state(0.5, length=4, per="pool", help="of late")\n\n\n'
    )
    plugin = plugin_of(kept + "@hookimpl\ndef mempool_free(pool, my):\n    return my.seen[pool.curr_nr & 3] > 0.5\n")
    assert "  seen  0.5 (4 of it, one for each pool): of late" in explain("mine", {"mine": plugin})


def test_a_program_is_explained_with_what_a_search_writes_it_with(plugins):
    """Its length, its masks, its waits."""
    text = " ".join(explain("mempool_program", plugins).split())
    assert "program ALLOC(optimistic) RESERVE | ALLOC(full) RESERVE WAIT(5s) (at most 12 steps, searched with" in text
    assert "full+STEP_BAIL_OUT, full+STEP_LIGHT_RECLAIM, waits 1ms, 10ms, 100ms, 1s, 5s)" in text
    (row,) = next(row for row in catalogue_rows(plugins) if row["name"] == "mempool_program")["tunables"]
    assert (row["kind"], row["steps"], row["waits"][0]) == ("program", 12, "1ms")
    assert row["default"] == "ALLOC(optimistic) RESERVE | ALLOC(full) RESERVE WAIT(5s)"


def test_an_unknown_name_is_offered_a_near_one(plugins):
    """Among decision points and plugins alike."""
    with pytest.raises(
        PolicyError, match="there is no decision point or plugin 'get_scan_cont'; did you mean 'get_scan_c"
    ):
        explain("get_scan_cont", plugins)


def test_the_catalogue_is_plain_data(plugins):
    """It survives JSON; every tunable has a text and what it takes."""
    rows = catalogue_rows(plugins)
    assert json.loads(json.dumps(rows)) == rows
    row = next(row for row in rows if row["name"] == "pool_first")
    assert row["decisions"] == ["mempool_step"] and row["families"] == ["mempool"]
    spare = next(tunable for tunable in row["tunables"] if tunable["name"] == "spare")
    assert (spare["kind"], spare["default"], spare["low"], spare["high"]) == ("int", 0, 0, 256)
    assert spare["text"] == "0 (0 .. 256)"


@pytest.mark.parametrize("decision", [decision.name for decision in DECISIONS])
def test_a_new_plugin_answers_as_the_stock_kernel_does(plugins, plugin_of, answer, decision):
    """The file that `gfplab plugin new` writes passes the check, and its functions are copies."""
    plugin = plugin_of(new_plugin([decision], "v4.7", plugins))
    assert plugin.decisions == (decision,)
    assert answer(plugin, decision)() == answer("linux_4_7", decision)()


def test_a_new_plugin_may_answer_several(plugins, plugin_of):
    """In the order of the stock file, and with each contract as a comment."""
    text = new_plugin(["throttle_vm_writeout", "get_scan_count"], "v4.7", plugins)
    assert plugin_of(text).decisions == ("get_scan_count", "throttle_vm_writeout")
    assert text.count("# Returns:") == 2
    with pytest.raises(PolicyError, match="there is no decision point 'get_scan'"):
        new_plugin(["get_scan"], "v4.7", plugins)
