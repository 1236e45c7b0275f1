"""What do the examples change? One sentence each, and a run or a machine that shows it.

The storms are cut short: a quarter of the machine of July 2016 under v4.7, and the measured machine with v6.1.
"""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from gfplab.kernel.answers import SLOWPATH_FAIL, SLOWPATH_OOM, SLOWPATH_RETRY
from gfplab.kernel.gfp import (
    __GFP_NOMEMALLOC,
    ALLOC_HIGH,
    ALLOC_NO_WATERMARKS,
    GFP_KERNEL,
    GFP_NOFS,
    GFP_NOIO,
    PF_LESS_THROTTLE,
    PF_MEMALLOC,
    PF_WQ_WORKER,
)
from gfplab.kernel.tracepoints import mm_vmscan_wakeup_kswapd, mm_vmscan_writepage
from gfplab.policy.discover import discover
from gfplab.policy.select import select
from gfplab.run import simulate
from gfplab.units import MSEC
from gfplab.world.scenario import load_scenario

SCENARIOS = Path(__file__).parents[2] / "studies" / "scenarios"
V4_7, S2, V6_1 = "s1_quarter", "s2_pure_anon", "rig_slow20"
NEVER = 1 << 62


@cache
def storm(scenario, policy="", trace_all=False):
    """Four seconds of it, once for all tests."""
    world = load_scenario(SCENARIOS / f"{scenario}.toml", {"length": "4s"})
    plugins = discover(folder="no such folder")
    policies = select(world.kernel, world.policies, (policy,) if policy else (), world.tunables, plugins=plugins)
    return simulate(world, policies, 1, trace_all=trace_all)


def vm(scenario, policy=""):
    return storm(scenario, policy).arrays["vm"][0]


def writers(run):
    """The tasks that submitted pages to swap."""
    tasks = np.unique(run.trace["task"][run.trace["kind"] == mm_vmscan_writepage])
    return {run.layout.tasks[task].comm for task in tasks}


def test_kswapd_writes_leaves_every_write_to_kswapd():
    """And direct reclaimers, who find less to free, look at more pages than with the stock kernel."""
    assert len(writers(storm(V6_1, trace_all=True))) > 1
    assert writers(storm(V6_1, "kswapd_writes", trace_all=True)) == {"kswapd0"}
    assert vm(V6_1, "kswapd_writes")["pgscan_direct"] > vm(V6_1)["pgscan_direct"]


def test_kswapd_writes_ends_the_storm_of_v4_7_in_the_oom_killer():
    """One writer does not keep up with many who scan and never sleep."""
    assert storm(V4_7).verdict == "ok" and storm(V4_7, "kswapd_writes").verdict == "oom"


def test_wait_for_writeback_puts_reclaimers_to_sleep_for_one_page():
    def waits(run):
        return [s for s in run.stacks if "wait_on_page_writeback" in s.chain and "shrink_folio_list" in s.chain]

    assert not waits(storm(V6_1)) and waits(storm(V6_1, "wait_for_writeback"))


def test_unlimited_works_makes_workers_for_works_that_stood_in_line():
    """Two CPUs, hence two active encryptions; eight times as many here."""
    for scenario, stock in ((V4_7, 3), (V6_1, 2)):
        workers = storm(scenario, "unlimited_works").arrays["worker_pools"]["nr_workers"][1]
        assert storm(scenario).arrays["worker_pools"]["nr_workers"][1] == stock < workers


def test_late_kswapd_leaves_the_work_to_those_who_allocate():
    """kswapd is woken later than with the stock kernel, if at all."""

    def first_woken(policy):
        trace = storm(V6_1, policy).trace
        return trace["time"][trace["kind"] == mm_vmscan_wakeup_kswapd][:1].sum() or NEVER

    assert first_woken("") < first_woken("late_kswapd")


def test_kswapd_ahead_keeps_kswapd_from_ever_being_done():
    """Its first run lasts to the end."""
    assert vm(S2)["pageoutrun"] > 1 == vm(S2, "kswapd_ahead")["pageoutrun"]


def test_wide_marks_are_one_hundredth_of_the_zone_apart_and_kswapd_reclaims_more():
    zones = storm(V4_7, "wide_marks").arrays["zones"]
    for z in (1, 2):
        gap = max(zones["wmark_min"][z] // 4, zones["managed"][z] // 100)
        assert zones["wmark_low"][z] - zones["wmark_min"][z] == zones["wmark_high"][z] - zones["wmark_low"][z] == gap
    assert vm(V4_7, "wide_marks")["pgsteal_kswapd"] > vm(V4_7)["pgsteal_kswapd"]


@pytest.mark.parametrize("scenario", [V4_7, V6_1])
def test_small_lists_hide_no_pages(scenario):
    """Two at most, where the stock kernel hides scores."""

    def longest(policy=""):
        return storm(scenario, policy).arrays["pcps"]["count"].max(), storm(scenario, policy).vmstat["free_pcp"].max()

    stock, small = longest(), longest("small_lists")
    assert small[0] <= 2 and small[1] <= 2 * 2 * 2 < stock[1]


@pytest.mark.parametrize("scenario", [S2, V6_1])
def test_lazy_refill_leaves_the_reserve_to_those_who_still_hold_elements(scenario):
    """It is full for less than half of the time; no pool ever has less than its minimum, in and out."""
    stock, lazy = storm(scenario).arrays["pools"], storm(scenario, "lazy_refill").arrays["pools"]
    assert lazy["t_full"].sum() < stock["t_full"].sum() / 2
    assert (lazy["curr_nr"] + lazy["outstanding"] >= lazy["min_nr"]).all()


def test_worker_rights_let_memory_fall_further():
    """Half of the min mark is there for workers, so less of all memory is left at the worst moment."""
    assert vm(V4_7, "worker_rights")["min_free"] < vm(V4_7)["min_free"]


def test_worker_rights_are_the_workers_alone(answer):
    ask = answer("worker_rights", "gfp_to_alloc_flags")
    assert ask(task=dict(pf_flags=PF_WQ_WORKER)) & ALLOC_HIGH and not ask(task=dict(pf_flags=0)) & ALLOC_HIGH
    assert not ask(task=dict(pf_flags=PF_WQ_WORKER), request=dict(in_irq=1)) & ALLOC_HIGH
    assert ask(task=dict(pf_flags=PF_MEMALLOC)) & ALLOC_NO_WATERMARKS
    assert not ask(task=dict(pf_flags=PF_MEMALLOC), request=dict(gfp_mask=__GFP_NOMEMALLOC)) & ALLOC_NO_WATERMARKS


def test_file_first_swaps_nothing_while_a_list_of_page_cache_is_worth_a_scan(answer):
    ask = answer("file_first", "get_scan_count")
    scan = dict(may_swap=1, vm_swap_pages=100, priority=6, swappiness=100)
    assert ask(lruvec=dict(nr_inactive_file=64), scan=scan) == 0
    assert ask(lruvec=dict(nr_inactive_file=40, nr_active_file=23), scan=scan) == 65536
    assert ask(lruvec=dict(nr_inactive_file=0), scan=scan | dict(vm_swap_pages=0)) == 0
    assert vm(S2, "file_first")["nr_vmscan_write"] < vm(S2)["nr_vmscan_write"]


def test_open_door_lets_everybody_in(answer):
    """The stock kernel makes a user task wait until it is woken when half of the emergency reserve is gone."""
    depleted = dict(gfp_mask=GFP_KERNEL, pfmemalloc_free=10, pfmemalloc_reserve=100)
    assert answer("linux_6_1", "throttle_direct_reclaim")(scan=depleted) == -1
    assert answer("open_door", "throttle_direct_reclaim")(scan=depleted) == 0
    assert vm(V6_1, "open_door")["pgscan_direct_throttle"] == 0


def test_small_allocations_fail_where_the_filesystem_may_not_be_entered(answer):
    """After one fruitless round; a caller with __GFP_FS goes on as ever."""
    ask = answer("small_allocations_fail", "should_reclaim_retry")
    hopeful = dict(loops=1, may_pass=1)
    for mask in (GFP_NOIO, GFP_NOFS):
        assert ask(request=hopeful | dict(gfp_mask=mask)) == SLOWPATH_FAIL
        assert ask(request=hopeful | dict(gfp_mask=mask, loops=0, reclaimed=3)) == SLOWPATH_RETRY
    assert ask(request=hopeful | dict(gfp_mask=GFP_KERNEL)) == SLOWPATH_RETRY
    assert ask(request=hopeful | dict(gfp_mask=GFP_KERNEL, congested=1)) == 100 * MSEC
    assert ask(request=hopeful | dict(gfp_mask=GFP_KERNEL, congested=1), vm=dict(era=61)) == SLOWPATH_RETRY
    assert ask(request=dict(gfp_mask=GFP_KERNEL, loops=17, may_pass=1)) == SLOWPATH_OOM


def test_swap_owes_nothing_looks_at_what_is_dirty_of_files(answer):
    """A storm of swap alone stops no writer; who cleans pages gets a quarter more."""
    ask = answer("swap_owes_nothing", "balance_dirty_pages")
    owing = dict(thresh=1000, bg_thresh=600, dirty=5000, pause=80 * MSEC, min_pause=10 * MSEC, max_pause=50 * MSEC)
    storm_of_swap = dict(nr_writeback=4900, nr_dirty=100)
    assert answer("linux_4_7", "balance_dirty_pages")(vm=storm_of_swap, dtc=owing) == 50 * MSEC
    assert ask(vm=storm_of_swap, dtc=owing) == 0
    assert ask(vm=storm_of_swap, dtc=owing, disk=dict(wb_writeback=701)) == 50 * MSEC
    assert ask(vm=storm_of_swap, dtc=owing, disk=dict(wb_writeback=700)) == 0
    assert ask(vm=storm_of_swap, dtc=owing, disk=dict(wb_writeback=900), task=dict(pf_flags=PF_LESS_THROTTLE)) == 0
