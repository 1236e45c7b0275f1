"""v6.1 measures a device while it writes, not in the pauses between (MODEL 6.5); reclaim's part is as in v4.7."""

import sys

import pytest
from wb_lab import MS, SEC, US, WritebackLab, generic_perform_write

from gfplab.engine.requests import TASK_INTERRUPTIBLE, schedule_timeout
from gfplab.engine.subset import kernel

HERE = sys.modules[__name__]
INTERVAL = 200 * MS


@kernel
def write_bursts(k, f):
    """Every second as many pages of file f as workload f says."""
    while True:
        yield from generic_perform_write(k, f, 0, k.workloads[f].bytes)
        yield schedule_timeout(0, 1_000_000_000, TASK_INTERRUPTIBLE)


def machine(era, burst=0, **options):
    tasks = [("write_bursts", 1)] if burst else []
    lab = WritebackLab(HERE, tasks, disks=(200 * US,), **options)  # 5000 pages a second
    lab.vm.era = era
    if burst:
        lab.workload(1, bytes=burst)
    return lab


def bandwidths(era, seconds=20):
    """What a device of 5000 pages a second that writes 1500 pages in each of them is taken for."""
    lab = machine(era, burst=1500)
    lab.run(seconds * SEC)
    assert lab.k.disks[1].written > seconds * 1000
    return lab.k.disks[1].write_bw


def test_a_device_that_writes_in_bursts_is_known_much_earlier():
    """v4.7 looks at the clock in the flusher's loop only, so a burst that is over sooner leaves no trace."""
    assert abs(bandwidths(61) - 5000) < 1000 < abs(bandwidths(47) - 5000)


@pytest.mark.parametrize(("writeback", "forgotten"), [(0, True), (1, False)])
def test_what_was_counted_before_a_pause_is_forgotten_when_writing_begins_again(writeback, forgotten):
    lab = machine(61, flushers=False)
    disk = lab.k.disks[1]
    lab.k.e[0].now = INTERVAL + 8 * MS
    disk.written, disk.dirtied, disk.wb_writeback = 500, 600, writeback
    lab.call("wb_bandwidth_estimate_start", 1)
    assert (disk.written_stamp, disk.dirtied_stamp) == ((500, 600) if forgotten else (0, 0))
    disk.wb_writeback = 0


def test_a_device_is_measured_200_ms_after_its_last_page_was_written():
    lab = machine(61, flushers=False)
    disk = lab.k.disks[1]
    lab.k.e[0].now = SEC
    disk.written = 700
    lab.call("wb_inode_writeback_end", 1)
    lab.call("wb_inode_writeback_end", 1)  # once is enough
    lab.run(SEC + INTERVAL - 1)
    assert disk.bw_pending == 1 and disk.written_stamp == 0
    lab.run(SEC + INTERVAL)
    assert disk.bw_pending == 0 and disk.written_stamp == 700
