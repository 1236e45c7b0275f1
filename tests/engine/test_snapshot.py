"""A run can be forked, and gone on with in the other mode; a snapshot belongs to its sources."""

import pytest
import toy

from gfplab.engine.subset import KernelBuildError

TEXT = """
@kernel
def deeper(k, depth, a):
    kept = a * 7
    if depth > 0:
        got = yield from deeper(k, depth - 1, a + 1)
        kept += got
    x = yield schedule_timeout(1, 3 + depth, 2)
    zone = k.zones[a & 3]
    zone.nr_free += x
    yield cpu(2)
    zone.nr_free += kept & 1
    note(k, kept, zone.nr_free)
    return kept & 63

@kernel
def main(k, n):
    for i in range(200):
        got = yield from deeper(k, n + (i & 1), i)
        k.vm[0].total += got
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return toy.model(tmp_path_factory.mktemp("snapshot"), TEXT)


@pytest.mark.slow
@pytest.mark.parametrize("first", ["steps", "compiled"])
@pytest.mark.parametrize("second", ["steps", "compiled"])
def test_two_futures_of_one_snapshot_are_equal(model, first, second):
    sim = toy.start(model.build(first))
    sim.run(1 << 60, 333)
    snapshot = sim.snapshot()
    fork = model.build(second).restore(snapshot)
    again = model.build(first).restore(snapshot)
    for s in (sim, fork, again):
        assert s.run(1 << 60, 500) == "events"
    assert sim.state_hash() == fork.state_hash() == again.state_hash()
    assert toy.outcome(sim, "") == toy.outcome(fork, "") == toy.outcome(again, "")


def test_a_changed_fork_goes_its_own_way(model):
    build = model.build("steps")
    sim = toy.start(build)
    sim.run(1 << 60, 100)
    fork = build.restore(sim.snapshot())
    fork.arrays["vm"]["total"] += 1
    for s in (sim, fork):
        s.run(1 << 60, 100)
    assert sim.state_hash() != fork.state_hash()


def test_what_dead_slots_hold_does_not_count(model):
    build = model.build("steps")
    sim = toy.start(build)
    sim.run(1 << 60, 200)
    before = sim.state_hash()
    stack, words = sim.arrays["stk"], 512
    top = max(fp + build.model.steps[name].size for name, fp, _ in build.frames(sim.arrays, 1))
    assert top < 2 * words
    stack[top : 2 * words] = -99
    assert sim.state_hash() == before
    stack[words + build.model.steps["main"].slots["n"]] += 1
    assert sim.state_hash() != before


def test_a_snapshot_of_other_sources_is_refused(model, tmp_path):
    other = toy.model(tmp_path, TEXT.replace("a * 7", "a * 8"), name="other").build("steps")
    sim = toy.start(model.build("steps"))
    with pytest.raises(KernelBuildError, match="a snapshot is valid for the sources that it was taken with only"):
        other.restore(sim.snapshot())


def test_generators_cannot_be_restored(model):
    sim = toy.start(model.build("steps"))
    with pytest.raises(
        KernelBuildError, match='generators cannot be saved or restored; use mode "steps" or "compiled"'
    ):
        model.build("generators").restore(sim.snapshot())


def test_a_snapshot_keeps_the_rows_of_logs_that_are_used(model):
    sim = toy.start(model.build("steps"))
    sim.run(1 << 60, 20)
    snapshot = sim.snapshot()
    assert len(snapshot.arrays["notes"]) == sim.arrays["e"]["n_notes"][0] < len(sim.arrays["notes"])
    fork = model.build("steps").restore(snapshot)
    assert len(fork.arrays["notes"]) == len(sim.arrays["notes"])
    assert fork.drain()["notes"].tolist() == sim.drain()["notes"].tolist()


def test_a_backtrace_names_functions_lines_and_locals(model):
    for mode in ("steps", "generators"):
        build = model.build(mode)
        sim = toy.start(build, tasks=1)
        sim.run(1 << 60, 1)
        frames = build.backtrace(sim, 1)
        assert [f[:2] for f in frames] == [("deeper", 8), ("deeper", 6), ("main", 19)]
        assert frames[1][2]["depth"] == 1
        assert frames[2][2]["i"] == 0
