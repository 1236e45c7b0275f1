"""A traced run is the same run, and its trace says what the policies saw, in every mode alike."""

import dataclasses

import polars as pl
import pytest

from gfplab.debug.fields import fields_read, my_columns
from gfplab.debug.recorder import Recorder
from gfplab.debug.table import limits, with_decisions
from gfplab.errors import PolicyError
from gfplab.kernel.types import kernel_schema
from gfplab.policy.select import select
from gfplab.run import simulate
from gfplab.tables.metrics import tabulate
from gfplab.tables.schema import DTYPES, ON_REQUEST


def traced(world, policies, mode="compiled", **options):
    recorder = Recorder(policies, **options)
    run = simulate(world, policies, 1, mode=mode, attach=recorder.attach)
    recorder.raise_error()
    return run, recorder, with_decisions(tabulate(run), recorder)["decisions"]


@pytest.fixture(scope="module")
def compiled(storm, policies_of):
    return traced(storm, policies_of("adaptive_wait"))


def test_a_traced_run_is_the_same_run_to_the_last_event(storm, policies_of, compiled):
    untraced = simulate(storm, policies_of("adaptive_wait"), 1)
    run = compiled[0]
    assert (run.log_hash, run.events) == (untraced.log_hash, untraced.events)
    assert (run.arrays["my"] == untraced.arrays["my"]).all()


@pytest.mark.parametrize("mode", ["generators", "steps"])
def test_every_mode_writes_the_same_rows(storm, policies_of, compiled, mode):
    assert traced(storm, policies_of("adaptive_wait"), mode)[2].equals(compiled[2])


def test_the_table_is_as_its_schema_says(compiled):
    frame, table = compiled[2], ON_REQUEST["decisions"]
    assert frame.columns[: len(table.columns)] == table.names
    assert [frame.schema[column.name] for column in table.columns] == [DTYPES[c.dtype] for c in table.columns]
    assert frame["seq"].to_list() == list(range(frame.height))
    assert frame["events"].is_sorted() and frame["pid"].null_count() == 0


def test_a_row_says_what_the_policy_saw_and_answered_in_its_own_words(compiled):
    steps = compiled[2].filter(pl.col("decision") == "mempool_step")
    first = steps.row(0, named=True)
    assert (first["plugin"], first["call.last"], first["comm"]) == ("adaptive_wait", 0, "hog")
    assert first["answer"].startswith("ALLOC(GFP_NOWAIT|__GFP_NOWARN|__GFP_NORETRY|__GFP_NOMEMALLOC")
    assert set(steps["answer"].str.extract(r"^(\w+)")) >= {"ALLOC", "RESERVE"}
    after_a_failed_attempt = steps.filter(pl.col("call.last") == 1)
    assert set(after_a_failed_attempt["answer"]) == {"RESERVE"}


def test_when_and_where_of_a_decision_are_those_of_the_event_that_follows(storm, policies_of, compiled):
    recorder = Recorder(policies_of(), wanted=("throttle_vm_writeout",))
    second = dataclasses.replace(storm, length_ns=1_000_000_000)
    run = simulate(second, policies_of(), 1, trace_all=True, attach=recorder.attach)
    tables = with_decisions(tabulate(run), recorder)
    naps = tables["decisions"].filter(pl.col("value") > 0).select("time_ns", "pid", "comm", "cpu")
    events = tables["events"].filter(pl.col("event") == "throttle_vm_writeout").select(naps.columns)
    assert naps.height > 0 and naps.sort(naps.columns).equals(events.sort(naps.columns))
    assert set(compiled[2].filter(pl.col("pid") > 0)["cpu"]) == {0, 1}


def test_a_field_that_a_policy_does_not_read_is_null_in_its_rows(compiled):
    frame = compiled[2]
    assert frame.filter(pl.col("decision") == "mempool_step")["vm.nr_writeback"].is_null().all()
    assert frame.filter(pl.col("decision") == "throttle_vm_writeout")["vm.nr_writeback"].null_count() == 0


def test_my_is_shown_before_each_decision_and_after_it_where_it_changed(storm, policies_of, plugin_in):
    plugin_in("counts", COUNTING)
    frame = traced(storm, plugin_in.policies(), wanted=("mempool_free",))[2]
    assert frame["my.asked"].to_list() == list(range(frame.height))
    assert frame["my.asked.after"].to_list() == list(range(1, frame.height + 1))
    assert frame["my.half"].dtype == pl.Float64 and frame["my.half"][3] == 1.5
    assert "my.last[1].after" in frame.columns and frame["my.last[0].after"].null_count() > 0
    assert "my.step.after" not in frame.columns  # a tunable never changes


COUNTING = '''
"""Count."""
from gfplab import hookimpl, state, tunable

step = tunable(1, low=1, high=2)
asked = state(0)
half = state(0.0)
last = state(0, length=2)


@hookimpl
def mempool_free(pool, my):
    my.asked += my.step
    my.half += 0.5
    my.last[my.asked % 2] = my.asked
    return 1
'''


@pytest.mark.parametrize("mode", ["compiled", "generators"])
def test_state_of_single_pools_is_shown_for_the_pool_that_is_asked_about(storm, policies_of, plugin_in, mode):
    plugin_in("per_pool", PER_POOL)
    frame = traced(storm, plugin_in.policies(), mode, wanted=("mempool_free",))[2]
    assert "my.per_pool_at" not in frame.columns and frame["pool.index"].n_unique() > 1
    for pool in frame["pool.index"].unique():
        rows = frame.filter(pl.col("pool.index") == pool)
        assert rows["my.times"].to_list() == list(range(rows.height))
        assert rows["my.times.after"].to_list() == list(range(1, rows.height + 1))
    assert frame["my.all"].to_list() == list(range(frame.height))


PER_POOL = '''
"""Count for each pool."""
from gfplab import hookimpl, state

times = state(0, per="pool")
all = state(0)


@hookimpl
def mempool_free(pool, my):
    my.times += 1
    my.all += 1
    return 1 if pool.index else 0
'''


@pytest.mark.parametrize("mode", ["compiled", "generators"])
def test_of_plugins_that_share_a_decision_a_row_names_the_one_that_was_asked(storm, plugin_in, mode):
    plugin_in("per_pool", PER_POOL)
    whole = traced(storm, plugin_in.policies(), mode, wanted=("mempool_free",))[2]
    policies = select(storm.kernel, extra=[f"{plugin_in.written[0]}@swap0.tio"])
    run, _recorder, frame = traced(storm, policies, mode, wanted=("mempool_free", "mempool_step"))
    assert run.log_hash == simulate(storm, policies, 1, mode=mode).log_hash
    mine = frame.filter(pl.col("plugin") == "per_pool")
    tio = frame.filter((pl.col("decision") == "mempool_free") & (pl.col("plugin") != "per_pool"))
    assert mine["pool.index"].n_unique() == 1 and mine["my.times"].to_list() == list(range(mine.height))
    assert set(tio["plugin"]) == {"linux_4_7"} and mine.height + tio.height == whole.height


def test_a_fault_of_a_policy_goes_through_a_trace_unchanged(storm, plugin_in):
    plugin_in("divides", DIVIDING)
    said = []
    for attach in (Recorder(plugin_in.policies()).attach, None):
        with pytest.raises(PolicyError) as fault:
            simulate(storm, plugin_in.policies(), 1, attach=attach)
        said.append(str(fault.value))
    assert said[0] == said[1] and "divides.py:" in said[0]


DIVIDING = '''
"""Divide."""
from gfplab import hookimpl


@hookimpl
def mempool_free(pool, my):
    return 1 // (pool.min_nr - pool.min_nr)
'''


def test_only_what_is_asked_for_is_traced(storm, policies_of):
    _run, recorder, frame = traced(storm, policies_of(), wanted=("mempool_free", "throttle_vm_writeout"))
    assert set(frame["decision"]) == set(recorder.traced) == {"mempool_free", "throttle_vm_writeout"}


def test_what_a_full_trace_leaves_out_is_said(storm, policies_of, compiled):
    run, recorder, frame = traced(storm, policies_of("adaptive_wait"), limit=100)
    assert run.log_hash == compiled[0].log_hash
    assert frame.equals(compiled[2].head(100).select(frame.columns))
    assert limits(recorder)[0].startswith(f"the first 100 of {compiled[2].height} decisions are traced; name fewer")
    assert limits(compiled[1]) == []


def test_what_goes_wrong_in_a_callback_is_raised_after_the_run(storm, policies_of):
    recorder = Recorder(policies_of(), at=5)
    recorder.on_reached = lambda: 1 // 0
    simulate(storm, policies_of(), 1, attach=recorder.attach)
    with pytest.raises(ZeroDivisionError):
        recorder.raise_error()


def test_a_policy_reads_the_fields_of_the_functions_that_it_calls(plugin_in):
    plugin = plugin_in("calls", CALLING)
    assert fields_read(plugin, "mempool_step", kernel_schema()) == {"pool": ["curr_nr"], "call": ["may_sleep", "last"]}


CALLING = '''
"""Ask a function."""
from gfplab import FAIL, RESERVE, WAIT, hookimpl


@hookimpl
def mempool_step(pool, call):
    if low(pool) and call.may_sleep:
        return WAIT(1000)
    return RESERVE if call.last == 0 else FAIL


def low(pool):
    return pool.curr_nr == 0
'''


def test_an_array_too_long_for_a_trace_is_named():
    columns, left_out = my_columns((("a", "i8", 1), ("big", "i8", 65), ("c", "f8", 2)))
    assert columns == [("my.a", 0, "i8"), ("my.c[0]", 66, "f8"), ("my.c[1]", 67, "f8")]
    assert left_out == ["my.big"]
