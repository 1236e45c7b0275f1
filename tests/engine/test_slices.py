"""Running in slices: people can watch, stop and go on."""

import os
import signal
import sys

import pytest
from lab import MS, US, Lab

from gfplab.engine import slices
from gfplab.engine.requests import TASK_INTERRUPTIBLE, cond_resched, cpu, schedule_timeout
from gfplab.engine.slices import run_until
from gfplab.engine.subset import kernel, plain
from gfplab.engine.symbols import start_task, trace
from gfplab.errors import SimulationError

HERE = sys.modules[__name__]

FN_ticker = 0


@plain
def handle_event(k, kind, arg):
    """No interrupts here."""


@kernel
def ticker(k, n):
    """n trace rows, 1 us apart."""
    for i in range(n):
        trace(k, 1, i, 0, 0, 0)
        yield schedule_timeout(0, US, TASK_INTERRUPTIBLE)


@kernel
def livelock(k, a):
    """Ask again and again, for nothing."""
    while True:
        yield cond_resched()


@kernel
def wrong(k, a):
    """Start a task that lives."""
    yield cpu(5 * US)
    start_task(k, 1, FN_ticker, 0)


def ticking(n=3000, capacity=500):
    lab = Lab(HERE, [("ticker", n)], sizes={"trace": capacity}.items())
    lab.arrays["trace_on"][1] = 1
    return lab


def test_all_rows_are_handed_out_in_order_and_progress_is_told():
    lab, rows, told = ticking(), [], []
    reason = run_until(
        lab.sim, 2 * MS, lambda logs: rows.extend(logs["trace"]["a"].tolist()), lambda *a: told.append(a)
    )
    assert reason == "until"
    assert rows == list(range(2001))
    assert told == sorted(told) and told[-1] == (2 * MS, lab.e("nr_events"))
    assert run_until(lab.sim, 10 * MS, lambda logs: rows.extend(logs["trace"]["a"].tolist())) == "idle"
    assert rows == list(range(3000))


def test_slices_change_nothing():
    lab, whole = ticking(), ticking(capacity=8000)
    run_until(lab.sim, 10 * MS)
    whole.run(10 * MS)
    assert lab.e("log_hash") == whole.e("log_hash")


def test_ctrl_c_ends_the_slice_and_the_run_can_go_on(monkeypatch, request):
    monkeypatch.setattr(slices, "FIRST_SLICE", 100)
    monkeypatch.setattr(slices, "LARGEST_SLICE", 100)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore Ctrl-C
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))
    lab, rows = ticking(), []

    def press_ctrl_c(now, events):
        if events == 300:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        run_until(lab.sim, 10 * MS, lambda logs: rows.extend(logs["trace"]["a"].tolist()), press_ctrl_c)
    assert lab.e("nr_events") == 300
    assert len(rows) > 100
    assert run_until(lab.sim, 10 * MS, lambda logs: rows.extend(logs["trace"]["a"].tolist())) == "idle"
    assert rows == list(range(3000))
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_watchdog_may_end_the_run_with_its_sentence(monkeypatch):
    monkeypatch.setattr(slices, "FIRST_SLICE", 100)
    with pytest.raises(SimulationError, match="enough is enough"):
        run_until(
            ticking().sim, 10 * MS, watchdog=lambda sim: "enough is enough" if sim.arrays["e"]["now"] > MS else None
        )


def test_time_that_stands_still_is_noticed(monkeypatch):
    monkeypatch.setattr(slices, "STANDSTILL_EVENTS", 5000)
    with pytest.raises(SimulationError, match="time stands still at 0 ns"):
        run_until(Lab(HERE, [("livelock", 0)]).sim, MS)


def test_an_error_of_the_run_says_when_and_who():
    with pytest.raises(
        SimulationError, match=r"at 5000 ns, event \d+, task 1: start_task\(\) on task 1, which has not ended"
    ):
        run_until(Lab(HERE, [("wrong", 0)]).sim, MS)
