"""What the years between v4.7 and v6.1 changed: one line for each case and metric, and the mechanism that did it.

A sentence explains a direction. Where the figures go the other way, nothing is said but that nobody has explained it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gfplab.report.expectations import Found, middle
from gfplab.study.eras import CASES, NEW, OLD

NO_NAPS = "no naps"
UNEXPLAINED = "not explained: no sentence here is for a change of this kind."
MARGIN = 0.1  # less than that, either way, counts as the same

Sentence = str | Callable[[Found], str]


@dataclass(frozen=True)
class Metric:
    heading: str
    figure: str
    decimals: int = 0
    factor: float = 1.0


SWAPOUT = Metric("swap-out, KiB/s", "steady_swapout_kib_s")
WORK = Metric("thousand pages touched", "work_done", 0, 1e-3)
ELAPSED = Metric("time for the same work, s", "elapsed_s", 1)
STALL = Metric("longest stall of a kcryptd worker, ms", "kcryptd_stall_ms")
WORKERS = Metric("kcryptd asleep in throttles, s", "kcryptd_throttle_s", 1)
ALL = Metric("all tasks asleep in throttles, s", "throttle_s", 1)
FULL = Metric("reserve full during naps, %", "reserve_full_during_naps_pct", 1)
WAITS = Metric("sleeps on an empty pool", "mempool_waits")
DIRECT = Metric("direct reclaims", "direct_reclaims")
SOME = Metric("PSI memory some, %", "psi_some_pct", 1)
PSI_FULL = Metric("PSI memory full, %", "psi_full_pct", 1)
OOM = Metric("OOM kills", "oom_kills")
WRITEBACK = Metric("most pages under writeback", "peak_writeback")
SCANNED = Metric("pages scanned for each one freed", "scanned_per_freed", 1)
PAIR = Metric("", "mempool_pair_ns", 1)

STORM = (SWAPOUT, WORK, STALL, WORKERS, ALL, FULL, WAITS, DIRECT, SOME, PSI_FULL, OOM, WRITEBACK, SCANNED)
METRICS = {case: STORM for case in CASES if case != "S10"} | {"rig": (SWAPOUT, ELAPSED, *STORM[2:])}


def at(label: str) -> tuple[str, str]:
    """The key of a label among what was found."""
    return CASES[label.partition(";")[0]][0], label


def of(found: Found, label: str, figure: str, decimals: int = 0) -> str:
    """The median of a figure of a row."""
    return f"{middle(found, *at(label), figure):,.{decimals}f}"


def direction(found: Found, case: str, metric: Metric, rest: str = "") -> str:
    """up, down or same: how the median went."""
    old, new = (middle(found, *at(f"{case}; {kernel}{rest}"), metric.figure) for kernel in (OLD, NEW))
    if abs(new - old) <= MARGIN * max(abs(old), abs(new)):
        return "same"
    return "up" if new > old else "down"


_DEMAND = (
    "nothing held the workers up in v4.7 either: it is what the hogs ask for, whose faults wait for their pages one "
    "after the other."
)

SENTENCES: dict[tuple[Metric, str], Sentence] = {
    (SWAPOUT, "up"): lambda f: (
        "throttle_vm_writeout() went with v4.9, and from v5.12 on dm lets 2,048 swap bios pass and no more "
        "(swap_bios), which keeps writeback below its limit. Either would have done: v4.7 without the throttle has "
        f"{of(f, 'S1; v4.7 without throttle_vm_writeout()', 'steady_swapout_kib_s')} KiB/s, with the limit "
        f"{of(f, 'S1; v4.7 with swap_bios', 'steady_swapout_kib_s')}, v6.1 with the throttle "
        f"{of(f, 'S1; v6.1 with throttle_vm_writeout()', 'steady_swapout_kib_s')}, and only with both undone "
        f"{of(f, 'S1; v6.1 without limits, with the throttle', 'steady_swapout_kib_s')}."
    ),
    (SWAPOUT, "same"): _DEMAND,
    (WORK, "up"): "no fault waits any more for a worker that naps.",
    (WORK, "same"): _DEMAND,
    (ELAPSED, "down"): "faults waited for free pages, these for writes, and the writes for workers that napped.",
    (STALL, "down"): (
        "a worker that reclaimed inside mempool_alloc() slept 100 ms for each zone and priority. What is left is "
        "bio_alloc_lock, whose holder waits for pages of ciphertext that are being written: device time."
    ),
    (STALL, "same"): "a worker waits for bio_alloc_lock and its holder for pages of ciphertext: device time.",
    (WORKERS, "down"): (
        "throttle_vm_writeout() is gone, and reclaim_throttle() (v5.16) excuses every kernel thread but kswapd."
    ),
    (WORKERS, "same"): "throttle_vm_writeout() did not fire in v4.7, and v6.1 excuses kernel threads.",
    (ALL, "down"): (
        "nobody who may do I/O and enter filesystems left throttle_vm_writeout() while writeback was above its limit. "
        "reclaim_throttle() stops a task only where half of what can be freed is being written, for a tick; for "
        "longer it stops kswapd alone, and swap_bios leaves that little to wait for."
    ),
    (FULL, NO_NAPS): "no worker naps, so no reserve lies idle beside one that does.",
    (WAITS, "up"): lambda f: (
        "who finds a pool empty now sleeps there, until an element returns, and not in a throttle; many of these "
        "sleeps are owed to watermark boosts (v5.0), which lift the min mark too: without them v6.1 has "
        f"{of(f, 'S1; v6.1 without watermark boosts', 'mempool_waits')} in S1."
    ),
    (WAITS, "same"): lambda f: (
        "fewer callers would meet an empty pool, were it not for watermark boosts (v5.0), which lift the min mark too: "
        f"without them v6.1 has {of(f, 'S2; v6.1 without watermark boosts', 'mempool_waits')} in S2."
    ),
    (WAITS, "down"): "2,048 swap bios at most, so fewer callers meet an empty pool.",
    (DIRECT, "up"): "reclaimers come back for more instead of sleeping, and many times the pages are swapped.",
    (DIRECT, "same"): "the hogs ask for as many pages, and a round brings 32 in both.",
    (DIRECT, "down"): lambda f: (
        "with swap_bios fewer pages that cannot be freed yet are in the way of kswapd: alone it brings v4.7 from "
        f"{of(f, 'S2; v4.7', 'direct_reclaims')} down to {of(f, 'S2; v4.7 with swap_bios', 'direct_reclaims')} in S2."
    ),
    (SOME, "down"): (
        "a nap in a throttle is a stall on memory; what remains is reclaim itself and waiting for pages from swap."
    ),
    (SOME, "same"): "the same faults wait for the same disk.",
    (PSI_FULL, "down"): "nobody naps, so there is somebody who gets on.",
    (PSI_FULL, "same"): (
        "the same waits; v6.1 counts a CPU as lost while it reclaims (v5.12), where the figure for v4.7 does not."
    ),
    (OOM, "same"): "the mempool change that used up the last reserves (v4.6 to v4.7.0, P0 below) is in neither.",
    (WRITEBACK, "down"): lambda f: (
        "swap_bios: 2,048 swap pages, besides file pages and one for each submitter who waits at the gate; without "
        f"dm's limits v6.1 has {of(f, 'S1; v6.1 without limits in flight', 'peak_writeback')} in S1."
    ),
    (SCANNED, "up"): "in v4.7 hardly anybody scanned: the reclaimers were asleep.",
    (SCANNED, "down"): lambda f: (
        "fewer pages under writeback to pass over, and workers that reclaim less often since their reserves hold 64 "
        f"bios: in S2 v4.7 with swap_bios has {of(f, 'S2; v4.7 with swap_bios', 'scanned_per_freed')}, v6.1 with "
        f"reserves of 16 {of(f, 'S2; v6.1 with reserves of 16', 'scanned_per_freed')}."
    ),
}

# where the sentence of a direction would be beside the point
OF_CASE: dict[tuple[str, Metric, str], Sentence] = {
    ("S1, quarter", SWAPOUT, "up"): "as in S1.",
    ("rig", SWAPOUT, "up"): "as in S1.",
    ("S2", STALL, "down"): lambda f: (
        "bio_alloc_lock, whose holder waits for pages of ciphertext that are being written: they return sooner when "
        f"fewer writes are in flight (v4.7 with swap_bios: {of(f, 'S2; v4.7 with swap_bios', 'kcryptd_stall_ms')} ms)."
    ),
    ("S2", ALL, "down"): lambda f: (
        "kswapd of v4.7 naps 100 ms when it meets pages at the tail that it has already met under writeback "
        "(nr_immediate). v6.1 activates them, so that they are not met again, and swap_bios leaves few (v4.7 with it: "
        f"{of(f, 'S2; v4.7 with swap_bios', 'throttle_s', 1)} s)."
    ),
    ("S2", SOME, "down"): "kswapd no longer naps while the hogs reclaim for themselves.",
    ("S2", PSI_FULL, "down"): "kswapd no longer naps while the hogs reclaim for themselves.",
    ("S2, touched", SWAPOUT, "same"): (
        "the throttle of v4.7 fires in some seeds, and not for long: most of the time it is what the hogs ask for."
    ),
    ("S2, touched", WRITEBACK, "down"): (
        "swap_bios. In v4.7 nothing bounds what the first reclaim submits when it finds only touched pages, until "
        "throttle_vm_writeout() stops it at 1.1 times 190 MiB."
    ),
}

FAST_PATH: Sequence[tuple[str, str, str]] = (
    ("slab", "P1", "the lock-free list of the CPU, in both."),
    (
        "page",
        "P1",
        "the per-CPU list: v4.7 keeps interrupts off, v6.1 tries a lock that is the CPU's own. On many CPUs the start "
        "shows, when all fill their lists from one zone.",
    ),
    ("slab", "P4", "pool->lock is the same spinlock, and the reserve behind it the same array."),
)


def sentence(found: Found, case: str, metric: Metric) -> str:
    """Why this metric went as it did in this case."""
    went = direction(found, case, metric)
    if metric is FULL:
        went = NO_NAPS if naps(found, f"{case}; {NEW}") == 0 else "up"
    said = OF_CASE.get((case, metric, went)) or SENTENCES.get((metric, went), UNEXPLAINED)
    return said if isinstance(said, str) else said(found)


def naps(found: Found, label: str) -> float:
    """Seconds that workers slept in throttles, over all seeds."""
    return sum(run["kcryptd_throttle_s"] for run in found[at(label)])
