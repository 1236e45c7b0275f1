"""The page allocator: who may take how much, what a per-CPU list is worth, and what the slow path does and leaves."""

import pytest
from mm_lab import MS, OP_ALLOC_PAGE, SEC, SmallMachine

from gfplab.kernel.gfp import __GFP_DMA as DMA
from gfplab.kernel.gfp import __GFP_HIGH as HIGH
from gfplab.kernel.gfp import __GFP_MEMALLOC as MEMALLOC
from gfplab.kernel.gfp import __GFP_NOMEMALLOC as NOMEMALLOC
from gfplab.kernel.gfp import __GFP_NORETRY as NORETRY
from gfplab.kernel.gfp import GFP_ATOMIC, GFP_KERNEL, GFP_NOWAIT, PF_MEMALLOC
from gfplab.kernel.tracepoints import mm_vmscan_direct_reclaim_begin, mm_vmscan_wakeup_kswapd

RIGHTS = {  # who: mask, task flags, the part of the min mark that is left when nothing more is to be had
    "normal": (GFP_NOWAIT, 0, 1),
    "HIGH": (GFP_NOWAIT | HIGH, 0, 1 / 2),
    "ATOMIC": (GFP_ATOMIC, 0, 3 / 8),
    "ATOMIC without reserves": (GFP_ATOMIC | NOMEMALLOC, 0, 1 / 2),
    "a reclaimer": (GFP_NOWAIT, PF_MEMALLOC, 0),
    "a reclaimer without reserves": (GFP_NOWAIT | NOMEMALLOC, PF_MEMALLOC, 1),
    "a reclaimer, HIGH, without reserves": (GFP_NOWAIT | HIGH | NOMEMALLOC, PF_MEMALLOC, 1 / 2),
    "MEMALLOC": (GFP_NOWAIT | MEMALLOC, 0, 0),
}


@pytest.mark.parametrize("who", RIGHTS)
def test_the_rights_of_a_request_say_where_it_ends(who):
    mask, pf_flags, part = RIGHTS[who]
    m = SmallMachine().lose_free_pages(150)
    m.job(OP_ALLOC_PAGE, mask, count=200, pf_flags=pf_flags)
    m.run(SEC)
    assert m.zone.free == m.zone.wmark_min * part
    assert m.vm.allocstall == 0 and max(took for _, _, _, took in m.done) < MS


def batches(m, batch=31, high=186, cpu=0):
    """Per-CPU lists as in a zone of 512 MiB and more."""
    pcp = m.k.pcps[m.vm.nr_zones * m.k.e[0].ncpus + cpu]
    pcp.batch, pcp.high = batch, high
    return pcp


def test_pages_on_a_per_cpu_list_are_no_emergency_reserve():
    """The mark is tested before the list is looked at."""
    m = SmallMachine()
    pcp = batches(m)
    m.job(OP_ALLOC_PAGE, GFP_NOWAIT)
    m.run(MS)
    assert pcp.count == 30
    m.lose_free_pages(m.zone.wmark_min)
    m.job(OP_ALLOC_PAGE, GFP_NOWAIT)
    m.run(2 * MS)
    assert m.results[1] == 0 and pcp.count == 30


def test_one_passed_test_may_leave_the_zone_a_refill_below_the_mark_and_no_more():
    m = SmallMachine()
    batches(m)
    m.lose_free_pages(m.zone.wmark_min + 1)
    m.job(OP_ALLOC_PAGE, GFP_NOWAIT, count=40)
    m.run(SEC)
    assert m.zone.free == m.zone.wmark_min + 1 - 31
    assert sum(1 for page in m.results if page) == 1


def test_a_page_that_is_freed_stays_on_the_list_until_that_is_full_and_then_a_batch_goes():
    m = SmallMachine()
    pcp = batches(m, batch=8, high=16)
    free = m.zone.free
    m.job(OP_ALLOC_PAGE, GFP_NOWAIT, count=24)
    m.run(SEC)
    pages = m.results
    m.vm.nr_fixed -= 24
    m.arrays["e"]["check_every"] = 1 << 40
    for i, page in enumerate(pages):
        m.call("free_hot_cold_page", page)
        assert pcp.count == (i + 1 if i < 15 else 8 + (i - 15) % 8), i
    assert m.zone.free == free - 24 + 8 * ((24 - 16) // 8 + 1)


def test_a_page_is_not_freed_twice():
    m = SmallMachine()
    m.call("free_hot_cold_page", m.zone.free_head)
    assert m.sim.run(SEC) == "error"


def test_lowmem_reserve_keeps_the_small_zone_for_those_who_need_it():
    zones = [{"name": "DMA", "managed": "4MiB"}, {"name": "DMA32", "managed": "400MiB"}]
    m = SmallMachine(machine={"zone": zones, "cpus": 1})
    dma, dma32 = m.k.zones[1], m.k.zones[2]
    assert dma.reserve_2 == dma32.managed // 256 == 400
    m.lose_free_pages(dma32.wmark_min, z=2)
    m.lose_free_pages(dma.wmark_min + 410, z=1)
    m.job(OP_ALLOC_PAGE, GFP_NOWAIT, count=20)
    m.run(SEC)
    assert dma.free == dma.wmark_min + 400
    m.job(OP_ALLOC_PAGE, GFP_NOWAIT | DMA, count=20)
    m.run(2 * SEC)
    assert dma.free == dma.wmark_min + 400 - 20


def test_kswapd_is_woken_when_the_low_mark_fails_and_only_by_those_who_may():
    for mask, woken in ((GFP_NOWAIT, True), (HIGH, False)):
        m = SmallMachine().run(300 * MS)  # kswapd has gone to sleep
        m.lose_free_pages(m.zone.wmark_low)
        m.job(OP_ALLOC_PAGE, mask)
        m.run(400 * MS)
        assert bool(m.traced(mm_vmscan_wakeup_kswapd)) == woken


def short(anon="8MiB", write="1s"):
    """A machine at its min mark whose only hope is to write anonymous memory to a slow disk."""
    disk = {"name": "vda", "read": write, "write": write, "bandwidth": "100MB/s", "parallelism": 1, "tags": 1}
    m = SmallMachine(machine={"start": {"active_anon": anon}}, disk=[disk])
    return m.lose_free_pages(m.zone.wmark_min)


def test_noretry_is_one_round_of_reclaim_and_no_oom_kill():
    m = short()
    m.job(OP_ALLOC_PAGE, GFP_KERNEL | NORETRY)
    m.run(SEC)
    assert len(m.traced(mm_vmscan_direct_reclaim_begin)) == 1 and m.vm.oom_kill == 0


def test_whoever_may_reclaim_and_retry_comes_back_with_a_page_however_slow_the_disk():
    m = short("2MiB", "5ms")
    m.job(OP_ALLOC_PAGE, GFP_KERNEL)
    m.run(20 * SEC)
    assert m.results[0] and m.vm.oom_kill == 0 and m.done[0][3] > 20 * MS


def test_a_reclaimer_does_not_reclaim():
    m = short().lose_free_pages(0)
    m.job(OP_ALLOC_PAGE, GFP_KERNEL, pf_flags=PF_MEMALLOC)
    m.run(500 * MS)
    assert m.results == [0] and m.vm.allocstall == 0


def test_drain_all_pages_empties_the_lists_of_all_cpus_into_the_zone():
    m = SmallMachine(machine={"cpus": 2})
    free = m.zone.free
    lists = [batches(m, cpu=cpu) for cpu in (0, 1)]
    for cpu in (0, 1):
        m.job(OP_ALLOC_PAGE, GFP_NOWAIT, cpu=cpu)
    m.run(MS)
    assert [pcp.count for pcp in lists] == [30, 30] and m.zone.free == free - 62
    m.call("drain_all_pages")
    assert [pcp.count for pcp in lists] == [0, 0] and m.zone.free == free - 2
