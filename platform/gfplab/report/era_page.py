"""The part of docs/expectations.md that sets v6.1 beside v4.7: what changed, single changes undone, the policies."""

from gfplab.report.era_changes import FAST_PATH, FULL, METRICS, NO_NAPS, PAIR, at, naps, sentence
from gfplab.report.expectations import Found, span
from gfplab.report.markdown import markdown
from gfplab.study.eras import CASES, NEW, OLD, POLICIES, VARIANTS, VARIED

HEAD = """\
The same scenarios with `kernel = "v6.1"` (`gfplab run s1_dm_crypt_swap --set kernel=v6.1`), each kernel with the
defaults of its time: v6.1 has one LRU list for the node, reserves of 64 bios, 2,048 swap bios in flight, a limit of
ciphertext pages, mq-deadline. "S1, quarter" is s1_quarter, "S2, touched" begins with all memory touched, "rig" is
rig_slow20, its limits taken out for v4.7. v4.7 had no PSI; the figures are what its accounting would have shown.
Medians over 5 seeds, with their range."""

VARIANT_HEAD = """\
Single changes given to v4.7 early, or taken back from v6.1 (3 seeds; the stock kernels 5). Not every change has a key
or a policy that undoes it: node lists, activation of pages under writeback, the excuse of kernel threads, slot caches,
readahead by address and shadows of anonymous pages do not."""

POLICY_HEAD = """\
The answers that were argued over, on both kernels in S1 (3 seeds). P2 brings its own throttle_vm_writeout() along,
which spares only mempool users; P5 and P6 differ from stock v6.1 only where reclaim would throttle a mempool user."""

VARIANT_COLUMNS = (
    ("swap-out, KiB/s", "steady_swapout_kib_s", 0),
    ("longest kcryptd stall, ms", "kcryptd_stall_ms", 0),
    ("kcryptd in throttles, s", "kcryptd_throttle_s", 1),
    ("PSI full, %", "psi_full_pct", 1),
    ("most under writeback", "peak_writeback", 0),
    ("scanned per page freed", "scanned_per_freed", 1),
    ("sleeps on an empty pool", "mempool_waits", 0),
    ("asleep for swap_bios, s", "gate_s", 1),
)
POLICY_COLUMNS = (
    ("swap-out, KiB/s", "steady_swapout_kib_s", 0),
    ("longest kcryptd stall, ms", "kcryptd_stall_ms", 0),
    ("PSI full, %", "psi_full_pct", 1),
    ("lowest free, pages", "min_free_pages", 0),
    ("OOM kills", "oom_kills", 0),
)


def era_part(found: Found) -> list[str]:
    """Markdown: a heading, then text and tables in turn."""
    return [
        "## What the years between changed",
        HEAD,
        markdown(_changes(found)),
        VARIANT_HEAD,
        markdown(_variants(found)),
        POLICY_HEAD,
        markdown(_policies(found)),
    ]


def _changes(found: Found) -> list[list[str]]:
    """One line for each case and metric, then S10."""
    rows = [["scenario", "metric", OLD, NEW, "what changed it"]]
    for case, metrics in METRICS.items():
        for metric in metrics:
            cells = []
            for kernel in (OLD, NEW):
                label = f"{case}; {kernel}"
                if metric is FULL and naps(found, label) == 0:
                    cells.append(NO_NAPS)
                else:
                    cells.append(span(found, *at(label), metric.figure, metric.decimals, metric.factor))
            rows.append([case, metric.heading, *cells, sentence(found, case, metric)])
    for pool, policy, why in FAST_PATH:
        for cpus in _cpus(found):
            what = f"mempool_alloc() and mempool_free() of a {pool}, {policy}, {cpus} CPU{'s' if cpus > 1 else ''}, ns"
            labels = [f"S10; {kernel} {pool} {policy} {cpus}" for kernel in (OLD, NEW)]
            rows.append(["S10", what, *(span(found, *at(label), PAIR.figure, 1) for label in labels), why])
    return rows


def _cpus(found: Found) -> list[int]:
    return sorted({int(label.split()[-1]) for scenario, label in found if scenario == CASES["S10"][0]})


def _variants(found: Found) -> list[list[str]]:
    rows = [["scenario", "kernel", *(heading for heading, *_ in VARIANT_COLUMNS)]]
    for case in VARIED:
        for kernel in (OLD, NEW):
            for name in (kernel, *(name for name in VARIANTS if name.startswith(f"{kernel} "))):
                cells = (span(found, *at(f"{case}; {name}"), figure, n) for _, figure, n in VARIANT_COLUMNS)
                rows.append([case, name, *cells])
    return rows


def _policies(found: Found) -> list[list[str]]:
    headings = [f"{heading}, {kernel}" for heading, *_ in POLICY_COLUMNS for kernel in (OLD, NEW)]
    rows = [["policy", *headings]]
    for policy, plugin in {"P1": "stock", **POLICIES}.items():
        labels = [f"S1; {kernel}" + ("" if policy == "P1" else f" {policy}") for kernel in (OLD, NEW)]
        cells = [span(found, *at(label), figure, n) for _, figure, n in POLICY_COLUMNS for label in labels]
        rows.append([f"{policy} `{plugin}`", *cells])
    return rows
