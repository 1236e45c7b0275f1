"""The page allocator of v6.1: marks and rights, per-CPU lists, and the order of steps in the slow path."""

import pytest
from mm_lab import MS, OP_ALLOC_PAGE, SEC, SmallMachine

from gfplab.boot.slabs import calculate_order, cpu_partial
from gfplab.boot.watermarks import min_free_kbytes, pcp_batch_high_v6_1, zone_watermarks
from gfplab.kernel.gfp import __GFP_HIGH as HIGH
from gfplab.kernel.gfp import __GFP_MEMALLOC as MEMALLOC
from gfplab.kernel.gfp import __GFP_NOMEMALLOC as NOMEMALLOC
from gfplab.kernel.gfp import __GFP_NORETRY as NORETRY
from gfplab.kernel.gfp import GFP_ATOMIC, GFP_KERNEL, GFP_NOIO, GFP_NOWAIT, PF_MEMALLOC, TIF_MEMDIE
from gfplab.kernel.mobility_types import MIGRATE_MOVABLE, MIGRATE_PCPTYPES, ZONE_RECLAIM_ACTIVE
from gfplab.kernel.tracepoints import mm_vmscan_direct_reclaim_begin

GIB_PAGES = 262144


@pytest.mark.parametrize(
    ("gib", "batch", "high"),
    [(0.5, 31, 222), (1, 63, 315), (2, 63, 483), (4, 63, 758), (8, 63, 1221), (16, 63, 2025), (64, 63, 6085)],
)
def test_the_lists_of_four_cpus_hold_the_low_mark_between_them(gib, batch, high):
    """MODEL 19: batch and pcp high of v6.1."""
    managed = int(gib * GIB_PAGES * 0.97)
    _, low, _ = zone_watermarks([managed], min_free_kbytes(managed, "v6.1"))[0]
    assert pcp_batch_high_v6_1(managed, low, 4) == (batch, pytest.approx(high, abs=1))


def test_a_list_is_never_shorter_than_four_batches():
    assert pcp_batch_high_v6_1(GIB_PAGES, 1262, 128) == (63, 252)


def test_min_free_kbytes_ends_at_256_mib_and_in_v4_7_at_64():
    assert min_free_kbytes(1 << 40, "v6.1") == 262144 and min_free_kbytes(1 << 40) == 65536


def rig(**machine):
    """The guest of the measuring rig: one zone of 20497 pages, whose min_free_kbytes was computed before init ended."""
    zone = {"name": "DMA32", "managed": "81988KiB"}
    machine = {"zone": [zone], "pageblock_order": 10, "min_free_kbytes": 1118, **machine}
    return SmallMachine(machine=machine, kernel="v6.1", check_every=None)


def test_the_measured_guest_has_the_marks_and_lists_that_its_zoneinfo_prints():
    m = rig()
    assert m.zone.managed == 20497
    assert (m.zone.wmark_min, m.zone.wmark_low, m.zone.wmark_high) == (279, 348, 417)
    assert (m.k.pcps[1].batch, m.k.pcps[1].high) == (3, 348)
    m.call("boost_watermark", 1)
    assert m.zone.boost == 1024 and m.call("min_wmark_pages", 1) == 1303


# who: mask, task flags, what is left of the min mark (16 MiB: 128 pages) when nothing more is to be had
RIGHTS = {
    "normal": (GFP_NOWAIT, 0, 128),
    "HIGH": (GFP_NOWAIT | HIGH | NOMEMALLOC, 0, 64),
    "ATOMIC": (GFP_ATOMIC, 0, 48),
    "ATOMIC without reserves": (GFP_ATOMIC | NOMEMALLOC, 0, 64),
    "a reclaimer": (GFP_NOWAIT, PF_MEMALLOC, 0),
    "a reclaimer without reserves": (GFP_NOWAIT | NOMEMALLOC, PF_MEMALLOC, 128),
    "MEMALLOC": (GFP_NOWAIT | MEMALLOC, 0, 0),
    "an OOM victim": (GFP_NOWAIT, TIF_MEMDIE, 64),
}


def small(**machine):
    return SmallMachine(machine={"pageblock_order": 8, **machine}, kernel="v6.1")


@pytest.mark.parametrize("who", RIGHTS)
def test_the_rights_of_a_request_say_where_it_ends(who):
    mask, pf_flags, left = RIGHTS[who]
    m = small(watermark_boost_factor=0).lose_free_pages(150)
    m.job(OP_ALLOC_PAGE, mask, count=200, pf_flags=pf_flags)
    m.run(SEC)
    assert m.zone.wmark_min == 128 and m.zone.boost == 0
    assert m.zone.free == left and m.vm.allocstall == 0


def test_the_boost_raises_every_mark_but_for_atomic_requests():
    """zone_watermark_fast(): GFP_ATOMIC at the min mark is measured without the boost."""
    for mask, served in ((GFP_NOWAIT, False), (GFP_NOWAIT | HIGH | NOMEMALLOC, False), (GFP_ATOMIC, True)):
        m = small().lose_free_pages(150)
        m.zone.boost = 400
        m.vm.kswapd_failures = 16  # kswapd would be done with the boost at once
        m.job(OP_ALLOC_PAGE, mask)
        m.run(MS)
        assert bool(m.results[0]) == served, hex(mask)


def pcp_list(m, migratetype, cpu=0):
    return m.k.pcp_lists[(m.k.e[0].ncpus + cpu) * MIGRATE_PCPTYPES + migratetype]


def freed(m, n):
    """Free n pages that the kernel held."""
    pages = []
    for _ in range(n):
        pages.append(m.call("rmqueue_buddy", 1, MIGRATE_MOVABLE, 0, 0))
        m.arrays["page_flags"][pages[-1]] = 0
    for page in pages:
        m.call("free_unref_page", page)


def test_a_list_that_is_full_gives_back_twice_as_much_each_time_that_nothing_was_allocated():
    """nr_pcp_free(): batch, 2 batches, 4 batches ... at most high - batch."""
    m = small()
    pcp = m.k.pcps[1]
    pcp.batch, pcp.high = 4, 64
    counts = []
    for _ in range(4):
        while True:
            before = int(pcp.count)
            freed(m, 1)
            if pcp.count < before:
                break
        counts.append(before + 1 - int(pcp.count))
    assert counts == [4, 8, 16, 32]
    assert pcp.free_factor == 4
    m.call("rmqueue", 1, GFP_NOWAIT, 0)
    assert pcp.free_factor == 2


def test_while_kswapd_is_at_work_a_list_holds_four_batches():
    m = small()
    pcp = m.k.pcps[1]
    pcp.batch, pcp.high = 3, 160
    freed(m, 100)
    assert pcp.count == 100
    m.zone.flags |= ZONE_RECLAIM_ACTIVE
    freed(m, 1)
    assert pcp.count == 101 - 3
    for _ in range(40):
        freed(m, 1)
    assert pcp.count < 12


def test_a_list_is_refilled_by_a_batch_of_its_type_and_not_by_pages_of_another():
    m = small()
    pcp = m.k.pcps[1]
    pcp.batch = 8
    m.call("rmqueue", 1, GFP_NOWAIT, 0)
    assert pcp.count == pcp_list(m, 0).nr == 7
    m.call("rmqueue", 1, GFP_NOWAIT | 0x08, 0)
    assert pcp.count == 14 and pcp_list(m, MIGRATE_MOVABLE).nr == 7


def test_while_another_cpu_drains_a_list_its_owner_goes_to_the_buddy_lists():
    m = small(cpus=2)
    m.k.pcps[2].batch = 8
    m.call("rmqueue", 1, GFP_NOWAIT, 0)
    count, free = int(m.k.pcps[2].count), int(m.zone.free)
    m.k.pcps[2].locked_until = m.k.e[0].now + MS
    page = m.call("rmqueue", 1, GFP_NOWAIT, 0)
    assert (m.k.pcps[2].count, m.zone.free) == (count, free - 1)
    m.call("free_unref_page", page)
    assert (m.k.pcps[2].count, m.zone.free) == (count, free)


def short(anon="8MiB", write="1s"):
    """A machine at its min mark whose only hope is to write anonymous memory to a slow disk."""
    disk = {"name": "vda", "read": write, "write": write, "bandwidth": "100MB/s", "parallelism": 1, "tags": 1}
    machine = {"start": {"active_anon": anon}, "pageblock_order": 8, "watermark_boost_factor": 0}
    m = SmallMachine(machine=machine, disk=[disk], kernel="v6.1")
    return m.lose_free_pages(m.zone.wmark_min)


def test_noretry_is_one_round_of_reclaim_and_no_oom_kill():
    m = short()
    m.job(OP_ALLOC_PAGE, GFP_KERNEL | NORETRY)
    m.run(SEC)
    assert len(m.traced(mm_vmscan_direct_reclaim_begin)) == 1 and m.vm.oom_kill == 0


def test_a_reclaimer_does_not_reclaim():
    m = short().lose_free_pages(0)
    m.job(OP_ALLOC_PAGE, GFP_KERNEL, pf_flags=PF_MEMALLOC)
    m.run(500 * MS)
    assert m.results == [0] and m.vm.allocstall == 0


def test_a_request_without_fs_kills_nobody_and_one_with_it_does():
    for mask, kills in ((GFP_NOIO, 0), (GFP_KERNEL, 1)):
        m = small()
        m.k.mms[1].rss = 10
        assert m.call("out_of_memory__v6_1", 1, mask) == 1
        assert m.vm.oom_kill == kills
        m.k.mms[1].rss = 0


def test_a_victim_that_the_reaper_is_done_with_does_not_protect_the_others():
    m = small()
    m.k.mms[1].rss = 10
    m.call("out_of_memory__v6_1", 1, GFP_KERNEL)
    m.call("out_of_memory__v6_1", 2, GFP_KERNEL)
    assert m.vm.oom_kill == 1
    m.k.mms[1].oom_skip = 1
    assert m.call("out_of_memory__v6_1", 2, GFP_KERNEL) == 0, "nobody else is there"
    m.k.mms[1].rss = 0


def test_slub_likes_orders_by_objects_and_cpus_and_keeps_partial_slabs_by_number():
    """MODEL 4.1: 6, 24, 52 and 120 objects, as slabs that are half full."""
    assert [calculate_order(size, 1) for size in (192, 576, 1088, 4096)] == [0, 1, 2, 3]
    assert [cpu_partial(size, "v6.1") for size in (4096, 1024, 256, 255)] == [6, 24, 52, 120]
    m = small()
    caches = {name: m.k.caches[c] for c, name in enumerate(m.layout.caches) if name}
    assert caches["bio-0"].cpu_partial_slabs == -(-240 // 21)
    assert caches["bio-1"].cpu_partial_slabs == -(-48 // 15)
    assert caches["radix_tree_node"].reclaimable == 1 and caches["bio-0"].reclaimable == 0
