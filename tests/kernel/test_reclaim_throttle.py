"""reclaim_throttle() of v6.1 (MODEL 6.4, law 28): who sleeps, for what, how long, and who ends it."""

import pytest
from mm_lab import MS, OP_RECLAIM, SEC
from node_lab import SLOW, listed, machine, quiet, under_writeback

from gfplab.kernel.gfp import GFP_KERNEL, GFP_NOIO, PF_KTHREAD, PF_LESS_THROTTLE
from gfplab.kernel.node_types import LRUVEC_CONGESTED
from gfplab.kernel.tracepoints import mm_vmscan_throttled
from gfplab.kernel.types import (
    LRU_INACTIVE_ANON,
    LRU_INACTIVE_FILE,
    VMSCAN_THROTTLE_CONGESTED,
    VMSCAN_THROTTLE_ISOLATED,
    VMSCAN_THROTTLE_NOPROGRESS,
    VMSCAN_THROTTLE_WRITEBACK,
)


def naps(m):
    """(reason, time-out in us, us asleep) of each sleep."""
    return [(int(row["c"]), int(row["a"]), int(row["b"])) for row in m.traced(mm_vmscan_throttled)]


# how long


@pytest.mark.parametrize("n", [1, 2, 20, 62])
def test_a_sleep_of_n_ticks_lasts_between_n_and_n_plus_1(n):
    """The timer wheel of v4.8 never fires early."""
    m = machine()
    for now in (0, 1, MS - 1, 12_345_678):
        m.k.e[0].now = now
        ns = m.call("timer_wheel_ns", n)
        assert n * MS < ns <= (n + 1) * MS and (now + ns) % MS == 0
    m.k.e[0].now = 0


@pytest.mark.parametrize(("n", "granularity"), [(63, 8), (100, 8), (503, 8), (504, 64), (5000, 512)])
def test_long_sleeps_end_on_coarser_ticks(n, granularity):
    m = machine()
    ns = m.call("timer_wheel_ns", n)
    assert n * MS < ns <= (n + granularity) * MS and ns % (granularity * MS) == 0


# too many isolated


def isolating(mask, pf_flags=0, share=2):
    m = quiet(machine(check_every=0, inactive_anon="1MiB", inactive_file="1MiB"))
    lists = m.k.lruvecs[1]
    lists.isolated_anon, lists.isolated_file = lists.nr_inactive_anon // share, lists.nr_inactive_file // share
    m.job(OP_RECLAIM, mask, pf_flags=pf_flags)
    return m


def test_who_meets_too_many_isolated_pages_sleeps_20_ms_once_and_then_gives_up_the_batch():
    m = isolating(GFP_KERNEL).run(SEC)
    assert m.done and m.vm.pgscan_direct == 0, "v4.7 went on for ever"
    assert {reason for reason, _, _ in naps(m)} == {VMSCAN_THROTTLE_ISOLATED}
    assert all(limit == 20_000 <= slept <= 21_001 for _, limit, slept in naps(m))


def test_a_noio_reclaimer_never_queues_behind_the_ordinary_ones():
    m = isolating(GFP_NOIO).run(SEC)
    assert not naps(m) and m.vm.pgscan_direct > 0


def test_a_kernel_thread_gives_up_without_sleeping():
    """Law 28."""
    m = isolating(GFP_KERNEL, PF_KTHREAD).run(SEC)
    assert m.done and not naps(m) and m.vm.pgscan_direct == 0


def test_the_first_who_finds_few_enough_isolated_wakes_the_sleepers():
    m = isolating(GFP_KERNEL).run(5 * MS)
    m.k.lruvecs[1].isolated_anon = m.k.lruvecs[1].isolated_file = 0
    m.job(OP_RECLAIM, GFP_NOIO)
    m.run(7 * MS)
    assert len(m.done) == 2 and naps(m)[0][2] < 10_000


# no progress, congestion


def stuck(pf_flags=0, writing=True, mask=GFP_KERNEL, flags=0):
    """Two MiB of anonymous memory, all (or none) of it under writeback that never ends; kswapd is asleep."""
    m = quiet(machine(check_every=0, inactive_anon="2MiB"))
    m.vm.kswapd_failures = 0
    if writing:
        under_writeback(m, listed(m, LRU_INACTIVE_ANON))
    m.run(150 * MS)  # kswapd sleeps by now; going to sleep it clears the flags
    m.vm.pgdat_flags = flags
    m.job(OP_RECLAIM, mask, pf_flags=pf_flags)
    return m


def test_no_progress_at_priority_1_costs_a_tick_while_most_of_memory_is_being_written():
    m = stuck().run(SEC)
    assert m.results == [0]
    assert {reason for reason, _, _ in naps(m)} == {VMSCAN_THROTTLE_NOPROGRESS} and len(naps(m)) == m.vm.allocstall
    assert all(limit == 1000 <= slept <= 2001 for _, limit, slept in naps(m))


def test_kernel_threads_make_no_progress_without_sleeping():
    """Law 28: the workers that a swap device needs are never held up here, as they were in v4.7."""
    m = stuck(PF_KTHREAD).run(SEC)
    assert m.results == [0] and not naps(m)


def test_little_under_writeback_or_a_hopeless_node_is_no_reason_to_sleep():
    m = stuck(writing=False, mask=GFP_NOIO).run(SEC)
    assert m.results == [0] and not naps(m)
    m = stuck()
    m.vm.kswapd_failures = 16
    assert m.run(SEC).results == [0] and not naps(m)


def test_a_congested_node_costs_direct_reclaimers_a_tick_each_pass():
    m = stuck(flags=LRUVEC_CONGESTED).run(SEC)
    reasons = [reason for reason, _, _ in naps(m)]
    assert reasons.count(VMSCAN_THROTTLE_CONGESTED) == 13 * m.vm.allocstall


def test_who_cleans_for_others_is_spared_congestion_but_not_lack_of_progress():
    m = stuck(PF_LESS_THROTTLE, flags=LRUVEC_CONGESTED).run(SEC)
    assert {reason for reason, _, _ in naps(m)} == {VMSCAN_THROTTLE_NOPROGRESS}


def test_a_policy_may_spare_everybody():
    m = quiet(machine(check_every=0, inactive_anon="2MiB", answers={"reclaim_throttle": lambda *_: 0}))
    m.vm.kswapd_failures = 0
    under_writeback(m, listed(m, LRU_INACTIVE_ANON))
    m.job(OP_RECLAIM, GFP_KERNEL)
    assert m.run(SEC).results == [0] and not naps(m)


# writeback


def test_kswapd_sleeps_when_written_pages_come_round_again_and_32_completions_wake_it():
    m = machine(check_every=0, inactive_anon="2MiB", swap=True, disk=SLOW)
    pages = listed(m, LRU_INACTIVE_ANON)
    under_writeback(m, pages, reclaim=True)
    m.lose_free_pages(m.zone.wmark_min)
    m.run(40 * MS)
    assert m.vm.nr_writeback_throttled == 1 and m.vm.reclaim_throttled == 0
    for page in pages[:32]:
        m.call("end_page_writeback", page)
    m.run(41 * MS)
    assert m.vm.nr_writeback_throttled == 1, "more than 32 are needed"
    m.call("end_page_writeback", pages[32])
    m.run(42 * MS)
    reason, limit, slept = naps(m)[0]
    assert (reason, limit) == (VMSCAN_THROTTLE_WRITEBACK, 100_000) and slept < 45_000
    assert m.vm.nr_throttled_written == 33


def test_without_completions_that_sleep_is_100_ms():
    m = machine(check_every=0, inactive_anon="2MiB", disk=SLOW)
    under_writeback(m, listed(m, LRU_INACTIVE_ANON), reclaim=True)
    m.lose_free_pages(m.zone.wmark_min)
    m.run(150 * MS)
    reason, limit, slept = naps(m)[0]
    assert (reason, limit) == (VMSCAN_THROTTLE_WRITEBACK, 100_000) and 100_000 <= slept <= 108_001


def test_nobody_counts_completions_while_nobody_sleeps():
    m = quiet(machine(check_every=0, inactive_anon="1MiB"))
    page = listed(m, LRU_INACTIVE_ANON)[0]
    under_writeback(m, [page], reclaim=True)
    m.call("end_page_writeback", page)
    assert m.vm.nr_throttled_written == 0


def test_file_pages_that_only_reclaim_met_are_woken_flushers_work():
    m = quiet(machine(inactive_file="1MiB", dirty="1MiB", filesystem="ext4"))
    assert listed(m, LRU_INACTIVE_FILE)
    m.job(OP_RECLAIM, GFP_KERNEL)
    m.run(100 * MS)
    assert m.k.disks[1].written > 0 or m.vm.nr_writeback > 0 or m.vm.nr_written > 0
