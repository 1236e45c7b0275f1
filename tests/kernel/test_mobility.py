"""Grouping by mobility in v6.1: which block is borrowed, when a pageblock changes its type, what boosts the marks."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mm_lab import MS, OP_ALLOC_PAGE, SEC, SmallMachine

from gfplab.kernel.gfp import __GFP_RECLAIMABLE as RECLAIMABLE_BIT
from gfplab.kernel.gfp import GFP_HIGHUSER_MOVABLE, GFP_NOWAIT
from gfplab.kernel.mobility_types import (
    BUDDY_ORDER_MASK,
    MAX_ORDER,
    MIGRATE_MOVABLE,
    MIGRATE_PCPTYPES,
    MIGRATE_RECLAIMABLE,
    MIGRATE_UNMOVABLE,
    ZONE_BOOSTED_WATERMARK,
)
from gfplab.kernel.tracepoints import mm_page_alloc_extfrag
from gfplab.kernel.types import PG_buddy, PG_lru

BLOCK = 256  # pages of a pageblock in these machines: a zone of 16 MiB has 16 of them
MASKS = {
    MIGRATE_UNMOVABLE: GFP_NOWAIT,
    MIGRATE_MOVABLE: GFP_HIGHUSER_MOVABLE,
    MIGRATE_RECLAIMABLE: GFP_NOWAIT | RECLAIMABLE_BIT,
}


class Blocks(SmallMachine):
    """A zone whose pageblocks a test lays out itself."""

    def __init__(self, **machine):
        machine = {"pageblock_order": 8, **machine}
        super().__init__(machine=machine, kernel="v6.1", check_every=None)

    def block(self, n):
        """The pages of pageblock n, counted from 0."""
        first = int(self.zone.start_pfn) + n * BLOCK
        return range(first, first + BLOCK)

    def type_of(self, n):
        """The migratetype of pageblock n."""
        return int(self.arrays["pageblock_type"][1 + n])

    def area(self, migratetype, order, z=1):
        """The free list of a type and order."""
        return self.k.free_areas[(z * MIGRATE_PCPTYPES + migratetype) * MAX_ORDER + order]

    def free_of(self, migratetype):
        """Free pages on the lists of a type."""
        return sum(int(self.area(migratetype, order).nr) << order for order in range(MAX_ORDER))

    def take_all(self):
        """All pages that are free leave the lists; returns them."""
        taken = []
        for migratetype in range(MIGRATE_PCPTYPES):
            while page := self.call("__rmqueue_smallest", 1, migratetype, 0):
                self.arrays["page_flags"][page] = 0
                taken.append(page)
        self.zone.free -= len(taken)
        self.vm.nr_free -= len(taken)
        self.vm.nr_fixed += len(taken)
        return taken

    def lay_out(self, free, types=None):
        """Only these pages are free; `types` says which blocks are not movable."""
        self.take_all()
        for n in range(16):
            self.arrays["pageblock_type"][1 + n] = (types or {}).get(n, MIGRATE_MOVABLE)
        self.give_free_pages(free)
        return self

    def rmqueue(self, migratetype, may_wake=0, no_fragment=0):
        """A page for a request of the type, NR_FREE_PAGES kept right."""
        page = self.call("__rmqueue", 1, migratetype, may_wake, no_fragment)
        if page:
            self.arrays["page_flags"][page] = 0
            self.call("take_free_pages", 1, 1)
            self.vm.nr_fixed += 1
        return page


def test_at_boot_kernel_memory_stands_in_blocks_of_its_own_and_the_rest_of_them_is_free_for_it():
    """1 MiB of kernel and a mempool element or two begin two blocks; all others are movable."""
    m = Blocks()
    assert [m.type_of(n) for n in range(16)] == [MIGRATE_UNMOVABLE] * 2 + [MIGRATE_MOVABLE] * 14
    assert m.free_of(MIGRATE_UNMOVABLE) == 2 * BLOCK - (m.zone.managed - m.zone.free)
    assert m.free_of(MIGRATE_MOVABLE) == 14 * BLOCK
    assert m.zone.boost == 0 and m.call("check_free_areas") == 0


def test_what_the_kernel_holds_at_boot_stands_in_blocks_of_each_type():
    """Of 1 MiB, 100 pages of reclaimable slabs and 50 that programs have locked; the rest of a block is for more."""
    m = Blocks(start={"kernel_reclaimable": "100 pages", "kernel_movable": "50 pages"})
    assert m.free_of(MIGRATE_RECLAIMABLE) == BLOCK - 100
    assert m.free_of(MIGRATE_MOVABLE) % BLOCK == BLOCK - 50
    assert m.vm.nr_fixed == 256 and m.call("check_free_areas") == 0


def test_a_machine_of_fewer_than_five_pageblocks_does_not_group():
    m = Blocks(pageblock_order=10)
    assert m.vm.group_by_mobility == 0
    assert m.call("gfp_migratetype", GFP_HIGHUSER_MOVABLE) == MIGRATE_UNMOVABLE
    assert m.free_of(MIGRATE_UNMOVABLE) == m.zone.free


@pytest.mark.parametrize("migratetype", MASKS)
def test_the_mask_says_the_mobility(migratetype):
    assert Blocks().call("gfp_migratetype", MASKS[migratetype]) == migratetype


def test_pages_that_are_freed_merge_with_their_buddies_up_to_the_largest_block():
    m = Blocks().lay_out([])
    for page in reversed(m.block(3)):
        m.give_free_pages([page])
    assert m.area(MIGRATE_MOVABLE, 8).nr == 1 and m.area(MIGRATE_MOVABLE, 8).head == m.block(3)[0]
    assert m.call("check_free_areas") == 0


def test_a_request_is_split_from_the_smallest_block_of_its_type():
    m = Blocks().lay_out([*m_block(2, 8), *m_block(5, 64)])
    page = m.rmqueue(MIGRATE_MOVABLE)
    assert page == m.block(2)[0]
    assert [m.area(MIGRATE_MOVABLE, order).nr for order in range(7)] == [1, 1, 1, 0, 0, 0, 1]


def m_block(n, pages, start=0):
    """The first pages of pageblock n of a zone that begins at page 1."""
    first = 1 + n * BLOCK + start
    return range(first, first + pages)


def test_a_whole_free_block_changes_hands_without_a_boost():
    """Taking ownership of a block of at least a pageblock is no fragmentation."""
    m = Blocks().lay_out([*m_block(4, BLOCK), *m_block(6, 16)])
    assert m.rmqueue(MIGRATE_UNMOVABLE, may_wake=1) == m.block(4)[0]
    assert m.type_of(4) == MIGRATE_UNMOVABLE and m.zone.boost == 0 and m.zone.flags & ZONE_BOOSTED_WATERMARK == 0


def test_an_unmovable_request_takes_the_largest_block_boosts_the_marks_and_claims_what_is_half_its_own():
    """Free pages and those that are in use but not movable together make half a block: the block is claimed."""
    m = Blocks().lay_out([*m_block(4, 64), *m_block(6, 16)])  # the other 192 pages of block 4 are the kernel's
    low = m.call("low_wmark_pages", 1)
    page = m.rmqueue(MIGRATE_UNMOVABLE, may_wake=1)
    assert page == m.block(4)[0] and m.type_of(4) == MIGRATE_UNMOVABLE
    assert m.free_of(MIGRATE_UNMOVABLE) == 63 and m.free_of(MIGRATE_MOVABLE) == 16
    assert m.zone.boost == BLOCK == m.call("low_wmark_pages", 1) - low
    assert m.zone.flags & ZONE_BOOSTED_WATERMARK
    assert m.vm.extfrag == 1 and len(m.traced(mm_page_alloc_extfrag)) == 1


def test_a_block_full_of_movable_pages_lends_its_free_pages_and_keeps_its_type():
    m = Blocks().lay_out(m_block(4, 64))
    for page in m_block(4, 192, start=64):
        m.arrays["page_flags"][page] = PG_lru
    m.rmqueue(MIGRATE_UNMOVABLE)
    assert m.type_of(4) == MIGRATE_MOVABLE and m.free_of(MIGRATE_UNMOVABLE) == 63
    m.give_free_pages([m.block(4)[0]])
    assert m.free_of(MIGRATE_MOVABLE) == 64, "the freed page goes to its block's type, and its free buddies with it"
    for page in m_block(4, 192, start=64):
        m.arrays["page_flags"][page] = 0


def test_a_movable_request_claims_only_where_a_large_run_is_free_and_takes_the_smallest_block_otherwise():
    """Half the order of a pageblock is large."""
    types = {4: MIGRATE_UNMOVABLE, 6: MIGRATE_UNMOVABLE}
    m = Blocks().lay_out([*m_block(4, 8), *m_block(6, 2)], types)
    assert m.rmqueue(MIGRATE_MOVABLE) == m.block(6)[0]
    assert m.free_of(MIGRATE_UNMOVABLE) == 8 and m.free_of(MIGRATE_MOVABLE) == 1
    m = Blocks().lay_out([*m_block(4, 16), *m_block(6, 2)], types)
    assert m.rmqueue(MIGRATE_MOVABLE) == m.block(4)[0]
    assert m.free_of(MIGRATE_UNMOVABLE) == 2 and m.type_of(4) == MIGRATE_UNMOVABLE


def test_between_unmovable_and_reclaimable_only_free_pages_count_for_a_claim():
    for free, claimed in ((127, False), (128, True)):
        m = Blocks().lay_out(m_block(4, free), {4: MIGRATE_RECLAIMABLE})
        m.rmqueue(MIGRATE_UNMOVABLE)
        assert (m.type_of(4) == MIGRATE_UNMOVABLE) == claimed, free


def test_unmovable_borrows_from_reclaimable_first_and_movable_does_too():
    for asks, lends in ((MIGRATE_UNMOVABLE, 5), (MIGRATE_MOVABLE, 5), (MIGRATE_RECLAIMABLE, 6)):
        types = {4: MIGRATE_MOVABLE, 5: MIGRATE_RECLAIMABLE, 6: MIGRATE_UNMOVABLE}
        m = Blocks().lay_out([*m_block(4, 16), *m_block(5, 16), *m_block(6, 16)], types)
        while m.free_of(asks):
            m.rmqueue(asks)
        assert m.rmqueue(asks) in m.block(lends)


def test_the_boost_is_capped_and_refused_in_a_zone_of_less_than_four_blocks_or_with_factor_0():
    m = Blocks(watermark_boost_factor=30000)
    for _ in range(5):
        m.call("boost_watermark", 1)
    assert m.zone.boost == max(m.zone.wmark_high * 3, BLOCK)
    small = {"pageblock_order": 10, "zone": [{"name": "DMA32", "managed": "12MiB"}]}
    for machine in ({"watermark_boost_factor": 0}, small):
        m = Blocks(**machine)
        assert m.call("boost_watermark", 1) == 0 and m.zone.boost == 0


def test_without_fragmentation_only_whole_blocks_are_borrowed():
    """ALLOC_NOFRAGMENT, as the fast path asks of a zone above DMA32."""
    m = Blocks().lay_out(m_block(4, 255))
    assert m.rmqueue(MIGRATE_UNMOVABLE, no_fragment=1) == 0 and m.zone.boost == 0
    m.lay_out(m_block(4, 256))
    assert m.rmqueue(MIGRATE_UNMOVABLE, no_fragment=1)


def test_an_allocation_that_finds_the_boost_flag_clears_it():
    m = Blocks().lay_out([*m_block(4, BLOCK // 2), *m_block(8, 8 * BLOCK)])
    m.zone.flags |= ZONE_BOOSTED_WATERMARK
    assert m.call("rmqueue", 1, GFP_NOWAIT & ~GFP_NOWAIT, 0) and m.zone.flags & ZONE_BOOSTED_WATERMARK
    assert m.call("rmqueue", 1, GFP_NOWAIT, 0) and m.zone.flags & ZONE_BOOSTED_WATERMARK == 0


def test_kernel_memory_that_grows_while_movable_memory_is_full_boosts_the_marks():
    """The storm in small: movable pages everywhere, a few free in each block, then unmovable requests."""
    m = Blocks()
    free = [page for n in range(2, 16) for page in m_block(n, 24)]
    m.lay_out(free, {0: MIGRATE_UNMOVABLE, 1: MIGRATE_UNMOVABLE})
    for n in range(2, 16):
        for page in m_block(n, BLOCK - 24, start=24):
            m.arrays["page_flags"][page] = PG_lru
    m.vm.kswapd_failures = 16  # kswapd would be done with the boost at once
    m.job(OP_ALLOC_PAGE, GFP_NOWAIT, count=4)
    m.run(10 * MS)
    assert m.zone.boost == BLOCK
    assert m.call("min_wmark_pages", 1) == m.zone.wmark_min + m.zone.boost > m.zone.free
    m.job(OP_ALLOC_PAGE, GFP_NOWAIT, count=4)
    m.run(SEC)
    assert m.results[-1] == 0, "pages are free, but below the boosted mark"
    for page in m.pages(PG_lru):
        m.arrays["page_flags"][page] = 0


STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(sorted(MASKS)), st.integers(1, 40)),
        st.tuples(st.just("free"), st.integers(0, 1 << 20), st.integers(1, 60)),
        st.tuples(st.just("drain")),
    ),
    max_size=60,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=STEPS, leave=st.sampled_from([40, 300, 3800]))
def test_whatever_is_allocated_and_freed_every_page_is_on_one_list_and_all_counts_are_right(steps, leave):
    m = Blocks()
    m.lose_free_pages(leave)
    held = []
    for step in steps:
        if step[0] == "drain":
            m.call("drain_all_pages")
        elif step[0] == "free":
            for _ in range(min(step[2], len(held))):
                m.call("free_unref_page", held.pop(step[1] % len(held)))
                m.vm.nr_fixed -= 1
        else:
            for _ in range(step[1]):
                page = m.call("rmqueue", 1, MASKS[step[0]], 0)
                if page:
                    assert m.arrays["page_flags"][page] == 0 and page not in held
                    held.append(page)
                    m.vm.nr_fixed += 1
        assert m.call("check_invariants") == 0
        assert m.call("check_free_areas") == 0
    on_lists = int((m.arrays["page_flags"] & PG_buddy != 0).sum())
    assert on_lists == m.zone.free == sum(m.free_of(migratetype) for migratetype in range(MIGRATE_PCPTYPES))
    assert ((m.arrays["page_buddy"] & BUDDY_ORDER_MASK) <= MAX_ORDER).all()
    assert m.zone.free + m.k.pcps[1].count + len(held) == leave
