"""What `gfplab validate` prints: each configuration's medians side by side, the ranks, each row's ratios."""

import math

from rich.console import Group, RenderableType
from rich.text import Text

from gfplab.report.tables import add_row, new_table, number
from gfplab.truth.bounds import BOUNDS, ratio
from gfplab.truth.compare import Comparison, Medians
from gfplab.truth.ranks import Ranking

SHORT = {
    "last_proc_end_s": "elapsed",
    "psi_memory_full_us": "PSI full",
    "pswpout": "out",
    "pswpin": "in",
    "allocstall": "reclaims",
    "mp_waits": "waits",
    "mp_all_n_reserve": "reserve",
    "ctx_kworker_max_ns": "kworker",
    "oom_kill": "OOM",
    "odirect_write_4096_us_per_io": "w 4 KiB",
    "odirect_read_4096_us_per_io": "r 4 KiB",
    "odirect_write_65536_us_per_io": "w 64 KiB",
    "odirect_read_65536_us_per_io": "r 64 KiB",
}
SCALES = {"s": (1.0, "s"), "us": (1e-6, "s"), "ns": (1e-6, "ms"), "ms": (1.0, "ms")}


def validation_page(comparison: Comparison, further: tuple[str, ...] = ()) -> RenderableType:
    """The whole page; `further` are metrics without a bound to be shown as well."""
    medians, rankings = comparison.medians(), comparison.rankings()
    parts: list[RenderableType] = [
        Text(
            f"{comparison.measured.source}: {len(comparison.done)} of {len(comparison.outcomes)} rows simulated\n"
            "each cell: median measured, median simulated, their ratio; ! is out of bounds"
        )
    ]
    for label in comparison.configurations:
        cells = [each for each in medians if each.configuration == label]
        parts += [Text(f"\n{label}{_seeds(cells)}", style="bold"), medians_table(cells, further)]
        parts += [Text(line) for line in ranking_lines(rankings.get(label, []))]
    parts += [Text("\nsimulated / measured, row by row", style="bold"), *rows_tables(comparison)]
    for each in comparison.skipped:
        parts.append(Text(f"not simulated: {each.row['name']}: {each.skipped}"))
    wrong = comparison.out_of_bounds()
    parts.append(Text("\n" + verdict(comparison, wrong), style="bold"))
    parts += [Text(f"  {line}") for line in wrong]
    return Group(*parts)


def verdict(comparison: Comparison, wrong: list[str]) -> str:
    """How many judgements there were and how many went wrong."""
    judged = sum(each.within is not None for each in comparison.medians())
    judged += sum(len(order.separated) for orders in comparison.rankings().values() for order in orders)
    if not judged:
        return "nothing was judged: no row that was measured in virtual time could be simulated"
    failed = sum(each.failed for each in comparison.skipped)
    return f"{judged - len(wrong) + failed} of {judged} judgements within bounds" + (", not so:" if wrong else "")


def _seeds(cells: list[Medians]) -> str:
    seeds = sorted({max(len(each.measured) for each in cells if each.policy == p) for p in {c.policy for c in cells}})
    said = f" ({' or '.join(map(str, seeds))} seed{'s' if seeds != [1] else ''} a policy"
    return said + (", in the host's time: not judged)" if not all(each.judged for each in cells) else ")")


def shown(metric: str, value: float | None) -> str:
    """A value in the unit that a person reads."""
    return "-" if value is None else number(value * scale_of(metric)[0])


def scale_of(metric: str) -> tuple[float, str]:
    """By what a metric is multiplied for people, and the unit that it then has."""
    if metric.endswith("_us_per_io"):
        return 1.0, "us"
    factor, unit = SCALES.get(metric.rsplit("_", 1)[-1], (1.0, ""))
    # a maximum is worth milliseconds, a mean or a percentile of a fast path nanoseconds
    return (1.0, "ns") if metric.endswith("_ns") and not metric.endswith("_max_ns") else (factor, unit)


def title_of(metric: str) -> str:
    """The title of a metric with its unit."""
    unit = scale_of(metric)[1]
    title = BOUNDS[metric].title if metric in BOUNDS else metric
    return f"{title}, {unit}" if unit else title


def shown_ratio(value: float | None) -> str:
    """`x0.97`; - if there is none."""
    return "-" if value is None else "new" if math.isinf(value) else f"x{value:.2f}"


def medians_table(cells: list[Medians], further: tuple[str, ...] = ()):
    """One line a metric, one column a policy."""
    policies = sorted({each.policy for each in cells})
    by_key = {(each.metric, each.policy): each for each in cells}
    metrics = [metric for metric in (*BOUNDS, *further) if any((metric, policy) in by_key for policy in policies)]
    table = new_table(("", *(f"policy {policy}" for policy in policies)), numbers_from=1)
    for metric in metrics:
        add_row(table, title_of(metric), *(_cell(by_key.get((metric, policy))) for policy in policies))
    return table


def _cell(cell: Medians | None) -> str:
    if cell is None:
        return "-"
    values = f"{shown(cell.metric, cell.measured_median)} {shown(cell.metric, cell.simulated_median)}"
    return f"{values} {shown_ratio(cell.ratio)}{'!' if cell.within is False else ' '}"


def ranking_lines(rankings: list[Ranking]) -> list[str]:
    """What is said about the order of the policies."""
    if not rankings:
        return ["rank agreement: the seeds separate no two policies in any metric"]
    parts = [f"{SHORT[each.metric]} {each.tau:+.2f} ({len(each.separated)} of {each.pairs})" for each in rankings]
    return [f"rank agreement, Kendall tau (pairs separated): {', '.join(parts)}"]


def rows_tables(comparison: Comparison) -> list[RenderableType]:
    """One line a row; rows of direct I/O have metrics of their own."""
    tables = []
    for direct in (False, True):
        metrics = [metric for metric in BOUNDS if metric.startswith("odirect") == direct]
        outcomes = [
            each for each in comparison.done if any(m in each.metrics or m in each.row.metrics for m in metrics)
            and (each.row["work"] == "odirect") == direct
        ]  # fmt: skip
        if not outcomes:
            continue
        table = new_table(("run", *(SHORT[metric] for metric in metrics)), numbers_from=1)
        for each in outcomes:
            ratios = (ratio(each.row.metrics.get(m), each.metrics.get(m)) for m in metrics)
            add_row(table, each.row["name"], *(shown_ratio(value) for value in ratios))
        tables.append(table)
    return tables


def document(comparison: Comparison, further: dict[str, object]) -> dict:
    """The same for programs."""
    wrong = comparison.out_of_bounds()
    return {
        "source": comparison.measured.source,
        "rows": len(comparison.outcomes),
        "simulated": len(comparison.done),
        "within_bounds": not wrong,
        "out_of_bounds": wrong,
        "skipped": [
            {"name": str(each.row["name"]), "why": each.skipped, "failed": each.failed} for each in comparison.skipped
        ],
        "bounds": {metric: str(bound) for metric, bound in BOUNDS.items()},
        "configurations": [
            {
                "configuration": label,
                "policies": [
                    {
                        "policy": policy,
                        "metrics": {
                            each.metric: {
                                "measured": each.measured_median,
                                "simulated": each.simulated_median,
                                "ratio": each.ratio,
                                "within": each.within,
                            }
                            for each in cells
                        },
                    }
                    for policy, cells in _by_policy(comparison, label).items()
                ],
                "ranks": [
                    {"metric": o.metric, "pairs": o.pairs, "separated": len(o.separated), "tau": o.tau}
                    for o in comparison.rankings().get(label, [])
                ],
            }
            for label in comparison.configurations
        ],
        "runs": [
            {
                "name": str(each.row["name"]),
                "configuration": each.label,
                "policy": each.row["policy"],
                "seed": each.row["seed"],
                "measured": dict(each.row.metrics),
                "simulated": dict(each.metrics),
            }
            for each in comparison.done
        ],
        **further,
    }


def _by_policy(comparison: Comparison, label: str) -> dict[int, list[Medians]]:
    found: dict[int, list[Medians]] = {}
    for each in comparison.medians():
        if each.configuration == label:
            found.setdefault(each.policy, []).append(each)
    return found


def trace_page(trace: str, run: str, found) -> RenderableType:
    """A capture beside its simulation, from side_by_side()."""
    seconds = found["seconds"][0] if len(found) else 0.0
    parts: list[RenderableType] = [
        Text(f"{trace} beside the simulated {run}: {seconds:.3g} s from kswapd's first waking")
    ]
    for what in found["what"].unique(maintain_order=True):
        table = new_table(
            (what, "captured/s", "simulated/s", "ratio", "captured mean", "simulated mean"), numbers_from=1
        )
        for row in found.filter(found["what"] == what).iter_rows(named=True):
            means = (row["captured_mean"], row["simulated_mean"])
            add_row(
                table, row["key"], number(row["captured_per_s"]), number(row["simulated_per_s"]),
                shown_ratio(row["ratio"]), *("" if mean is None else number(mean) for mean in means),
            )  # fmt: skip
        parts.append(table)
    return Group(*parts)
