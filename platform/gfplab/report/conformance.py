"""What the conformance kit has found about a policy, as a page and as a document."""

import dataclasses
from typing import Any

from gfplab.conformance.kit import Report
from gfplab.conformance.scenarios import FAST_PATH, METRICS, Row
from gfplab.policy.plugin import Plugin

_HEADS = {
    "worst_io_stall_ms": "worst I/O stall, ms",
    "worst_stall_ms": "worst stall, ms",
    "swapout_kib_s": "swap-out, KiB/s",
    "fast_path_ns": "mempool_alloc, ns",
    "direct_reclaim_ns": "direct reclaim, us",
}


def as_document(report: Report) -> dict[str, Any]:
    """Plain data: everything of the page and each random world."""
    return {
        "plugin": report.plugin,
        "verdict": "fails" if report.faults else "ok",
        "faults": report.faults,
        "answers": [dataclasses.asdict(check) for check in report.answers],
        "worlds": [{**dataclasses.asdict(outcome), "differs": outcome.differs} for outcome in report.worlds],
        "scenarios": [{**dataclasses.asdict(row), "verdict": row.word} for row in report.scenarios],
    }


def as_text(report: Report, plugin: Plugin) -> str:
    """The page, its verdict in the last line."""
    lines = [
        f"{check.decision}: compiled in {check.compile_ms:.0f} ms; compiled and Python agree in {check.contexts} "
        f"contexts with {check.answers} different answers, and write nothing but my"
        for check in report.answers
    ]
    if report.worlds:
        lines += _worlds(report)
    if report.scenarios:
        lines += ["", *_table(report.scenarios), "", *_cost(report.scenarios)]
    return "\n".join([*lines, *_verdict(report, plugin)])


def _worlds(report: Report) -> list[str]:
    differ = sum(outcome.differs for outcome in report.worlds)
    ended, stock = (", ".join(f"{n} {word}" for word, n in report.verdicts(of).items()) for of in ("policy", "stock"))
    kept = sum(not outcome.policy.broken for outcome in report.worlds)
    return [
        f"laws: kept in {kept} of {len(report.worlds)} random worlds, which ended {ended} (stock: {stock})",
        f"effect: {differ} of these worlds went another way than under the stock kernel",
        f"determinism: {'the same seed gave another log' if report.other_logs else 'a second run gave the same log'}",
    ]


def _table(rows: list[Row]) -> list[str]:
    """Verdict and metrics of each scenario, the stock kernel's behind a stroke."""
    cells = [["scenario", "kernel", "verdict", *(_HEADS[name] for name in METRICS)]]
    for row in rows:
        verdict = row.word if row.word == row.stock.verdict else f"{row.word} | {row.stock.verdict}"
        values = [_pair(row, name) for name in METRICS]
        cells.append([row.scenario, row.era, verdict + (" (as stock)" if row.same_log else ""), *values])
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    made = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]
    return ["policy | stock kernel", *made]


def _pair(row: Row, metric: str) -> str:
    scale = 1000 if metric == "direct_reclaim_ns" else 1
    mine, stock = (f"{side.metrics[metric] / scale:.4g}" for side in (row.policy, row.stock))
    return f"{mine} | {stock}"


def _cost(rows: list[Row]) -> list[str]:
    """What the decisions cost in simulated time, where nothing is short."""
    said = []
    for row in (row for row in rows if row.scenario == FAST_PATH):
        mine, stock = (side.metrics["fast_path_ns"] for side in (row.policy, row.stock))
        said.append(
            f"cost: with nothing short, mempool_alloc() and mempool_free() take {mine:.1f} ns together in {row.era}, "
            f"{mine - stock:+.1f} ns against stock ({mine / stock - 1:+.1%})"
        )
    return said


def _verdict(report: Report, plugin: Plugin) -> list[str]:
    if report.faults:
        folder = f"results/{plugin.name}_check"
        worlds = report.worlds_at_fault
        again = f"gfplab run {folder}/world_{worlds[0]}.toml -p {plugin.path} --seed {worlds[0]} --check"
        return [*report.faults, f"FAILS: {report.plugin} must not be used; see {again}"]
    if not report.worlds:
        return [f"ok: {report.plugin} answers sensibly; without --quick it is run as well"]
    if not any(outcome.differs for outcome in report.worlds) and all(row.same_log for row in report.scenarios):
        return [f"ok: {report.plugin} keeps all laws, and made no difference to the stock kernel anywhere"]
    return [f"ok: {report.plugin} keeps all laws, runs the same twice, and ends every call"]
