"""Wrapping arithmetic is that of 64-bit registers, in Python and in machine code."""

import numba
import numpy as np
import pytest

from gfplab.engine import arith

NUMBERS = [0, 1, -1, 5, 63, arith.INT64_MAX, arith.INT64_MIN, 6364136223846793005, -7046029254386353131]


@pytest.mark.parametrize("name", arith.WRAPPING)
def test_results_are_those_of_numpy(name):
    operator = {"add64": np.add, "mul64": np.multiply, "shl64": np.left_shift, "lsr64": np.right_shift}[name]
    for a in NUMBERS:
        for b in [n for n in NUMBERS if name in ("add64", "mul64") or 0 <= n <= 63]:
            with np.errstate(over="ignore"):
                right = operator(np.int64(a).astype(np.uint64), np.int64(b).astype(np.uint64)).astype(np.int64)
            assert arith.WRAPPING[name](a, b) == int(right), (a, b)


@pytest.mark.slow
@pytest.mark.parametrize("name", arith.WRAPPING)
def test_machine_code_does_the_same(name):
    from gfplab.engine import intrinsics

    wrapping = getattr(intrinsics, name)
    compiled = numba.njit(numba.int64(numba.int64, numba.int64))(lambda a, b: wrapping(a, b))
    for a in NUMBERS:
        for b in [n for n in NUMBERS if name in ("add64", "mul64") or 0 <= n <= 63]:
            assert compiled(a, b) == arith.WRAPPING[name](a, b), (a, b)


def test_i64_takes_what_fits():
    assert arith.i64(True) == 1 and type(arith.i64(True)) is int
    with pytest.raises(OverflowError, match="9223372036854775808 does not fit an int64"):
        arith.i64(1 << 63)
    with pytest.raises(TypeError, match="kernel code stores int64 only, got float 1.0"):
        arith.i64(1.0)
