"""Who dirties file pages pays for it: balance_dirty_pages() and the length of its pauses.

Models mm/page-writeback.c (v4.7; the local free run of PF_LOCAL_THROTTLE as in v5.8 and later).  Pauses are ticks, as
in Linux; how long a task pauses, if at all, is the decision `balance_dirty_pages`.

Leaves out: strict limits, laptop mode, memory cgroups, the pages that exiting tasks leave unpaid.
"""

from gfplab.engine.requests import TASK_KILLABLE, io_schedule_timeout
from gfplab.engine.subset import kernel, plain
from gfplab.engine.symbols import burn, trace
from gfplab.kernel.costs import C_BALANCE_DIRTY
from gfplab.kernel.gfp import PF_LESS_THROTTLE
from gfplab.kernel.symbols import (
    HZ,
    __wb_update_bandwidth,
    __wb_update_bandwidth__v6_1,
    bandwidth_interval_over,
    decide_balance_dirty_pages,
    dirty_freerun_ceiling,
    domain_dirty_bg_thresh,
    domain_dirty_thresh,
    global_dirtyable_memory,
    hard_dirty_limit,
    ilog2,
    jiffies,
    roundup_pow_of_two,
    timeout_ns,
    wb_calc_thresh,
    wb_position_ratio,
    wb_start_background_writeback,
)
from gfplab.kernel.tracepoints import balance_dirty_pages_event, global_dirty_state

LOCAL_THROTTLE_ERA = 58
ESTIMATE_ERA = 61
RATELIMIT_CALC_SHIFT = 10
DIRTY_POLL_THRESH = 32
DIRTY_EXCEEDED_PAGES = 8  # a device over its limit makes its writers report every 32 KiB


@plain
def dirty_poll_interval(k, dirty, thresh):
    """Pages a task in free run may dirty until it is looked at again: about the root of what is left."""
    if thresh > dirty:
        return 1 << (ilog2(k, thresh - dirty) >> 1)
    return 1


@plain
def max_pause_ticks(k):
    """No pause is longer than 200 ms."""
    return max(HZ(k) // 5, 1)


@plain
def wb_max_pause(k, d, wb_dirty):
    """The longest pause that leaves the device busy: an eighth of what it needs for its queue, at most 200 ms."""
    bw = k.disks[d].avg_write_bw
    ticks = wb_dirty // (1 + bw // roundup_pow_of_two(k, 1 + HZ(k) // 8)) + 1
    return min(ticks, max_pause_ticks(k))


@plain
def wb_min_pause(k, t, max_pause, task_ratelimit, ratelimit):
    """The pause below which a task is let go on; also when to look at it next. Writes: dtcs[t].nr_dirtied_pause.

    10 ms for one writer, 10 ms more for each doubling of the writers (which is seen in the rate that is left for each).
    """
    dtc = k.dtcs[t]
    hz = HZ(k)
    scale = roundup_pow_of_two(k, hz)
    hi = ilog2(k, k.disks[dtc.wb].avg_write_bw)
    lo = ilog2(k, k.disks[dtc.wb].dirty_ratelimit)
    ticks = max(1, hz // 100)
    if hi > lo:
        ticks += (hi - lo) * (10 * hz) // 1024
    ticks = min(ticks, 1 + max_pause // 2)
    pages = ratelimit * ticks // scale
    # few pages between pauses hurt: rather the longest pause, as far as to 32 pages
    if pages < DIRTY_POLL_THRESH:
        ticks = max_pause
        pages = ratelimit * ticks // scale
        if pages > DIRTY_POLL_THRESH:
            pages = DIRTY_POLL_THRESH
            ticks = hz * DIRTY_POLL_THRESH // ratelimit
    if hz * pages // (task_ratelimit + 1) > max_pause:
        ticks = max_pause
        pages = task_ratelimit * ticks // scale
    dtc.nr_dirtied_pause = pages
    if pages >= DIRTY_POLL_THRESH:
        return 1 + ticks // 2
    return ticks


@plain
def wb_stat_error(k):
    """By how much Linux's per-CPU counters of one device may be wrong together."""
    return k.e[0].ncpus * 8 * (1 + ilog2(k, k.e[0].ncpus))


@plain
def wb_dirty_limits(k, t):
    """The device's own thresholds and dirty pages. Writes: dtcs[t]."""
    dtc = k.dtcs[t]
    disk = k.disks[dtc.wb]
    dtc.wb_thresh = wb_calc_thresh(k, dtc.wb, dtc.thresh)
    dtc.wb_bg_thresh = 0
    if dtc.thresh:
        dtc.wb_bg_thresh = dtc.wb_thresh * dtc.bg_thresh // dtc.thresh
    dtc.wb_dirty = disk.wb_dirty + disk.wb_writeback


@plain
def dirty_freerun(k, t):
    """Compute what is dirty and what may be; 1 if the current task need not wait at all. Writes: dtcs[t], vm."""
    dtc = k.dtcs[t]
    vm = k.vm[0]
    pf_flags = k.tasks[t].pf_flags
    avail = global_dirtyable_memory(k)
    dtc.thresh = domain_dirty_thresh(k, avail, pf_flags)
    dtc.bg_thresh = domain_dirty_bg_thresh(k, avail, pf_flags)
    dtc.dirty = vm.nr_dirty + vm.nr_unstable + vm.nr_writeback
    trace(k, global_dirty_state, vm.nr_dirty, vm.nr_writeback, dtc.bg_thresh, vm.dirty_limit)
    if dtc.dirty <= dirty_freerun_ceiling(k, dtc.thresh, dtc.bg_thresh):
        return 1
    wb_dirty_limits(k, t)
    if vm.era >= LOCAL_THROTTLE_ERA and pf_flags & PF_LESS_THROTTLE:
        # a private allowance on the device that this task writes to
        return dtc.wb_dirty < dirty_freerun_ceiling(k, dtc.wb_thresh, dtc.wb_bg_thresh)
    return 0


@plain
def dirty_think_time(k, t, pages_dirtied, now, period, pause):
    """The pause is too short to be made: carry it over to the next one. Writes: tasks[t]."""
    task = k.tasks[t]
    if pause < -HZ(k):
        task.dirty_paused_when = now
        task.nr_dirtied = 0
    elif period:
        task.dirty_paused_when += period
        task.nr_dirtied = 0
    elif task.nr_dirtied_pause <= pages_dirtied:
        task.nr_dirtied_pause += pages_dirtied


@plain
def dirty_exceeded(k, t):
    """1 if the task's device and the machine are both over their thresholds. Reads dtcs[t]."""
    dtc = k.dtcs[t]
    return dtc.freerun == 0 and dtc.wb_dirty > dtc.wb_thresh and dtc.dirty > dtc.thresh


@plain
def dirty_rates(k, t, start_time, now, pages_dirtied):
    """What the task's dirty pages are worth in ticks at the rate that is left for it; returns the whole period.

    Writes: dtcs[t] (rate and pauses), disks, vm.
    """
    dtc = k.dtcs[t]
    d = dtc.wb
    disk = k.disks[d]
    if disk.wb_running == 0:
        wb_start_background_writeback(k, d)
    wb_position_ratio(k, t)
    if dirty_exceeded(k, t):
        disk.wb_exceeded = 1
    if bandwidth_interval_over(k, d):
        if k.vm[0].era >= ESTIMATE_ERA:
            __wb_update_bandwidth__v6_1(k, t, d, 1)
        else:
            __wb_update_bandwidth(k, t, d, start_time, 1)
    ratelimit = disk.dirty_ratelimit
    dtc.task_ratelimit = ratelimit * dtc.pos_ratio >> RATELIMIT_CALC_SHIFT
    max_pause = wb_max_pause(k, d, dtc.wb_dirty)
    min_pause = wb_min_pause(k, t, max_pause, dtc.task_ratelimit, ratelimit)
    period = 0
    pause = max_pause
    if dtc.task_ratelimit:
        period = HZ(k) * pages_dirtied // dtc.task_ratelimit
        pause = period
        if k.tasks[t].dirty_paused_when:
            pause -= now - k.tasks[t].dirty_paused_when
    dtc.pause = pause * dtc.jiffy_ns
    dtc.min_pause = min_pause * dtc.jiffy_ns
    dtc.max_pause = max_pause * dtc.jiffy_ns
    return period


@plain
def dirty_free_rates(k, t):
    """In free run nothing is owed. Writes: dtcs[t]."""
    dtc = k.dtcs[t]
    dtc.task_ratelimit = k.disks[dtc.wb].dirty_ratelimit
    dtc.pause = 0
    dtc.min_pause = 0
    dtc.max_pause = max_pause_ticks(k) * dtc.jiffy_ns
    dtc.nr_dirtied_pause = dirty_poll_interval(k, dtc.dirty, dtc.thresh)


@plain
def dirty_pause_ticks(k, t):
    """Ask for the pause; at most 200 ms, in ticks, rounded up."""
    dtc = k.dtcs[t]
    ns = decide_balance_dirty_pages(k, 0, t, t, dtc.wb)
    return min((max(ns, 0) + dtc.jiffy_ns - 1) // dtc.jiffy_ns, max_pause_ticks(k))


@kernel
def balance_dirty_pages(k, d, pages_dirtied):
    """Make the current task, which dirtied that many pages of device d, wait as its share of the speed demands."""
    t = k.e[0].cur
    task = k.tasks[t]
    dtc = k.dtcs[t]
    disk = k.disks[d]
    dtc.wb = d
    dtc.jiffy_ns = k.e[0].jiffy_ns
    start_time = jiffies(k)
    exceeded = 0
    while True:
        burn(k, k.costs[C_BALANCE_DIRTY])
        now = jiffies(k)
        period = 0
        dtc.freerun = dirty_freerun(k, t)
        if dtc.freerun:
            dirty_free_rates(k, t)
        else:
            exceeded = dirty_exceeded(k, t)
            period = dirty_rates(k, t, start_time, now, pages_dirtied)
        pause = dirty_pause_ticks(k, t)
        if pause == 0:
            if dtc.freerun or dtc.pause >= dtc.min_pause:
                task.dirty_paused_when = now
                task.nr_dirtied = 0
                task.nr_dirtied_pause = dirty_poll_interval(k, dtc.dirty, dtc.thresh)
            else:
                dirty_think_time(k, t, pages_dirtied, now, period, dtc.pause // dtc.jiffy_ns)
            break
        if dtc.pause > dtc.max_pause and pause * dtc.jiffy_ns == dtc.max_pause:
            # an odd drop of the rate: what is not slept now is not forgotten at once
            now += min(dtc.pause - dtc.max_pause, dtc.max_pause) // dtc.jiffy_ns
        assert pause <= max(HZ(k) // 5, 1)  # law 25: 200 ms
        trace(k, balance_dirty_pages_event, hard_dirty_limit(k, dtc.thresh), dtc.thresh, dtc.dirty, pause)
        yield io_schedule_timeout(0, timeout_ns(k, pause * k.e[0].jiffy_ns), TASK_KILLABLE)
        task.dirty_paused_when = now + pause
        task.nr_dirtied = 0
        task.nr_dirtied_pause = dtc.nr_dirtied_pause
        # a device that does not answer shall not stop the writers of the others
        if dtc.freerun or dtc.task_ratelimit or dtc.wb_dirty <= wb_stat_error(k) or task.killed:
            break
    if exceeded == 0:
        disk.wb_exceeded = 0
    if disk.wb_running == 0 and k.vm[0].nr_dirty + k.vm[0].nr_unstable > dtc.bg_thresh:
        wb_start_background_writeback(k, d)
    return 0


@kernel
def balance_dirty_pages_ratelimited(k, d):
    """Called for each page dirtied on device d: now and then, see whether the current task must wait."""
    task = k.tasks[k.e[0].cur]
    this_cpu = k.cpus[task.last_cpu]
    ratelimit = task.nr_dirtied_pause
    if k.disks[d].wb_exceeded:
        ratelimit = min(ratelimit, DIRTY_EXCEEDED_PAGES)
    # no CPU dirties more than its part of 1/32 of the limit unseen, however many tasks share in it
    if task.nr_dirtied >= ratelimit:
        this_cpu.bdp_ratelimits = 0
    elif this_cpu.bdp_ratelimits >= k.vm[0].ratelimit_pages:
        this_cpu.bdp_ratelimits = 0
        ratelimit = 0
    if task.nr_dirtied >= ratelimit:
        yield from balance_dirty_pages(k, d, task.nr_dirtied)
    return 0
