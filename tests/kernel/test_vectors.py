"""Worked numbers of the model reference: marks, lists, the throttle of July 2016 and what its naps cost."""

from pathlib import Path

import pytest
from mm_lab import MS, OP_ALLOC_PAGE, OP_SHRINK_ZONE, SEC, SmallMachine, stock

from gfplab.boot.watermarks import lowmem_reserve, min_free_kbytes, pcp_batch_high, zone_watermarks
from gfplab.kernel.gfp import __GFP_NORETRY as NORETRY
from gfplab.kernel.gfp import GFP_NOIO, PF_KTHREAD
from gfplab.kernel.tracepoints import throttle_vm_writeout_event
from gfplab.world.scenario import load_scenario

GIB_PAGES = 1 << 18
SCENARIOS = Path(__file__).parents[2] / "studies" / "scenarios"

MARKS = [  # GiB, min_free_kbytes, min, low, high
    (0.5, 2852, 713, 891, 1069),
    (1, 4034, 1008, 1262, 1516),
    (2, 5705, 1426, 1934, 2442),
    (4, 8068, 2017, 3034, 4051),
    (8, 11410, 2852, 4886, 6920),
    (16, 16136, 4034, 8102, 12170),
    (64, 32272, 8068, 24341, 40614),
    (256, 64545, 16136, 81231, 146326),
]


@pytest.mark.parametrize(("gib", "kbytes", "low_mark", "low", "high"), MARKS)
def test_marks_of_one_zone(gib, kbytes, low_mark, low, high):
    """97 % of memory is managed; from 2 GiB up a thousandth of it, not a quarter of min, sets the distance."""
    managed = int(gib * GIB_PAGES * 0.97)
    assert min_free_kbytes(managed) == pytest.approx(kbytes, abs=1)
    ((got_min, got_low, got_high),) = zone_watermarks([managed], kbytes)
    assert (got_min, got_low, got_high) == (low_mark, pytest.approx(low, abs=1), pytest.approx(high, abs=1))


def test_min_free_kbytes_is_kept_between_128_kib_and_64_mib():
    assert min_free_kbytes(100) == 128 and min_free_kbytes(1 << 30) == 65_536


@pytest.mark.parametrize("gib", [0.5, 1, 4, 64, 256])
def test_a_per_cpu_list_is_refilled_by_31_and_holds_186(gib):
    assert pcp_batch_high(int(gib * GIB_PAGES * 0.97) + 4096) == (31, 186)


def test_the_small_zone_of_a_guest_of_1_gib_keeps_977_mib_by_256_from_the_others():
    dma, dma32 = 15_908 // 4, 1_001_260 // 4
    reserve = lowmem_reserve(["DMA", "DMA32"], [dma, dma32])
    assert reserve == [[0, dma32 // 256], [0, 0]] and reserve[0][1] == 977


def test_the_marks_of_s1_as_the_kernel_holds_them():
    """min of the dump, 60 and 3828 kB; the gap of DMA32 is a thousandth of what is managed now, not at boot."""
    world = load_scenario(SCENARIOS / "s1_dm_crypt_swap.toml")
    zones = zone_watermarks([zone.managed_pages for zone in world.machine.zones], world.machine.min_free_kbytes)
    assert [[mark * 4 for mark in marks] for marks in zones] == [[60, 72, 84], [3828, 4828, 5828]]


@pytest.mark.parametrize(
    ("scanned_anon", "rotated_anon", "scanned_file", "rotated_file", "share"),
    [(1000, 100, 1000, 100, 0.300), (1000, 900, 1000, 10, 0.005)],
)
def test_anon_against_file(scanned_anon, rotated_anon, scanned_file, rotated_file, share):
    m = SmallMachine({"start": {"inactive_anon": "4MiB", "active_file": "3MiB"}})
    lists, scan = m.k.lruvecs[1], m.k.scans[0]
    lists.scanned_anon, lists.rotated_anon = scanned_anon, rotated_anon
    lists.scanned_file, lists.rotated_file = scanned_file, rotated_file
    scan.may_swap, scan.vm_swap_pages, scan.priority, scan.swappiness = 1, 1000, 5, 60
    got = stock("get_scan_count")(m.vm, m.zone, lists, scan, None)
    assert got / 65_536 == pytest.approx(share, abs=0.006)


# the throttle of July 2016


class Dump(SmallMachine):
    """A machine of two zones with too much under writeback for ever and nothing that NOIO could free."""

    def __init__(self, zones=2, file="0B", unreclaimable=False):
        table = [{"name": "DMA", "managed": "16MiB"}, {"name": "DMA32", "managed": "16MiB"}][:zones]
        super().__init__({"zone": table, "start": {"inactive_anon": "8MiB", "inactive_file": file}}, check_every=0)
        self.vm.nr_writeback, self.vm.start_dirty_limit = 13_652, 1
        for z in range(1, zones + 1):
            self.lose_free_pages(0, z)
            self.k.lruvecs[z].nr_inactive_anon = self.k.lruvecs[z].nr_inactive_anon or 1
            self.k.zones[z].pages_scanned = 10**9 if unreclaimable else -(10**9)

    def noio(self):
        """How long one allocation of a kernel thread that may reclaim but do no I/O takes in vain."""
        self.job(OP_ALLOC_PAGE, GFP_NOIO | NORETRY, pf_flags=PF_KTHREAD, start_ns=MS)
        self.run(100 * SEC)
        ((_, _, result, took),) = self.done
        assert result == 0
        return took / SEC


def test_a_noio_allocation_in_vain_naps_a_tenth_of_a_second_for_each_zone_and_priority_twice():
    assert Dump().noio() == pytest.approx(0.1 * 2 * 13 * 2, abs=0.06)
    assert Dump(zones=1).noio() == pytest.approx(0.1 * 13 * 2, abs=0.03)


def test_it_naps_only_at_the_first_priority_when_the_zones_are_beyond_reclaim():
    """As all_unreclaimable of the dump says: 0.4 s for two zones."""
    assert Dump(unreclaimable=True).noio() == pytest.approx(0.4, abs=0.01)


def test_a_shrink_that_has_freed_enough_naps_all_the_same():
    m = Dump(zones=1, file="2MiB")
    m.job(OP_SHRINK_ZONE, 1, start_ns=MS)
    m.k.scans[m.k.worker_pools[1].last_task + 1].gfp_mask = GFP_NOIO
    m.run(SEC)
    ((_, _, _, took),) = m.done
    assert took / SEC == pytest.approx(0.1, abs=0.002)


def test_ten_naps_a_second_and_two_workers_are_a_factor_of_4000_below_what_the_reserve_alone_would_allow():
    """Little's law: 16 elements of 200 us each are 80000 a second."""
    m = Dump(unreclaimable=True, zones=1)
    for _ in range(2):
        m.job(OP_SHRINK_ZONE, 1, count=1000, pf_flags=PF_KTHREAD)
        m.k.scans[m.k.worker_pools[1].last_task + 1].gfp_mask = GFP_NOIO
    m.run(10 * SEC)
    assert len(m.done) / 10 == pytest.approx(20, abs=0.5)
    assert 16 / 200e-6 / (len(m.done) / 10) == pytest.approx(4000, rel=0.03)


def test_sixteen_elements_keep_a_disk_of_200_us_busy_when_nothing_naps():
    """The allocator gives nothing at all; 16 users of a pool of 16 hold an element for 200 us each."""
    loop = {"kind": "mempool_loop", "comm": "bs", "pool": "page", "min_nr": 16, "hold": "200us", "think": "1us"}
    m = SmallMachine({"cpus": 16}, task=[{**loop, "count": 16, "start": "1ms"}], check_every=100)
    m.lose_free_pages(0)
    m.run(21 * MS)
    pool, _ = m.pool("bs")
    done = sum(m.k.workloads[w].done for w in range(1, 17))
    assert pool.n_reserve == pool.n_alloc - pool.n_first > 0 and pool.n_wait == 0
    assert done / 0.020 == pytest.approx(80_000, rel=0.06)


def test_cc_bs_empties_long_before_the_page_pool():
    """16 against 256: the blocked call of the thread's stack is the allocation of a bio."""
    crypt = [{"name": "swap0", "device": "vda"}]
    disk = [{"name": "vda", "read": "50ms", "write": "50ms", "bandwidth": "100MB/s", "parallelism": 64, "tags": 64}]
    m = SmallMachine(
        {"start": {"inactive_anon": "8MiB"}}, crypt=crypt, disk=disk, swap={"device": "swap0", "size": "16MiB"}
    )
    m.lose_free_pages(m.zone.wmark_min)
    m.run(40 * MS)
    bios, pages = m.pool("swap0.bs")[0], m.pool("swap0.page_pool")[0]
    assert (bios.min_nr, pages.min_nr) == (16, 256)
    assert bios.lowest == 0 and pages.lowest >= 256 - 16


def test_the_naps_are_traced_with_what_was_compared():
    m = Dump(zones=1, unreclaimable=True)
    m.noio()
    rows = m.traced(throttle_vm_writeout_event)
    noio = [row for row in rows if row["d"] == GFP_NOIO | NORETRY]
    assert len(noio) == 2
    for row in noio:
        assert row["a"] == 13_652 > row["b"] and row["c"] == 100 * MS
