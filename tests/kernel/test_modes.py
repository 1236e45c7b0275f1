"""One source, three ways to run it: whatever is simulated, generators, steps and compiled code do the same.

Time is short here, for generators are slow; it is long enough for every scenario to reach what it is about.
"""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from gfplab.policy.select import select
from gfplab.run import simulate
from gfplab.world.procfs import import_machine
from gfplab.world.scenario import load_scenario

ROOT = Path(__file__).parents[2]
FILES = ROOT / "tests" / "files"
SHIPPED = {path.stem: path for path in sorted((ROOT / "studies" / "scenarios").glob("*.toml"))}
CAPTURED = FILES / "captured" / "storm.toml"
POLICIES = (
    *("linux_4_9", "neil_mask", "hocko_rfc", "mempool_4_7_0", "pool_first", "flag_only"),
    *("pool_first_percpu", "bail_out", "light_reclaim", "adaptive_wait", "inflight_cap"),
)
MS = 1_000_000
ERAS = [(name, load_scenario(path).kernel) for name, path in SHIPPED.items()] + [("captured", "v4.7")]
ERAS += [(name, "v6.1") for name, kernel in ERAS if kernel == "v4.7"]  # a scenario of 2016 on the kernel of 2022
LENGTH = {"s10_fast_path": MS // 2, "s2_pure_anon": 12 * MS, "captured": 40 * MS}
STORM = 40 * MS

pytestmark = pytest.mark.slow


@cache
def world(name, kernel):
    return load_scenario(CAPTURED if name == "captured" else SHIPPED[name], {"kernel": kernel})


@cache
def policies(name, kernel):
    return select(kernel, {}, extra=[name] if name else [])


def run(name, mode, policy="", seed=1, until_ns=0, kernel="v4.7", **options):
    until_ns = until_ns or LENGTH.get(name, STORM)
    return simulate(world(name, kernel), policies(policy, kernel), seed, mode=mode, until_ns=until_ns, **options)


def same(one, other):
    """Nothing that a run leaves behind differs, but for the stacks of those who run: generators keep theirs."""
    assert one.log_hash == other.log_hash and one.events == other.events
    for log in ("trace", "stalls", "vmstat"):
        np.testing.assert_array_equal(getattr(one, log), getattr(other, log), err_msg=log)
    assert one.stacks == other.stacks
    for name, array in one.arrays.items():
        for field in array.dtype.names or ():
            if (name, field) not in (("tasks", "ret"), ("tasks", "fp")):
                np.testing.assert_array_equal(array[field], other.arrays[name][field], err_msg=f"{name}.{field}")
        if not array.dtype.names and name != "stk":
            np.testing.assert_array_equal(array, other.arrays[name], err_msg=name)


@pytest.mark.parametrize(("name", "kernel"), ERAS)
def test_every_scenario_runs_the_same_in_all_three_modes(name, kernel, compiled):
    first = run(name, "compiled", kernel=kernel)
    same(first, run(name, "steps", kernel=kernel))
    same(first, run(name, "generators", kernel=kernel))
    assert first.events > 100


@pytest.mark.parametrize(("name", "kernel"), ERAS)
def test_every_scenario_comes_to_its_end(name, kernel, compiled):
    assert run(name, "compiled", until_ns=5000 * MS, kernel=kernel).verdict == "ok"


@pytest.mark.parametrize("policy", POLICIES)
def test_the_storm_runs_the_same_compiled_and_uncompiled_under_every_policy(policy, compiled):
    same(run("s1_quarter", "compiled", policy), run("s1_quarter", "generators", policy))


@pytest.mark.parametrize("kernel", ["v4.7", "v6.1"])
@pytest.mark.parametrize("name", ["s1_quarter", "captured"])
def test_the_shortened_storm_is_a_storm(name, kernel, compiled):
    """Reclaim, swap-out through dm-crypt, and somebody asleep for lack of memory."""
    left = run(name, "compiled", kernel=kernel).arrays
    assert left["vm"]["allocstall"][0] > 0 and left["vm"]["pswpout"][0] > 100
    assert left["vm"]["swap_written"][0] > 10 and left["vm"]["psi_some"][0] > 0


def test_the_captured_machine_is_what_the_capture_says():
    assert (FILES / "captured" / "machine.toml").read_text() == import_machine(FILES / "proc_capture").toml


def test_s1s_storm_is_throttled_on_the_captured_machine_as_well(compiled):
    """Its marks are higher and its inactive lists shorter; kcryptd comes to nap all the same, if not in every start."""
    starts = [run("captured", "compiled", seed=seed, until_ns=5000 * MS) for seed in (1, 2, 3)]
    naps = [[stack.frames for stack in left.stacks if "throttle_vm_writeout" in stack.frames] for left in starts]
    assert all(left.verdict == "ok" for left in starts)
    assert sum(any({"kcryptd_crypt", "mempool_alloc"} <= {*frames} for frames in stacks) for stacks in naps) >= 2


def test_one_seed_gives_one_run(compiled):
    same(run("s1_quarter", "compiled", until_ns=300 * MS), run("s1_quarter", "compiled", until_ns=300 * MS))


def test_another_seed_gives_another_run(compiled):
    hashes = {run("s1_quarter", "compiled", seed=seed, until_ns=300 * MS).log_hash for seed in range(1, 5)}
    assert len(hashes) == 4


def test_events_of_one_time_may_be_kept_in_the_order_of_their_making(compiled):
    fixed = run("s1_quarter", "compiled", fixed_order=True)
    same(fixed, run("s1_quarter", "generators", fixed_order=True))
    assert fixed.log_hash != run("s1_quarter", "compiled").log_hash
