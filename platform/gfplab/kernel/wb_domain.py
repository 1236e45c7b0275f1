"""One device's share of the dirty limit, its measured speed, and the rate at which its writers are let on.

Models mm/page-writeback.c and lib/flex_proportions.c (v4.7; v6.1 measures devices when they have been busy).  A
device's struct bdi_writeback is its record in disks; what Linux passes around as struct dirty_throttle_control is the
current task's record in dtcs.  Rates are pages a second, times are ticks, ratios have RATELIMIT_CALC_SHIFT bits after
the point.

Leaves out: strict limits, per-device minimum and maximum ratios, memory cgroups, per-CPU drift of the counters; v6.1
counts the inodes under writeback of a device, here its pages.
"""

from gfplab.engine.subset import plain
from gfplab.engine.symbols import call_after, local_clock, trace
from gfplab.kernel.symbols import (
    HZ,
    dirty_freerun_ceiling,
    domain_dirty_bg_thresh,
    domain_dirty_thresh,
    global_dirtyable_memory,
    hard_dirty_limit,
    ilog2,
    jiffies,
    roundup_pow_of_two,
    wb_wakeup_delayed,
)
from gfplab.kernel.tracepoints import bdi_dirty_ratelimit, dirty_limit_event
from gfplab.kernel.types import EV_WB_BANDWIDTH

RATELIMIT_CALC_SHIFT = 10
RATELIMIT_ONE = 1 << 10
INIT_BW = 25_600  # 100 MB/s until a device has been measured
COMPLETIONS_PERIOD_NS = 3_000_000_000
DIRTY_POLL_THRESH = 32  # 128 KiB: what a new task may dirty before it is first looked at


@plain
def wb_init(k, d):
    """A device about which nothing is known yet. Writes: disks."""
    disk = k.disks[d]
    disk.write_bw = INIT_BW
    disk.avg_write_bw = INIT_BW
    disk.dirty_ratelimit = INIT_BW
    disk.balanced_ratelimit = INIT_BW
    disk.bw_time = jiffies(k)


@plain
def page_writeback_init(k):
    """The state of dirty throttling at boot: every limit follows from the memory that is dirtyable now.

    Writes: vm, disks, tasks.
    """
    vm = k.vm[0]
    avail = global_dirtyable_memory(k)
    vm.dirty_thresh = domain_dirty_thresh(k, avail, 0)
    vm.dirty_bg_thresh = domain_dirty_bg_thresh(k, avail, 0)
    vm.dirty_limit = vm.dirty_thresh
    vm.ratelimit_pages = max(16, vm.dirty_thresh // (k.e[0].ncpus * 32))
    vm.completions = 1
    for d in range(1, len(k.disks)):
        wb_init(k, d)
        if k.disks[d].wb_dirty > 0:  # left by whoever ran before time 0
            wb_wakeup_delayed(k, d)
    for t in range(1, len(k.tasks)):
        k.tasks[t].nr_dirtied_pause = DIRTY_POLL_THRESH


@plain
def writeout_period(k):
    """Halve the count of completed writes for each 3 s that have passed. Writes: vm.

    Linux does it in a timer, which stops once the count has aged to nothing and starts again with the next write; here
    whoever looks at the count does it, with the same result.
    """
    vm = k.vm[0]
    clock = local_clock(k)
    while vm.completions_time and clock >= vm.completions_time:
        if vm.completions <= 1:
            vm.completions_time = 0
        else:
            vm.completions >>= 1
            vm.completions_period += 1
            vm.completions_time += COMPLETIONS_PERIOD_NS


@plain
def fprop_reflect_period(k, d):
    """Age a device's own count by the periods that it has slept through. Writes: vm, disks."""
    writeout_period(k)
    disk = k.disks[d]
    disk.completions >>= min(62, k.vm[0].completions_period - disk.completions_period)
    disk.completions_period = k.vm[0].completions_period


@plain
def wb_writeout_inc(k, d):
    """Count one completed page write of a device. Writes: vm, disks."""
    vm = k.vm[0]
    fprop_reflect_period(k, d)
    k.disks[d].written += 1
    k.disks[d].completions += 1
    vm.completions += 1
    if vm.completions_time == 0:
        vm.completions_time = local_clock(k) + COMPLETIONS_PERIOD_NS


@plain
def wb_calc_thresh(k, d, thresh):
    """The part of a threshold that is a device's: its share of the writes completed lately."""
    fprop_reflect_period(k, d)
    mine = k.disks[d].completions
    all_of_them = k.vm[0].completions
    if all_of_them <= mine:
        all_of_them = max(mine, 1)
    return thresh * mine // all_of_them


@plain
def pos_ratio_polynom(k, setpoint, dirty, limit):
    """1 + ((setpoint - dirty) / (limit - setpoint))^3: 2 at the end of free run, 1 at the setpoint, 0 at the limit."""
    x = abs(setpoint - dirty) << RATELIMIT_CALC_SHIFT
    x //= (limit - setpoint) | 1
    if dirty > setpoint:  # C divides towards zero, Python towards minus infinity
        x = -x
    pos_ratio = x * x >> RATELIMIT_CALC_SHIFT
    pos_ratio = pos_ratio * x >> RATELIMIT_CALC_SHIFT
    return min(max(pos_ratio + RATELIMIT_ONE, 0), 2 * RATELIMIT_ONE)


@plain
def wb_position_ratio(k, t):
    """How fast writers may go, from how many pages are dirty globally and on the device. Writes: dtcs[t].pos_ratio."""
    dtc = k.dtcs[t]
    thresh = dtc.thresh
    limit = hard_dirty_limit(k, thresh)
    dtc.pos_ratio = 0
    if dtc.dirty >= limit:
        return
    setpoint = (dirty_freerun_ceiling(k, thresh, dtc.bg_thresh) + limit) // 2
    pos_ratio = pos_ratio_polynom(k, setpoint, dtc.dirty, limit)
    # a device that was idle for long has no share, but shall be able to get one
    wb_thresh = max(min(dtc.wb_thresh, thresh), (limit - dtc.dirty) // 8)
    # the device's line falls from 1 at its setpoint to 0 at x_intercept, but not below 1/4
    share = (wb_thresh << 16) // (thresh | 1)
    wb_setpoint = setpoint * share >> 16
    span = (thresh - wb_thresh + 8 * k.disks[dtc.wb].avg_write_bw) * share >> 16
    x_intercept = wb_setpoint + span
    if dtc.wb_dirty < x_intercept - span // 4:
        pos_ratio = pos_ratio * (x_intercept - dtc.wb_dirty) // (span | 1)
    else:
        pos_ratio //= 4
    # with few pages queued the device might run dry: up to 8 times faster then
    x_intercept = wb_thresh // 2
    if dtc.wb_dirty < x_intercept:
        if dtc.wb_dirty > x_intercept // 8:
            pos_ratio = pos_ratio * x_intercept // dtc.wb_dirty
        else:
            pos_ratio *= 8
    dtc.pos_ratio = pos_ratio


@plain
def wb_update_write_bandwidth(k, d, elapsed, written):
    """Fold `written - written_stamp` pages in `elapsed` ticks into the device's speed, then into its smoothed speed.

    Writes: disks.
    """
    disk = k.disks[d]
    period = roundup_pow_of_two(k, 3 * HZ(k))
    old = disk.write_bw
    average = disk.avg_write_bw
    bw = (written - min(written, disk.written_stamp)) * HZ(k)
    if elapsed > period:
        bw //= elapsed
        average = bw
    else:
        bw = (bw + old * (period - elapsed)) >> ilog2(k, period)
        # the average moves only when the speed has moved the same way twice
        if average > old and old >= bw:
            average -= (average - old) >> 3
        if average < old and old <= bw:
            average += (old - average) >> 3
    disk.write_bw = bw
    disk.avg_write_bw = max(average, 1)


@plain
def update_dirty_limit(k, t):
    """Let dirty_limit follow the threshold: up at once, down by 1/32 of the way to it or to the dirty pages.

    Writes: vm.
    """
    vm = k.vm[0]
    dtc = k.dtcs[t]
    if vm.dirty_limit < dtc.thresh:
        vm.dirty_limit = dtc.thresh
    else:
        target = max(dtc.thresh, dtc.dirty)
        if vm.dirty_limit > target:
            vm.dirty_limit -= (vm.dirty_limit - target) >> 5
    assert vm.dirty_limit >= dtc.thresh  # law 26
    trace(k, dirty_limit_event, vm.dirty_limit, dtc.thresh, 0, 0)


@plain
def domain_update_bandwidth(k, t, now):
    """update_dirty_limit(), at most every 200 ms. Writes: vm."""
    if now - k.vm[0].dirty_limit_tstamp >= max(HZ(k) // 5, 1):
        update_dirty_limit(k, t)
        k.vm[0].dirty_limit_tstamp = now


@plain
def wb_update_dirty_ratelimit(k, t, dirtied, elapsed):
    """Move the device's dirty_ratelimit towards the rate that keeps it busy and the dirty pages at the setpoint.

    Writes: disks.
    """
    dtc = k.dtcs[t]
    disk = k.disks[dtc.wb]
    freerun = dirty_freerun_ceiling(k, dtc.thresh, dtc.bg_thresh)
    setpoint = (freerun + hard_dirty_limit(k, dtc.thresh)) // 2
    ratelimit = disk.dirty_ratelimit
    dirty_rate = (dirtied - disk.dirtied_stamp) * HZ(k) // elapsed
    task_ratelimit = (ratelimit * dtc.pos_ratio >> RATELIMIT_CALC_SHIFT) + 1
    # N writers at task_ratelimit are measured as dirty_rate: this is write_bw / N without knowing N
    balanced = min(task_ratelimit * disk.avg_write_bw // (dirty_rate | 1), disk.avg_write_bw)
    # a step is taken only if it is right for the position as well as for the rate
    step = 0
    if dtc.dirty < setpoint:
        x = min(min(disk.balanced_ratelimit, balanced), task_ratelimit)
        if ratelimit < x:
            step = x - ratelimit
    else:
        x = max(max(disk.balanced_ratelimit, balanced), task_ratelimit)
        if ratelimit > x:
            step = ratelimit - x
    # the nearer, the smaller the steps
    shift = ratelimit // (2 * step + 1)
    if shift < 64:
        step = ((step >> min(shift, 62)) + 7) // 8
    else:
        step = 0
    if ratelimit < balanced:
        ratelimit += step
    else:
        ratelimit -= step
    disk.dirty_ratelimit = max(ratelimit, 1)
    disk.balanced_ratelimit = balanced
    trace(k, bdi_dirty_ratelimit, disk.avg_write_bw, dirty_rate, disk.dirty_ratelimit, balanced)


@plain
def __wb_update_bandwidth(k, t, d, start_time, update_ratelimit):
    """Every 200 ms: measure the device and, for a writer, correct the limits by the current task's dtc.

    Writes: disks, vm.
    """
    disk = k.disks[d]
    now = jiffies(k)
    elapsed = now - disk.bw_time
    if elapsed < max(HZ(k) // 5, 1):
        return
    # after a second of quiet the counts say nothing about speed
    if elapsed <= HZ(k) or disk.bw_time >= start_time:
        if update_ratelimit:
            domain_update_bandwidth(k, t, now)
            wb_update_dirty_ratelimit(k, t, disk.dirtied, elapsed)
        wb_update_write_bandwidth(k, d, elapsed, disk.written)
    disk.dirtied_stamp = disk.dirtied
    disk.written_stamp = disk.written
    disk.bw_time = now


@plain
def __wb_update_bandwidth__v6_1(k, t, d, update_ratelimit):
    """The same in v6.1, whenever it is called: its callers look at the clock, or know that writeback has just ended.

    Writes: disks, vm.
    """
    disk = k.disks[d]
    now = jiffies(k)
    elapsed = max(now - disk.bw_time, 1)
    if update_ratelimit:
        domain_update_bandwidth(k, t, now)
        wb_update_dirty_ratelimit(k, t, disk.dirtied, elapsed)
    wb_update_write_bandwidth(k, d, elapsed, disk.written)
    disk.dirtied_stamp = disk.dirtied
    disk.written_stamp = disk.written
    disk.bw_time = now


@plain
def bandwidth_interval_over(k, d):
    """1 if a device was measured more than 200 ms ago."""
    return jiffies(k) - k.disks[d].bw_time > max(HZ(k) // 5, 1)


@plain
def wb_bandwidth_estimate_start(k, d):
    """v6.1: writing begins after a pause, which says nothing about the device's speed. Writes: disks."""
    disk = k.disks[d]
    if bandwidth_interval_over(k, d) and disk.wb_writeback == 0:
        disk.dirtied_stamp = disk.dirtied
        disk.written_stamp = disk.written
        disk.bw_time = jiffies(k)


@plain
def wb_inode_writeback_end(k, d):
    """v6.1: the last page under writeback of a device is written: measure it in 200 ms. Writes: disks."""
    if k.disks[d].bw_pending == 0:
        k.disks[d].bw_pending = 1
        call_after(k, max(HZ(k) // 5, 1) * k.e[0].jiffy_ns, EV_WB_BANDWIDTH, d)


@plain
def wb_update_bandwidth_workfn(k, d):
    """EV_WB_BANDWIDTH: what wb_inode_writeback_end() has planned. Writes: disks."""
    k.disks[d].bw_pending = 0
    __wb_update_bandwidth__v6_1(k, 0, d, 0)


@plain
def wb_over_bg_thresh(k, d):
    """1 while the flusher of a device should go on: too much is dirty globally, or on this device."""
    avail = global_dirtyable_memory(k)
    background = domain_dirty_bg_thresh(k, avail, k.tasks[k.e[0].cur].pf_flags)
    if k.vm[0].nr_dirty + k.vm[0].nr_unstable > background:
        return 1
    return k.disks[d].wb_dirty > wb_calc_thresh(k, d, background)
