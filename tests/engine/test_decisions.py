"""A decision is asked with indices, its policy sees records, and its answer is the same in all modes."""

import numba
import pytest
import toy
from numba import carray, types
from numba.core import cgutils
from numba.extending import intrinsic

from gfplab.engine.decision import BoundDecision, Decision
from gfplab.engine.subset import KernelBuildError

DECISION = Decision("size", args=(("zone", "zones"), ("vm", "vm")))
TEXT = """
@kernel
def main(k, n):
    for i in range(5):
        yield cpu(1)
        x = decide_size(k, i & 3, 0)
        note(k, x, k.zones[i & 3].nr_free)
"""
LAYOUT = [("calls", "i8", 1), ("factor", "f8", 1), ("last", "i8", 2)]


def size(zone, vm, my):
    my.calls += 1
    my.last[my.calls & 1] = zone.nr_free
    return int(zone.nr_free * my.factor) + vm.total + my.calls + my.last[0]


@intrinsic
def pointer(typingctx, address):
    """An address as a pointer."""

    def generate(context, builder, sig, args):
        return builder.inttoptr(args[0], cgutils.voidptr_t)

    return types.voidptr(types.int64), generate


@numba.njit
def my_int(address, slot):
    return carray(pointer(address + 8 * slot), 1, numba.int64)


@numba.njit
def my_float(address, slot):
    return carray(pointer(address + 8 * slot), 1, numba.float64)


def compiled_size(zone, vm, my):
    calls = my_int(my, 0)
    calls[0] += 1
    my_int(my, 2 + (calls[0] & 1))[0] = zone.nr_free
    return int(zone.nr_free * my_float(my, 1)[0]) + vm.total + calls[0] + my_int(my, 2)[0]


def failing(zone, vm, my):
    raise ValueError("a policy that fails")


def bound(build, function, compiled):
    if build.mode == "compiled":
        compiled = numba.njit(build.decision_signature("size"))(compiled)
    return {"size": BoundDecision("size", compiled, function, LAYOUT, 2)}


def play(folder, mode):
    build = toy.model(folder, TEXT, [DECISION]).build(mode)
    arrays = build.arrays({"tasks": 3, "zones": 5, "my": 8})
    arrays["zones"]["nr_free"] = range(10, 60, 10)
    arrays["my"][2:6].view([("calls", "i8"), ("factor", "f8"), ("last", "i8", 2)])["factor"] = 1.5
    sim = build.start(arrays, bound(build, size, compiled_size))
    for t in (1, 2):
        sim.call("begin", t, build.fid("main"), t)
    sim.run(1 << 60)
    return toy.outcome(sim, ""), arrays["my"].tolist()


@pytest.mark.parametrize("mode", ["generators", pytest.param("compiled", marks=pytest.mark.slow)])
def test_a_policy_answers_alike_in_all_modes(mode, tmp_path):
    expected, my = play(tmp_path, "steps")
    assert my[2] == 10
    assert play(tmp_path, mode) == (expected, my)


@pytest.mark.parametrize("mode", ["generators", pytest.param("compiled", marks=pytest.mark.slow)])
def test_what_a_policy_raises_reaches_python(mode, tmp_path):
    build = toy.model(tmp_path, TEXT, [DECISION]).build(mode)
    with pytest.raises(ValueError, match="a policy that fails"):
        toy.play(build, decisions=bound(build, failing, failing))


def test_an_answer_must_be_an_integer(tmp_path):
    build = toy.model(tmp_path, TEXT, [DECISION]).build("steps")
    with pytest.raises(TypeError, match="kernel code stores int64 only, got float 0.5"):
        toy.play(build, decisions={"size": BoundDecision("size", None, lambda zone, vm, my: 0.5, (), 0)})


@pytest.mark.slow
def test_compiled_kernel_code_wants_compiled_policies(tmp_path):
    build = toy.model(tmp_path, TEXT, [DECISION]).build("compiled")
    with pytest.raises(
        KernelBuildError, match='decision size: its policy is not compiled; run it in mode "steps" or compile it'
    ):
        toy.play(build, decisions={"size": BoundDecision("size", None, size, (), 0)})
    other = numba.njit(numba.int64(numba.int64))(lambda a: a)
    with pytest.raises(KernelBuildError, match="decision size: its policy was compiled for other records"):
        toy.play(build, decisions={"size": BoundDecision("size", other, size, (), 0)})
