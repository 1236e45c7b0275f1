"""When tasks wait for each other: the verdict of runs with and without bio_alloc_lock, and of arrays made by hand."""

import numpy as np
import pytest

from gfplab.adversary.probe import Probe, Victim
from gfplab.policy.discover import discover
from gfplab.run import DEADLOCK_NS, deadlocked, stuck_ns
from gfplab.world.shipped import scenario_path
from gfplab.world.toml import read_toml

NOW = 60 * 10**9


def arrays(inside=(1,), curr_nr=0, last_return=NOW - DEADLOCK_NS, inflight=0):
    """One pool, emptied long ago; tasks inside mempool_alloc() of the pools `inside`."""
    tasks = np.zeros(4, [("context_b", "i8"), ("state", "i8")])
    tasks["context_b"][: len(inside)], tasks["state"] = inside, 2
    pools = np.zeros(2, [("curr_nr", "i8"), ("last_return", "i8"), ("empty_since", "i8")])
    pools["curr_nr"], pools["last_return"], pools["empty_since"] = curr_nr, last_return, 5
    disks, e = np.zeros(2, [("inflight", "i8")]), np.zeros(1, [("now", "i8")])
    disks["inflight"], e["now"] = inflight, NOW
    return {"tasks": tasks, "pools": pools, "disks": disks, "e": e}


def test_a_deadlock_is_an_empty_pool_to_which_nothing_comes_back_and_nothing_is_on_its_way():
    assert deadlocked(arrays())
    assert not deadlocked(arrays(inside=()))
    assert not deadlocked(arrays(curr_nr=1))
    assert not deadlocked(arrays(last_return=NOW - DEADLOCK_NS + 1))
    assert not deadlocked(arrays(inflight=1))


def test_what_is_no_deadlock_yet_has_been_stuck_for_so_long():
    assert stuck_ns(arrays(last_return=NOW - 3)) == 3
    assert stuck_ns(arrays(inside=())) == stuck_ns(arrays(curr_nr=1)) == stuck_ns(arrays(inflight=1)) == 0


@pytest.mark.parametrize(("lock", "verdict"), [(False, "deadlock"), (True, "ok")])
def test_two_writers_of_256_pages_wait_for_each_other_unless_one_of_them_has_the_lock(compiled, lock, verdict):
    path = scenario_path("two_writers")
    tables = read_toml(path)
    tables["machine"] |= {"min_free_kbytes": 60000, "kernel_memory": "32MiB"}
    tables["crypt"][0]["bio_alloc_lock"] = lock
    for task in tables["task"]:
        task.update(size="1MiB", operations=20)
    victim = Victim([], discover(), str(path))
    assert [victim(Probe(tables, seed)).verdict for seed in (1, 2, 3)] == [verdict] * 3
