"""Slabs of several pages in v6.1 (MODEL 4.1): taken without reclaim where a free block is to be had, freed whole."""

from mm_lab import OP_SLAB_ALLOC, SEC, SmallMachine

from gfplab.kernel.gfp import __GFP_NOMEMALLOC, GFP_NOIO, PF_KTHREAD
from gfplab.kernel.types import PG_slab, PG_slab_high


def machine():
    """16 MiB of v6.1, and the index of the cache whose objects are above a kilobyte."""
    m = SmallMachine(machine={"pageblock_order": 8, "watermark_boost_factor": 0}, kernel="v6.1")
    return m, next(c for c, name in enumerate(m.layout.caches) if name == "bio-1")


def allocate(m, cache, n, mask=GFP_NOIO):
    """n objects, or 0 for each that was refused."""
    before = len(m.results)
    m.job(OP_SLAB_ALLOC, cache, mask, count=n, pf_flags=PF_KTHREAD)
    m.run(m.k.e[0].now + SEC)
    return m.results[before:]


def test_a_new_slab_is_a_block_of_the_order_that_slub_likes_best():
    m, cache = machine()
    c = m.k.caches[cache]
    assert c.order == 2 and c.objs_high == 15 and c.objs == 3
    slabs, free = m.vm.nr_slab, m.vm.nr_free
    objects = allocate(m, cache, 15)
    assert c.nr_high == 1 and m.vm.nr_slab == slabs + 4 and m.vm.nr_free == free - 4
    [head] = m.pages(PG_slab_high)
    assert objects.count(head) == 15
    assert all(m.arrays["page_flags"][head + i] & PG_slab for i in range(4))


def test_without_a_free_block_above_the_min_mark_the_slab_is_a_single_page():
    m, cache = machine()
    m.lose_free_pages(m.zone.wmark_min + 3)
    allocate(m, cache, m.k.caches[cache].objs + 1)
    assert m.k.caches[cache].nr_high == 0 and m.vm.allocstall == 0


def test_the_attempt_at_a_block_neither_reclaims_nor_goes_below_the_min_mark():
    m, cache = machine()
    m.lose_free_pages(m.zone.wmark_min)
    free = m.vm.nr_free
    assert m.call("alloc_high_slab", cache, GFP_NOIO | __GFP_NOMEMALLOC, task=1) == 0
    assert m.vm.nr_free == free and m.vm.allocstall == 0


def test_an_empty_surplus_slab_gives_its_block_back_in_one_piece():
    m, cache = machine()
    c = m.k.caches[cache]
    c.min_partial = 0
    c.cpu_partial_slabs = 0
    objects = allocate(m, cache, 40)
    assert c.nr_high == 3
    free = m.vm.nr_free
    for obj in objects:
        m.call("kmem_cache_free", cache, obj, 0)
    assert m.vm.nr_free > free and (m.vm.nr_free - free) % 4 == 0
    m.run(m.k.e[0].now + SEC)  # the invariants hold
    assert c.nr_high <= 1 + 1
