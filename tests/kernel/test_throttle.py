"""Throttles of reclaim: how long a nap lasts, who leaves when, and what a nap costs the pool that it starves."""

import sys

from wb_lab import CONGESTION_WQH, MS, SEC, US, WritebackLab

from gfplab.engine.requests import cpu
from gfplab.engine.subset import kernel
from gfplab.engine.symbols import local_clock, wake_up_all
from gfplab.kernel.gfp import GFP_KERNEL, GFP_NOFS, GFP_NOIO, PF_LESS_THROTTLE
from gfplab.kernel.symbols import congestion_wait, throttle_vm_writeout, wait_iff_congested
from gfplab.kernel.types import ZONE_CONGESTED

HERE = sys.modules[__name__]


@kernel
def nap_for_ever(k, ns):
    """Nap after nap; workloads[task]: how many and when the last ended."""
    t = k.e[0].cur
    while True:
        yield from congestion_wait(k, ns)
        k.workloads[t].pos += 1
        k.workloads[t].done = local_clock(k)


@kernel
def nap_once(k, ns):
    """One nap, begun at a time that is no tick; workloads[task]: result and end."""
    t = k.e[0].cur
    yield cpu(1_700_000)
    woken = yield from congestion_wait(k, ns)
    k.workloads[t].pos = woken
    k.workloads[t].done = local_clock(k)
    return 0


@kernel
def throttled(k, gfp_mask):
    """One pass of throttle_vm_writeout(); workloads[task].done: when it let go."""
    t = k.e[0].cur
    yield from throttle_vm_writeout(k, gfp_mask)
    k.workloads[t].done = local_clock(k)
    return 0


@kernel
def complete_writes(k, ns):
    """After ns of work all writeback is over; on the way the congestion ends if there was one."""
    yield cpu(ns)
    k.vm[0].nr_writeback = 0
    return 0


@kernel
def end_congestion(k, ns):
    """After ns of work a device leaves congestion, which wakes the napping."""
    yield cpu(ns)
    wake_up_all(k, CONGESTION_WQH)
    return 0


@kernel
def iff_congested(k, ns):
    """One wait_iff_congested() on zone 1."""
    t = k.e[0].cur
    yield from wait_iff_congested(k, 1, ns)
    k.workloads[t].done = local_clock(k)
    return 0


def full_writeback(tasks, pages=13_652, **options):
    """The dump of July 2016: 10072 file pages, nothing free, 13652 pages under writeback, dirty_limit long decayed."""
    lab = WritebackLab(HERE, tasks, flushers=False, **options)
    lab.vm.nr_free, lab.k.lruvecs[1].nr_inactive_file, lab.vm.dirty_limit = 0, 10_072, 0
    lab.vm.nr_writeback = pages
    return lab


def released(lab, t=2):
    return lab.k.workloads[t].done


# congestion_wait


def test_a_nap_lasts_its_full_time_where_no_device_is_ever_congested_whatever_completes():
    lab = WritebackLab(HERE, [("nap_for_ever", 100 * MS)], flushers=False).run(10 * SEC)
    assert lab.k.workloads[2].pos == 99
    # every nap begins just after a tick and so lasts 25 whole ticks of 4 ms
    assert lab.k.workloads[2].done % (100 * MS) < 10 * US
    assert lab.k.tasks[2].t_iowait > 9.9 * SEC


def test_a_nap_ends_on_a_tick_up_to_one_early():
    lab = WritebackLab(HERE, [("nap_once", 100 * MS)], flushers=False).run(SEC)
    assert released(lab) == 100 * MS + 2 * US  # 98.3 ms, and the wake-up


def test_a_nap_is_rounded_up_to_ticks():
    lab = WritebackLab(HERE, [("nap_once", 1 * MS)], flushers=False).run(SEC)
    assert released(lab) == 4 * MS + 2 * US
    lab = WritebackLab(HERE, [("nap_once", 9 * MS)], flushers=False, jiffy_ns=10 * MS).run(SEC)
    assert released(lab) == 10 * MS + 2 * US


def test_a_nap_ends_early_when_a_device_leaves_congestion():
    lab = WritebackLab(HERE, [("nap_once", 100 * MS), ("end_congestion", 30 * MS)], cpus=2, flushers=False).run(SEC)
    assert lab.k.workloads[2].pos == 1
    assert 30 * MS < released(lab) < 31 * MS


# wait_iff_congested


def iff(nr_bdi_congested, zone_flags):
    lab = WritebackLab(HERE, [("iff_congested", 100 * MS)], flushers=False)
    lab.vm.nr_bdi_congested, lab.k.zones[1].flags = nr_bdi_congested, zone_flags
    return released(lab.run(SEC))


def test_wait_iff_congested_sleeps_only_if_a_device_and_the_zone_are_congested():
    assert iff(1, ZONE_CONGESTED) >= 100 * MS
    assert iff(0, ZONE_CONGESTED) < MS
    assert iff(1, 0) < MS


# throttle_vm_writeout


def test_a_caller_without_io_goes_on_after_one_nap_though_writeback_is_six_times_the_limit():
    lab = full_writeback([("throttled", GFP_NOIO)]).run(SEC)
    assert lab.k.scans[2].limit == 2215
    assert released(lab) == 100 * MS + 2 * US
    assert lab.k.scans[2].throttled == lab.vm.throttle_events == 1


def test_a_caller_without_fs_goes_on_after_one_nap():
    assert released(full_writeback([("throttled", GFP_NOFS)]).run(SEC)) == 100 * MS + 2 * US


def test_a_caller_with_both_stays_until_writeback_is_below_the_limit():
    lab = full_writeback([("throttled", GFP_KERNEL), ("complete_writes", 730 * MS)], cpus=2).run(700 * MS)
    assert released(lab) == 0 and lab.k.scans[2].throttled == 6
    assert 800 * MS < released(lab.run(2 * SEC)) < 801 * MS
    assert lab.k.scans[2].throttled == 8


def test_nobody_naps_at_or_below_the_limit():
    lab = full_writeback([("throttled", GFP_KERNEL)], pages=2215).run(SEC)
    assert released(lab) < MS and lab.vm.throttle_events == 0
    assert released(full_writeback([("throttled", GFP_KERNEL)], pages=2216).run(SEC)) == 0


def test_without_file_writers_the_dirty_limit_of_boot_keeps_everybody_awake():
    lab = full_writeback([("throttled", GFP_KERNEL)])
    lab.vm.dirty_limit = 48_640
    assert released(lab.run(SEC)) < MS


def test_less_throttle_alone_raises_the_limit_by_a_quarter_and_no_more():
    lab = full_writeback([("throttled", GFP_NOIO)])
    lab.k.tasks[2].pf_flags = PF_LESS_THROTTLE
    assert released(lab.run(SEC)) >= 100 * MS
    assert lab.k.scans[2].limit == (2014 + 2014 // 4) + (2014 + 2014 // 4) // 10


def test_the_policy_decides_how_long_the_naps_are_and_whether_there_are_any():
    def never(vm, task, scan, my):
        return 0

    def once_for_everybody(vm, task, scan, my):
        return 20 * MS if scan.throttled == 0 else 0

    assert released(full_writeback([("throttled", GFP_KERNEL)], throttle=never).run(SEC)) < MS
    assert (
        released(full_writeback([("throttled", GFP_KERNEL)], throttle=once_for_everybody).run(SEC)) == 20 * MS + 2 * US
    )


def test_a_nap_is_charged_to_the_pool_that_its_task_wants_an_element_of():
    lab = full_writeback([("throttled", GFP_NOIO), ("refill", 1)], cpus=2)
    lab.k.tasks[2].context_b = 1
    lab.run(SEC)
    assert abs(lab.k.pools[1].nap_ns - 100 * MS) < 10 * US
    # the reserve was full again 4 ms into the nap and stood idle for the rest of it
    assert abs(lab.k.pools[1].nap_full_ns - 96 * MS) < 10 * US
    assert lab.k.pools[2].nap_ns == 0


@kernel
def refill(k, pool):
    """The pool's reserve is full from 4 ms on."""
    yield cpu(4_000_000)
    k.pools[pool].full_since = k.e[0].now
    return 0


def test_blocked_in_the_throttle_the_stack_is_the_one_of_the_thread():
    lab = full_writeback([("throttled", GFP_KERNEL)]).run(250 * MS)
    frames = [name for name, *_ in lab.build.stack_names(lab.sim, lab.k.tasks[2].block_stack)]
    assert frames[:2] == ["congestion_wait", "throttle_vm_writeout"]
