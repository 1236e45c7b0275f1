"""The run loop: why it stops, that it goes on where it stopped, and that a seed says everything."""

import sys

import pytest
from lab import MS, US, Lab, note

from gfplab.engine.records import ERROR_INVARIANT, ERROR_LOG_FULL, ERROR_TASK_ALIVE, ERRORS
from gfplab.engine.requests import (
    TASK_INTERRUPTIBLE,
    TASK_UNINTERRUPTIBLE,
    cond_resched,
    cpu,
    schedule,
    schedule_timeout,
)
from gfplab.engine.subset import kernel, plain
from gfplab.engine.symbols import (
    burn,
    call_after,
    call_at,
    jiffies_to_ns_from_now,
    random_below,
    start_task,
    trace,
)

HERE = sys.modules[__name__]

FN_child = 0  # the linker knows the real number


@plain
def handle_event(k, kind, arg):
    """Interrupts write a trace row."""
    trace(k, kind, arg, 0, 0, 0)


@plain
def check_invariants(k):
    """Word 2 must stay below word 3."""
    return 17 if k.words[2].value > k.words[3].value else 0


@plain
def state_change(k, t, old, new):
    """Write down each change, with state and counts as they are during the call; going to sleep costs word 4."""
    if k.words[5].value:
        note(k, 1000 * old + 100 * new + 10 * k.tasks[t].state + k.e[0].nr_running)
    if new == TASK_UNINTERRUPTIBLE:
        burn(k, k.words[4].value)


@kernel
def ticker(k, n):
    """Use 1 us, sleep 9 us, n times."""
    for i in range(n):
        yield cpu(US)
        k.words[2].value = i
        trace(k, 1, i, 0, 0, 0)
        yield schedule_timeout(0, 9 * US, TASK_INTERRUPTIBLE)


@kernel
def stuck(k, a):
    """Sleep for ever."""
    yield schedule(1, TASK_UNINTERRUPTIBLE)


@kernel
def chatterbox(k, n):
    """Write n trace rows in one event."""
    for i in range(n):
        trace(k, 2, i, -i, i * i, 1 << 62)
    yield cond_resched()


@kernel
def silent(k, n):
    """Write rows of a kind that is switched off."""
    trace(k, 5, n, n, n, n)
    yield cond_resched()


@kernel
def parent(k, arg):
    """Start task 3, wait for its end, start it again; starting it while it lives is an error."""
    start_task(k, 3, FN_child, arg)
    yield schedule_timeout(0, MS, TASK_INTERRUPTIBLE)
    start_task(k, 3, FN_child, arg + 1)
    if arg == 5:
        start_task(k, 3, FN_child, arg + 1)
    yield cond_resched()


@kernel
def child(k, arg):
    """Live for 100 us."""
    note(k, arg)
    yield cpu(100 * US)


@kernel
def calls_later(k, a):
    """A delay counts from the local clock, a time is a time."""
    burn(k, 5 * US)
    call_after(k, 10 * US, 1, 1)
    call_at(k, 10 * US, 2, 2)
    yield cond_resched()


@kernel
def jiffy_sleeper(k, n):
    """Sleep n jiffies, beginning in the middle of a tick."""
    yield cpu(700 * US)
    burn(k, 800 * US)
    yield schedule_timeout(0, jiffies_to_ns_from_now(k, n), TASK_INTERRUPTIBLE)
    note(k, n)


@kernel
def gambler(k, n):
    """Random pauses."""
    for i in range(n):
        trace(k, 1, i, random_below(k, 2, 100), 0, 0)
        yield schedule_timeout(0, random_below(k, 2, 4) * US, TASK_INTERRUPTIBLE)


@kernel
def sleeps_at_a_cost(k, a):
    """Sleep uninterruptibly for 1 ms."""
    yield schedule_timeout(0, MS, TASK_UNINTERRUPTIBLE)


def test_it_stops_at_a_time_and_goes_on_from_there(mode):
    lab = Lab(HERE, [("ticker", 100)], mode=mode)
    assert lab.run(until=15 * US) == "until"
    assert lab.e("now") == 15 * US
    assert lab.run(until=500 * US) == "until"
    whole = Lab(HERE, [("ticker", 100)], mode=mode)
    whole.run(until=500 * US)
    assert whole.e("log_hash") == lab.e("log_hash")


def test_it_stops_after_so_many_events(mode):
    lab = Lab(HERE, [("ticker", 100)], mode=mode)
    assert lab.run(max_events=7) == "events"
    assert lab.e("nr_events") == 7
    assert lab.run(max_events=0) == "events"


def test_it_is_idle_when_nothing_will_ever_happen_again(mode):
    lab = Lab(HERE, [("stuck", 0)], mode=mode)
    assert lab.run() == "idle"
    assert lab.task(1, "state") == TASK_UNINTERRUPTIBLE


def with_trace(*args, capacity=100, **kw):
    """A lab whose trace kinds 1 and 2 are on, with a small log."""
    lab = Lab(*args, sizes={"trace": capacity}.items(), **kw)
    lab.arrays["trace_on"][1:3] = 1
    return lab


def test_a_log_that_fills_up_is_handed_out_before_rows_are_lost(mode):
    lab = with_trace(HERE, [("ticker", 300)], mode=mode)
    rows = []
    while (reason := lab.run()) == "drain":
        assert lab.e("n_trace") == 51
        rows += lab.sim.drain()["trace"]["a"].tolist()
    rows += lab.sim.drain()["trace"]["a"].tolist()
    assert reason == "idle"
    assert rows == list(range(300))


def test_one_event_may_fill_half_the_log_but_not_more_than_there_is(mode):
    lab = with_trace(HERE, [("chatterbox", 100)], mode=mode)
    assert lab.run() == "drain"
    assert lab.sim.drain()["trace"][3].tolist() == (0, 2, 1, 0, 3, -3, 9, 1 << 62)
    lab = with_trace(HERE, [("chatterbox", 101)], mode=mode)
    assert lab.run() == "error"
    assert lab.e("error") == ERROR_LOG_FULL


def test_trace_kinds_that_are_off_leave_no_row_and_no_hash(mode):
    lab = with_trace(HERE, [("silent", 1)], mode=mode)
    lab.run()
    other = with_trace(HERE, [("silent", 2)], mode=mode)
    other.run()
    assert len(lab.sim.drain()["trace"]) == 0
    assert lab.e("log_hash") == other.e("log_hash")


def test_a_row_that_differs_makes_another_hash(mode):
    hashes = set()
    for n in (10, 11):
        lab = with_trace(HERE, [("chatterbox", n)], mode=mode)
        lab.run()
        hashes.add(lab.e("log_hash"))
    assert len(hashes) == 2


def test_a_task_may_start_others_in_slots_that_are_free(mode):
    lab = Lab(HERE, [("parent", 1)], mode=mode)
    lab.run()
    assert lab.notes == [(0, 3, 1), (MS, 3, 2)]


def test_starting_a_task_that_lives_is_an_error(mode):
    lab = Lab(HERE, [("parent", 5)], mode=mode)
    assert lab.run() == "error"
    assert (lab.e("error"), lab.e("error_task"), lab.e("error_info")) == (ERROR_TASK_ALIVE, 1, 3)


def test_a_violated_invariant_stops_the_run(mode):
    lab = Lab(HERE, [("ticker", 100)], check_every=3, mode=mode)
    lab.k.words[3].value = 10
    assert lab.run() == "error"
    assert (lab.e("error"), lab.e("error_info")) == (ERROR_INVARIANT, 17)
    assert lab.k.words[2].value in (11, 12)


def test_call_after_counts_from_the_local_clock(mode):
    lab = with_trace(HERE, [("calls_later", 0)], mode=mode)
    lab.run()
    assert [(int(r["time"]), int(r["a"])) for r in lab.sim.drain()["trace"]] == [(10 * US, 2), (15 * US, 1)]


def test_a_sleep_of_n_jiffies_ends_on_a_tick_after_n_minus_1_to_n_ticks(mode):
    lab = Lab(HERE, [("jiffy_sleeper", 1), ("jiffy_sleeper", 3)], cpus=2, jiffy_ns=MS, mode=mode)
    lab.run()
    # the sleep begins at 1.5 ms by the local clock
    assert lab.notes == [(2 * MS, 1, 1), (4 * MS, 2, 3)]


def test_the_model_hears_of_each_change_of_state_before_it_is_made(mode):
    lab = Lab(HERE, [("sleeps_at_a_cost", 0)], mode=mode)
    lab.k.words[5].value = 1
    lab.run()
    # dead -> running -> uninterruptible -> running -> dead, each with the old state and the old count
    assert [what for _, _, what in lab.notes] == [500, 5251, 2520, 5051]


def test_what_the_model_burns_when_a_task_goes_to_sleep_is_taken_from_the_cpu(mode):
    lab = Lab(HERE, [("sleeps_at_a_cost", 0), ("ticker", 1)], mode=mode)
    lab.k.words[4].value = 5 * US
    lab.run(until=100 * US)
    assert lab.cpu(0, "irq_ns") == 5 * US
    assert lab.cpu(0, "busy_ns") == US
    assert lab.task(1, "debt") == 0


def test_a_seed_says_everything_and_the_modes_agree():
    hashes = {}
    for m in ("generators", "steps"):
        for seed in (1, 2):
            lab = with_trace(HERE, [("gambler", 50)] * 5, cpus=2, seed=seed, fixed_order=False, capacity=2000, mode=m)
            lab.run()
            hashes[m, seed] = lab.e("log_hash")
    assert hashes["generators", 1] == hashes["steps", 1]
    assert hashes["generators", 2] == hashes["steps", 2]
    assert hashes["steps", 1] != hashes["steps", 2]


@pytest.mark.parametrize("number", sorted(ERRORS))
def test_every_error_has_its_sentence(number):
    assert ERRORS[number].format(info=3)
