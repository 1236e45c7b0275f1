"""How long a writer of files pauses when the decision `balance_dirty_pages` says it."""

import sys

from wb_lab import MS, SEC, WritebackLab, generic_perform_write

from gfplab.engine.subset import kernel
from gfplab.kernel.tracepoints import balance_dirty_pages_event

HERE = sys.modules[__name__]
TICK = 4 * MS


@kernel
def write_for_ever(k, f):
    """Write file f as fast as one may."""
    while True:
        yield from generic_perform_write(k, f, 0, k.files[f].nr)


def pauses(balance, until_ns=2 * SEC):
    """The pauses of one writer to a slow disk, in ticks; and whether the policy was asked in free run."""
    asked = []

    def remember(vm, task, dtc, disk, my):
        asked.append(int(dtc.freerun))
        return balance(dtc)

    lab = WritebackLab(HERE, [("write_for_ever", 1)], pages=4096, files=((3000, 1),), disks=(2 * MS,), balance=remember)
    lab.arrays["trace_on"][balance_dirty_pages_event] = 1
    lab.run(until_ns)
    rows = lab.arrays["trace"][: lab.k.e[0].n_trace]
    return [int(row["d"]) for row in rows if row["kind"] == balance_dirty_pages_event], asked


def test_a_pause_is_at_most_200_ms_and_at_least_a_tick():
    long, asked = pauses(lambda dtc: 0 if dtc.freerun else 10 * SEC)
    assert set(long) == {200 * MS // TICK} and {0, 1} <= set(asked)
    short, _ = pauses(lambda dtc: 0 if dtc.freerun else 1)
    assert set(short) == {1}


def test_nobody_pauses_where_the_answer_is_always_0():
    """The debt is forgiven, and all of memory can become dirty."""
    none, asked = pauses(lambda dtc: 0, until_ns=200 * MS)
    assert none == [] and 0 in asked


def test_a_policy_may_stop_a_writer_in_free_run():
    early, asked = pauses(lambda dtc: 20 * MS)
    assert set(early) == {5} and asked[0] == 1
