"""What may one write for a size, a time, a rate, and what number does it become?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gfplab import units

NUMBERS = st.integers(min_value=0, max_value=units.INT64_MAX // units.PAGE_SIZE)


@given(st.sampled_from(units.KINDS), NUMBERS)
def test_what_is_written_is_read_back_exactly(kind, value):
    """format and parse are inverse for every kind and every number."""
    assert units.parse(kind, units.write(kind, value)) == value


@given(st.text(max_size=12))
def test_any_text_is_a_number_or_a_sentence(text):
    """Nothing but ValueError leaves the parser, and its sentence says what to write."""
    for kind in units.KINDS:
        try:
            assert units.parse(kind, text) >= 0
        except ValueError as problem:
            assert "\n" not in str(problem).replace(text, "") and len(str(problem)) > 20


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("size", "700MiB", 700 << 20),
        ("size", "1.5GiB", 3 << 29),
        ("size", "1 kB", 1024),
        ("size", "1MB", 10**6),
        ("size", "1_000B", 1000),
        ("time", "100ms", 100 * units.MSEC),
        ("time", "0.5us", 500),
        ("time", "2min", 120 * units.SEC),
        ("rate", "30MB/s", 30_000_000),
        ("rate", "1MiB/s", 1 << 20),
        ("pages", "1001260kB", 250_315),
        ("pages", "2014 pages", 2014),
    ],
)
def test_quantities_mean_what_linux_and_the_trade_mean_by_them(kind, text, value):
    """kB is /proc's 1024 bytes; MB is the disk maker's million."""
    assert units.parse(kind, text) == value


@pytest.mark.parametrize(
    ("kind", "text", "sentence"),
    [
        ("size", 700, '700 has no unit; write a size in quotes, such as "64MiB"'),
        ("size", True, 'this is not a size; write a size in quotes, such as "64MiB"'),
        ("size", "700", "'700' has no unit; write a size such as \"64MiB\""),
        ("size", "much", "'much' is not a size; write for example \"64MiB\""),
        ("size", "-1MiB", "'-1MiB' is not a size; write for example \"64MiB\""),
        ("size", "700mib", "'700mib' has an unknown unit; did you mean '700MiB'?"),
        ("size", "1.5B", "'1.5B' is not a whole number of bytes"),
        ("size", "9999999TiB", "'9999999TiB' is more bytes than 64 bits can count"),
        ("time", "3msec", "'3msec' has an unknown unit; did you mean '3ms'?"),
        ("time", "30MB/s", "'30MB/s' is a rate, not a time; write for example \"100ms\""),
        ("pages", "1kB", "'1kB' is not a whole number of 4096-byte pages"),
    ],
)
def test_a_wrong_quantity_says_what_to_write(kind, text, sentence):
    """One sentence, with the unit that was probably meant."""
    with pytest.raises(ValueError) as problem:
        units.parse(kind, text)
    assert str(problem.value) == sentence


def test_reports_round_to_three_digits():
    """about_* is for people; nothing reads it back."""
    assert units.about_time(1_250_000) == "1.25 ms"
    assert units.about_time(0) == "0 ns"
    assert units.about_time(999_999) == "1 ms"
    assert units.about_size(10 * units.MIB + 300 * units.KIB) == "10.3 MiB"
    assert units.about_size(1023) == "1023 B"
    assert units.about_rate(98_100_000) == "98.1 MB/s"


def test_pages_hold_all_of_a_size():
    """A size that is no multiple of the page takes one page more."""
    assert [units.pages(size) for size in (0, 1, 4096, 4097)] == [0, 1, 1, 2]
