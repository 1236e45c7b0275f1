"""Slab caches: where objects come from, where they go back to, and when that takes a page or gives one."""

import pytest
from mm_lab import MS, OP_SLAB_ALLOC, SmallMachine

from gfplab.kernel.gfp import __GFP_NOMEMALLOC, __GFP_NORETRY, GFP_KERNEL, GFP_NOIO, GFP_NOWAIT

OBJS = 16  # of a slab of 256-byte objects


class Cache(SmallMachine):
    """A machine, and bio-0 as the cache to look at."""

    def __init__(self, name="bio-0", **options):
        super().__init__(**options)
        self.index = self.layout.caches.index(name)
        self.cache = self.k.caches[self.index]

    def cpu(self, c):
        return self.k.cpu_slabs[self.index * self.k.e[0].ncpus + c]

    def take(self, n=1, mask=GFP_NOWAIT, cpu=-1):
        """Objects (the pages of their slabs), taken by a task on that CPU."""
        before = len(self.done)
        self.job(OP_SLAB_ALLOC, self.index, mask, count=n, cpu=cpu)
        self.run(self.k.e[0].now + MS)
        return self.results[before:]

    def free(self, objects, cpu=0):
        for page in objects:
            self.call("kmem_cache_free", self.index, page, cpu)


@pytest.fixture
def m():
    """The two bios of fs_bio_set's reserve are of the first slab; the other 14 objects of it are free."""
    return Cache()


def test_a_burst_of_objects_takes_a_page_for_every_sixteen(m):
    m.take(14)
    slabs, free = m.cache.nr_slabs, m.zone.free
    m.take(OBJS * 5)
    assert (m.cache.nr_slabs, m.zone.free) == (slabs + 5, free - 5)
    assert m.cache.nr_active == 2 + 14 + OBJS * 5


def test_an_object_can_be_had_below_min_where_a_page_cannot(m):
    m.take()
    left = m.cpu(0).freelist
    m.lose_free_pages(m.zone.wmark_min)
    assert left > 0 and all(m.take(left))
    assert m.take() == [0]


def test_the_free_list_of_a_cpu_is_its_own(m):
    m = Cache(machine={"cpus": 2})
    m.take(cpu=0)
    slabs = m.cache.nr_slabs
    m.take(cpu=1)
    assert m.cache.nr_slabs == slabs + 1 and m.cpu(0).page != m.cpu(1).page


def test_an_object_of_the_current_slab_returns_to_the_list_of_the_cpu(m):
    (page,) = m.take()
    left = m.cpu(0).freelist
    m.free([page])
    assert m.cpu(0).freelist == left + 1


def test_an_object_freed_on_another_cpu_waits_in_its_slab_until_the_owner_has_none_left():
    m = Cache(machine={"cpus": 2})
    (page,) = m.take(cpu=0)
    m.free([page], cpu=1)
    left = m.cpu(0).freelist
    assert m.arrays["page_private"][page] == 1
    assert m.take(left + 1, cpu=0) == [page] * (left + 1)
    assert m.arrays["page_private"][page] == 0


def test_a_full_slab_of_which_an_object_is_freed_becomes_a_partial_slab_of_that_cpu(m):
    m.take(14)
    objects = m.take(OBJS * 2)
    m.free(objects[:1])
    assert (m.cpu(0).npartial, m.cpu(0).partial, m.cpu(0).pobjects) == (1, objects[0], 1)


def test_partial_slabs_serve_before_a_new_page_is_taken(m):
    m.take(14)
    objects = m.take(OBJS * 3)
    m.free(objects[:OBJS])
    free = m.zone.free
    assert m.take(OBJS) == objects[:OBJS] and m.zone.free == free


def test_a_cpu_keeps_few_partial_objects_and_passes_the_rest_on_to_the_node(m):
    m.take(14)
    objects = m.take(OBJS * 20)
    m.free(objects[::OBJS][:19])
    assert m.cache.cpu_partial == 13 and m.cpu(0).pobjects <= 14
    assert m.cache.nr_partial > 0


def test_empty_slabs_beyond_what_the_node_keeps_are_given_back_as_pages(m):
    m.take(14)
    objects = m.take(OBJS * 40)
    assert m.cache.nr_slabs == 41
    m.free(objects)
    # a partial slab counts on its CPU by what it had free when it came there
    assert m.cache.nr_partial == m.cache.min_partial == 5 and m.cpu(0).npartial <= 14
    assert m.cache.nr_slabs == 5 + m.cpu(0).npartial + 2  # the current one, and the one of the reserve
    m.run(2 * MS + m.k.e[0].now)


def test_without_the_right_to_sleep_no_slab_is_made_below_the_mark(m):
    m.take(14)
    m.lose_free_pages(m.zone.wmark_min)
    assert m.take() == [0] and m.vm.allocstall == 0
    m.take(mask=GFP_KERNEL)
    assert m.vm.allocstall >= 1


@pytest.mark.parametrize("kernel", ["v4.7", "v6.1"])
@pytest.mark.parametrize(("name", "order", "rounds"), [("bio-0", 0, 2), ("radix_tree_node", 1, 1), ("bio-1", 2, 1)])
def test_a_slab_of_the_best_order_is_asked_for_with_one_try_and_then_once_more_by_the_callers_mask(
    kernel, name, order, rounds
):
    """MODEL 4.1-3: what begins above the minimum order begins without reclaim; order 0 reclaims twice (all eras)."""
    m = Cache(name, kernel=kernel)
    assert m.cache.order == order
    m.take(60, mask=GFP_NOWAIT)  # whatever objects there are
    m.vm.kswapd_failures = 16
    m.lose_free_pages(m.zone.wmark_min)
    while m.take() != [0]:
        pass
    assert m.vm.allocstall == 0
    assert m.take(mask=GFP_NOIO | __GFP_NORETRY | __GFP_NOMEMALLOC) == [0]
    assert m.vm.allocstall == rounds
