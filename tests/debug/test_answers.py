"""An answer is shown as a policy's author would write or say it."""

import pytest

from gfplab import ALLOC, FAIL, RESERVE, WAIT
from gfplab.debug.answers import answer_words, field_words
from gfplab.kernel import gfp
from gfplab.kernel.answers import PAGE_KEEP, PAGE_SOON, SLOWPATH_OOM, WQ_RESCUE
from gfplab.kernel.steps import STEP_BAIL_OUT, STEP_LESS_THROTTLE


@pytest.mark.parametrize(
    ("decision", "answer", "words"),
    [
        ("mempool_step", ALLOC(gfp.GFP_NOIO), "ALLOC(GFP_NOIO)"),
        ("mempool_step", ALLOC(gfp.GFP_NOIO) | STEP_LESS_THROTTLE, "ALLOC(GFP_NOIO)|STEP_LESS_THROTTLE"),
        ("mempool_step", ALLOC(0) | STEP_BAIL_OUT, "ALLOC(none)|STEP_BAIL_OUT"),
        ("mempool_step", WAIT(5_000_000_000), "WAIT(5 s)"),
        ("mempool_step", RESERVE, "RESERVE"),
        ("mempool_step", FAIL, "FAIL"),
        ("mempool_step", 0, "0, which is no step"),
        ("mempool_step", -3, "-3, which is no step"),
        ("gfp_to_alloc_flags", gfp.ALLOC_WMARK_MIN, "ALLOC_WMARK_MIN"),
        ("gfp_to_alloc_flags", gfp.ALLOC_WMARK_LOW | gfp.ALLOC_HIGH, "ALLOC_WMARK_LOW|ALLOC_HIGH"),
        ("gfp_to_alloc_flags", gfp.ALLOC_NO_WATERMARKS | 0x100, "ALLOC_WMARK_MIN|ALLOC_NO_WATERMARKS|0x100"),
        ("throttle_vm_writeout", 0, "go on"),
        ("throttle_vm_writeout", 100_000_000, "sleep 100 ms"),
        ("throttle_direct_reclaim", -1, "sleep until woken"),
        ("mempool_free", 1, "the reserve"),
        ("mempool_free", 0, "the allocator"),
        ("too_many_isolated", 1, "wait"),
        ("inflight_gate", 1, "admit"),
        ("mempool_magazine", 8, "8"),
        ("wakeup_kswapd", 1, "wake it"),
        ("zone_balanced", 0, "go on"),
        ("wq_dispatch", WQ_RESCUE, "WQ_RESCUE"),
        ("shrink_page_list", PAGE_KEEP | PAGE_SOON, "PAGE_KEEP|PAGE_SOON"),
        ("should_reclaim_retry", SLOWPATH_OOM, "SLOWPATH_OOM"),
        ("should_reclaim_retry", 100_000_000, "nap 100 ms"),
        ("balance_dirty_pages", 1_000_000, "sleep 1 ms"),
    ],
)
def test_an_answer_in_words(decision, answer, words):
    assert answer_words(decision, answer) == words


def test_a_mask_among_the_fields_is_shown_by_its_names():
    assert field_words("call.full", gfp.GFP_NOIO | gfp.MEMPOOL_EXTRA) == (
        "GFP_NOIO|__GFP_NOWARN|__GFP_NORETRY|__GFP_NOMEMALLOC"
    )
    assert field_words("pool.curr_nr", 3) == "3"
