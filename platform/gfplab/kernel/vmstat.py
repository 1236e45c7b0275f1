"""Counting and looking: latency histograms, samples of /proc/vmstat, the current CPU, and bugs.

Models mm/vmstat.c as far as it counts; counters are exact, not per-CPU batched.

Leaves out: the drift of those batches, and the worker that folds them up and drains remote per-CPU lists.
"""

from gfplab.engine.accounts import settle
from gfplab.engine.subset import plain
from gfplab.engine.symbols import call_after, trace
from gfplab.kernel.bugs import ERROR_KERNEL_BUG
from gfplab.kernel.symbols import global_dirty_limits, psi_update
from gfplab.kernel.tracepoints import kernel_bug_event
from gfplab.kernel.types import EV_SAMPLE

HIST_BINS = 256


@plain
def smp_processor_id(k):
    """The CPU this code runs on."""
    t = k.e[0].cur
    if t:
        return k.tasks[t].last_cpu
    return k.e[0].irq_cpu


@plain
def hist_bin(k, ns):
    """Four bins per octave: 4 * floor(log2) + the two bits below the leading one."""
    if ns < 4:
        return max(ns, 0)
    octave = 0
    v = ns
    if v >> 32:
        octave += 32
        v >>= 32
    if v >> 16:
        octave += 16
        v >>= 16
    if v >> 8:
        octave += 8
        v >>= 8
    if v >> 4:
        octave += 4
        v >>= 4
    if v >> 2:
        octave += 2
        v >>= 2
    if v >> 1:
        octave += 1
    return octave * 4 + ((ns >> (octave - 2)) & 3)


@plain
def hist_add(k, site, ns):
    """Count one latency of a site. Writes: hist, hist_sum, hist_max."""
    hist_add_bin(k, site, ns, hist_bin(k, ns))


@plain
def hist_add_bin(k, site, ns, which):
    """Count one latency of a site, whose bin is known. Writes: hist, hist_sum, hist_max."""
    k.hist[site * HIST_BINS + which] += 1
    if site < len(k.hist_sum):
        k.hist_sum[site] += ns
        k.hist_max[site] = max(k.hist_max[site], ns)
    return 0


@plain
def kernel_bug(k, code, argument):
    """The model has caught itself in a state that cannot be: the simulation stops and says so."""
    if k.e[0].error == 0:
        k.e[0].error = ERROR_KERNEL_BUG + code
        k.e[0].error_task = k.e[0].cur
        k.e[0].error_info = argument
        trace(k, kernel_bug_event, code, argument, 0, 0)
    return 0


@plain
def free_pcp_pages(k):
    """Pages parked on per-CPU lists."""
    n = 0
    for z in range(1, k.vm[0].nr_zones + 1):
        for this_cpu in range(k.e[0].ncpus):
            n += k.pcps[z * k.e[0].ncpus + this_cpu].count
    return n


@plain
def vmstat_event(k):
    """EV_SAMPLE: take a sample and plan the next, unless a task of the machine does that."""
    vmstat_sample(k)
    if k.vm[0].sampler == 0:
        call_after(k, k.vm[0].sample_ns, EV_SAMPLE, 0)
    return 0


@plain
def finish(k):
    """The run is over: bring all accounts up to now and take a last sample."""
    settle(k)
    vmstat_sample(k)
    return 0


@plain
def vmstat_sample(k):
    """Append a row to the vmstat log. Writes: the log."""
    psi_update(k)
    global_dirty_limits(k)
    vm = k.vm[0]
    row = k.vmstat[k.e[0].n_vmstat]
    row.time = k.e[0].now
    row.nr_inactive_anon = 0
    row.nr_active_anon = 0
    row.nr_inactive_file = 0
    row.nr_active_file = 0
    row.nr_isolated_anon = 0
    row.nr_isolated_file = 0
    for lv in range(1, len(k.lruvecs)):
        lruvec = k.lruvecs[lv]
        row.nr_inactive_anon += lruvec.nr_inactive_anon
        row.nr_active_anon += lruvec.nr_active_anon
        row.nr_inactive_file += lruvec.nr_inactive_file
        row.nr_active_file += lruvec.nr_active_file
        row.nr_isolated_anon += lruvec.isolated_anon
        row.nr_isolated_file += lruvec.isolated_file
    row.nr_free_pages = vm.nr_free
    row.nr_dirty = vm.nr_dirty
    row.nr_writeback = vm.nr_writeback
    row.nr_unstable = vm.nr_unstable
    row.nr_slab_unreclaimable = vm.nr_slab
    row.nr_dirty_threshold = vm.dirty_thresh
    row.nr_dirty_background_threshold = vm.dirty_bg_thresh
    row.nr_vmscan_write = vm.nr_vmscan_write
    row.nr_vmscan_immediate_reclaim = vm.nr_vmscan_immediate_reclaim
    row.nr_dirtied = vm.nr_dirtied
    row.nr_written = vm.nr_written
    row.pgfault = vm.pgfault
    row.pgmajfault = vm.pgmajfault
    row.pswpin = vm.pswpin
    row.pswpout = vm.pswpout
    row.pgpgin = vm.pgpgin
    row.pgpgout = vm.pgpgout
    row.pgalloc = vm.pgalloc
    row.pgfree = vm.pgfree
    row.pgactivate = vm.pgactivate
    row.pgdeactivate = vm.pgdeactivate
    row.pgrefill = vm.pgrefill
    row.pgrotated = vm.pgrotated
    row.allocstall = vm.allocstall
    row.pgscan_kswapd = vm.pgscan_kswapd
    row.pgscan_direct = vm.pgscan_direct
    row.pgsteal_kswapd = vm.pgsteal_kswapd
    row.pgsteal_direct = vm.pgsteal_direct
    row.pgscan_direct_throttle = vm.pgscan_direct_throttle
    row.pageoutrun = vm.pageoutrun
    row.kswapd_low_wmark_hit_quickly = vm.kswapd_low_wmark_hit_quickly
    row.kswapd_high_wmark_hit_quickly = vm.kswapd_high_wmark_hit_quickly
    row.drop_slab = vm.drop_slab
    row.workingset_refault = vm.workingset_refault
    row.workingset_activate = vm.workingset_activate
    row.oom_kill = vm.oom_kill
    row.dirty_limit = vm.dirty_limit
    row.free_pcp = free_pcp_pages(k)
    row.mempool_pages = vm.nr_mempool
    row.crypt_pages = vm.crypt_pages
    row.psi_some_ns = vm.psi_some
    row.psi_full_ns = vm.psi_full
    row.kcryptd_queued = 0
    for c in range(1, len(k.crypts)):
        row.kcryptd_queued += k.crypts[c].queued
    row.disk_inflight = 0
    for d in range(1, len(k.disks)):
        row.disk_inflight += k.disks[d].inflight
    row.swap_used = k.swaps[1].used
    row.min_free = vm.min_free
    row.swap_written = vm.swap_written
    row.touched = vm.touched
    row.nr_swapcached = vm.nr_swapcached
    row.reserve_bytes = 0
    for p in range(1, len(k.pools)):
        row.reserve_bytes += k.pools[p].curr_nr * k.pools[p].element_bytes
    k.e[0].n_vmstat += 1
    if k.e[0].n_vmstat >= len(k.vmstat) - 2:
        k.e[0].drain = 1
    return 0
