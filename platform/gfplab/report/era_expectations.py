"""What experts expect of v6.1, P9 of the debate: nobody posted it, and the years brought it."""

from gfplab.report.era_changes import at
from gfplab.report.expectations import Expectation, Found, middle, span
from gfplab.study.eras import CASES, NEW, OLD, POLICIES

SWAP_BIOS = 2048
SUBMITTERS = 8  # pages that wait at the gate: one for kswapd, for each hog and for each worker that reclaims
STORMS = tuple(case for case in CASES if case != "S10")
EARLY = "S1; v4.7 with swap_bios, without the throttle"


def _swapout(found: Found, label: str) -> float:
    return middle(found, *at(label), "steady_swapout_kib_s")


def _rates(found: Found, *labels: str) -> str:
    return "; ".join(f"{label} {span(found, *at(label), 'steady_swapout_kib_s')} KiB/s" for label in labels)


def _worst(found: Found, figure: str, *labels: str) -> float:
    return max(run[figure] for label in labels for run in found[at(label)])


def _near(one: float, other: float, share: float) -> bool:
    return abs(one - other) <= share * other


def _pair(found: Found, kernel: str, pool: str) -> float:
    fewest = min(int(label.split()[-1]) for scenario, label in found if scenario == CASES["S10"][0])
    return middle(found, *at(f"S10; {kernel} {pool} P1 {fewest}"), "mempool_pair_ns")


_NEW = tuple(f"{case}; {NEW}" for case in STORMS)
_DEBATED = tuple(f"S1; {NEW} {policy}" for policy in POLICIES)

ERA_EXPECTATIONS = (
    (
        "v6.1 (P9)",
        (
            Expectation(
                "No worker of kcryptd is throttled in reclaim, in any scenario.",
                lambda f: f"{_worst(f, 'kcryptd_throttle_s', *_NEW):.0f} s",
                lambda f: _worst(f, "kcryptd_throttle_s", *_NEW) == 0,
            ),
            Expectation(
                f"No more than {SWAP_BIOS:,} swap bios are in flight: whoever submits more waits.",
                lambda f: (
                    f"most pages under writeback in S2 {_worst(f, 'peak_writeback', f'S2; {NEW}'):.0f}; "
                    f"submitters slept {span(f, *at(f'S2; {NEW}'), 'gate_s', 1)} s"
                ),
                lambda f: _worst(f, "peak_writeback", f"S2; {NEW}") <= SWAP_BIOS + SUBMITTERS,
            ),
            Expectation(
                "Swap-out in S1: like v4.7 without its throttle and with a limit in flight (P8 and P10 together).",
                lambda f: _rates(f, f"S1; {NEW}", EARLY),
                lambda f: _near(_swapout(f, f"S1; {NEW}"), _swapout(f, EARLY), 0.05),
            ),
            Expectation(
                "Swap-out in S1: at least as fast as with Neil Brown's mask (P3), which nobody needs any more.",
                lambda f: _rates(f, f"S1; {NEW}", f"S1; {NEW} P3", f"S1; {OLD} P3"),
                lambda f: (
                    _swapout(f, f"S1; {NEW}") >= 0.95 * max(_swapout(f, f"S1; {NEW} P3"), _swapout(f, f"S1; {OLD} P3"))
                ),
            ),
            Expectation(
                "Swap-out in S1: at least ten times that of v4.7.",
                lambda f: _rates(f, f"S1; {NEW}", f"S1; {OLD}"),
                lambda f: _swapout(f, f"S1; {NEW}") >= 10 * _swapout(f, f"S1; {OLD}"),
            ),
            Expectation(
                "Nothing runs out of memory, under none of the policies, P0 among them.",
                lambda f: f"{_worst(f, 'oom_kills', *_NEW, *_DEBATED):.0f} OOM kills",
                lambda f: _worst(f, "oom_kills", *_NEW, *_DEBATED) == 0,
            ),
            Expectation(
                "When nothing is short, mempool_alloc() costs what it did: to within a tenth.",
                lambda f: ", ".join(
                    f"{pool} {_pair(f, OLD, pool):.1f} and {_pair(f, NEW, pool):.1f} ns" for pool in ("slab", "page")
                ),
                lambda f: all(_near(_pair(f, NEW, pool), _pair(f, OLD, pool), 0.1) for pool in ("slab", "page")),
            ),
        ),
    ),
)
