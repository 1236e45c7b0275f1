"""The event heap: a binary heap of records, root in slot 1, ordered by (time, tie, sequence number).

The tie is drawn from the seed, so code that relies on the order of events of one time shows it; with e.fixed_order it
is 0. Handling an event mostly makes one new event, so the root is not refilled at once: its place stays a hole, which
the next event fills (e.heap_hole). A record of four int64 is half a cache line; four parallel arrays measured 10 to
40 % slower.
"""

from gfplab.engine.records import ERROR_HEAP_FULL, TIE_STREAM
from gfplab.engine.rng import next_random
from gfplab.engine.subset import plain

SEQ_BITS = 46


@plain
def push_event(k, time, kind, arg):
    """Put an event into the heap; one in the past happens now."""
    e = k.e[0]
    e.seq += 1
    key = e.seq
    if e.fixed_order == 0:
        key += (next_random(k, TIE_STREAM) & 0xFFFF) << SEQ_BITS
    if time < e.now:
        time = e.now
    if e.heap_hole:
        e.heap_hole = 0
        sift_down(k, time, key, kind, arg)
        return
    i = e.heap_n + 1
    if i >= len(k.heap):
        e.error = ERROR_HEAP_FULL
        return
    e.heap_n = i
    while i > 1:
        up = k.heap[i >> 1]
        if up.time < time or (up.time == time and up.key < key):
            break
        slot = k.heap[i]
        slot.time = up.time
        slot.key = up.key
        slot.kind = up.kind
        slot.arg = up.arg
        i = i >> 1
    slot = k.heap[i]
    slot.time = time
    slot.key = key
    slot.kind = kind
    slot.arg = arg


@plain
def sift_down(k, time, key, kind, arg):
    """Put an event in the place of the root and let it sink to where it belongs."""
    n = k.e[0].heap_n
    i = 1
    while True:
        c = 2 * i
        if c > n:
            break
        down = k.heap[c]
        if c < n:
            right = k.heap[c + 1]
            if right.time < down.time or (right.time == down.time and right.key < down.key):
                c += 1
                down = k.heap[c]
        if time < down.time or (time == down.time and key < down.key):
            break
        slot = k.heap[i]
        slot.time = down.time
        slot.key = down.key
        slot.kind = down.kind
        slot.arg = down.arg
        i = c
    slot = k.heap[i]
    slot.time = time
    slot.key = key
    slot.kind = kind
    slot.arg = arg


@plain
def next_event_time(k):
    """Time of the earliest event, -1 if there is none."""
    e = k.e[0]
    if e.heap_hole:
        e.heap_hole = 0
        n = e.heap_n
        e.heap_n = n - 1
        if n > 1:
            last = k.heap[n]
            sift_down(k, last.time, last.key, last.kind, last.arg)
    if e.heap_n == 0:
        return -1
    return k.heap[1].time


@plain
def take_event(k):
    """Take the earliest event, which next_event_time() has found: e.now, e.event_kind and e.event_arg become its."""
    e = k.e[0]
    first = k.heap[1]
    e.now = first.time
    e.event_kind = first.kind
    e.event_arg = first.arg
    e.heap_hole = 1
    e.nr_events += 1
