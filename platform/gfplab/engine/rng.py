"""Random numbers: one splitmix64 stream per (seed, purpose), integers only, alike in every mode and on every machine.

Two policies on one seed see the same workload and the same device, however often each of them draws for itself.
Distributions are integer quantile tables: a uniform number picks a place in the table, neighbours are joined by a
line.
"""

import functools
import hashlib
import math
from statistics import NormalDist

import numpy as np

from gfplab.engine.arith import add64, lsr64, mul64
from gfplab.engine.subset import plain

GAMMA = -7046029254386353131  # 0x9E3779B97F4A7C15
MIX_1 = -4658895280553007687  # 0xBF58476D1CE4E5B9
MIX_2 = -7723592293110705685  # 0x94D049BB133111EB

QUANTILE_WORDS = 1025
QUANTILE_FIXED = 0
QUANTILE_LOGNORMAL = 1
QUANTILE_EXPONENTIAL = 2
ONE = 1 << 16
LARGE = 1 << 31


@plain
def next_random(k, stream):
    """The next 64 random bits of a stream, as a signed number."""
    rng = k.rng[stream]
    z = add64(rng.state, GAMMA)
    rng.state = z
    z = mul64(z ^ lsr64(z, 30), MIX_1)
    z = mul64(z ^ lsr64(z, 27), MIX_2)
    return z ^ lsr64(z, 31)


@plain
def random_below(k, stream, n):
    """A random integer in 0 .. n - 1."""
    if n < LARGE:
        return (lsr64(next_random(k, stream), 32) * n) >> 32
    return lsr64(next_random(k, stream), 1) % n


@plain
def random_permille(k, stream, permille):
    """1 with a probability of `permille` / 1000."""
    return random_below(k, stream, 1000) < permille


@plain
def draw_ns(k, stream, mean, table):
    """A random time of mean `mean` by quantile table number `table`; a fixed time (table 0) draws nothing."""
    if table == QUANTILE_FIXED:
        return mean
    bits = next_random(k, stream)
    i = (table - 1) * QUANTILE_WORDS + lsr64(bits, 54)
    low = k.quantiles[i]
    part = ((k.quantiles[i + 1] - low) * (lsr64(bits, 32) & 0xFFFF)) >> 16
    return (mean * (low + part)) >> 16


def stream_state(seed, purpose):
    """The first state of the stream for `purpose` under `seed`."""
    digest = hashlib.sha256(f"{int(seed)}/{purpose}".encode()).digest()
    return int.from_bytes(digest[:8], "little", signed=True)


@functools.cache
def lognormal_table(sigma=0.3):
    """Quantiles of a lognormal distribution of mean 1."""
    inverse = NormalDist().inv_cdf
    return _table([math.exp(sigma * inverse(u)) for u in _inner()], math.exp(sigma * inverse(1 - 1 / 4096)))


@functools.cache
def exponential_table():
    """Quantiles of an exponential distribution of mean 1, that ends at 8.9 times the mean."""
    # beyond u the mean is one more than the quantile, so a line that starts there must end two above it
    return _table([-math.log1p(-u) for u in _inner()], -math.log(1 / 1024) + 2)


def _inner():
    return [i / (QUANTILE_WORDS - 1) for i in range(1, QUANTILE_WORDS - 1)]


def _table(inner, last):
    first = max(0.0, 2 * inner[0] - inner[1])
    points = [first, *inner, last]
    mean = (sum(points) - (points[0] + points[-1]) / 2) / (QUANTILE_WORDS - 1)
    table = np.array([round(x / mean * ONE) for x in points], np.int64)
    table.flags.writeable = False
    return table
