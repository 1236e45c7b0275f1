"""The machine a scenario describes: CPUs, zones, sysctls, and what memory holds when the clock starts."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from gfplab.units import GIB, MIB, PAGE_SIZE
from gfplab.world.fields import TABLE, Flag, Name, Pages, SomePages, SomeSize, Text, Whole

ZONES = ("DMA", "DMA32", "Normal", "Movable")

# Of the first 16 MiB a PC's firmware and kernel leave 15908 kB; of the rest about 97 % is left to manage.
DMA_PAGES = 3977
DMA_END = 16 * MIB
DMA32_END = 3 * GIB


@dataclass(frozen=True)
class Zone:
    """[[machine.zone]]: one zone of node 0."""

    __pydantic_config__ = TABLE

    name: Annotated[Literal["DMA", "DMA32", "Normal", "Movable"], "zones are listed in this order"]
    managed_pages: Annotated[SomePages, "what the page allocator has, as /proc/zoneinfo prints it"]


@dataclass(frozen=True)
class Start:
    """[machine.start]: what is true at time 0. Memory that nothing claims, here or in a task, is free."""

    __pydantic_config__ = TABLE

    free_pages: Annotated[SomePages | None, "pages that are free; what nobody else claims is then the kernel's"] = None
    kernel_reclaimable_pages: Annotated[
        Pages, "of what the kernel holds, slabs that could be reclaimed; from v6.1 on they have pageblocks of their own"
    ] = 0
    kernel_movable_pages: Annotated[
        Pages, "of what the kernel holds, what stands in movable pageblocks: memory that programs have locked"
    ] = 0
    dirty_limit_pages: Annotated[SomePages | None, "the slow dirty limit; as after boot when not written"] = None
    active_file_pages: Annotated[Pages, "clean page cache on the active list"] = 0
    inactive_file_pages: Annotated[Pages, "page cache on the inactive list"] = 0
    dirty_pages: Annotated[Pages, "of the inactive file pages, those that are dirty"] = 0
    filesystem: Annotated[Name | None, "whose the dirty pages are"] = None
    active_anon_pages: Annotated[Pages, "anonymous pages of tasks that never run, active list"] = 0
    inactive_anon_pages: Annotated[Pages, "anonymous pages of tasks that never run, inactive list"] = 0


@dataclass(frozen=True)
class Machine:
    """[machine]: hardware, sysctls under their kernel names, and the start. Either `memory` or zones."""

    __pydantic_config__ = TABLE

    cpus: Annotated[int, Whole(1, 128), "CPUs online"]
    hz: Annotated[Literal[100, 250, 300, 1000], "ticks a second"] = 250
    memory_bytes: Annotated[SomeSize | None, "RAM, from which the zones are computed"] = None
    zones: Annotated[tuple[Zone, ...], Field(alias="zone"), "the zones, when they are known"] = ()
    kernel_pages: Annotated[
        Pages | None, Field(alias="kernel_memory"), "what the kernel holds for good; a twentieth when not written"
    ] = None
    min_free_kbytes: Annotated[int | None, Whole(32, 1 << 30), "computed from the zones when not written"] = None
    watermark_scale_factor: Annotated[int, Whole(1, 3000), "distance between the marks, in 1/10000 of a zone"] = 10
    watermark_boost_factor: Annotated[int, Whole(0, 1 << 20), "how far a boost goes, v6.1 and later"] = 15000
    swappiness: Annotated[int, Whole(0, 200), "0 to 100 in v4.7, 0 to 200 later"] = 60
    dirty_ratio: Annotated[int, Whole(1, 100), "per cent of dirtyable memory where writers wait"] = 20
    dirty_background_ratio: Annotated[int, Whole(0, 100), "per cent of dirtyable memory where the flusher starts"] = 10
    dirty_expire_centisecs: Annotated[int, Whole(1, 1 << 24), "age at which the flusher writes a dirty page anyway"] = (
        3000
    )
    dirty_writeback_centisecs: Annotated[int, Whole(1, 1 << 24), "how often the flusher looks for old dirty pages"] = (
        500
    )
    page_cluster: Annotated[int, Whole(0, 10), "log2 of the swap readahead window"] = 3
    pageblock_order: Annotated[int, Whole(0, 10), "log2 of the pages of a block that grouping by mobility moves"] = 9
    cpu: Annotated[Literal["pc2016", "rig"], "whose instruction costs apply; [costs] overrides single ones"] = "pc2016"
    cpu_shift: Annotated[
        int, Whole(0, 16), "the CPU is 2 to that power times slower: all CPU times as often double"
    ] = 0
    sampler: Annotated[
        Flag,
        "a program, not the simulator, reads /proc/vmstat every `sample`, which takes CPU time, and waits for the end",
    ] = False
    imported: Annotated[Text | None, Field(alias="import"), "file that `gfplab machine import` wrote"] = None
    start: Annotated[Start, "what is true at time 0"] = field(default_factory=Start)

    @property
    def managed_pages(self) -> int:
        """Pages of all zones."""
        return sum(zone.managed_pages for zone in self.zones)


def zones_of_memory(memory: int) -> tuple[Zone, ...]:
    """The zones of a PC with that much RAM: 97 % is managed, the DMA zone exists above 16 MiB."""
    managed = memory // PAGE_SIZE * 97 // 100
    if memory <= DMA_END:
        return (Zone("DMA", managed),)
    zones = [Zone("DMA", min(DMA_PAGES, managed - 1))]
    below_4g = min(managed, DMA32_END // PAGE_SIZE * 97 // 100)
    zones.append(Zone("DMA32", below_4g - zones[0].managed_pages))
    if managed > below_4g:
        zones.append(Zone("Normal", managed - below_4g))
    return tuple(zones)
