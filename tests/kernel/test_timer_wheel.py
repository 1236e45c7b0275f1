"""Time-outs in ticks: what schedule_timeout() sleeps in v4.7 and on the timer wheel of v4.8 and later."""

import pytest
from mm_lab import MS, SmallMachine


@pytest.mark.parametrize(
    "kernel, hz, asked, lasts", [("v4.7", 250, 100, 100), ("v6.1", 250, 100, 104), ("v6.1", 1000, 20, 21)]
)
def test_a_time_out_from_a_tick_on_lasts_a_tick_more_on_the_wheel(kernel, hz, asked, lasts):
    m = SmallMachine(kernel=kernel, machine={"hz": hz}, check_every=None)
    assert m.call("timeout_ns", asked * MS) == lasts * MS


def test_beyond_63_ticks_a_time_out_ends_on_a_multiple_of_eight():
    m = SmallMachine(kernel="v6.1", machine={"hz": 250}, check_every=None)
    assert m.call("timeout_ns", 400 * MS) == 104 * 4 * MS  # 100 ticks become 104
