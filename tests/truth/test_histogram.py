"""Percentiles are the middles of bins, four to an octave, as in the rig's own tables."""

import numpy as np
import pytest

from gfplab.truth.histogram import BINS, LOWER, MS, MS_100, above, largest_bin, middle, quantile


def counts(**bins):
    found = np.zeros(BINS, np.int64)
    for lower, n in bins.items():
        found[int(np.searchsorted(LOWER.astype(float), float(lower[1:])))] += n
    return found


@pytest.mark.parametrize(("lower", "between"), [(2560, 2815), (3072, 3327), (196608, 212991), (160, 175), (1792, 1919)])
def test_the_middle_of_a_bin_is_in_whole_nanoseconds(lower, between):
    """These pairs stand in a histogram of the rig and in the table made of it."""
    assert quantile(counts(**{f"_{lower}": 5}), 0.5) == between


def test_a_quantile_is_the_first_bin_up_to_which_that_share_lies():
    some = counts(_160=99, _1792=1)
    assert (quantile(some, 0.5), quantile(some, 0.99), quantile(some, 0.999)) == (175, 175, 1919)
    assert quantile(counts(), 0.5) is None and largest_bin(counts()) is None
    assert largest_bin(some) == 1792 and middle(0) == 0


def test_more_than_a_millisecond_begins_with_a_bin():
    some = counts(_917504=1, _1048576=2, _100663296=4)
    assert (above(some, MS), above(some, MS_100)) == (6, 4)
