"""The engine runs alike in all three modes: generators, interpreted steps, compiled steps."""

import pytest
import test_accounts
from lab import MS, Lab

MODES = ("generators", "steps", "compiled")
SAME = (
    "tasks",
    "cpus",
    "locks",
    "waitqueues",
    "rng",
    "heap",
    "stacks",
    "stack_frames",
    "notes",
    "stalls",
    "trace",
    "e",
)


def busy(mode, seed, pins=(-1, -1, 0, 1, -1, 2, -1), cpus=3):
    """Tasks that do a bit of everything on three CPUs, for 30 ms."""
    costs = {"switch_ns": 1500, "wake_ns": 2000, "jiffy_ns": MS, "check_every": 0}
    tasks = [("mixed", 60, p) for p in pins]
    room = {"trace": 5000}.items()
    lab = Lab(test_accounts, tasks, cpus, mode=mode, seed=seed, fixed_order=False, check=False, sizes=room, **costs)
    lab.arrays["trace_on"][1] = 1
    assert lab.run(until=30 * MS) in ("until", "idle")
    return lab


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_record_of_the_engine_is_the_same_in_all_modes(seed):
    first, *others = (busy(mode, seed) for mode in MODES)
    assert first.e("nr_events") > 500
    assert first.e("n_trace") > 20
    for lab in others:
        for name in SAME:
            assert (first.arrays[name] == lab.arrays[name]).all(), name


@pytest.mark.slow
def test_a_compiled_run_stops_and_goes_on_as_the_others_do():
    whole = busy("compiled", 4)
    lab = Lab(
        test_accounts, [("mixed", 60)] * 3, 2, mode="compiled", seed=4, fixed_order=False, check=False, switch_ns=1500
    )
    other = Lab(test_accounts, [("mixed", 60)] * 3, 2, mode="steps", seed=4, fixed_order=False, switch_ns=1500)
    while lab.run(20 * MS, 17) == "events":
        pass
    other.run(20 * MS)
    assert lab.e("log_hash") == other.e("log_hash") != whole.e("log_hash")
