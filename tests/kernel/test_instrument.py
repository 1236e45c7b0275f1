"""The counters of the rig's patch: by class of pool, caller and source of an element; reclaim inside and outside."""

import numpy as np
from mm_lab import MS, OP_RECLAIM, OP_SLAB_ALLOC, SEC, US
from test_mempool import Pool

from gfplab.kernel.gfp import GFP_NOIO, GFP_NOWAIT, PF_MEMALLOC, PF_WQ_WORKER
from gfplab.kernel.instrument_types import (
    CELLS_PER_CLASS,
    CELLS_PER_CONTEXT,
    CONTEXTS,
    HIST_BINS,
    POOL_CLASSES,
    SOURCES,
)


def cell(pool_class, context, source):
    return (
        1
        + POOL_CLASSES.index(pool_class) * CELLS_PER_CLASS
        + CONTEXTS.index(context) * CELLS_PER_CONTEXT
        + SOURCES.index(source)
    )


def counted(machine):
    """{(class, context, source): calls} of the cells that are not empty, each checked against its histogram."""
    arrays = machine.arrays
    found = {}
    for pool_class in POOL_CLASSES:
        for context in CONTEXTS:
            for source in SOURCES:
                at = cell(pool_class, context, source)
                n = int(arrays["mempool_cells"]["n"][at])
                assert n == np.sum(arrays["mp_hist"][at * HIST_BINS : (at + 1) * HIST_BINS])
                if n:
                    found[pool_class, context, source] = n
    return found


def test_an_element_of_the_first_attempt_is_under_first_and_pages_are_dm_crypts():
    m = Pool()
    m.take()
    m.run(SEC)
    assert counted(m) == {("cryptpage", "task", "under_first"): 1}


def test_a_pool_of_slab_objects_is_another_class():
    m = Pool("slab")
    m.take()
    m.run(SEC)
    assert counted(m) == {("other", "task", "under_first"): 1}


def test_the_reserve_counts_by_whether_reclaim_was_tried_before_and_a_sleep_outweighs_both():
    m = Pool(min_nr=1).hard_times()
    first = m.take()
    m.take(start_ns=10 * MS)
    m.give_back(first, 50 * MS)
    m.run(SEC)
    assert counted(m) == {("cryptpage", "task", "reserve"): 1, ("cryptpage", "task", "after_wait"): 1}
    wait = m.arrays["mempool_waits"][1]
    assert (wait["n"], wait["timeouts"], wait["after_wait_under"], wait["after_wait_reserve"]) == (1, 0, 0, 1)
    assert m.arrays["mempool_wait_hist"][HIST_BINS : 2 * HIST_BINS].sum() == 1


def test_a_caller_that_may_not_sleep_and_gets_nothing_is_fail():
    m = Pool(min_nr=1).hard_times().spent()
    m.take(GFP_NOWAIT)
    m.run(SEC)
    assert counted(m)["cryptpage", "task", "fail"] == 1


def test_the_context_is_the_workers_then_the_reclaimers_then_anybodys():
    m = Pool()
    m.take(pf_flags=PF_WQ_WORKER)
    m.take(pf_flags=PF_MEMALLOC)
    m.take(pf_flags=PF_WQ_WORKER | PF_MEMALLOC)
    m.run(SEC)
    assert counted(m) == {("cryptpage", "kworker", "under_first"): 2, ("cryptpage", "reclaimer", "under_first"): 1}


def test_direct_reclaim_knows_whether_a_pool_asked_for_it():
    m = Pool(min_nr=1).hard_times().spent()
    m.take()
    m.job(OP_RECLAIM, GFP_NOIO, start_ns=2 * MS)
    m.run(SEC)
    cells = m.arrays["reclaim_cells"]
    assert list(cells["n"]) == [0, 1, m.vm.allocstall - 1]
    assert list(cells["zero"]) == list(cells["n"]) and cells["sum_ns"][2] >= cells["max_ns"][2] > 0


def test_an_interrupt_that_falls_into_a_call_counts_as_its_time():
    """Not one that comes before its begin, at its end, or while nobody has the CPU."""
    m = Pool(kernel="v6.1")
    m.take()
    m.run(SEC)
    at = cell("cryptpage", "task", "under_first")
    [span] = [s for s in m.arrays["alloc_spans"] if s["cell"]]
    took = int(span["ns"])
    assert span["cell"] == at and took == m.arrays["mempool_cells"]["max_ns"][at] == span["end"] - span["begin"]
    for now, curr, more in [(-1, 1, 0), (took, 1, 0), (0, 0, 0), (0, 1, 7_000), (took - 1, 1, 3_000)]:
        m.k.e[0].now, m.k.cpus[0].curr = int(span["begin"]) + now, curr
        m.k.tasks[0].debt = more or 9_000
        m.call("account_interrupted_alloc")
        took += more
        assert m.arrays["mempool_cells"]["max_ns"][at] == m.arrays["mempool_cells"]["sum_ns"][at] == took
        assert counted(m) == {("cryptpage", "task", "under_first"): 1}
    m.k.tasks[0].debt = 0


def test_a_call_that_may_sleep_gives_way_to_a_task_that_came_meanwhile_and_its_wait_is_part_of_the_call():
    """might_sleep(): what the calls owe from before was spent before that, and is no part of them."""
    m = Pool(kernel="v6.1", min_nr=1, costs={"pcp_alloc": "2us"})
    m.take(count=3000)
    m.job(OP_SLAB_ALLOC, 1, GFP_NOIO, count=4, pause_ns=MS)
    m.run(SEC)
    late = [time % MS for time, job, *_ in m.done if job == 2][1:]
    assert len(late) == 3 and max(late) < 10 * US
    assert max(time for time, job, *_ in m.done if job == 1) > 6 * MS
    assert 3 * US < m.arrays["mempool_cells"]["max_ns"][cell("cryptpage", "task", "under_first")] < 8 * US
