"""Check builds: every index is looked at, asserts stay, what goes into a compact array fits."""

import pytest
import toy

FAULTS = {
    "an index too far": ("x = k.zones[n + 50].nr_free", IndexError, r"case.py:4: k.zones\[n \+ 50\]: index"),
    "a negative index": ("x = k.links[n - 9]", IndexError, r"case.py:4: k.links\[n - 9\]: index"),
    "a view too far": (
        "zone = k.zones[n + 60]\n    x = zone.flags",
        IndexError,
        r"case.py:4: k.zones\[n \+ 60\]: index",
    ),
    "a store too far": ("k.links[n + 99] = 1\n    x = 1", IndexError, r"case.py:4: k.links\[n \+ 99\]: index"),
    "in place, too far": ("k.zones[n + 70].flags += 1\n    x = 1", IndexError, r"case.py:4: k.zones\[n \+ 70\]: index"),
}
MODES = ["generators", "steps", pytest.param("compiled", marks=pytest.mark.slow)]


def play(folder, statement, mode, check=True):
    text = f"@kernel\ndef main(k, n):\n    yield cpu(1)\n    {statement}\n    note(k, x, 1)\n"
    return toy.play(toy.model(folder, text).build(mode, check))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_wrong_index_is_told_with_its_place(fault, mode, tmp_path):
    statement, error, message = FAULTS[fault]
    with pytest.raises(error, match=message):
        play(tmp_path, statement, mode)


@pytest.mark.parametrize("mode", MODES)
def test_asserts_hold_in_check_builds_only(mode, tmp_path):
    with pytest.raises(AssertionError):
        play(tmp_path, "x = n\n    assert x > 100, 'large'", mode)
    assert play(tmp_path, "x = n\n    assert x > 100, 'large'", mode, check=False).reason == "idle"


@pytest.mark.slow
def test_a_compiled_assert_says_where(tmp_path):
    with pytest.raises(AssertionError, match=r"case.py:5: assert x > 100"):
        play(tmp_path, "x = n\n    assert x > 100, 'large'", "compiled")


@pytest.mark.slow
@pytest.mark.parametrize("value", [256, -1])
def test_what_does_not_fit_a_compact_array_is_told(value, tmp_path):
    with pytest.raises(OverflowError, match=r"case.py:5: k.page_flags\[1\]: value does not fit"):
        play(tmp_path, f"x = {value}\n    k.page_flags[1] = x", "compiled")
    with pytest.raises(ValueError, match="invalid value"):
        play(tmp_path, f"x = {value}\n    k.page_flags[1] = x", "steps")


@pytest.mark.parametrize("mode", ["steps", pytest.param("compiled", marks=pytest.mark.slow)])
def test_a_stack_that_overflows_stops_the_run(mode, tmp_path):
    text = "@kernel\ndef main(k, n):\n    yield cpu(1)\n    x = yield from main(k, n)\n    return x\n"
    sim = toy.start(toy.model(tmp_path, text).build(mode), tasks=2)
    assert sim.run(1 << 60) == "error"
    assert (sim.arrays["e"]["error"][0], sim.arrays["e"]["error_task"][0]) == (1, 1)
