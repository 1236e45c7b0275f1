"""What does each proposal of July 2016 do, step by step? A(T): attempt without reclaim, A(F): with it, R: reserve."""

import pytest

from gfplab.kernel.gfp import (
    __GFP_DIRECT_RECLAIM,
    __GFP_IO,
    __GFP_NOMEMALLOC,
    GFP_KERNEL,
    GFP_NOIO,
    GFP_NOWAIT,
    MEMPOOL_EXTRA,
    PF_LESS_THROTTLE,
    PF_MEMALLOC,
    TIF_MEMDIE,
    gfp_names,
)
from gfplab.units import MSEC, SEC

FULL = GFP_NOIO | MEMPOOL_EXTRA
OPTIMISTIC = FULL & ~(__GFP_DIRECT_RECLAIM | __GFP_IO)
T_RIGHTS = (
    f"A({gfp_names(OPTIMISTIC & ~__GFP_NOMEMALLOC)})"  # the same attempts with the page allocator's reserves open
)
F_RIGHTS = f"A({gfp_names(FULL & ~__GFP_NOMEMALLOC)})"


# mempool_4_7_0


def test_an_empty_pool_opens_the_page_allocators_reserves(steps_of):
    """v4.7.0 drops __GFP_NOMEMALLOC whenever no element is free: with PF_MEMALLOC that means no watermarks."""
    expected = f"{T_RIGHTS} R {F_RIGHTS} R W {F_RIGHTS} R W"
    assert steps_of("mempool_4_7_0", GFP_NOIO, pf_flags=PF_MEMALLOC, limit=8) == expected


def test_a_pool_with_elements_keeps_the_reserves_closed(steps_of):
    """While an element is free the attempt obeys the watermarks, as in every other kernel."""
    assert steps_of("mempool_4_7_0", GFP_NOIO, reserve=1) == "A(T) R"
    assert steps_of("mempool_4_7_0", GFP_NOIO, returned=lambda wait: 1).endswith("W A(F) R")


# hocko_rfc and flag_only


@pytest.mark.parametrize("name", ["hocko_rfc", "flag_only"])
def test_attempts_of_a_caller_that_may_sleep_carry_less_throttle(steps_of, name):
    """The program is the stock one; the flag is set while the allocator runs, and not for GFP_NOWAIT."""
    assert steps_of(name, GFP_NOIO, limit=6) == "A(T)! R A(F)! R W A(F)!"
    assert steps_of(name, GFP_NOWAIT) == "A(T) R FAIL"


@pytest.mark.parametrize("name", ["hocko_rfc", "flag_only"])
def test_only_an_oom_victim_with_an_empty_pool_gets_the_reserves(steps_of, name):
    """Not a PF_MEMALLOC caller, and not a victim that finds an element; a tunable takes the exception back."""
    assert steps_of(name, GFP_NOIO, pf_flags=TIF_MEMDIE, limit=3) == f"{T_RIGHTS}! R {F_RIGHTS}!"
    assert steps_of(name, GFP_NOIO, pf_flags=TIF_MEMDIE, reserve=1) == "A(T)! R"
    assert steps_of(name, GFP_NOIO, pf_flags=PF_MEMALLOC, limit=3) == "A(T)! R A(F)!"
    off = {"victim_reserves": False}
    assert steps_of(name, GFP_NOIO, off, pf_flags=TIF_MEMDIE, limit=3) == "A(T)! R A(F)!"


def test_hockos_second_patch_lets_the_flag_pass_throttle_vm_writeout(answer):
    """Everybody else naps as before."""
    ask = answer("hocko_rfc", "throttle_vm_writeout")
    storm = dict(vm=dict(nr_writeback=13652), scan=dict(limit=2215))
    assert ask(**storm, task=dict(pf_flags=PF_LESS_THROTTLE)) == 0
    assert ask(**storm) == 100 * MSEC
    assert answer("hocko_rfc", "throttle_vm_writeout", nap="1ms")(**storm) == 1 * MSEC


def test_the_flag_only_attempt_leaves_the_throttle_alone(plugins):
    """That is why it froze as well."""
    assert plugins["flag_only"].decisions == ("mempool_step",)


# neil_mask


def test_direct_reclaim_is_masked_out_for_good(steps_of):
    """Attempt, reserve, wait, and again: no attempt can be throttled, for none reclaims."""
    assert steps_of("neil_mask", GFP_NOIO, limit=8) == "A(T) R W A(T) R W A(T) R"
    assert steps_of("neil_mask", GFP_KERNEL, limit=5) == "A(T) R W A(T) R"
    assert steps_of("neil_mask", GFP_NOWAIT) == "A(T) R FAIL"


def test_with_direct_reclaim_kept_the_attempts_are_full_ones(steps_of):
    """The tunable reaches from Neil Brown's program almost to the stock one."""
    keep = {"keep": "__GFP_DIRECT_RECLAIM|__GFP_KSWAPD_RECLAIM"}
    assert steps_of("neil_mask", GFP_NOIO, keep, limit=4) == "A(F) R W A(F)"
    assert steps_of("neil_mask", GFP_NOWAIT, keep) == "A(T) R FAIL"


def test_an_added_flag_is_in_every_attempt(steps_of):
    """__GFP_HIGH opens half of the min watermark to a pool's users."""
    words = steps_of("neil_mask", GFP_NOIO, {"add": "__GFP_HIGH"}, limit=1)
    assert "__GFP_HIGH" in words and "DIRECT" not in words


# pool_first


def test_the_reserve_comes_before_the_allocator(steps_of):
    """Every call takes the pool's lock, and the allocator is asked without reclaim only."""
    assert steps_of("pool_first", GFP_NOIO, reserve=1) == "R"
    assert steps_of("pool_first", GFP_NOIO, limit=8) == "R A(T) W R A(T) W R A(T)"
    assert steps_of("pool_first", GFP_NOWAIT) == "R A(T) FAIL"


def test_spare_elements_are_left_until_the_allocator_has_failed(steps_of):
    """With spare=4 the last four elements are for those whom the allocator cannot serve."""
    spare = {"spare": 4}
    assert steps_of("pool_first", GFP_NOIO, spare, reserve=5) == "R"
    assert steps_of("pool_first", GFP_NOIO, spare, reserve=4) == "A(T) R"
    assert steps_of("pool_first", GFP_NOIO, spare, reserve=4, allocator_succeeds=lambda n: True) == "A(T)"
    assert steps_of("pool_first", GFP_NOIO, spare, limit=6) == "A(T) R W R A(T) W"


# linux_4_9


def test_v4_9_never_throttles_for_writeback(answer, plugins):
    """And is v4.7 in everything else."""
    ask = answer("linux_4_9", "throttle_vm_writeout")
    assert ask(vm=dict(nr_writeback=1 << 30), scan=dict(limit=0)) == 0
    assert plugins["linux_4_9"].decisions == ("throttle_vm_writeout",)


# all


@pytest.mark.parametrize("name", ["mempool_4_7_0", "hocko_rfc", "flag_only", "neil_mask", "pool_first"])
def test_by_default_the_wait_is_five_seconds(answer, name):
    """As in every kernel since 2.6.18."""
    call = dict(attempts=2, waits=0, steps=4, may_sleep=1, full=FULL, optimistic=OPTIMISTIC)
    assert answer(name, "mempool_step")(call=call | dict(last=2)) == 3 | 5 * SEC << 8


@pytest.mark.parametrize("name", ["hocko_rfc", "flag_only", "neil_mask", "pool_first"])
def test_the_timeout_is_the_tunable(answer, name):
    """After an empty reserve and enough attempts, every one of them waits that long."""
    call = dict(attempts=2, waits=0, steps=4, may_sleep=1, full=FULL, optimistic=OPTIMISTIC)
    step = answer(name, "mempool_step", timeout="250ms")(call=call | dict(last=2))
    assert step == 3 | 250 * MSEC << 8
