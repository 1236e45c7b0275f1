"""Powers of two.

Models include/linux/log2.h.

Leaves out: all that nobody here needs.
"""

from gfplab.engine.subset import plain


@plain
def ilog2(k, n):
    """The exponent of the largest power of two that is not above n; 0 for n < 2."""
    exponent = 0
    while n > 1:
        n >>= 1
        exponent += 1
    return exponent


@plain
def roundup_pow_of_two(k, n):
    """The least power of two that is not below n."""
    power = 1
    while power < n:
        power <<= 1
    return power
