"""Pageblocks at boot: who takes pages of which type, and the free lists that are left when the clock starts.

Linux declares every block movable; kernel memory then claims whole free blocks one after the other, and so does memory
of the other types.  What was claimed and not used is free memory of that type only.
"""

import numpy as np

from gfplab.boot.memory import PageSource
from gfplab.errors import ScenarioError
from gfplab.kernel.mobility_types import (
    BUDDY_TYPE_SHIFT,
    MAX_ORDER,
    MIGRATE_MOVABLE,
    MIGRATE_PCPTYPES,
    MIGRATE_UNMOVABLE,
)
from gfplab.kernel.types import PG_buddy

MIGRATE_TYPES = 5  # with the high-atomic and the isolated ones, which are not modelled


def has_pageblocks(world) -> bool:
    """Whether the kernel of that age is simulated with its migratetypes."""
    return world.kernel != "v4.7"


def block_counts(world) -> list[int]:
    """Pageblocks of each zone; the last may be cut short by the zone's end."""
    size = 1 << world.machine.pageblock_order
    return [-(-zone.managed_pages // size) for zone in world.machine.zones]


def pageblock_sizes(world) -> dict[str, int]:
    """Sizes of the arrays; a kernel without migratetypes has next to none."""
    if not has_pageblocks(world):
        return {"free_areas": 1, "pcp_lists": 1, "pageblock_type": 1, "page_buddy": 1}
    zones = len(world.machine.zones) + 1
    return {
        "free_areas": zones * MIGRATE_PCPTYPES * MAX_ORDER,
        "pcp_lists": zones * world.machine.cpus * MIGRATE_PCPTYPES,
        "pageblock_type": 1 + sum(block_counts(world)),
        "page_buddy": world.machine.managed_pages + 1,
    }


def setup_pageblocks(arrays, world):
    """Number the blocks of the zones; all are movable, unless the machine is too small for several types."""
    zones, vm = arrays["zones"], arrays["vm"]
    names = [zone.name for zone in world.machine.zones]
    vm["group_by_mobility"] = int(world.machine.managed_pages >= MIGRATE_TYPES << world.machine.pageblock_order)
    arrays["pageblock_type"][:] = MIGRATE_MOVABLE if vm["group_by_mobility"][0] else MIGRATE_UNMOVABLE
    first = 1
    for z, count in enumerate(block_counts(world), 1):
        zones["first_block"][z] = first
        first += count
        zones["nofragment"][z] = int(names[z - 1] == "Normal" and "DMA32" in names)


class BlockSource(PageSource):
    """Hands out pages by type: from the block that the type has begun, then from the next whole block."""

    def __init__(self, arrays, world):
        super().__init__(arrays, world)
        setup_pageblocks(arrays, world)
        self.order = world.machine.pageblock_order
        self.begun = {}  # (zone, type) -> (next page, end) of the block it takes from

    def take(self, n: int, what: str, migratetype: int = MIGRATE_MOVABLE) -> np.ndarray:
        """n page numbers, highest zone first; a zone keeps what kswapd would have kept while others have more."""
        if not self.arrays["vm"]["group_by_mobility"][0]:
            migratetype = MIGRATE_UNMOVABLE
        parts, left = [np.zeros(0, np.int64)], n
        for keeping in (True, False):
            for z in sorted(self.next, reverse=True):
                room = self.free_pages(z) - (self.keep[z] if keeping else 0)
                while left and room > 0:
                    got = self.take_some(z, migratetype, min(left, room))
                    parts.append(got)
                    left -= len(got)
                    room -= len(got)
        if left:
            raise ScenarioError(
                f"{self.world.source}: {what} needs {n} pages, {left} more than the machine has left; "
                "give [machine] more memory or the tasks less"
            )
        return np.concatenate(parts)

    def free_pages(self, z: int) -> int:
        """Pages of a zone that nobody has taken."""
        return self.end[z] - self.next[z] + sum(end - at for (y, _), (at, end) in self.begun.items() if y == z)

    def take_some(self, z: int, migratetype: int, n: int) -> np.ndarray:
        """At least one page, at most n: of the type's own block, of a new block, or of another type's block."""
        at, end = self.begun.get((z, migratetype), (0, 0))
        if at == end and self.next[z] < self.end[z]:
            at, end = self.next[z], min(self.next[z] + (1 << self.order), self.end[z])
            self.next[z] = end
            self.arrays["pageblock_type"][self.block(z, at)] = migratetype
        key = (z, migratetype)
        if at == end:
            key = max((k for k in self.begun if k[0] == z), key=lambda k: self.begun[k][1] - self.begun[k][0])
            at, end = self.begun[key]
        got = min(n, end - at)
        self.begun[key] = (at + got, end)
        return np.arange(at, at + got)

    def block(self, z: int, page: int) -> int:
        """The pageblock of a page."""
        zones = self.arrays["zones"]
        return int(zones["first_block"][z]) + ((page - int(zones["start_pfn"][z])) >> self.order)

    def free_the_rest(self):
        """Put what nobody took onto the free lists, as the largest aligned blocks that fit, lowest first."""
        zones, vm = self.arrays["zones"], self.arrays["vm"]
        for z in self.next:
            ranges = [(at, end) for (y, _), (at, end) in self.begun.items() if y == z and at < end]
            ranges.append((self.next[z], self.end[z]))
            zones["free"][z] = sum(end - at for at, end in ranges)
            for at, end in sorted(ranges):
                self.arrays["page_flags"][at:end] = PG_buddy
                self.chain(z, at, end)
        vm["nr_free"] = int(zones["free"].sum())
        vm["min_free"] = vm["nr_free"]

    def chain(self, z: int, at: int, end: int):
        """Append a range of free pages to the lists of its blocks' types."""
        arrays = self.arrays
        start = int(arrays["zones"]["start_pfn"][z])
        while at < end:
            order = MAX_ORDER - 1
            while (at - start) % (1 << order) or at + (1 << order) > end:
                order -= 1
            migratetype = int(arrays["pageblock_type"][self.block(z, at)])
            area = arrays["free_areas"][(z * MIGRATE_PCPTYPES + migratetype) * MAX_ORDER + order]
            tail = int(area["tail"])
            if tail:
                arrays["page_next"][tail] = at
            else:
                area["head"] = at
            arrays["page_prev"][at], arrays["page_next"][at] = tail, 0
            area["tail"] = at
            area["nr"] += 1
            arrays["page_buddy"][at] = 1 + order + (migratetype << BUDDY_TYPE_SHIFT)
            at += 1 << order
