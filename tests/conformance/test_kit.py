"""Does the conformance kit find what a policy does wrong, and does it leave the others alone?"""

import dataclasses

import numpy as np
import pytest

from gfplab.cli.main import run_command_line
from gfplab.conformance import kit, laws, scenarios
from gfplab.conformance.kit import check_policy, eras_asking
from gfplab.conformance.laws import Kept
from gfplab.conformance.scenarios import SHORT
from gfplab.conformance.worlds import random_world
from gfplab.errors import PolicyError
from gfplab.policy.discover import discover
from gfplab.policy.select import select
from gfplab.run import build_kernel
from gfplab.tables.verdict import verdict_of
from gfplab.world.shipped import scenario_path

PATHS = {name: scenario_path(name) for name in SHORT}
NAPS = '''"""Sleep at the end of every shrink, for twice as long each time."""

from gfplab import hookimpl, state

nap = state(1000)


@hookimpl
def throttle_vm_writeout(vm, my):
    my.nap = my.nap * 2 {bound}
    return {answer}
'''


@pytest.fixture(scope="module")
def plugins():
    return discover(folder="no such folder")


@pytest.fixture
def one_scenario(monkeypatch):
    """The beginning of one scenario instead of three."""
    monkeypatch.setattr(scenarios, "SHORT", {"s1_quarter": {"length": "300ms"}})


@pytest.fixture
def policy(tmp_path, monkeypatch):
    """policy(bound="", answer="") -> the path of a file in the working directory."""
    monkeypatch.chdir(tmp_path)

    def write(**words):
        (tmp_path / "naps.py").write_text(NAPS.format(**words))
        return "naps.py"

    return write


def test_a_shipped_policy_passes(plugins):
    """Ten worlds here; the command runs 200."""
    report = check_policy(plugins["neil_mask"], plugins, PATHS, worlds=10, contexts=20)
    assert report.faults == []
    assert sum(outcome.differs for outcome in report.worlds) >= 5
    assert [row.scenario for row in report.scenarios] == [*SHORT, *SHORT]
    storm = next(row for row in report.scenarios if (row.scenario, row.era) == ("s1_quarter", "v4.7"))
    assert storm.word == "ok" and storm.policy.metrics["worst_io_stall_ms"] < 100
    assert storm.stock.metrics["worst_io_stall_ms"] > 1000
    assert storm.policy.metrics["direct_reclaim_ns"] > 0


def test_the_stock_kernel_differs_nowhere_from_itself(plugins, one_scenario):
    """And of its two decisions that v4.7 does not ask, none is run there alone."""
    report = check_policy(plugins["linux_4_7"], plugins, PATHS, worlds=6, contexts=20)
    assert not any(outcome.differs for outcome in report.worlds if random_world(outcome.world).kernel == "v4.7")
    assert all(row.same_log for row in report.scenarios if row.era == "v4.7")


def test_a_policy_is_run_where_it_is_asked(plugins):
    only = dataclasses.replace(plugins["linux_6_1"], functions={"reclaim_throttle": None})
    assert eras_asking(only) == ("v6.1",)
    assert eras_asking(plugins["neil_mask"]) == ("v4.7", "v6.1")


def test_a_broken_law_is_found_and_told(plugins, monkeypatch):
    """A free page too many is law 2; the world's number and the law are in the sentence."""
    real = laws.boot_machine

    def boot(build, world, seed):
        machine = real(build, world, seed)
        machine.arrays["vm"]["nr_slab"] += 1
        return machine

    monkeypatch.setattr(laws, "boot_machine", boot)
    policies = select("v4.7", plugins=plugins)
    world = random_world(1, ("v4.7",))
    kept = laws.run_with_laws(world, policies, policies.bind(build_kernel().schema), 1)
    assert kept.verdict == "failed check" and kept.broken.startswith("law 2 is broken at ")
    report = kit.Report("mine", [], [kit.Outcome(1, kept, Kept("ok", "", 1))], [], [])
    assert report.faults == [f"world 1: {kept.broken}"] and report.worlds_at_fault == [1]


def test_what_lies_behind_my_is_watched(plugins):
    """Python policies cannot write there; those in C can."""
    policies = select("v4.7", plugins=plugins)
    sim = type("Simulation", (), {"call": lambda self, name: 0})()
    sim.arrays = {"my": np.concatenate([policies.my_initial(), laws._BEYOND])}
    assert laws._broken(sim) == ""
    sim.arrays["my"][-8] = 0
    assert laws._broken(sim) == "the policy has written beyond the end of my"


def test_faults_are_sentences_about_worlds():
    """A machine that is stuck is the policy's fault unless the stock kernel gets stuck there, too."""
    ok, stuck = Kept("ok", "1", 1), Kept("deadlock", "2", 1)
    outcomes = [kit.Outcome(1, stuck, ok), kit.Outcome(2, stuck, stuck), kit.Outcome(3, ok, stuck)]
    report = kit.Report("mine", [], outcomes, [3], [])
    assert report.faults == [
        "world 3: the same seed gave another event log",
        "world 1: nothing can ever run again, and under the stock kernel it can",
    ]
    assert report.verdicts("policy") == {"deadlock": 2, "ok": 1}


def test_the_command_says_ok_in_its_last_line(policy, one_scenario, capsys):
    path = policy(bound="% 1_000_003", answer="my.nap if vm.nr_writeback else 0")
    assert run_command_line(["plugin", "check", path, "--worlds", "4"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("throttle_vm_writeout: compiled in ")
    assert said[1].startswith("laws: kept in 4 of 4 random worlds")
    assert said[-1] == "ok: naps keeps all laws, runs the same twice, and ends every call"


def test_the_command_fails_for_a_fault_and_writes_the_world_down(policy, one_scenario, capsys, monkeypatch):
    """The scenario file is there for the command that the last line offers."""
    path = policy(bound="% 1_000_003", answer="my.nap if vm.nr_writeback else 0")
    real = kit.run_with_laws

    def broken(world, policies, decisions, seed):
        kept = real(world, policies, decisions, seed)
        mine = policies.chosen["throttle_vm_writeout"].name == "naps"
        return dataclasses.replace(kept, broken="law 3 is broken at 5 ns: ") if seed == 2 and mine else kept

    monkeypatch.setattr(kit, "run_with_laws", broken)
    assert run_command_line(["plugin", "check", path, "--worlds", "3"]) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[-2:] == [
        "world 2: law 3 is broken at 5 ns: ",
        "FAILS: naps must not be used; see gfplab run results/naps_check/world_2.toml -p naps.py --seed 2 --check",
    ]
    assert run_command_line(["run", "results/naps_check/world_2.toml", "-p", path, "--seed", "2"]) == 0


def test_a_policy_that_raises_in_a_run_is_told_with_its_world(plugins, policy):
    """The time and the task at which it was asked are with it."""
    path = policy(bound="% 1_000_003", answer="1000 // (vm.nr_writeback * 0)")
    found = discover(files=[path], folder="no such folder")
    policies = select("v4.7", extra=["naps"], plugins=found)
    decisions = policies.bind(build_kernel().schema)
    with pytest.raises(PolicyError, match=r"naps.py:11: divides by zero; write max\(1") as problem:
        for number in range(1, 20):
            laws.run_with_laws(random_world(number, ("v4.7",)), policies, decisions, 1)
    assert any(note.startswith("in world ") for note in problem.value.__notes__)


def test_a_run_stops_with_exit_code_2_where_a_policy_raises(policy, capsys):
    """In compiled code and in Python the sentence is the same, and behind it stands where the kernel was."""
    path = policy(bound="% 1_000_003", answer="1000 // (vm.nr_writeback * 0)")
    world = kit.write_world(1, discover(files=[path])["naps"], kit.Path("."))
    said = []
    for form in ([], ["--pure"]):
        assert run_command_line(["run", str(world), "-p", path, *form]) == 2
        said.append([line for line in capsys.readouterr().err.splitlines() if "warning" not in line])
    assert said[0][:3] == [
        "gfplab: naps.py:11: divides by zero; write max(1, ...), or ask before dividing",
        "    return 1000 // (vm.nr_writeback * 0)",
        "           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
    ]
    assert said[0][:3] == said[1][:3]
    assert said[0][3].startswith("    at ") and "throttle_vm_writeout" in said[0][3]


def test_the_verdicts_words_are_those_of_runs(plugins):
    """ok, oom and deadlock mean the same as after `gfplab run`."""
    from gfplab.run import simulate
    from gfplab.tables.metrics import tabulate

    policies = select("v4.7", plugins=plugins)
    world = random_world(3, ("v4.7",))
    kept = laws.run_with_laws(world, policies, policies.bind(build_kernel().schema), 3)
    run = simulate(world, policies, 3)
    assert (kept.verdict, kept.log_hash) == (verdict_of(tabulate(run)).word, run.log_hash)
