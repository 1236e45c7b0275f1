"""Mempools: in which order the allocator and the reserve are tried, who wakes, where a returned element goes."""

import pytest
from mm_lab import MS, OP_MEMPOOL_ALLOC, OP_MEMPOOL_FREE, SEC, SmallMachine, stock

from gfplab.kernel.gfp import __GFP_DIRECT_RECLAIM as DIRECT_RECLAIM
from gfplab.kernel.gfp import __GFP_IO as IO
from gfplab.kernel.gfp import GFP_ATOMIC, GFP_KERNEL, GFP_NOIO, GFP_NOWAIT, MEMPOOL_EXTRA, PF_MEMALLOC
from gfplab.kernel.steps import STEP_ALLOC, STEP_FAIL, STEP_MASK, STEP_RESERVE, STEP_SHIFT, STEP_WAIT

ALLOC, RESERVE, WAIT, FAIL = STEP_ALLOC, STEP_RESERVE, STEP_WAIT, STEP_FAIL


class Pool(SmallMachine):
    """A machine with one mempool of min_nr elements; `steps` is what mempool_step answered, in order."""

    def __init__(self, kind="page", min_nr=2, **options):
        self.steps = []
        loop = {"kind": "mempool_loop", "comm": "pool", "pool": kind, "min_nr": min_nr, "start": "999s"}
        super().__init__(task=[{**loop, "hold": "1us", "count": 1}], answers={"mempool_step": self.step}, **options)
        self.p, self.index = self.pool("pool")

    def step(self, *arguments):
        answer = stock("mempool_step")(*arguments)
        self.steps.append((answer & STEP_MASK, answer >> STEP_SHIFT))
        return answer

    def take(self, mask=GFP_NOIO, **options):
        self.job(OP_MEMPOOL_ALLOC, self.index, mask, **options)
        return self.jobs

    def give_back(self, job, start_ns):
        self.job(OP_MEMPOOL_FREE, self.index, job, start_ns=start_ns)

    def hard_times(self, leave=0):
        """Nothing is free, and nothing can be reclaimed unless the test said so."""
        self.lose_free_pages(leave)
        return self

    def spent(self):
        """The reserve is in use."""
        self.take()
        self.run(MS)
        assert self.p.curr_nr == 0
        self.steps.clear()
        return self


def test_while_memory_is_free_the_allocator_serves_and_the_reserve_is_not_touched():
    m = Pool()
    for _ in range(5):
        m.take()
    m.run(SEC)
    assert [step for step, _ in m.steps] == [ALLOC] * 5
    assert (m.p.curr_nr, m.p.outstanding, m.p.n_first, m.p.n_reserve) == (2, 5, 5, 0)


def test_the_order_is_allocator_without_reclaim_reserve_allocator_with_reclaim_reserve_sleep():
    """And after the sleep the allocator comes before the reserve whose element ended it."""
    m = Pool(min_nr=1).hard_times()
    first = m.take()
    m.take(start_ns=10 * MS)
    m.give_back(first, 50 * MS)
    m.run(SEC)
    full = GFP_NOIO | MEMPOOL_EXTRA
    optimistic = full & ~(DIRECT_RECLAIM | IO)
    assert m.steps == [
        (ALLOC, optimistic), (RESERVE, 0),
        (ALLOC, optimistic), (RESERVE, 0), (ALLOC, full), (RESERVE, 0), (WAIT, 5 * SEC), (ALLOC, full), (RESERVE, 0),
    ]  # fmt: skip
    assert m.vm.allocstall == 2


def test_a_wait_without_a_wake_up_ends_after_5_s_and_tries_again():
    m = Pool(min_nr=1).hard_times()
    m.take()
    m.take()
    m.run(11 * SEC)
    assert m.p.n_timeout == 2 and m.p.nr_waiters == 1 and len(m.done) == 1


def test_a_caller_that_may_not_sleep_looks_once_at_each_and_gets_nothing():
    m = Pool(min_nr=1).hard_times()
    m.take(GFP_NOWAIT)
    m.take(GFP_NOWAIT, start_ns=MS)
    m.run(SEC)
    assert [step for step, _ in m.steps] == [ALLOC, RESERVE, ALLOC, RESERVE, FAIL]
    assert m.results[1] == 0 and m.vm.allocstall == 0 and m.p.n_fail == 1


def test_a_caller_with_io_but_without_reclaim_tries_twice_and_does_not_sleep():
    m = Pool(min_nr=1).hard_times().spent()
    m.take(GFP_NOWAIT | IO)
    m.run(SEC)
    assert [step for step, _ in m.steps] == [ALLOC, RESERVE, ALLOC, RESERVE, FAIL]


def test_a_caller_that_may_sleep_never_comes_back_with_nothing():
    m = Pool(min_nr=1).hard_times()
    elements = [m.take(GFP_KERNEL, start_ns=i) for i in range(3)]
    m.give_back(elements[0], 100 * MS)
    m.give_back(elements[2], 200 * MS)
    m.run(60 * SEC)
    taken = [result for _, job, result, _ in m.done if job in elements]
    assert len(taken) == 3 and all(taken)


@pytest.mark.parametrize("kernel", ["v4.7", "v6.1"])
def test_of_those_who_wait_the_last_to_come_gets_the_element_and_the_order_turns_round_each_time(kernel):
    """prepare_to_wait() puts a waiter first, and all are woken: the two ends take turns, the middle starves."""
    m = Pool(min_nr=1, kernel=kernel).hard_times()
    holder = m.take(GFP_NOIO)
    waiters = [m.take(GFP_NOIO, start_ns=i * MS) for i in range(1, 6)]
    for i in range(4):
        m.give_back(holder, (100 + 50 * i) * MS)
        m.run((130 + 50 * i) * MS)
        holder = m.done[-1][1]
    served = [job for _, job, result, _ in m.done if job in waiters and result]
    assert served == [waiters[4], waiters[0], waiters[3], waiters[1]]


def test_nobody_kills_for_a_pool():
    """NORETRY, which mempool_alloc() adds, means one round of reclaim an attempt and no OOM killer."""
    m = Pool(min_nr=1, machine={"start": {"inactive_anon": "4MiB"}}, swap=None).hard_times().spent()
    m.take(GFP_KERNEL)
    m.run(12 * SEC)
    assert m.vm.oom_kill == 0 and len(m.done) == 1
    assert m.vm.allocstall == len([s for s in m.steps if s[0] == ALLOC]) - 1


def test_a_reclaimer_that_takes_from_a_pool_does_not_reclaim_again_and_gets_no_reserves_of_the_allocator():
    """NOMEMALLOC wins over PF_MEMALLOC: between nothing and min there are pages, but not for a pool."""
    m = Pool(min_nr=1)
    m.lose_free_pages(m.zone.wmark_min)
    m.take(pf_flags=PF_MEMALLOC)
    m.take(pf_flags=PF_MEMALLOC)
    m.run(SEC)
    assert (m.p.n_reserve, m.p.nr_waiters, m.vm.allocstall, m.zone.free) == (1, 1, 0, m.zone.wmark_min)


def test_an_atomic_caller_of_a_pool_may_go_to_half_of_min_but_no_further():
    m = Pool(min_nr=1)
    m.hard_times(m.zone.wmark_min // 2 + 2).spent()
    for i in range(3):
        m.take(GFP_ATOMIC, start_ns=(2 + i) * MS)
    m.run(SEC)
    assert m.zone.free == m.zone.wmark_min // 2 and m.results[3] == 0


def test_every_returned_element_wakes_all_waiters_and_one_of_them_gets_it():
    m = Pool(min_nr=1).hard_times()
    first = m.take()
    for _ in range(3):
        m.take(start_ns=MS)
    m.give_back(first, 20 * MS)
    m.run(SEC)
    assert len([1 for _, job, _, _ in m.done if job in (2, 3, 4)]) == 1
    assert (m.p.n_wait, m.p.nr_waiters) == (3 + 2, 2)  # all three woke, two lay down again


@pytest.mark.parametrize("kind", ["page", "slab"])
def test_the_reserve_is_refilled_before_the_allocator_gets_anything_back(kind):
    m = Pool(kind, min_nr=2)
    held = [m.take() for _ in range(2)]  # of the allocator
    m.run(MS)
    m.hard_times()
    m.arrays["cpu_slabs"]["freelist"][:] = 0
    m.arrays["e"]["check_every"] = 1 << 40  # those objects are nobody's now
    held += [m.take() for _ in range(2)]  # of the reserve
    m.run(2 * MS)
    assert m.p.curr_nr == 0
    freed = m.vm.pgfree
    for i, element in enumerate(held[:2]):
        m.give_back(element, (3 + i) * MS)
    m.run(10 * MS)
    assert m.p.curr_nr == 2 and m.vm.pgfree == freed  # where an element came from is not asked
    m.give_back(held[2], 11 * MS)
    m.run(SEC)
    assert m.p.curr_nr == 2 and m.vm.pgfree == freed + (kind == "page")
