"""Magazines in front of a reserve: no lock for what a CPU has at hand, and no element out of reach."""

import random

import pytest
from mm_lab import MS, OP_MEMPOOL_ALLOC, OP_MEMPOOL_FREE, SEC, SmallMachine

from gfplab.kernel.gfp import GFP_NOIO
from gfplab.kernel.steps import RESERVE, STEP_RESERVE, WAIT


def reserve_or_sleep(pool, zone, task, call, my):
    """The allocator is never asked."""
    return WAIT(5 * SEC) if call.last == STEP_RESERVE else RESERVE


class Machine(SmallMachine):
    """Two CPUs, a pool of 16 elements of which each CPU may keep eight; takes and returns come as from an interrupt."""

    def __init__(self, rounds=8, min_nr=16):
        loop = {"kind": "mempool_loop", "comm": "pool", "pool": "page", "min_nr": min_nr, "start": "999s"}
        super().__init__(
            machine={"cpus": 2},
            task=[{**loop, "hold": "1us", "count": 1}],
            answers={"mempool_step": reserve_or_sleep, "mempool_magazine": lambda pool, my: self.rounds},
        )
        self.rounds = rounds
        self.p, self.index = self.pool("pool")

    def take(self, cpu):
        self.k.e[0].irq_cpu = cpu
        element = self.call("mempool_take", self.index)
        self.p.outstanding += element > 0
        return element

    def give_back(self, cpu, element):
        self.k.e[0].irq_cpu = cpu
        self.call("mempool_free", self.index, element)

    def magazine(self, cpu):
        return self.k.magazines[self.index * 2 + cpu].count

    def elements(self):
        """All elements of the reserve, wherever they lie."""
        shared = self.p.curr_nr - self.p.in_magazines
        found = [int(e) for e in self.arrays["pool_elems"][self.p.base : self.p.base + shared]]
        for cpu in (0, 1):
            m = self.index * 2 + cpu
            found += [int(e) for e in self.arrays["magazine_elems"][m * 16 : m * 16 + self.magazine(cpu)]]
        assert len(found) == self.p.curr_nr
        return found

    @property
    def lock(self):
        """When the pool's lock was last let go: a take without it leaves that alone."""
        return self.k.locks[self.p.lock].busy_until


def test_the_first_element_comes_with_half_a_magazine_and_the_next_ones_without_the_lock():
    m = Machine().run(MS)
    m.take(0)
    assert (m.p.curr_nr, m.p.in_magazines, m.magazine(0), m.magazine(1)) == (15, 4, 4, 0)
    before = m.run(2 * MS).lock
    for _ in range(4):
        m.take(0)
    assert (m.p.curr_nr, m.p.in_magazines, m.lock) == (11, 0, before)
    m.take(0)
    assert m.lock > before


def test_an_element_in_the_magazine_of_another_cpu_is_not_stranded():
    """All of the reserve can be had from one CPU, though some of it lies with the other."""
    m = Machine()
    for element in [m.take(1) for _ in range(16)]:
        m.give_back(1, element)
    assert (m.p.curr_nr, m.magazine(0)) == (16, 0) and m.magazine(1) > 0
    taken = [m.take(0) for _ in range(17)]
    assert len(set(taken[:16])) == 16 and all(taken[:16]) and taken[16] == 0
    assert (m.p.curr_nr, m.p.in_magazines, m.p.outstanding) == (0, 0, 16)


def test_a_full_magazine_gives_half_of_itself_back():
    m = Machine()
    held = [m.take(0) for _ in range(16)]
    for element in held[:8]:
        m.give_back(0, element)
    assert (m.p.curr_nr, m.magazine(0)) == (8, 8)
    m.give_back(0, held[8])
    assert (m.p.curr_nr, m.magazine(0), m.p.in_magazines) == (9, 5, 5)


def test_magazines_that_a_policy_gives_up_are_emptied_by_those_who_need_elements():
    m = Machine()
    m.take(1)
    m.rounds = 0
    assert m.p.in_magazines == 4
    assert all(m.take(0) for _ in range(15)) and m.p.in_magazines == 0


@pytest.mark.parametrize("rounds", [0, 1, 2, 7, 16])
def test_no_element_is_lost_or_doubled_whatever_the_size(rounds):
    """Law 4 of MODEL 14: what is in the reserve and what is out are together the elements that there were."""
    m, draw = Machine(rounds), random.Random(rounds)
    everything, held = sorted(m.elements()), []
    for _ in range(600):
        if draw.random() < 0.5 and held:
            m.give_back(draw.randrange(2), held.pop(draw.randrange(len(held))))
        else:
            element = m.take(draw.randrange(2))
            assert bool(element) == (len(held) < 16)
            held += [element] if element else []
        assert sorted(m.elements() + held) == everything
        assert m.p.curr_nr == 16 - len(held) and 0 <= m.p.in_magazines <= m.p.curr_nr
        assert m.magazine(0) <= max(rounds, 1) and m.magazine(1) <= max(rounds, 1)


def test_a_returned_element_wakes_those_who_wait_on_the_other_cpu():
    """The waiter finds it in the magazine of the CPU that returned it."""
    m = Machine(min_nr=2)
    for job, cpu in ((1, 0), (2, 0), (3, 1)):
        m.job(OP_MEMPOOL_ALLOC, m.index, GFP_NOIO, start_ns=job * MS, cpu=cpu)
    m.job(OP_MEMPOOL_FREE, m.index, 1, start_ns=5 * MS, cpu=0)
    m.run(SEC)
    assert [job for _, job, result, _ in m.done if result] == [1, 2, 3]
    assert (m.p.n_wait, m.p.n_timeout) == (1, 0)
