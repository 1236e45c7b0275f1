"""Whatever goes wrong in kernel code is told in terms of the kernel source."""

import sys
import traceback

import pytest
import toy

TEXT = """
@plain
def divide(k, a):
    return 10 // a

@kernel
def inner(k, n):
    yield cpu(1)
    result = divide(k, n - 2)
    return result

@kernel
def main(k, n):
    total = 0
    for turn in range(3):
        x = yield from inner(k, n)
        total += x
    note(k, total, n)
"""
MODES = ["generators", "steps", pytest.param("compiled", marks=pytest.mark.slow)]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return toy.model(tmp_path_factory.mktemp("debugging"), TEXT)


@pytest.mark.parametrize("mode", MODES)
def test_an_exception_says_which_task_failed_and_where_it_waited(mode, model):
    sim = toy.start(model.build(mode))
    with pytest.raises(ZeroDivisionError) as caught:
        sim.run(1 << 60)
    assert caught.value.__notes__[0].startswith("at 1 ns in task 2")
    if mode != "generators":
        assert "inner (waited at line 8) <- main (waited at line 16)" in caught.value.__notes__[0]
    with pytest.raises(RuntimeError, match="stopped in the middle of an event; start anew or restore a snapshot"):
        sim.run(1 << 60)


@pytest.mark.parametrize("mode", ["generators", "steps"])
def test_a_traceback_goes_through_the_kernel_source(mode, model):
    with pytest.raises(ZeroDivisionError) as caught:
        toy.play(model.build(mode))
    places = [(f.filename.rsplit("/")[-1], f.lineno, f.line) for f in traceback.extract_tb(caught.tb)]
    assert places[-2:] == [("case.py", 9, "result = divide(k, n - 2)"), ("case.py", 4, "return 10 // a")]


@pytest.mark.slow
def test_a_compiled_run_can_be_stepped_in_its_source_from_a_snapshot(model):
    sim = toy.start(model.build("compiled"), tasks=1, seed=3)
    sim.run(1 << 60, 2)
    fork = model.build("steps").restore(sim.snapshot())
    seen = []

    def trace(frame, event, arg):
        if frame.f_code.co_filename.endswith("case.py"):
            if event == "line":
                seen.append((frame.f_lineno, frame.f_locals.get("total")))
            return trace
        return trace if event == "call" else None

    sys.settrace(trace)
    try:
        fork.run(1 << 60, 1)
    finally:
        sys.settrace(None)
    lines = [line for line, _ in seen]
    assert [n for n in lines if n in (4, 9, 17)] == [9, 4, 17]
    assert set(lines) <= {4, 7, 8, 9, 10, 13, 15, 16, 17}
    assert (17, 5) in seen and (15, 10) in seen
