"""docs/fidelity.md: what was compared with a real kernel, how far off the simulator is, why, and where to trust it.

    python -m gfplab.truth.page runs.csv --trace era2016_20_p0_s1_trace1.txt.gz

writes the page, its chart, and the envelope that `gfplab run` warns by.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import click
import polars as pl

from gfplab.errors import GfplabError
from gfplab.truth.calibration import calibration_section
from gfplab.truth.columns import METRICS
from gfplab.truth.compare import Comparison, Medians
from gfplab.truth.envelope import CHOICES, ENVELOPE, NUMBERS, envelope_of, policy_label, properties_of, shown_number
from gfplab.truth.markdown import filled, markdown_table, replace_file
from gfplab.truth.page_tables import configuration_table, glance, ranks_table, telling_table, trace_table
from gfplab.truth.page_words import CHART, FILE, HEAD, LEFT_OUT, RIG, TRUST, WARN, columns_table, policies_table
from gfplab.truth.remarks import REMARKS, Remark, sorted_out
from gfplab.truth.view import shown_ratio, title_of, verdict

PAGE = Path("docs/fidelity.md")
FEW = 4  # cells that are named one by one

RANKED = """\
Kendall's tau over the pairs of policies that the measurements tell apart (so many of all pairs): their medians differ
by more than the seeds of either are spread and by more than 5 % (times), 15 % (counts) or 30 % (maxima). +1 is the
measured order."""
UNJUDGED = """\
No bound is set for these, and they show whether a figure above is right for the right reason. A number behind a ratio
is the configuration's policy; medians of fewer than 20 events are left out."""
TRACE_HEAD = """\
Captures of ftrace from the start of the work until their buffer was full, and the simulated trace of the same row
over the same time, through one query. Only events that both sides can write are compared: the throttle that was
re-created in the rig's kernel has no tracepoint of its own, and the model does not trace mm_page_alloc."""


def fidelity_page(
    comparison: Comparison,
    command: str,
    remarks: tuple[Remark, ...] = REMARKS,
    traces: Mapping[str, pl.DataFrame] | None = None,
    chart: bool = False,
) -> str:
    """The whole document."""
    said = verdict(comparison, comparison.out_of_bounds()).split(",")[0]
    parts = [HEAD.format(command=command, verdict=f"{said}."), "## At a glance", glance(comparison)]
    parts += [CHART] if chart else []
    parts += ["## What was compared", RIG, policies_table(), _compared(comparison)]
    parts += ["## Each configuration", "Medians over the seeds, under the number of the policy."]
    for label in comparison.configurations:
        cells = [cell for cell in comparison.medians() if cell.configuration == label]
        parts += [f"### {label}", configuration_table(cells)]
    parts += ["## The order of the policies", RANKED, ranks_table(comparison)]
    parts += ["## What nobody judged", UNJUDGED, telling_table(comparison)]
    if traces:
        parts += ["## Traces", TRACE_HEAD, *(trace_table(name, found) for name, found in traces.items())]
    parts += ["## What was calibrated", calibration_section()]
    parts += [
        "## Where the model is wrong, and why",
        _wrong(comparison, remarks),
        "## What the model leaves out",
        LEFT_OUT,
    ]
    parts += ["## Where a prediction may be trusted", TRUST, _trust(comparison), WARN]
    parts += ["## The file", FILE.format(metrics=len(METRICS)), columns_table()]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _compared(comparison: Comparison) -> str:
    rows = [["configuration", "policies", "seeds", "judged"]]
    for label in comparison.configurations:
        done = [each for each in comparison.done if each.label == label]
        rows.append(
            [
                label,
                ", ".join(str(policy) for policy in sorted({each.row["policy"] for each in done})),
                str(len({each.row["seed"] for each in done})),
                "yes" if all(each.judged for each in done) else "no: measured in the host's time",
            ]
        )
    said = [markdown_table(rows)]
    said += [f"- Not simulated: {each.row['name']}: {each.skipped}." for each in comparison.skipped]
    return "\n\n".join([said[0], "\n".join(said[1:])])


def _wrong(comparison: Comparison, remarks: tuple[Remark, ...]) -> str:
    holding, stale, unexplained = sorted_out(comparison, remarks)
    lines = [f"{remark.text} {_where(remark.metric, cells)}" for remark, cells in holding]
    lines += [f"Out of bounds and not explained yet: {title_of(c.metric)} {_where(c.metric, [c])}" for c in unexplained]
    lines += [f"Out of date, the error is gone: {remark.text}" for remark in stale]
    within = all(cell.within is not False for cell in comparison.medians())
    listed = "\n".join(filled(line, bullet=True) for line in lines)
    return f"Every judged median is within its bound.\n\n{listed}" if within else listed


def _where(metric: str, cells: list[Medians]) -> str:
    if len(cells) <= FEW:
        places = [f"{cell.configuration} policy {cell.policy} {shown_ratio(cell.ratio)}" for cell in cells]
        return f"(`{metric}`: {', '.join(places)})"
    ends = (min(cells, key=lambda cell: cell.ratio or 0), max(cells, key=lambda cell: cell.ratio or 0))
    return f"(`{metric}`: {shown_ratio(ends[0].ratio)} to {shown_ratio(ends[1].ratio)} in {len(cells)} medians)"


def _trust(comparison: Comparison) -> str:
    envelope = comparison_envelope(comparison)
    rows = [["", *envelope]]
    for name, title in (CHOICES | NUMBERS).items():
        if name != "workload" and any(name in ranges for ranges in envelope.values()):
            rows.append([title, *(_span(name, ranges.get(name)) for ranges in envelope.values())])
    return markdown_table(rows).replace("---:", "---")


def _span(name: str, seen: list | None) -> str:
    if not seen:
        return "-"
    if name in CHOICES:
        return ", ".join(map(str, seen))
    low, high = (shown_number(name, each) for each in (seen[0], seen[-1]))
    return low if low == high else f"{low} to {high}"


def comparison_envelope(comparison: Comparison) -> dict[str, dict[str, list]]:
    """The envelope of the judged rows that were simulated."""
    from gfplab.truth.replay import policies_of_row, world_of_row

    rows = {(each.row.configuration, each.row["policy"]): each.row.settings for each in comparison.done if each.judged}
    worlds = {configuration: properties_of(world_of_row(settings)) for (configuration, _), settings in rows.items()}
    return envelope_of(
        worlds[configuration] | {"policy": policy_label(policies_of_row(settings))}
        for (configuration, _), settings in rows.items()
    )


def write_page(
    comparison: Comparison, path: Path, command: str, traces: Mapping[str, pl.DataFrame] | None = None
) -> None:
    """Write the page and its chart beside it; without altair there is no chart, and the page says nothing of one."""
    from gfplab.truth.chart import save_ratios

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_ratios(comparison, path.with_suffix(".png"))
        chart = True
    except GfplabError:
        chart = False
    text = fidelity_page(comparison, command, traces=traces, chart=chart)
    replace_file(path, text.replace("](fidelity.png)", f"]({path.with_suffix('.png').name})"))


def write_envelope(comparison: Comparison, path: Path = ENVELOPE) -> None:
    """Write the ranges that warnings go by."""
    ranges = comparison_envelope(comparison)
    replace_file(path, json.dumps({"source_sha256": comparison.measured.sha256, "ranges": ranges}, indent=2) + "\n")


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("table", metavar="CSV", type=click.Path(path_type=Path))
@click.option(
    "--trace", "captures", multiple=True, type=click.Path(path_type=Path), help="A capture of one of its rows."
)
@click.option("--out", type=click.Path(path_type=Path), default=PAGE, show_default=True, help="The page.")
@click.option("--envelope", type=click.Path(path_type=Path), default=ENVELOPE, help="The ranges.")
@click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Simulations at once.")
def main(table: Path, captures: tuple[Path, ...], out: Path, envelope: Path, workers: int) -> int:
    """Compare every row of CSV with its simulation; write the page, its chart and the envelope."""
    from gfplab.truth.ftrace import compare_capture, row_of_capture
    from gfplab.truth.measured import read_measured
    from gfplab.truth.replay import replay

    measured = read_measured(table)
    rows = {capture: row_of_capture(measured, capture) for capture in captures}
    traces = {str(row["name"]): compare_capture(capture, row) for capture, row in rows.items()}
    comparison = replay(measured, workers=workers)
    said = " ".join([table.name, *(f"--trace {capture.name}" for capture in captures)])
    write_page(comparison, out, f"python -m gfplab.truth.page {said}", traces)
    write_envelope(comparison, envelope)
    click.echo(f"written to {out} and {envelope}")
    return 0


if __name__ == "__main__":
    try:
        main()
    except (GfplabError, KeyboardInterrupt) as stopped:
        raise SystemExit(f"gfplab: {stopped or 'interrupted'}") from None
