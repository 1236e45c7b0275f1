"""Pages at boot: marks and lists of each zone, and who holds which page when the clock starts.

Pages are handed out from the highest zone down, in the order in which this file asks for them; what is left is free.
"""

import functools

import numpy as np

from gfplab.boot.watermarks import (
    lowmem_reserve,
    min_free_kbytes,
    pcp_batch_high,
    pcp_batch_high_v6_1,
    totalreserve_pages,
    zone_watermarks,
)
from gfplab.errors import ScenarioError
from gfplab.kernel.mobility_types import MIGRATE_MOVABLE
from gfplab.kernel.swap import NODE_LRU_ERA
from gfplab.kernel.types import (
    LRU_ACTIVE_ANON,
    LRU_ACTIVE_FILE,
    LRU_INACTIVE_ANON,
    LRU_INACTIVE_FILE,
    PG_buddy,
    PG_lru,
)

LRU_SIZE = {
    LRU_INACTIVE_ANON: "nr_inactive_anon",
    LRU_ACTIVE_ANON: "nr_active_anon",
    LRU_INACTIVE_FILE: "nr_inactive_file",
    LRU_ACTIVE_FILE: "nr_active_file",
}


@functools.lru_cache(maxsize=32)
def shuffled(n: int, seed: int, purpose: int) -> np.ndarray:
    """0..n-1 in an order drawn from (seed, purpose) by splitmix64 keys, the same with every numpy; read-only."""
    with np.errstate(over="ignore"):
        z = np.arange(1, n + 1, dtype=np.uint64) + np.uint64((seed * 1_000_003 + purpose) & (2**63 - 1))
        z *= np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    order = np.argsort(z)  # no two keys are equal
    order.flags.writeable = False
    return order


def setup_zones(arrays, world, layout):
    """Marks, reserves, per-CPU list sizes and page ranges. Returns totalreserve_pages."""
    machine = world.machine
    zones, vm = arrays["zones"], arrays["vm"]
    names = [zone.name for zone in machine.zones]
    managed = [zone.managed_pages for zone in machine.zones]
    kib = machine.min_free_kbytes or min_free_kbytes(sum(managed), world.kernel)
    marks = zone_watermarks(managed, kib, machine.watermark_scale_factor)
    reserve = lowmem_reserve(names, managed)
    start = 1
    for z, pages in enumerate(managed, 1):
        layout.zones.append(names[z - 1])
        zones["managed"][z] = zones["present"][z] = pages
        zones["start_pfn"][z] = start
        arrays["page_zone"][start : start + pages] = z
        start += pages
        zones["wmark_min"][z], zones["wmark_low"][z], zones["wmark_high"][z] = marks[z - 1]
        for j in range(len(managed)):
            zones[f"reserve_{j + 1}"][z] = reserve[z - 1][j]
        zones["lruvec"][z] = lruvec = z if vm["era"][0] < NODE_LRU_ERA else 1
        arrays["lruvecs"]["zone"][lruvec] = z if vm["era"][0] < NODE_LRU_ERA else 0
        zones["cls"][z] = z
        zones["lock"][z] = layout.lock()
        cpus = machine.cpus
        batch, high = pcp_batch_high(pages)
        if world.kernel != "v4.7":
            batch, high = pcp_batch_high_v6_1(pages, marks[z - 1][1], cpus)
        arrays["pcps"]["batch"][z * cpus : (z + 1) * cpus] = batch
        arrays["pcps"]["high"][z * cpus : (z + 1) * cpus] = high
    vm["nr_zones"] = len(managed)
    vm["nr_managed"] = sum(managed)
    vm["min_free_kbytes"] = kib
    vm["totalreserve"] = totalreserve_pages(managed, marks, reserve)


class PageSource:
    """Hands out the machine's pages before the clock starts, highest zone first."""

    def __init__(self, arrays, world):
        self.arrays, self.world = arrays, world
        zones = arrays["zones"]
        n = int(arrays["vm"]["nr_zones"][0])
        self.next = {z: int(zones["start_pfn"][z]) for z in range(1, n + 1)}
        self.end = {z: self.next[z] + int(zones["managed"][z]) for z in range(1, n + 1)}
        self.keep = {z: int(zones["wmark_high"][z] + zones[f"reserve_{n}"][z]) for z in range(1, n + 1)}

    def take(self, n: int, what: str, migratetype: int = MIGRATE_MOVABLE) -> np.ndarray:
        """n page numbers, ascending within a zone: from the highest zone first, as the allocator's zonelist has them.

        A zone keeps what kswapd would have kept free there; below that all are taken only when all are that low.
        The migratetype matters to the kernels that have one (mobility.py).
        """
        parts, left = [], n
        for keeping in (True, False):
            for z in sorted(self.next, reverse=True):
                floor = self.keep[z] if keeping else 0
                got = max(0, min(left, self.end[z] - floor - self.next[z]))
                parts.append(np.arange(self.next[z], self.next[z] + got))
                self.next[z] += got
                left -= got
        if left:
            raise ScenarioError(
                f"{self.world.source}: {what} needs {n} pages, {left} more than the machine has left; "
                "give [machine] more memory or the tasks less"
            )
        return np.concatenate(parts)

    def free_the_rest(self):
        """Chain what nobody took into the buddy lists, lowest page first."""
        zones, vm = self.arrays["zones"], self.arrays["vm"]
        flags, link = self.arrays["page_flags"], self.arrays["page_next"]
        for z, first in self.next.items():
            end = self.end[z]
            zones["free"][z] = end - first
            if end > first:
                pages = np.arange(first, end)
                flags[pages] = PG_buddy
                link[pages[:-1]] = pages[1:]
                link[end - 1] = 0
                zones["free_head"][z] = first
        vm["nr_free"] = int(zones["free"].sum())
        vm["min_free"] = vm["nr_free"]


def link_lru(arrays, lru: int, pages: np.ndarray):
    """Put pages (newest first) at the old end of their zones' lists."""
    zone_of, flags = arrays["page_zone"], arrays["page_flags"]
    for z in np.unique(zone_of[pages]):
        mine = pages[zone_of[pages] == z]
        lv = int(arrays["zones"]["lruvec"][z])
        lst = arrays["lrus"][lv * 4 + lru]
        arrays["page_next"][mine[:-1]] = mine[1:]
        arrays["page_prev"][mine[1:]] = mine[:-1]
        arrays["page_next"][mine[-1]] = 0
        old_tail = int(lst["tail"])
        arrays["page_prev"][mine[0]] = old_tail
        if old_tail:
            arrays["page_next"][old_tail] = mine[0]
        else:
            lst["head"] = mine[0]
        lst["tail"] = mine[-1]
        lst["nr"] += len(mine)
        arrays["lruvecs"][LRU_SIZE[lru]][lv] += len(mine)
        arrays["zones"][LRU_SIZE[lru].replace("nr_", "lru_")][z] += len(mine)
    flags[pages] |= PG_lru
