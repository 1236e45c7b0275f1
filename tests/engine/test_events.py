"""The event heap: order, ties, holes and overflow."""

from hypothesis import given, settings
from hypothesis import strategies as st

from gfplab.engine import boot
from gfplab.engine.events import next_event_time, push_event, take_event
from gfplab.engine.records import ERROR_HEAP_FULL, engine_schema
from gfplab.engine.state import PyState


def heap(room=64, seed=1, fixed_order=True):
    """A state with an empty heap."""
    schema = engine_schema()
    arrays = schema.arrays(boot.sizes(tasks=1, cpus=1, heap=room))
    boot.prepare(arrays, seed, fixed_order=fixed_order)
    return PyState(schema, arrays)


def take_all(k):
    """[(time, kind, arg), ...] in the order in which the events happen."""
    out = []
    while next_event_time(k) >= 0:
        take_event(k)
        out.append((k.e[0].now, k.e[0].event_kind, k.e[0].event_arg))
    return out


@given(st.lists(st.one_of(st.none(), st.lists(st.integers(0, 40), max_size=3)), max_size=60))
@settings(deadline=None)
def test_events_happen_in_the_order_of_their_time_and_then_of_their_making(steps):
    """None takes an event, a list makes that many: some of them fall into the hole of the one taken before."""
    k, model, made = heap(room=200), [], 0
    for step in steps:
        if step is None:
            time = next_event_time(k)
            assert time == (min(model)[0] if model else -1)
            if model:
                take_event(k)
                assert (k.e[0].now, k.e[0].event_arg) == min(model)
                model.remove(min(model))
        else:
            for delay in step:
                made += 1
                push_event(k, k.e[0].now + delay, 1, made)
                model.append((k.e[0].now + delay, made))
    assert [(t, arg) for t, _, arg in take_all(k)] == sorted(model)


@given(st.lists(st.integers(0, 5), max_size=40), st.integers(0, 100))
@settings(deadline=None)
def test_events_of_one_time_happen_in_the_order_of_tie_and_number(times, seed):
    k = heap(seed=seed, fixed_order=False)
    for arg, time in enumerate(times):
        push_event(k, time, 1, arg)
    order = sorted((k.heap[i].time, k.heap[i].key, k.heap[i].arg) for i in range(1, len(times) + 1))
    assert [arg for _, _, arg in take_all(k)] == [arg for _, _, arg in order]


def test_an_event_carries_its_kind_and_argument():
    k = heap()
    push_event(k, 20, 5, -7)
    push_event(k, 10, -2, 1 << 60)
    assert take_all(k) == [(10, -2, 1 << 60), (20, 5, -7)]


def test_an_event_in_the_past_happens_now():
    k = heap()
    push_event(k, 100, 1, 1)
    assert next_event_time(k) == 100
    take_event(k)
    push_event(k, 50, 1, 2)
    assert take_all(k) == [(100, 1, 2)]


def order_of_a_tie(seed, fixed_order=False):
    k = heap(seed=seed, fixed_order=fixed_order)
    for arg in range(8):
        push_event(k, 5, 1, arg)
    return [arg for _, _, arg in take_all(k)]


def test_the_order_of_events_of_one_time_is_drawn_from_the_seed():
    assert order_of_a_tie(1) == order_of_a_tie(1)
    assert len({tuple(order_of_a_tie(seed)) for seed in range(10)}) == 10
    assert sorted(order_of_a_tie(3)) == list(range(8))


def test_a_fixed_order_is_the_order_of_making():
    assert order_of_a_tie(1, fixed_order=True) == list(range(8))


def test_a_full_heap_is_an_error_and_not_a_write_past_its_end():
    k = heap(room=3)
    for arg in range(3):
        push_event(k, arg, 1, arg)
    assert k.e[0].error == 0
    push_event(k, 3, 1, 3)
    assert k.e[0].error == ERROR_HEAP_FULL
    assert [arg for _, _, arg in take_all(k)] == [0, 1, 2]
