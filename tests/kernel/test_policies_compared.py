"""What the experts said of each other's proposals (MODEL 13.3), in machines small enough to ask about all of them."""

import pytest
from mm_lab import MS, OP_MEMPOOL_ALLOC, OP_MEMPOOL_FREE, SEC, SmallMachine

from gfplab.kernel.gfp import GFP_NOIO, PF_KTHREAD, PF_WQ_WORKER

WORKER = PF_KTHREAD | PF_WQ_WORKER
ALLOCATOR_FIRST = ("neil_mask", "neil_while", "transient", "bail_out", "light_reclaim", "adaptive_wait", "hocko_rfc")
RESERVE_FIRST = ("pool_first", "reserve_first", "pool_first_percpu")
NAP = 100 * MS


def machine(policy="", answers=None, **start):
    """One pool with a reserve of two pages."""
    loop = {"kind": "mempool_loop", "comm": "pool", "pool": "page", "min_nr": 2, "start": "999s", "hold": "1us"}
    policies = (policy,) if policy else ()
    m = SmallMachine(machine={"start": start}, policies=policies, answers=answers, task=[{**loop, "count": 1}])
    m.p, m.index = m.pool("pool")
    return m


def take(m, times=1, start_ns=0):
    """Jobs of a kernel worker that take one element each and keep it."""
    for i in range(times):
        m.job(OP_MEMPOOL_ALLOC, m.index, GFP_NOIO, start_ns=start_ns + i, pf_flags=WORKER)


def with_memory_to_spare(policy):
    """(log hash, times) of six elements taken and given back while memory is plentiful."""
    m = machine(policy)
    take(m, 6, MS)
    for job in range(1, 7):
        m.job(OP_MEMPOOL_FREE, m.index, job, start_ns=(2 + job) * MS)
    m.run(SEC)
    return int(m.k.e[0].log_hash), [took for *_, took in m.done], m


@pytest.mark.parametrize("policy", ALLOCATOR_FIRST)
def test_without_pressure_all_who_ask_the_allocator_first_are_the_same(policy):
    """Law 34: to the nanosecond, and no reserve is touched."""
    stock, _, _ = with_memory_to_spare("")
    ours, _, m = with_memory_to_spare(policy)
    assert ours == stock
    assert (m.p.n_first, m.p.n_reserve, m.p.lowest, m.vm.allocstall) == (6, 0, 2, 0)


@pytest.mark.parametrize("policy", RESERVE_FIRST)
def test_without_pressure_the_reserve_is_in_use_where_it_comes_first(policy):
    """Law 36: a hit for every call that finds one; the price is a lock."""
    _, _, m = with_memory_to_spare(policy)
    assert (m.p.n_reserve, m.p.n_first, m.p.lowest, m.p.curr_nr) == (2, 4, 0, 2)


def writeback_storm(policy):
    """The longest of four calls when reclaim finds clean cache, and every throttle point naps for writeback."""

    def nap(vm, task, scan, my):
        exempt = policy == "hocko_rfc" and task.pf_flags & 0x100000
        return 0 if exempt or scan.throttled else NAP

    m = machine(policy, {"throttle_vm_writeout": nap}, inactive_file="4MiB")
    m.run(MS)
    m.lose_free_pages(0)
    m.arrays["pcps"]["count"][:] = 0
    m.arrays["e"]["check_every"] = 1 << 40  # the pages on the per-CPU lists are nobody's now
    m.vm.kswapd_wait = 0
    take(m, 3, 2 * MS)
    m.job(OP_MEMPOOL_FREE, m.index, 1, start_ns=20 * MS)
    m.run(SEC)
    return max(took for _, job, result, took in m.done if result and job <= 3), m


def test_the_stock_program_naps_with_elements_at_hand_and_every_proposal_ends_that():
    """Neil Brown's complaint: P1 sleeps in the throttle; P2, P3, P5, P6 and A3 do not."""
    worst, _ = writeback_storm("")
    assert worst >= NAP
    for policy in ("neil_mask", "transient", "bail_out", "light_reclaim", "hocko_rfc"):
        quick, _ = writeback_storm(policy)
        assert quick < NAP // 2, policy


def cache_and_a_stuck_kswapd(policy):
    """How many of eight elements workers get in a minute, with clean cache about and kswapd asleep for good."""

    def stuck(vm, task, scan, my):
        return 900 * SEC if scan.kswapd else 0

    m = machine(policy, {"throttle_vm_writeout": stuck}, inactive_file="4MiB")
    m.run(MS)
    m.lose_free_pages(0)
    m.arrays["pcps"]["count"][:] = 0
    m.arrays["e"]["check_every"] = 1 << 40
    take(m, 8, 2 * MS)
    m.run(60 * SEC)
    return m.p.outstanding


def test_clean_cache_is_of_no_use_to_those_who_never_reclaim_when_kswapd_is_stuck():
    """Michal Hocko's objection (S13): P1, P5, P6 and A3 harvest it, P3 and P4 have their reserve and no more."""
    for policy in ("", "transient", "bail_out", "light_reclaim", "reserve_first"):
        assert cache_and_a_stuck_kswapd(policy) == 8, policy
    for policy in ("neil_mask", "pool_first"):
        assert cache_and_a_stuck_kswapd(policy) < 8, policy


@pytest.mark.parametrize("policy", ["neil_mask", "pool_first", "pool_first_percpu"])
def test_who_masks_direct_reclaim_out_spends_no_time_in_it(policy):
    """Law 36: not one direct reclaim on behalf of a pool."""
    m = machine(policy, inactive_file="4MiB")
    m.lose_free_pages(0)
    take(m, 6, MS)
    m.run(SEC)
    assert m.vm.allocstall == 0
