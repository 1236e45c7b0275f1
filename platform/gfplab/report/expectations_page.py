"""docs/expectations.md: tables of what was measured, v6.1 beside v4.7, and every expectation with its verdict."""

from gfplab.report.era_expectations import ERA_EXPECTATIONS
from gfplab.report.era_page import era_part
from gfplab.report.expectations import EXPECTATIONS, S1, S2, Found, cpus_of, pair_ns, span
from gfplab.report.markdown import markdown

TITLES = {
    S1: "S1: swap storm on dm-crypt, after a writer",
    S2: "S2: the same, and no file was ever written",
}

COLUMNS = (
    # heading, figure, decimals, factor
    ("in T5, % of busy time", "kcryptd_throttled_pct", 1, 1.0),
    ("worker naps in T5", "naps", 0, 1.0),
    ("of these for a pool", "pool_naps", 0, 1.0),
    ("shortest, ms", "shortest_nap_ms", 1, 1.0),
    ("longest, ms", "longest_nap_ms", 1, 1.0),
    ("reserve full during naps, %", "reserve_full_during_naps_pct", 1, 1.0),
    ("worst I/O stall, ms", "worst_io_stall_ms", 0, 1.0),
)
MORE_COLUMNS = (
    ("swap-out, KiB/s", "steady_swapout_kib_s", 0, 1.0),
    ("swap-in, KiB/s", "steady_swapin_kib_s", 0, 1.0),
    ("work done, k pages", "work_done", 0, 1e-3),
    ("peak writeback, pages", "peak_writeback", 0, 1.0),
    ("peak slab, pages", "peak_slab", 0, 1.0),
    ("scanned per page freed", "scanned_per_freed", 0, 1.0),
    ("lowest free, pages", "min_free_pages", 0, 1.0),
    ("OOM kills", "oom_kills", 0, 1.0),
    ("idle reserve, KiB", "idle_reserve_bytes", 0, 1 / 1024),
    ("median mempool_alloc(), ns", "mempool_p50_ns", 0, 1.0),
)

HEAD = """\
# What the experts expected, and what the simulator measured

    gfplab expectations

The policies are P0 `mempool_4_7_0`, P1 `linux_4_7`, P2 `hocko_rfc`, P2b `flag_only`, P3 `neil_mask`, P4 `pool_first`
and P8 `linux_4_9`; T5 is throttle_vm_writeout(). A figure is the median over the seeds, with their range in brackets;
the number of seeds stands behind the policy. Rates are of the time after the first 2 s; swap-out counts a page when its
write has completed. All is on v4.7 but "What the years between changed".
An expectation that does not hold is not always the simulator's fault: the reason stands with it.
"""


def expectations_page(found: Found, eras: Found) -> str:
    """The whole document: `found` is of v4.7 under its policies, `eras` of both kernels."""
    parts = [HEAD]
    for scenario, title in TITLES.items():
        parts += [f"## {title}", _storm_table(found, scenario, COLUMNS), _storm_table(found, scenario, MORE_COLUMNS)]
    parts += ["## S10: a pool on many CPUs", _FAST_HEAD, _fast_path_table(found, "hold"), _HAMMER_HEAD]
    parts += [_fast_path_table(found, "hammer"), *era_part(eras), "## Expectations"]
    groups = [*((*group, found) for group in EXPECTATIONS), *((*group, eras) for group in ERA_EXPECTATIONS)]
    held = 0
    for title, expectations, measured in groups:
        lines = []
        for expectation in expectations:
            holds = expectation.holds(measured)
            held += holds
            verdict = "**Holds.**" if holds else f"**Does not hold:** {expectation.why}"
            lines.append(f"- {expectation.sentence} Measured: {expectation.measured(measured)}. {verdict}")
        parts += [f"### {title}", "\n".join(lines)]
    total = sum(len(expectations) for _title, expectations, _measured in groups)
    parts.append(f"{held} of {total} hold.")
    return "\n\n".join(part.strip() for part in parts) + "\n"


_FAST_HEAD = """\
One task on each CPU takes an element, holds it for 5 us, gives it back and thinks for 200 ns. Mean of mempool_alloc()
and mempool_free() together, in ns, by the number of CPUs; the start, when every list is still empty, is in it."""
_HAMMER_HEAD = "The same with neither holding nor thinking: every CPU is always at the pool."


def _storm_table(found: Found, scenario: str, columns) -> str:
    rows = [["policy (seeds)", *(heading for heading, *_ in columns)]]
    for at, runs in found.items():
        if at[0] == scenario:
            cells = [span(found, *at, figure, decimals, factor) for _, figure, decimals, factor in columns]
            rows.append([f"{at[1]} ({len(runs)})", *cells])
    return markdown(rows)


def _fast_path_table(found: Found, load: str) -> str:
    cpus = cpus_of(found)
    rows = [["pool, policy", *(str(n) for n in cpus)]]
    for pool in ("slab", "page"):
        for policy in ("P1", "P3", "P4", "P8"):
            rows.append([f"{pool}, {policy}", *(f"{pair_ns(found, load, pool, policy, n):.1f}" for n in cpus)])
    return markdown(rows)
