"""Random streams: splitmix64, one per (seed, purpose), and integer quantile tables."""

import math

import numpy as np
import pytest

from gfplab.engine import boot
from gfplab.engine.records import FIRST_STREAM, engine_schema
from gfplab.engine.rng import (
    ONE,
    QUANTILE_EXPONENTIAL,
    QUANTILE_FIXED,
    QUANTILE_LOGNORMAL,
    draw_ns,
    exponential_table,
    lognormal_table,
    next_random,
    random_below,
    random_permille,
    stream_state,
)
from gfplab.engine.state import PyState

STREAM = FIRST_STREAM


def streams(seed=1, purposes=("device", "workload")):
    """A state with random streams."""
    schema = engine_schema()
    arrays = schema.arrays(boot.sizes(tasks=1, cpus=1, streams=len(purposes)))
    boot.prepare(arrays, seed, purposes)
    return PyState(schema, arrays)


def test_the_stream_is_splitmix64():
    k = streams()
    k.rng[STREAM].state = 0
    bits = [next_random(k, STREAM) & (1 << 64) - 1 for _ in range(3)]
    assert bits == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]


def test_streams_of_one_seed_differ_and_those_of_one_purpose_are_the_same():
    one, other = streams(1), streams(1, ("device", "policy", "workload"))
    first = [next_random(one, STREAM) for _ in range(5)]
    assert first == [next_random(other, STREAM) for _ in range(5)]
    assert first != [next_random(one, STREAM + 1) for _ in range(5)]
    assert stream_state(1, "device") != stream_state(2, "device")
    # drawing from one stream leaves the others alone
    assert next_random(other, STREAM + 2) == next_random(streams(1), STREAM + 1)


@pytest.mark.parametrize("n", [1, 2, 10, 1000, 2**31 - 1, 2**31, 2**40])
def test_random_below_stays_below_and_reaches_everything(n):
    k = streams()
    draws = [random_below(k, STREAM, n) for _ in range(2000)]
    assert 0 <= min(draws) and max(draws) < n
    if n <= 10:
        assert set(draws) == set(range(n))
    assert abs(sum(draws) / 2000 - (n - 1) / 2) <= 0.03 * n


def test_permille():
    k = streams()
    assert 250 <= sum(random_permille(k, STREAM, 300) for _ in range(1000)) <= 350
    assert sum(random_permille(k, STREAM, 0) for _ in range(100)) == 0
    assert sum(random_permille(k, STREAM, 1000) for _ in range(100)) == 100


@pytest.mark.parametrize("table", [lognormal_table(), exponential_table()], ids=["lognormal", "exponential"])
def test_a_quantile_table_rises_and_has_mean_1(table):
    assert (np.diff(table) >= 0).all()
    mean = (table.sum() - (table[0] + table[-1]) / 2) / (len(table) - 1)
    assert abs(mean / ONE - 1) < 1e-5


def test_draws_have_the_mean_and_the_spread_that_were_asked_for():
    k = streams()
    draws = np.array([draw_ns(k, STREAM, 30_000, QUANTILE_EXPONENTIAL) for _ in range(20_000)])
    assert abs(draws.mean() / 30_000 - 1) < 0.03
    assert abs(draws.std() / 30_000 - 1) < 0.05
    assert abs(np.median(draws) / 30_000 - math.log(2)) < 0.03
    draws = np.array([draw_ns(k, STREAM, 10_000, QUANTILE_LOGNORMAL) for _ in range(20_000)])
    assert abs(draws.mean() / 10_000 - 1) < 0.01
    assert abs(np.log(draws).std() - 0.3) < 0.01


def test_a_fixed_time_draws_nothing():
    k = streams()
    before = k.rng[STREAM].state
    assert draw_ns(k, STREAM, 12_345, QUANTILE_FIXED) == 12_345
    assert k.rng[STREAM].state == before


def test_long_times_do_not_overflow():
    k = streams()
    hour = 3_600_000_000_000
    assert max(draw_ns(k, STREAM, hour, QUANTILE_EXPONENTIAL) for _ in range(3000)) < 11 * hour
