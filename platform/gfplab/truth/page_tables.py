"""The tables of docs/fidelity.md: all metrics at a glance, each configuration, the order of the policies, traces."""

import math
from collections.abc import Iterable
from statistics import median

import polars as pl

from gfplab.truth.bounds import BOUNDS
from gfplab.truth.compare import Comparison, Medians
from gfplab.truth.markdown import filled, markdown_table
from gfplab.truth.view import SHORT, shown, shown_ratio, title_of

# metrics without a bound that show whether the right thing happens for the right reason
TELLING = {
    "pass1_end_s": "end of the first pass",
    "touch_all_mean_ns": "mean time of a touch",
    "touch_all_max_ns": "longest touch",
    "pgmajfault": "major faults",
    "swap_ra": "pages read ahead",
    "disk_reads": "read requests of the disk",
    "disk_writes": "write requests of the disk",
    "pgscan_kswapd": "pages scanned by kswapd",
    "pgscan_direct": "pages scanned in direct reclaim",
    "pgsteal_direct": "pages freed in direct reclaim",
    "pageoutrun": "times that kswapd ran",
    "dr_inside_mempool_n": "direct reclaims inside mempool_alloc()",
    "dr_inside_mempool_sum_ns": "time in these",
    "mp_all_n": "calls of mempool_alloc()",
    "mp_wait_p99_ns": "99th percentile of a wait for a pool",
    "thr47_inside_mempool_sleeps": "naps of the 2016 throttle inside mempool_alloc()",
    "thr47_kswapd_sleeps": "its naps in kswapd",
    "ts_nr_free_mean": "free pages, mean of the samples",
    "ts_nr_writeback_mean": "pages under writeback, mean",
    "ts_nr_swapcached_mean": "pages in the swap cache, mean",
}
FAR = 1.5  # a factor
FEWEST = 20  # events: a ratio of fewer says nothing
# what of a trace goes on the page
TRACED = ("events", "direct reclaim of, us", "pages written in a direct reclaim of", "issued by", "request size, pages",
          "ns between write_folio of", "throttled, us")  # fmt: skip


def glance(comparison: Comparison) -> str:
    """Every judged metric in one line: how many medians are within their bound, and the two that are furthest off."""
    rows = [["metric", "bound", "medians within", "smallest ratio", "largest ratio"]]
    for metric, bound in BOUNDS.items():
        cells = [cell for cell in comparison.medians() if cell.metric == metric and cell.within is not None]
        if not cells:
            continue
        within = f"{sum(bool(cell.within) for cell in cells)} of {len(cells)}"
        if bound.same_zero:
            kills = max(max(cell.measured_median, cell.simulated_median or 0) for cell in cells)
            rows.append([bound.title, str(bound), within, "none on either side" if not kills else "-", "-"])
            continue
        known = [cell for cell in cells if cell.ratio is not None and math.isfinite(cell.ratio)]
        ends = (min(known, key=lambda cell: cell.ratio), max(known, key=lambda cell: cell.ratio))
        rows.append([bound.title, str(bound), within, *(_place(cell) for cell in ends)])
    return markdown_table(rows)


def _place(cell: Medians) -> str:
    return f"{_bold(cell)} {cell.configuration} {cell.policy}"


def _bold(cell: Medians) -> str:
    said = shown_ratio(cell.ratio)
    return f"**{said}**" if cell.within is False else said


def configuration_table(cells: list[Medians]) -> str:
    """One line a metric; for each policy measured, simulated, ratio."""
    policies = sorted({cell.policy for cell in cells})
    by_key = {(cell.metric, cell.policy): cell for cell in cells}
    heads = ("measured", "simulated", "ratio")
    rows = [["", *(f"{policy}: {heads[0]}" if i == 0 else heads[i] for policy in policies for i in range(3))]]
    for metric in BOUNDS:
        found = [by_key.get((metric, policy)) for policy in policies]
        if any(found) and not _never(found):
            rows.append([title_of(metric), *(text for cell in found for text in _three(cell))])
    said = markdown_table(rows)
    return said + ("\n\nNo OOM kill on either side." if _never([by_key.get(("oom_kill", p)) for p in policies]) else "")


def _never(cells: Iterable[Medians | None]) -> bool:
    """Whether all these cells count kills, and nobody was killed."""
    known = [cell for cell in cells if cell]
    return bool(known) and all(
        BOUNDS[cell.metric].same_zero and not any(cell.measured) and not any(cell.simulated) for cell in known
    )


def _three(cell: Medians | None) -> tuple[str, str, str]:
    if cell is None:
        return "-", "-", "-"
    return shown(cell.metric, cell.measured_median), shown(cell.metric, cell.simulated_median), _bold(cell)


def ranks_table(comparison: Comparison) -> str:
    """Kendall's tau over the separated pairs, a line for each configuration."""
    rankings = comparison.rankings()
    metrics = [metric for metric in BOUNDS if any(o.metric == metric for orders in rankings.values() for o in orders)]
    if not metrics:
        return "The seeds separate no two policies in any of these metrics."
    rows = [["", *(SHORT[metric] for metric in metrics)]]
    wrong = []
    for label in comparison.configurations:
        orders = {order.metric: order for order in rankings.get(label, [])}
        cells = []
        for metric in metrics:
            order = orders.get(metric)
            text = "-" if order is None else f"{order.tau:+.2f} ({len(order.separated)} of {order.pairs})"
            cells.append(f"**{text}**" if order and order.wrong else text)
            wrong += [
                f"{label}, {SHORT[metric]}: policy {pair.first} was measured below {pair.second}"
                for pair in (order.wrong if order else [])
            ]
        rows.append([label, *cells])
    said = markdown_table(rows)
    return f"{said}\n\n" + (
        f"Not in the measured order: {'; '.join(wrong)}." if wrong else "Every separated pair is in the measured order."
    )


def telling_table(comparison: Comparison) -> str:
    """Metrics that nobody set a bound for: the ratios over all configurations and policies."""
    rows = [["metric", "median ratio", "smallest", "largest", "medians"]]
    for metric, title in TELLING.items():
        cells = [
            cell for cell in comparison.medians()
            if cell.metric == metric and cell.ratio is not None and math.isfinite(cell.ratio) and _many(cell)
        ]  # fmt: skip
        if not cells:
            continue
        ends = (min(cells, key=lambda cell: cell.ratio), max(cells, key=lambda cell: cell.ratio))
        middle = shown_ratio(median(cell.ratio for cell in cells))
        rows.append([f"{title} (`{metric}`)", middle, *(_place(cell) for cell in ends), str(len(cells))])
    return markdown_table(rows)


def _many(cell: Medians) -> bool:
    return cell.metric.endswith(("_s", "_ns")) and cell.measured_median > 0 or cell.measured_median >= FEWEST


def trace_table(name: str, found: pl.DataFrame) -> str:
    """A capture beside its simulation, from side_by_side()."""
    rows = [["", "captured, 1/s", "simulated, 1/s", "ratio", "captured mean", "simulated mean"]]
    for what in TRACED:
        for row in found.filter(pl.col("what") == what).iter_rows(named=True):
            means = ("" if row[side] is None else _figure(row[side]) for side in ("captured_mean", "simulated_mean"))
            rates = (_figure(row["captured_per_s"]), _figure(row["simulated_per_s"]), shown_ratio(row["ratio"]))
            rows.append([row["key"] if what == "events" else f"{what} {row['key']}", *rates, *means])
    seconds = found["seconds"][0] if len(found) else 0.0
    said = f"The first {seconds:.3g} s after kswapd's first waking. {_apart(found)}"
    return f"### {name}\n\n{filled(said)}\n\n{markdown_table(rows)}"


def _apart(found: pl.DataFrame) -> str:
    """What differs most, of what happens often enough."""
    rates = pl.max_horizontal("captured_per_s", "simulated_per_s")
    often = found.filter(
        (pl.col("what") != "events") & (rates * pl.col("seconds") >= FEWEST)
        & ~pl.col("ratio").is_between(1 / FAR, FAR)
    )  # fmt: skip
    if often.is_empty():
        return "Nothing that happens often is further apart than a factor of 1.5."
    said = [f"{row['what']} {row['key']} {shown_ratio(row['ratio'])}" for row in often.iter_rows(named=True)]
    return f"Further apart than a factor of {FAR:g}: {'; '.join(said)}."


def _figure(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"
