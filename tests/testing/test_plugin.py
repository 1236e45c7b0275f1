"""The pytest plugin: what it finds wrong it says in words, and where nobody uses it, it is not there."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import tomli

from gfplab.testing.events import lines_between, same_lines
from gfplab.testing.machine import Mempool
from gfplab.testing.paired import Comparison, compare_policies

pytestmark = pytest.mark.usefixtures("compiled")
ROOT = Path(__file__).parents[2]


def test_at_the_start_of_a_session_nothing_of_gfplab_is_loaded_but_the_plugin():
    """Numba, Polars and the simulated kernel would cost every project a second."""
    code = "import gfplab.testing.plugin, json, sys; print(json.dumps(sorted(sys.modules)))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = json.loads(said.stdout)
    assert [m for m in loaded if m.split(".")[0] == "gfplab"] == ["gfplab", "gfplab.testing", "gfplab.testing.plugin"]
    assert not {"numpy", "numba", "polars", "click", "optuna"} & {module.split(".")[0] for module in loaded}


def test_pytest_finds_it_under_the_name_by_which_a_checkout_asks_for_it():
    """Under two names pytest would register one module twice, and refuse to start."""
    project = tomli.loads((ROOT / "pyproject.toml").read_text())
    name = "gfplab.testing.plugin"
    assert project["project"]["entry-points"]["pytest11"] == {name: name}
    assert f"-p {name}" in project["tool"]["pytest"]["ini_options"]["addopts"]


def test_a_project_with_fixtures_of_the_same_names_keeps_its_own(pytester, session):
    pytester.makeconftest("import pytest\n\n@pytest.fixture\ndef machine():\n    return 'a lathe'\n")
    pytester.makepyfile("def test_it(machine):\n    assert machine == 'a lathe'\n")
    session().assert_outcomes(passed=1)


def test_it_adds_one_option_and_five_fixtures(pytester, session):
    pytester.makepyfile("def test_nothing(): pass\n")
    said = session("--fixtures").stdout.str()
    assert all(f"{name} -- " in said for name in ("machine", "mempool", "scenario", "compare", "table_snapshot"))
    said = session("--help").stdout.str()
    assert said.count("--gfplab") == 1


# machines


@pytest.fixture(scope="module")
def waited():
    """A pool of one element: it was taken, wanted at 1 ms, and came back at 700 ms."""
    mut = Mempool(["pool_first"], min_nr=1).exhaust()
    held, waiter = mut.take(), mut.take(at="1ms")
    mut.give_back(held, at="700ms")
    mut.run("1s")
    return mut, held, waiter


def said(assertion, *arguments, **options):
    """The first line of what an assertion says when it fails."""
    with pytest.raises(AssertionError) as problem:
        assertion(*arguments, **options)
    return str(problem.value).partition("\n")[0]


def test_a_wake_up_is_known_to_the_nanosecond(waited):
    mut, held, waiter = waited
    mut.assert_wakes_at(waiter, 700_000_000)
    mut.assert_wakes_at(waiter, "699ms", within="1ms")
    assert said(mut.assert_wakes_at, waiter, 700_000_001) == (
        "task 2 was to wake at 700000001 ns and woke at 700000000 ns (slept 699 ms in mempool_alloc(), woken)"
    )
    assert said(mut.assert_wakes_at, held, 1) == "task 1 was to wake at 1 ns and woke never: it did not sleep"


def test_what_a_policy_was_asked_is_told_in_the_words_of_a_policy(waited):
    mut, held, waiter = waited
    mut.assert_asks(held, ["RESERVE"])
    mut.assert_asks(waiter, ["RESERVE", "ALLOC", "WAIT(5s)", "RESERVE"])
    mut.assert_asks(waiter, [asked.answer for asked in waiter.asks if asked.decision == "mempool_step"])
    mut.assert_asks(waiter, ["0"], decision="gfp_to_alloc_flags")
    assert said(mut.assert_asks, held, ["ALLOC"]) == "task 1 was answered RESERVE by mempool_step, not ALLOC"
    assert said(mut.assert_asks, held, []) == "task 1 was answered RESERVE by mempool_step, not nothing"
    assert said(mut.assert_asks, waiter, ["RESERVE", "ALLOC", "WAIT(4s)", "RESERVE"]).endswith("not RESERVE, ALLOC, "
        "WAIT(4s), RESERVE")  # fmt: skip


def test_sleeps_and_results_are_told(waited):
    mut, held, waiter = waited
    mut.assert_never_sleeps(held)
    assert said(mut.assert_never_sleeps, waiter) == "task 2 slept 699 ms in mempool_alloc(), woken"
    mut.assert_done_by(waiter, "700ms")
    assert said(mut.assert_done_by, waiter, "699ms") == "task 2 was done at 700000000 ns; it was to be by 699000000 ns"
    assert waiter.result == held.result and waiter.done_at == 700_000_000
    assert [str(event) for event in mut.events][-1] == f"done, result {held.result}"
    assert mut.log[0].split() == ["0.000000002", "s", "task", "1", "mempool_step", "->", "RESERVE"]


def test_a_stack_is_asserted_while_the_task_sleeps():
    mut = Mempool(["pool_first"], min_nr=1).exhaust()
    mut.take()
    waiter = mut.take()
    mut.run("10ms")
    mut.assert_stack(waiter, "mempool_alloc")
    assert said(mut.assert_stack, waiter, "mempool_alloc", "kcryptd_crypt").startswith(
        "task 2 was to sleep in mempool_alloc <- kcryptd_crypt; it sleeps in mempool_alloc <- "
    )
    assert said(mut.assert_stack, mut.tasks[0], "mempool_alloc").endswith("; it does not sleep")
    assert said(mut.assert_wakes_at, waiter, "5ms").endswith("woke never: it sleeps in mempool_alloc()")
    assert said(mut.assert_done_by, waiter, "10ms").startswith("task 2 is not done; ")


def test_the_policy_of_a_machine_and_its_tunables_are_the_tests_choice():
    mut = Mempool(["pool_first"], min_nr=1, settings={"pool_first.timeout": "20ms", "machine.cpus": 2}).exhaust()
    mut.take()
    waiter = mut.take()
    mut.run("50ms")
    assert [slept.timed_out for slept in waiter.sleeps] == [True, True]
    assert mut.k.e[0].ncpus == 2


def test_a_policy_that_answers_nonsense_is_the_tests_failure_in_words(tmp_path):
    (tmp_path / "mad.py").write_text(
        '"""Answers nonsense."""\nfrom gfplab import hookimpl\n\n\n@hookimpl\ndef mempool_step():\n    return 7\n'
    )
    mut = Mempool(["mad.py"], folder=tmp_path)
    mut.take()
    assert said(mut.run, "1ms").startswith("at 2 ns, event ") and "(task 1): " in said(mut.run, "1ms")


def test_times_may_cost_cpu_time():
    mut = Mempool(["pool_first"], cpu_time=True)
    task = mut.take()
    mut.run("1ms")
    assert 2 < task.done_at < 1_000_000


def test_logs_may_differ_in_so_many_lines_as_the_test_allows():
    assert lines_between(["a", "b", "c"], ["a", "x", "c", "d"]) == 2
    same_lines(["a", "b"], ["a", "x"], 1, "event logs")
    with pytest.raises(AssertionError) as problem:
        same_lines(["a", "b"], ["a"], 0, "event logs")
    assert str(problem.value).split("\n") == [
        "the event logs differ in 1 lines; they part at line 2:", "    a", "  a b", "  b (ends here)"
    ]  # fmt: skip


# runs


def test_what_a_run_did_wrong_is_told_with_the_longest_sleeps(scenario):
    run = scenario("s1_quarter", settings={"length": "2s"})
    run.assert_verdict("ok")
    assert said(run.assert_verdict, "oom") == "s1_quarter with stock, seed 1 ended as 'ok', not 'oom'"
    with pytest.raises(AssertionError) as problem:
        run.assert_no_stall_longer_than("1s", task="hog", cause="mempool_alloc")
    first, *longest = str(problem.value).split("\n")
    assert first.startswith("s1_quarter with stock, seed 1: ") and first.endswith(" longer than 1 s; the longest:")
    assert longest and all(line.split()[2] == "hog" and line.endswith("mempool_alloc") for line in longest)
    run.assert_no_stall_longer_than("1s", task="kworker", cause="throttle_vm_writeout")
    run.assert_near("worst_io_stall_ms", run["worst_io_stall_ms"] * 1.04)
    assert "of it is allowed" in said(run.assert_near, "worst_io_stall_ms", run["worst_io_stall_ms"] * 1.1)
    assert "less than" in said(run.assert_metric, "worst_io_stall_ms", at_least=1e9)
    assert "more than" in said(run.assert_metric, "worst_io_stall_ms", at_most=1)
    with pytest.raises(KeyError, match="did you mean 'worst_io_stall_ms'?"):
        run["worst_io_stal_ms"]


def test_the_same_run_is_made_once_and_another_seed_is_another_run(scenario):
    one, same, other = (scenario("s10_fast_path", seed=seed, settings={"length": "1ms"}) for seed in (1, 1, 2))
    assert one.run is same.run and one.run is not other.run
    assert one.log == same.log


def test_a_comparison_is_sure_or_says_of_every_seed_why_not(compare):
    found = compare("s10_fast_path", ["stock", "pool_first"], seeds=[4, 5, 6], settings={"length": "2ms"})
    low = found.ratio("pool_first", "fast_path_ns")[1]
    assert low > 2  # the reserve first costs the lock of the pool each time
    with pytest.raises(AssertionError) as problem:
        found.assert_better("pool_first", "fast_path_ns")
    lines = str(problem.value).split("\n")
    assert lines[0].startswith("s10_fast_path: fast_path_ns of pool_first is 0.") and len(lines) == 4
    assert lines[1].startswith("  seed 4: ")
    compare("s10_fast_path", ["pool_first", "stock"], seeds=[4, 5, 6], settings={"length": "2ms"}).assert_better(
        "stock", "fast_path_ns", by=2
    )
    found.assert_within("stock", "fast_path_ns", 0.0)
    assert "is allowed" in said(found.assert_within, "pool_first", "fast_path_ns", 0.5)
    table = found.table("fast_path_ns")
    assert table["policy"].to_list() == ["stock", "pool_first"] and table["ratio"][1] == pytest.approx(
        found.ratio("pool_first", "fast_path_ns")[0]
    )
    with pytest.raises(KeyError, match="did you mean 'pool_first'?"):
        found.values("pool_frist", "fast_path_ns")


def test_a_policy_may_be_for_one_pool_only(tmp_path):
    """`plugin@who`, also of a file beside the test, goes by that name."""
    (tmp_path / "mine.py").write_text((ROOT / "plugins" / "gfplab_plugins" / "pool_first.py").read_text())
    stacks = ["stock", "pool_first@swap0.tio", "mine.py@swap0.tio"]
    found = compare_policies("s1_quarter", stacks, 1, {"length": "1s", "mine.spare": 0}, tmp_path)
    assert list(found.runs) == ["stock", "pool_first@swap0.tio", "mine@swap0.tio"]
    stock, shipped, mine = (runs[1].run.log_hash for runs in found.runs.values())
    assert shipped == mine != stock


def test_better_means_that_the_whole_interval_is():
    """Twice as good in the mean is nothing when one seed of three says the opposite."""
    stock = {seed: {"worst_io_stall_ms": 100.0} for seed in (1, 2, 3)}
    steady = {seed: {"worst_io_stall_ms": value} for seed, value in ((1, 50.0), (2, 49.0), (3, 51.0))}
    lucky = {seed: {"worst_io_stall_ms": value} for seed, value in ((1, 10.0), (2, 100.0), (3, 125.0))}
    found = Comparison("s", {"stock": stock, "steady": steady, "lucky": lucky})
    found.assert_better("steady", "worst_io_stall_ms", by=1.9)
    assert "2 times better" in said(found.assert_better, "steady", "worst_io_stall_ms", by=2)
    assert "2 times better" in said(found.assert_better, "lucky", "worst_io_stall_ms")
    found.assert_within("steady", "worst_io_stall_ms", 0.55)
    assert "0.5 times" in said(found.assert_within, "lucky", "worst_io_stall_ms", 0.55)
    with pytest.raises(ValueError, match="no metric of which less or more is better"):
        found.assert_better("steady", "events")


def test_a_comparison_sets_a_tunable_only_where_its_policy_runs(compare):
    settings = {"length": "1ms", "pool_first.timeout": "2ms"}
    found = compare("s10_fast_path", ["stock", ("pool_first", "linux_4_9")], seeds=1, settings=settings)
    assert list(found.runs) == ["stock", "pool_first+linux_4_9"]
    assert found.runs["pool_first+linux_4_9"][1].run.policies.tunables()["pool_first.timeout"] == 2_000_000


# snapshots

SNAPSHOT = """
import polars as pl

def test_table(table_snapshot):
    frame = pl.DataFrame({{"policy": ["stock", "a|b"], "ms": [1799.27, {value}], "n": [1, None]}})
    table_snapshot(frame, digits=3)
    table_snapshot(frame, name="second", columns=["policy"], format="csv")
"""


def test_a_snapshot_is_written_when_asked_and_then_compared_exactly(pytester, session):
    pytester.makepyfile(test_snap=SNAPSHOT.format(value=0.12345))
    missing = session()
    missing.assert_outcomes(failed=1)
    missing.stdout.fnmatch_lines(
        "*AssertionError: snapshots/test_snap/test_table.md does not exist yet; write it with *"
    )
    assert not (pytester.path / "snapshots").exists()
    session("--gfplab-update").assert_outcomes(passed=1)
    files = {path.name: path.read_text() for path in (pytester.path / "snapshots" / "test_snap").iterdir()}
    assert files == {
        "test_table.md": "| policy |    ms |   n |\n| ------ | ----: | --: |\n| stock  |  1800 |   1 |\n"
        "| a\\|b   | 0.123 |     |\n",
        "test_table-second.csv": "policy\nstock\na|b\n",
    }
    session().assert_outcomes(passed=1)


def test_a_table_that_changed_is_shown_as_a_diff(pytester, session):
    pytester.makepyfile(test_snap=SNAPSHOT.format(value=0.5))
    session("--gfplab-update").assert_outcomes(passed=1)
    pytester.makepyfile(test_snap=SNAPSHOT.format(value=0.6))
    changed = session()
    changed.assert_outcomes(failed=1)
    changed.stdout.fnmatch_lines(["*the table is not what snapshots/test_snap/test_table.md holds; *", "*as it was*"])
    changed.stdout.fnmatch_lines(["E*-| a\\|b*  0.5 |*", "E*+| a\\|b*  0.6 |*"])
