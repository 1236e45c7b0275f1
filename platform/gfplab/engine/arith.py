"""64-bit arithmetic that wraps, for random numbers and hashes; everything else in kernel code must stay inside int64.

The compiled forms of these functions (and of i64, which refuses what is not an integer) are in compiled.py.
"""

INT64_MIN = -(1 << 63)
INT64_MAX = (1 << 63) - 1
_MASK = (1 << 64) - 1


def i64(x):
    """`x` as an int64; refuses what is no integer and what does not fit."""
    if type(x) is not int:
        if type(x) is not bool:
            raise TypeError(f"kernel code stores int64 only, got {type(x).__name__} {x!r}")
        return int(x)
    if INT64_MIN <= x <= INT64_MAX:
        return x
    raise OverflowError(f"{x} does not fit an int64")


def bounded(array, index, text):
    """The index, if the array has such an element (check builds; a negative one would silently count from the end)."""
    if 0 <= index < len(array):
        return index
    raise IndexError(f"{text}: index {index} out of range, the last is {len(array) - 1}")


def fits(value, low, high, text):
    """The value, if low <= value <= high (check builds)."""
    if low <= value <= high:
        return value
    raise OverflowError(f"{text}: value {value} does not fit")


def _wrap(x):
    x &= _MASK
    return x - (1 << 64) if x > INT64_MAX else x


def add64(a, b):
    """a + b modulo 2**64, as an int64."""
    return _wrap(a + b)


def mul64(a, b):
    """a * b modulo 2**64, as an int64."""
    return _wrap(a * b)


def shl64(a, n):
    """a << n modulo 2**64, as an int64; 0 <= n <= 63."""
    return _wrap(a << n)


def lsr64(a, n):
    """The 64 bits of `a` shifted right by n, zeros coming in from the left; 0 <= n <= 63."""
    return _wrap((a & _MASK) >> n)


WRAPPING = {"add64": add64, "mul64": mul64, "shl64": shl64, "lsr64": lsr64}
