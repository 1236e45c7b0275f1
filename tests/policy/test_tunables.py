"""What may a tunable be, and what may a study or a person write for it?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gfplab import state, tunable
from gfplab.errors import PolicyError
from gfplab.kernel.gfp import (
    __GFP_DIRECT_RECLAIM,
    __GFP_FS,
    __GFP_IO,
    __GFP_KSWAPD_RECLAIM,
    __GFP_MEMALLOC,
    __GFP_NOFAIL,
    __GFP_NOMEMALLOC,
    __GFP_NORETRY,
    __GFP_REPEAT,
    GFP_ATOMIC,
    GFP_KERNEL,
    GFP_NOFS,
    GFP_NOIO,
    GFP_NOWAIT,
)
from gfplab.policy.masks import CALLERS, FLAGS, broken_rule, legal_masks, read_mask
from gfplab.units import MSEC, SEC

TIMEOUT = tunable(5 * SEC, low=1 * MSEC, high=10 * SEC, log=True, unit="time")
SHARE = tunable(0.25, low=0.0, high=1.0)
COUNT = tunable(8, low=0, high=64, step=8)
SWITCH = tunable(True)
ORDER = tunable("fifo", choices=("fifo", "lifo", "random"))
SIZE = tunable(64, choices=(16, 64, 256))
RIGHTS = tunable(GFP_NOWAIT, bits=__GFP_DIRECT_RECLAIM | __GFP_IO | __GFP_FS)


@pytest.mark.parametrize(
    ("declared", "given", "value"),
    [
        (TIMEOUT, "250ms", 250 * MSEC),
        (TIMEOUT, 250 * MSEC, 250 * MSEC),
        (SHARE, "0.5", 0.5),
        (SHARE, 1, 1.0),
        (COUNT, "16", 16),
        (COUNT, 16.0, 16),
        (SWITCH, "no", False),
        (SWITCH, 1, True),
        (ORDER, "lifo", "lifo"),
        (SIZE, "256", 256),
        (RIGHTS, "GFP_NOIO", GFP_NOIO),
        (RIGHTS, "GFP_NOWAIT | __GFP_DIRECT_RECLAIM | __GFP_IO", GFP_NOFS),
        (RIGHTS, GFP_KERNEL, GFP_KERNEL),
    ],
)
def test_a_value_may_be_a_number_or_its_text(declared, given, value):
    """What a TOML file, --set and an optimizer give comes to the same."""
    assert declared.coerce(given) == value
    assert type(declared.coerce(given)) is type(value)


@pytest.mark.parametrize(
    ("declared", "given", "sentence"),
    [
        (TIMEOUT, "1us", "1us is outside 1ms .. 10s"),
        (TIMEOUT, "5", "'5' has no unit; write a time such as \"100ms\""),
        (TIMEOUT, True, "True is not a number"),
        (SHARE, "half", "'half' is not a number"),
        (SHARE, float("nan"), "nan is outside 0.0 .. 1.0"),
        (COUNT, 17, "17 is not 0 plus a multiple of 8"),
        (COUNT, 2.5, "2.5 is not a whole number"),
        (COUNT, 72, "72 is outside 0 .. 64"),
        (SWITCH, "maybe", "'maybe' is neither true nor false"),
        (ORDER, "filo", "'filo' is not one of fifo, lifo, random"),
        (SIZE, 17, "17 is not one of 16, 64, 256"),
        (RIGHTS, "GFP_NOWIAT", "'GFP_NOWIAT' is not a GFP flag; did you mean 'GFP_NOWAIT'?"),
        (RIGHTS, "GFP_ATOMIC", "GFP_ATOMIC differs from GFP_NOWAIT in __GFP_HIGH|__GFP_ATOMIC, which may not vary"),
        (
            RIGHTS,
            GFP_NOWAIT | __GFP_FS,
            "GFP_NOWAIT|__GFP_FS is no legal mask: __GFP_FS without __GFP_IO: a filesystem that reclaim enters starts "
            "I/O of its own",
        ),
    ],
)
def test_a_wrong_value_gets_one_sentence(declared, given, sentence):
    """The sentence says what would be right."""
    with pytest.raises(ValueError) as problem:
        declared.coerce(given)
    assert str(problem.value) == sentence


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (dict(default=1), "a number needs a range; write low= and high="),
        (dict(default=1, low=0), "a number needs a range; write low= and high="),
        (dict(default=1, low=2, high=2), "low=2 is not below high=2"),
        (dict(default=3, low=0, high=2), "the default 3 is outside 0 .. 2"),
        (dict(default=1, low=0, high=2.0), "low and high must be whole numbers as well"),
        (dict(default=1, low=0, high=2, log=True), "log=True needs low above 0, not 0"),
        (dict(default=4, low=1, high=9, log=True, step=2), "log=True and step= exclude each other"),
        (dict(default=True, low=0, high=1), "a bool has no low, high, step or log"),
        (dict(default="a"), "'a' is neither a number nor true or false; texts need choices=(...)"),
        (dict(default="a", choices=("a",)), "choices must be at least two different values"),
        (dict(default="a", choices=("a", 1)), "choices must be at least two different values"),
        (dict(default="c", choices=("a", "b")), "the default 'c' is not one of a, b"),
        (dict(default=1.0, low=0.0, high=2.0, unit="time"), "unit='time': whole numbers only"),
        (dict(default=1, low=0, high=2, unit="parsec"), "unit='parsec': whole numbers only, and one of"),
        (dict(default=0, bits=__GFP_IO, callers="everybody"), "callers='everybody' is not one of any, irq, noio, nofs"),
        (dict(default=GFP_ATOMIC | __GFP_DIRECT_RECLAIM, bits=__GFP_IO), "an atomic caller cannot sleep"),
    ],
)
def test_a_wrong_declaration_names_its_line(arguments, sentence):
    """The file is the plugin's, the line that of the declaration."""
    with pytest.raises(PolicyError) as problem:
        tunable(**arguments)
    assert "test_tunables.py:" in str(problem.value) and sentence in str(problem.value)


@pytest.mark.parametrize("arguments", [dict(initial="a"), dict(initial=1 << 63), dict(length=0), dict(length=2.0)])
def test_state_is_numbers_of_64_bits(arguments):
    """One, or a fixed count of them."""
    with pytest.raises(PolicyError, match="test_tunables.py:[0-9]+: state: "):
        state(**arguments)


@given(st.sampled_from([TIMEOUT, SHARE, COUNT, SWITCH, ORDER, SIZE, RIGHTS]), st.data())
def test_what_is_written_reads_back(declared, data):
    """coerce(write(value)) == value for every legal value."""
    if declared.kind == "mask":
        value = data.draw(st.sampled_from(declared.legal))
    elif declared.choices or declared.kind == "bool":
        value = data.draw(st.sampled_from(declared.choices or (True, False)))
    elif declared.kind == "float":
        value = data.draw(st.floats(declared.low, declared.high))
    else:
        value = data.draw(st.integers(declared.low, declared.high).map(lambda n: n - n % (declared.step or 1)))
        value = max(value, declared.low)
    assert declared.coerce(declared.write(value)) == value


@pytest.mark.parametrize(
    ("mask", "callers", "rule"),
    [
        (GFP_KERNEL, "any", None),
        (GFP_NOFS, "nofs", None),
        (GFP_KERNEL, "nofs", "__GFP_FS for a caller of kind 'nofs'"),
        (GFP_NOIO, "noio", None),
        (GFP_NOFS, "noio", "__GFP_IO for a caller of kind 'noio'"),
        (GFP_ATOMIC, "irq", None),
        (GFP_NOIO, "irq", "__GFP_DIRECT_RECLAIM for a caller of kind 'irq'"),
        (GFP_NOIO | __GFP_FS, "any", "__GFP_FS without __GFP_IO"),
        (GFP_NOWAIT | __GFP_IO, "any", "__GFP_IO without __GFP_DIRECT_RECLAIM"),
        (GFP_NOWAIT | __GFP_NOFAIL, "any", "__GFP_NOFAIL without __GFP_DIRECT_RECLAIM"),
        (GFP_ATOMIC | __GFP_DIRECT_RECLAIM, "any", "__GFP_ATOMIC with __GFP_DIRECT_RECLAIM"),
        (__GFP_MEMALLOC | __GFP_NOMEMALLOC, "any", "__GFP_MEMALLOC with __GFP_NOMEMALLOC"),
        (GFP_NOIO | __GFP_NORETRY | __GFP_NOFAIL, "any", "__GFP_NORETRY with __GFP_NOFAIL"),
        (GFP_NOIO | __GFP_NORETRY | __GFP_REPEAT, "any", "__GFP_NORETRY with __GFP_REPEAT"),
    ],
)
def test_an_illegal_mask_breaks_a_rule_that_has_a_name(mask, callers, rule):
    """What a combination would mean, and who may not sleep, start I/O or enter a filesystem."""
    found = broken_rule(mask, callers)
    assert found is None if rule is None else found.startswith(rule + ": ")


@given(st.sets(st.sampled_from(sorted(FLAGS.values())), max_size=8), st.sampled_from(sorted(CALLERS)))
def test_the_legal_masks_are_exactly_those_that_break_no_rule(flags, callers):
    """Every subset of the bits is either listed or breaks a rule."""
    bits = sum(flags)
    legal = legal_masks(__GFP_KSWAPD_RECLAIM, bits, callers)
    assert list(legal) == sorted(set(legal))
    subset = bits
    while True:
        mask = __GFP_KSWAPD_RECLAIM & ~bits | subset
        assert (mask in legal) == (broken_rule(mask, callers) is None)
        if not subset:
            break
        subset = (subset - 1) & bits


def test_a_mask_may_be_written_in_hexadecimal():
    """As an allocation failure prints it."""
    assert read_mask("0x2400000|__GFP_IO") == GFP_NOFS
    assert read_mask("none") == 0
