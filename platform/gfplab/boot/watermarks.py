"""The figures the kernel computes at boot: min_free_kbytes, the three marks, lowmem_reserve, per-CPU list sizes.

Models init_per_zone_wmark_min(), __setup_per_zone_wmarks(), setup_per_zone_lowmem_reserve(),
calculate_totalreserve_pages(), zone_batchsize() and, of v6.1, zone_highsize() of mm/page_alloc.c.
"""

from math import isqrt

PAGE_KIB = 4
LOWMEM_RESERVE_RATIO = {"DMA": 256, "DMA32": 256, "Normal": 32, "Movable": 1}


def min_free_kbytes(managed_pages: int, kernel: str = "v4.7") -> int:
    """sqrt(16 * lowmem in KiB), between 128 KiB and 64 MiB in v4.7, 256 MiB later."""
    return min(max(isqrt(managed_pages * PAGE_KIB * 16), 128), 65536 if kernel == "v4.7" else 262144)


def zone_watermarks(managed: list[int], min_free_kib: int, scale_factor: int = 10) -> list[tuple[int, int, int]]:
    """(min, low, high) in pages for each zone: min by its share of memory, the others a gap apart."""
    total = sum(managed)
    pages_min = min_free_kib // PAGE_KIB
    marks = []
    for pages in managed:
        low_mark = pages_min * pages // total
        gap = max(low_mark // 4, pages * scale_factor // 10000)
        marks.append((low_mark, low_mark + gap, low_mark + 2 * gap))
    return marks


def lowmem_reserve(names: list[str], managed: list[int]) -> list[list[int]]:
    """reserve[i][j]: pages of zone i kept from requests that could use zone j; 0 for j <= i."""
    n = len(managed)
    return [
        [sum(managed[i + 1 : j + 1]) // LOWMEM_RESERVE_RATIO[names[i]] if j > i else 0 for j in range(n)]
        for i in range(n)
    ]


def totalreserve_pages(managed: list[int], marks: list[tuple[int, int, int]], reserve: list[list[int]]) -> int:
    """Pages that nobody may dirty: each zone's high mark and largest reserve."""
    return sum(min(pages, marks[i][2] + max(reserve[i])) for i, pages in enumerate(managed))


def pcp_batch_high(managed: int) -> tuple[int, int]:
    """(batch, high) of a per-CPU list: a quarter of a thousandth of the zone, 2^n - 1, six batches at most."""
    batch = max(min(managed // 1024, 128) // 4, 1)
    batch += batch // 2
    batch = (1 << (batch.bit_length() - 1)) - 1
    return max(batch, 1), 6 * batch


def pcp_batch_high_v6_1(managed: int, low_mark: int, cpus: int) -> tuple[int, int]:
    """(batch, high) from v5.13 on: the lists of all CPUs together may hold as much as the low mark."""
    batch = max(min(managed // 1024, 256) // 4, 1)
    batch += batch // 2
    batch = max((1 << (batch.bit_length() - 1)) - 1, 1)
    return batch, max(low_mark // cpus, 4 * batch)
