"""One source, three modes: the same notes, the same state, event by event."""

import functools

import corner_programs
import pytest
import tiny
import toy

from gfplab.engine.build import Model

CORNERS = sorted(n for n in vars(corner_programs) if n.startswith("corner_"))


@functools.cache
def corners(mode, check):
    return Model(toy.schema(), [tiny, corner_programs], engine=("frames",)).build(mode, check)


@pytest.mark.parametrize("corner", CORNERS)
@pytest.mark.parametrize("check", [False, True], ids=["release", "check"])
def test_step_functions_do_what_the_generators_do(corner, check):
    for seed in range(3):
        expected = toy.play(corners("generators", False), roots=[corner], seed=seed)
        assert expected.notes
        assert toy.play(corners("steps", check), roots=[corner], seed=seed) == expected
        assert toy.play(corners("generators", check), roots=[corner], seed=seed) == expected


@pytest.mark.slow
@pytest.mark.parametrize("check", [False, True], ids=["release", "check"])
def test_machine_code_does_what_the_generators_do(check):
    for corner in CORNERS:
        for seed in range(3):
            expected = toy.play(corners("generators", False), roots=[corner], seed=seed)
            assert toy.play(corners("compiled", check), roots=[corner], seed=seed) == expected, (corner, seed)


@pytest.mark.slow
def test_interpreted_and_compiled_steps_leave_the_same_stacks():
    for corner in CORNERS:
        states = []
        for mode in ("steps", "compiled"):
            sim = toy.start(corners(mode, False), roots=[corner])
            sim.run(1 << 60, 12)
            states.append((sim.state_hash(), [corners(mode, False).backtrace(sim, t) for t in (1, 2, 3)]))
        assert states[0] == states[1], corner


def test_a_generators_stack_names_the_same_places():
    for corner in CORNERS:
        places = []
        for mode in ("steps", "generators"):
            build = corners(mode, False)
            sim = toy.start(build, roots=[corner])
            sim.run(1 << 60, 9)
            sleeping = [t for t in (1, 2, 3) if sim.arrays["tasks"]["req_op"][t] in (3, 4)]
            places.append([list(build.frames(sim.arrays, t)) for t in sleeping])
        assert places[0] == places[1], corner
