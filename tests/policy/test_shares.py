"""May one plugin answer for a pool or a task, and another for the rest? And is nobody asked who was not meant?"""

from pathlib import Path

import pytest

from gfplab.boot.names import names_of
from gfplab.engine.state import record_class
from gfplab.errors import PolicyError
from gfplab.kernel.decisions import DECISIONS
from gfplab.policy.discover import split_share
from gfplab.policy.select import select
from gfplab.run import simulate
from gfplab.units import MSEC
from gfplab.world.scenario import build_world, load_scenario
from gfplab.world.toml import read_toml

S1 = Path(__file__).parents[2] / "studies" / "scenarios" / "s1_quarter.toml"

COUNTS = '''"""Counts who asks, and answers as the stock kernel does."""

from gfplab import ALLOC, FAIL, RESERVE, WAIT, hookimpl, state
from gfplab.kernel.steps import STEP_ALLOC, STEP_RESERVE
from gfplab.units import MSEC, SEC

steps = state(0, per="pool")
naps = state(0, per="task")
both = state(0)


@hookimpl
def mempool_step(call, my):
    my.steps += 1
    my.both += 1
    if call.last == STEP_ALLOC:
        return RESERVE
    if call.last == STEP_RESERVE:
        if call.attempts == 1 and call.optimistic != call.full:
            return ALLOC(call.full)
        return WAIT(5 * SEC) if call.may_sleep else FAIL
    return ALLOC(call.optimistic if call.last == 0 else call.full)


@hookimpl
def throttle_vm_writeout(vm, scan, my):
    my.naps += 1
    my.both += 1
    return 100 * MSEC if vm.nr_writeback + vm.nr_unstable > scan.limit else 0
'''


@pytest.fixture
def run(plugins):
    """run({"mempool_step@swap0.tio": "neil_mask"}) -> a Run of s1_quarter."""

    def made(policies=None, extra=(), mode="compiled", until_ns=100 * MSEC, more=()):
        known = {**plugins, **{plugin.name: plugin for plugin in more}}
        chosen = select("v4.7", policies, extra=extra, plugins=known)
        return simulate(load_scenario(S1), chosen, seed=1, mode=mode, until_ns=until_ns)

    return made


def test_a_share_of_everybody_is_the_whole(run):
    """Whoever is named, if all are, the run is that of the plugin alone, and no other."""
    whole = run({"mempool_step": "pool_first"}).log_hash
    assert whole != run().log_hash
    pools = [f"mempool_step@{name}" for name in names_of(load_scenario(S1))["pool"]]
    for policies in ({"mempool_step@*": "pool_first"}, dict.fromkeys(pools, "pool_first")):
        assert run(policies).log_hash == whole


def test_a_share_of_those_who_never_ask_changes_nothing(run):
    """swap0.req_pool serves reads only, and in this scenario there are none so early."""
    done = run({"mempool_step@swap0.req_pool": "pool_first"})
    assert done.arrays["pools"]["n_alloc"][done.names["pools"].index("swap0.req_pool")] == 0
    assert done.log_hash == run().log_hash


def test_only_the_pool_that_is_named_takes_from_its_reserve_first(run):
    """Its reserve serves every call; of all other pools each counter is what it is in the stock kernel."""

    def counted(policies):
        done = run(policies, until_ns=MSEC)
        counters = done.arrays["pools"][["n_alloc", "n_reserve"]].tolist()
        return dict(zip(done.names["pools"], counters, strict=True))

    shared, stock = counted({"mempool_step@swap0.page_pool": "pool_first"}), counted({})
    (calls, served), (_calls, served_by_stock) = shared.pop("swap0.page_pool"), stock.pop("swap0.page_pool")
    assert calls == served > served_by_stock
    assert shared == stock


@pytest.mark.parametrize("mode", ["compiled", "generators"])
def test_each_question_goes_to_the_plugin_whose_share_it_is(run, plugin_of, mode):
    """A plugin that answers in two places keeps one record, and counts nobody that it was not given."""
    counts = plugin_of(COUNTS, "counts")
    shares = {"mempool_step@swap0.*": "counts", "throttle_vm_writeout@kworker": "counts"}
    done = run(shares, mode=mode, until_ns=20 * MSEC, more=[counts])
    assert done.log_hash == run(until_ns=20 * MSEC).log_hash  # it answers as the stock kernel does
    both, pool_at, pool_nr, task_at, task_nr = (int(slot) for slot in done.arrays["my"][:5])
    steps = done.arrays["my"][pool_at : pool_at + pool_nr]
    naps = done.arrays["my"][task_at : task_at + task_nr]
    asked = dict(zip(done.names["pools"], steps, strict=True))
    assert asked.pop("") == asked.pop("fs_bio_set") == asked.pop("swap0.req_pool") == 0
    assert all(asked.values()) and both == steps.sum() + naps.sum()
    assert all(name.startswith("kworker") for name, n in zip(done.names["comms"], naps, strict=False) if n)


def test_both_modes_go_the_same_way(run):
    """By pool and by task at once; where both are named, the pool's plugin answers."""
    shares = {
        "mempool_step": "neil_mask",
        "mempool_step@swap0.tio": "stock",
        "mempool_step@kswapd": "pool_first",
        "throttle_vm_writeout@kworker/*": "linux_4_9",
    }
    hashes = {run(shares, mode=mode, until_ns=20 * MSEC).log_hash for mode in ("compiled", "steps", "generators")}
    assert len(hashes) == 1


@pytest.mark.parametrize(("pool", "task", "answer"), [(1, 2, "RESERVE"), (2, 2, "ALLOC"), (2, 1, "RESERVE")])
def test_a_pools_plugin_goes_before_a_tasks(plugins, schema, pool, task, answer):
    """Pool 1 belongs to pool_first, task 2 to neil_mask, the rest to pool_first, all by name."""

    class Layout:
        def named(self, kind):
            return {"pool": {"one": [1], "two": [2]}, "task": {"a": [1], "b": [2]}}[kind]

    class Machine:
        arrays = {name: [None] * 4 for name in ("pools", "tasks", "zones")}
        layout = Layout()

    chosen = {"mempool_step": "pool_first", "mempool_step@b": "neil_mask", "mempool_step@one": "pool_first"}
    policies = select("v4.7", chosen, plugins=plugins)
    bound = policies.bind(schema, compiled=False)["mempool_step"]
    my = policies.my_initial(Machine())
    records = {name: record_class(name, [(f, "i8", 1) for f in schema.fields[array]])() for name, array in ARGS}
    records["pool"].index, records["task"].index = pool, task
    own = record_class("own", bound.my_layout).from_buffer(my, 8 * bound.my_offset)
    assert bound.python(*records.values(), own) & 7 == {"ALLOC": 1, "RESERVE": 2}[answer]


ARGS = next(decision.args for decision in DECISIONS if decision.name == "mempool_step")


def test_a_run_says_who_answered_for_whom(run, plugins):
    """In provenance, in the table of runs, and with the sources of all of them."""
    chosen = select("v4.7", {"mempool_step@swap0.tio": "neil_mask"}, plugins=plugins)
    assert chosen.names()["mempool_step"] == "linux_4_7"
    assert chosen.names()["mempool_step@swap0.tio"] == "neil_mask"
    assert chosen.sources().keys() == {"linux_4_7", "neil_mask"}
    assert chosen.with_tunables({"neil_mask.timeout": "1s"}).tunables()["neil_mask.timeout"] == 1000 * MSEC
    assert chosen.bind(_schema(), compiled=False)["mempool_step"].plugin == "linux_4_7, neil_mask@swap0.tio"


def _schema():
    from gfplab.kernel.types import kernel_schema

    return kernel_schema()


def test_a_scenario_may_say_it_in_a_table(plugins):
    """`default` is everybody else."""
    tables = read_toml(S1) | {"policies": {"mempool_step": {"default": "neil_mask", "swap0.tio": "stock"}}}
    world = build_world(tables, S1)
    assert world.policies == {"mempool_step": "neil_mask", "mempool_step@swap0.tio": "stock"}
    assert select(world.kernel, world.policies, plugins=plugins).names()["mempool_step@swap0.tio"] == "linux_4_7"
    overridden = build_world(tables, S1, {"policies.mempool_step@swap0.bs": "pool_first"})
    assert overridden.policies["mempool_step@swap0.bs"] == "pool_first"


def test_the_command_line_takes_over_a_share_or_all(plugins):
    """-p plugin takes the decision from everybody; -p plugin@who comes on top of that, in whatever order."""
    named = {"mempool_step": "neil_mask", "mempool_step@swap0.tio": "pool_first"}
    taken = select("v4.7", named, extra=["neil_while@kswapd", "pool_first_percpu@swap0.*"], plugins=plugins)
    assert {k: v for k, v in taken.names().items() if k.startswith("mempool_step")} == {
        "mempool_step": "neil_mask",
        "mempool_step@swap0.tio": "pool_first",
        "mempool_step@kswapd": "neil_while",
        "mempool_step@swap0.*": "pool_first_percpu",
    }
    assert "mempool_step@swap0.tio" not in select("v4.7", named, extra=["transient"], plugins=plugins).names()


@pytest.mark.parametrize(
    ("given", "parts"),
    [
        ("pool_first", ("pool_first", "")),
        ("pool_first@swap0.tio", ("pool_first", "swap0.tio")),
        ("./mine.py@kworker/*", ("./mine.py", "kworker/*")),
        ("/home/a@b/mine.py", ("/home/a@b/mine.py", "")),
        ("/home/a@b/mine.so@hog", ("/home/a@b/mine.so", "hog")),
    ],
)
def test_a_name_behind_a_plugin_is_told_from_its_path(given, parts):
    """The @ that counts is the one behind the file or the name."""
    assert split_share(given) == parts


@pytest.mark.parametrize(
    ("policies", "extra", "sentence"),
    [
        (
            {"get_scan_count@hog": "stock"},
            (),
            "policies.get_scan_count@hog: get_scan_count is asked about no pool and no task; leave @hog out",
        ),
        (
            {"mempool_stp@hog": "stock"},
            (),
            "policies.mempool_stp@hog: there is no such decision point; did you mean 'mempool_step'?",
        ),
        ({}, ("neil_mask@hog", "pool_first@hog"), "-p pool_first@hog: neil_mask answers mempool_step too; leave one"),
        ({}, ("neil_msk@hog",), "-p neil_msk@hog: there is no plugin 'neil_msk'; did you mean 'neil_mask'?"),
        (
            {},
            ("linux_4_7@hog",),
            "-p linux_4_7@hog: linux_4_7 answers get_scan_count too, which is asked about no pool",
        ),
    ],
)
def test_a_share_that_cannot_be_is_refused(plugins, policies, extra, sentence):
    """Before anything boots."""
    with pytest.raises(PolicyError) as problem:
        select("v4.7", policies, extra=extra, plugins=plugins)
    assert sentence in str(problem.value)


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        (
            "mempool_step@swap0.pagepool",
            "policies.mempool_step@swap0.pagepool: there is no pool or task 'swap0.pagepool' in this scenario; "
            "did you mean 'swap0.page_pool'?",
        ),
        ("mempool_free@hog", "policies.mempool_free@hog: mempool_free is not asked about a task; name a pool"),
        ("throttle_vm_writeout@swap0.tio", "throttle_vm_writeout is not asked about a pool; name a task"),
        ("throttle_vm_writeout@kwroker", "there is no task 'kwroker' in this scenario; did you mean 'kworker'?"),
    ],
)
def test_a_name_that_the_scenario_does_not_have_is_refused(run, key, sentence):
    """With the nearest that it has."""
    with pytest.raises(PolicyError) as problem:
        run({key: "stock"})
    assert sentence in str(problem.value)
