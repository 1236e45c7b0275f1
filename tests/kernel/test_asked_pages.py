"""What becomes of a page, whatever the decision `shrink_page_list` answers, and about which pages it is asked."""

import pytest
from mm_lab import MS, OP_RECLAIM, SEC, SmallMachine
from node_lab import under_writeback

from gfplab.kernel.answers import PAGE_ACTIVATE, PAGE_FREE, PAGE_KEEP, PAGE_PAGEOUT, PAGE_SOON, PAGE_WAIT
from gfplab.kernel.gfp import GFP_KERNEL, GFP_NOIO
from gfplab.kernel.types import PG_anon, PG_dirty, PG_lru, PG_reclaim, PG_swapcache, PG_writeback

BOTH = pytest.mark.parametrize("kernel", ["v4.7", "v6.1"])


def reclaimed(kernel, answer, mask=GFP_KERNEL, prepare=None, until_ns=SEC, **start):
    """A machine in which one task has reclaimed under this answer (a number, or a function), and what it was asked."""
    asked = []

    def shrink_page_list(vm, zone, task, scan, page, my):
        asked.append(page.flags)
        return answer(page) if callable(answer) else answer

    m = SmallMachine(machine={"start": start}, kernel=kernel, answers={"shrink_page_list": shrink_page_list})
    m.vm.kswapd_failures = 16
    if prepare:
        prepare(m)
    m.job(OP_RECLAIM, mask)
    m.run(until_ns)
    return m, asked


@BOTH
def test_a_page_that_may_only_be_freed_gets_a_place_in_swap_and_is_not_written(kernel):
    m, asked = reclaimed(kernel, PAGE_FREE, inactive_anon="1MiB")
    assert m.vm.nr_vmscan_write == 0 and m.results == [0]
    kept = m.pages(PG_anon | PG_swapcache | PG_dirty)
    assert 0 < len(kept) <= len(asked)


@BOTH
def test_what_the_mask_forbids_does_not_happen(kernel):
    """Without __GFP_IO there is no place in swap, whatever the policy says."""
    m, asked = reclaimed(kernel, PAGE_PAGEOUT, mask=GFP_NOIO, inactive_anon="1MiB")
    assert asked and not m.pages(PG_anon | PG_swapcache) and m.vm.nr_vmscan_write == 0


@BOTH
def test_a_direct_reclaimer_writes_no_file_page(kernel):
    """Law 15, which no answer breaks."""

    def dirty(m):
        m.arrays["page_flags"][m.pages(PG_lru)] |= PG_dirty
        m.arrays["e"]["check_every"] = 1 << 40  # nobody has counted them

    m, asked = reclaimed(kernel, PAGE_PAGEOUT, prepare=dirty, until_ns=MS, inactive_file="1MiB")
    assert asked and m.vm.nr_vmscan_write == 0


@BOTH
def test_an_activated_page_is_counted_and_nothing_is_freed(kernel):
    m, asked = reclaimed(kernel, PAGE_ACTIVATE, inactive_file="1MiB")
    assert m.results == [0] and m.vm.pgactivate == len(asked) > 0


@BOTH
def test_a_waiting_reclaimer_sleeps_until_the_write_has_ended(kernel):
    """Then it is asked about the same page again, and frees it."""

    def answer(page):
        return PAGE_WAIT if page.flags & PG_writeback else PAGE_PAGEOUT

    m, asked = reclaimed(kernel, answer, until_ns=50 * MS, inactive_anon="1MiB")
    first = [flags for flags in asked if flags & PG_writeback]
    assert first and m.vm.nr_vmscan_write > 0
    assert not any(flags & PG_dirty for flags in first)


@BOTH
def test_a_page_that_is_not_being_written_is_not_waited_for(kernel):
    m, asked = reclaimed(kernel, PAGE_WAIT, inactive_file="1MiB")
    assert asked and m.results == [0]


@BOTH
def test_soon_marks_dirty_pages_only(kernel):
    """PG_reclaim on a clean page would mean readahead."""

    def half_dirty(m):
        m.dirty = m.pages(PG_lru)[::2]
        m.arrays["page_flags"][m.dirty] |= PG_dirty
        m.arrays["e"]["check_every"] = 1 << 40  # nobody has counted them

    m, asked = reclaimed(kernel, PAGE_KEEP | PAGE_SOON, prepare=half_dirty, until_ns=MS, inactive_file="1MiB")
    marked = set(m.pages(PG_lru | PG_reclaim))
    assert asked and marked and marked <= set(m.dirty)


@pytest.mark.parametrize("one_by_one", [0, 1])
def test_v6_1_asks_about_pages_that_a_caller_can_only_keep_when_a_policy_wants_to_know(one_by_one):
    def prepare(m):
        m.vm.pages_one_by_one = one_by_one

    _, asked = reclaimed("v6.1", PAGE_KEEP, mask=GFP_NOIO, prepare=prepare, inactive_anon="1MiB")
    assert bool(asked) == bool(one_by_one)


@BOTH
def test_pages_under_writeback_are_counted_by_the_kernel(kernel):
    def writing(m):
        pages = m.pages(PG_lru)
        under_writeback(m, pages)
        m.arrays["e"]["check_every"] = 1 << 40

    m, asked = reclaimed(kernel, PAGE_KEEP, prepare=writing, until_ns=MS, inactive_file="1MiB")
    assert asked and set(m.pages(PG_lru | PG_writeback)) >= set(m.pages(PG_lru | PG_reclaim)) != set()
