"""What do the other proposals do, step by step? Marks of an attempt: ~ no throttle, ^ bails out, ' light reclaim."""

import pytest

from gfplab.kernel.gfp import (
    __GFP_IO,
    GFP_KERNEL,
    GFP_NOIO,
    GFP_NOWAIT,
    MEMPOOL_EXTRA,
    PF_KSWAPD,
    PF_KTHREAD,
    PF_LESS_THROTTLE,
)
from gfplab.kernel.steps import STEP_SHIFT
from gfplab.policy.select import stock_plugin
from gfplab.units import MSEC, SEC

FULL = GFP_NOIO | MEMPOOL_EXTRA
PROGRAMS = {
    "neil_while": "A(T) R W A(F) R W A(F) R",
    "transient": "A(T)~ R A(F)~ R W A(F)~ R W",
    "bail_out": "A(T)^ R A(F)^ R W A(F)^ R W",
    "light_reclaim": "A(T) R A(F)' R W A(F)' R W",
    "reserve_first": "R A(T) R A(F) R W A(F) R",
    "pool_first_percpu": "R A(T) W R A(T) W R A(T)",
    "adaptive_wait": "A(T) R A(F) R W R A(F) R",
}
WAITING = [*PROGRAMS]


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_program_when_no_memory_is_found(steps_of, name):
    """MODEL 13.2, to the letter."""
    assert steps_of(name, GFP_NOIO, limit=8) == PROGRAMS[name]


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_caller_that_may_not_sleep_gets_its_answer_at_once(steps_of, name):
    """No attempt of GFP_NOWAIT may reclaim, and there is no wait."""
    words = steps_of(name, GFP_NOWAIT).split()
    assert words[-1] == "FAIL" and "W" not in words and not any(word.startswith("A(F)") for word in words)
    assert steps_of(name, GFP_NOWAIT | __GFP_IO, limit=20).endswith("FAIL")


@pytest.mark.parametrize("name", PROGRAMS)
def test_an_element_in_the_reserve_ends_the_call_before_any_reclaim(steps_of, name):
    """True of every proposal of the thread, whatever else it changes."""
    assert steps_of(name, GFP_KERNEL, reserve=1).split()[-1] == "R"
    assert "A(F)" not in steps_of(name, GFP_KERNEL, reserve=1)


@pytest.mark.parametrize("name", sorted({*WAITING} - {"adaptive_wait"}))
def test_the_longest_wait_is_a_tunable_and_five_seconds(answer, name):
    """As in every kernel since 2.6.18."""
    call = dict(last=1 if name == "pool_first_percpu" else 2, attempts=2, may_sleep=1, full=FULL, optimistic=FULL)
    assert answer(name, "mempool_step")(call=call) == 3 | 5 * SEC << STEP_SHIFT
    assert answer(name, "mempool_step", timeout="250ms")(call=call) == 3 | 250 * MSEC << STEP_SHIFT


def test_a_woken_task_may_look_into_the_reserve_first(steps_of):
    """What half of Neil Brown's complaint is about."""
    assert steps_of("neil_while", GFP_NOIO, {"reserve_first": True}, limit=9) == "A(T) R W R A(F) R W R A(F)"
    assert steps_of("neil_while", GFP_NOIO, {"reserve_first": True}, returned=lambda n: 1) == "A(T) R W R"


def test_reserve_first_with_other_numbers(steps_of):
    """Without reclaim it is policy 5 of the rig; with after_wait, a woken task begins as a new one does."""
    off = {"reclaim": False}
    assert steps_of("reserve_first", GFP_NOIO, off, limit=9) == "R A(T) R W A(T) R W A(T) R"
    assert steps_of("reserve_first", GFP_NOIO, {"after_wait": True}, limit=10) == "R A(T) R A(F) R W R A(F) R W"
    assert steps_of("reserve_first", GFP_NOIO, off | {"after_wait": True}, limit=8) == "R A(T) R W R A(T) R W"


def test_magazines_never_hold_more_than_half_a_small_reserve(answer):
    """fs_bio_set has two elements: one a CPU at most."""
    ask = answer("pool_first_percpu", "mempool_magazine")
    assert [ask(pool=dict(min_nr=n)) for n in (1, 2, 16, 256)] == [0, 1, 8, 8]
    assert answer("pool_first_percpu", "mempool_magazine", elements=16)(pool=dict(min_nr=256)) == 16


def test_the_adaptive_policy_takes_what_has_been_quicker(answer):
    """Reclaim that pays half of the time counts double; waiters share what comes back; nothing out, nothing back."""
    call = dict(last=2, attempts=1, may_sleep=1, full=FULL, optimistic=GFP_NOWAIT | MEMPOOL_EXTRA)
    ask = answer("adaptive_wait", "mempool_step", explore=1024)
    quick = dict(outstanding=16, return_interval=10_000, reclaim_ns=1_000_000, reclaim_yield=1000)
    reclaim = 1 | FULL << STEP_SHIFT
    assert ask(call=call, pool=quick) == 3 | 1 * MSEC << STEP_SHIFT
    assert ask(call=call, pool=quick | dict(outstanding=0)) == reclaim
    assert ask(call=call, pool=quick | dict(nr_waiters=200)) == reclaim
    assert ask(call=call, pool=quick | dict(return_interval=1_500_000)) == reclaim
    assert ask(call=call, pool=quick | dict(return_interval=1_500_000, reclaim_yield=500)) & 7 == 3
    assert answer("adaptive_wait", "mempool_step", explore=2)(call=call, pool=quick) & 7 == 3


def test_the_adaptive_policy_tries_the_other_way_now_and_then(answer):
    """With explore=2 every second choice goes against the account."""
    call = dict(last=2, attempts=1, may_sleep=1, full=FULL, optimistic=GFP_NOWAIT | MEMPOOL_EXTRA)
    ask = answer("adaptive_wait", "mempool_step", explore=2)
    quick = dict(outstanding=16, return_interval=10_000, reclaim_ns=1_000_000, reclaim_yield=1000)
    assert [ask(call=call, pool=quick) & 7 for _ in range(4)] == [3, 1, 3, 1]


def test_the_cap_on_swap_pages_in_flight(answer):
    """Its own number and the device's, whichever is lower."""
    ask = answer("inflight_cap", "inflight_gate", pages=256)
    assert [ask(crypt=dict(swap_bios_out=n)) for n in (255, 256)] == [1, 0]
    assert [ask(crypt=dict(swap_bios_out=n, swap_bios=64)) for n in (63, 64)] == [1, 0]


STORM = dict(vm=dict(nr_writeback=5000, era=61), scan=dict(limit=4472))


def test_the_throttle_of_2016_naps_while_writeback_exceeds_the_limit(answer):
    """Everybody, kswapd too; the exempt form lets those pass who are inside mempool_alloc()."""
    for name in ("throttle_2016", "throttle_2016_exempt"):
        ask = answer(name, "throttle_vm_writeout")
        assert ask(**STORM) == 100 * MSEC
        assert ask(**STORM, task=dict(pf_flags=PF_KTHREAD | PF_KSWAPD | PF_LESS_THROTTLE)) == 100 * MSEC
        assert ask(**STORM | dict(scan=dict(limit=5000))) == 0
        assert answer(name, "throttle_vm_writeout", nap="10ms")(**STORM) == 10 * MSEC
        assert ask(**STORM, task=dict(context_b=3)) == (0 if name.endswith("exempt") else 100 * MSEC)


CONTEXTS = {
    "too_many_isolated": dict(lruvec=dict(isolated_anon=500, nr_inactive_anon=100)),
    "throttle_vm_writeout": dict(vm=dict(nr_writeback=5000), scan=dict(limit=100)),
    "wait_iff_congested": dict(scan=dict(point=3, nr_immediate=5)),
    "reclaim_throttle": dict(scan=dict(reason=4, jiffy_ns=4 * MSEC)),
}


@pytest.mark.parametrize("decision", CONTEXTS)
@pytest.mark.parametrize("era", [47, 61])
def test_two_existing_bits_are_the_flag_that_never_came(plugins, answer, decision, era):
    """NOMEMALLOC and NORETRY together are exempt; with one of them, or none, the era's stock kernel is meant."""
    stock = stock_plugin({47: "v4.7", 61: "v6.1"}[era], plugins)
    context = CONTEXTS[decision] | {"vm": CONTEXTS[decision].get("vm", {}) | {"era": era}}
    if decision == "too_many_isolated":
        del context["vm"]
    if decision == "wait_iff_congested" and era == 61:
        return  # nobody asks
    for mask, exempt in [(FULL, True), (GFP_NOIO, False), (GFP_NOIO | 0x1000, False), (GFP_KERNEL | 0x10000, False)]:
        context["scan"] = CONTEXTS[decision].get("scan", {}) | {"gfp_mask": mask}
        expected = 0 if exempt else answer(stock, decision)(**context)
        assert answer("noretry_no_throttle", decision)(**context) == expected
    if decision == "too_many_isolated":
        context["scan"] = {"gfp_mask": FULL}
        assert answer("noretry_no_throttle", decision, t2=True)(**context) == 1
