"""docs/fidelity.md: what was compared with a real kernel, how far off the simulator is, why, and where to trust it.

    python -m gfplab.truth.page runs.csv

writes the page, and the envelope that `gfplab run` warns by.
"""

import json
import os
from pathlib import Path

import click

from gfplab.errors import GfplabError
from gfplab.truth.bounds import BOUNDS
from gfplab.truth.compare import Comparison, Medians
from gfplab.truth.envelope import CHOICES, ENVELOPE, NUMBERS, envelope_of, properties_of
from gfplab.truth.ranks import Ranking
from gfplab.truth.remarks import REMARKS, Remark, sorted_out
from gfplab.truth.view import SHORT, shown, shown_ratio, title_of, verdict

PAGE = Path("docs/fidelity.md")

HEAD = """\
# The simulator beside a real kernel

    {command}

A patched Linux 6.1 ran the same workload under the same policies in virtual time, where a run can be repeated to the
last bit; each of its runs was simulated with the same seed number, which means other random numbers there and here. A
cell says what was measured, what was simulated, and their ratio: medians over the seeds. **Bold** is out of bounds.
{verdict}
"""

HOW = """\
The bounds are {bounds}. A pair of policies is separated in a metric if their measured medians differ by more than the
seeds of either are spread and by more than 5 % (times), 15 % (counts) or 30 % (maxima); Kendall's tau is taken over the
separated pairs alone."""


def fidelity_page(comparison: Comparison, command: str, remarks: tuple[Remark, ...] = REMARKS) -> str:
    """The whole document."""
    bounds = ", ".join(f"{bound.title} {bound}" for metric, bound in BOUNDS.items() if not metric.startswith("odirect"))
    said = verdict(comparison, comparison.out_of_bounds()).split(",")[0]
    parts = [HEAD.format(command=command, verdict=f"{said}."), "## What was compared", _compared(comparison)]
    parts += [HOW.format(bounds=bounds)]
    rankings = comparison.rankings()
    for label in comparison.configurations:
        cells = [cell for cell in comparison.medians() if cell.configuration == label]
        parts += [f"## {label}", _table(cells), _ranks(rankings.get(label, []))]
    parts += ["## Where the model is wrong, and why", _wrong(comparison, remarks)]
    parts += ["## Where a prediction may be trusted", _trust(comparison)]
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
    said = [_markdown(rows)]
    said += [f"- Not simulated: {each.row['name']}: {each.skipped}." for each in comparison.skipped]
    return "\n\n".join([said[0], "\n".join(said[1:])])


def _table(cells: list[Medians]) -> str:
    policies = sorted({cell.policy for cell in cells})
    by_key = {(cell.metric, cell.policy): cell for cell in cells}
    rows = [["", *(f"policy {policy}" for policy in policies)]]
    for metric in BOUNDS:
        if any((metric, policy) in by_key for policy in policies):
            rows.append([title_of(metric), *(_cell(by_key.get((metric, policy))) for policy in policies)])
    return _markdown(rows)


def _cell(cell: Medians | None) -> str:
    if cell is None:
        return "-"
    found = shown_ratio(cell.ratio)
    values = f"{shown(cell.metric, cell.measured_median)} / {shown(cell.metric, cell.simulated_median)}"
    return f"{values}, {f'**{found}**' if cell.within is False else found}"


def _ranks(rankings: list[Ranking]) -> str:
    if not rankings:
        return "The seeds separate no two policies in any of these metrics."
    said = [f"{SHORT[each.metric]} {each.tau:+.2f} ({len(each.separated)} of {each.pairs} pairs)" for each in rankings]
    wrong = [
        f"policies {pair.first} and {pair.second} in {SHORT[each.metric]}" for each in rankings for pair in each.wrong
    ]
    return f"Tau: {', '.join(said)}." + (f" In the wrong order: {', '.join(wrong)}." if wrong else "")


def _wrong(comparison: Comparison, remarks: tuple[Remark, ...]) -> str:
    holding, stale, unexplained = sorted_out(comparison, remarks)
    lines = [f"- {remark.text} {_where(cells)}" for remark, cells in holding]
    lines += [f"- Out of bounds and not explained yet: {title_of(c.metric)} {_where([c])}" for c in unexplained]
    lines += [f"- Out of date, the error is gone: {remark.text}" for remark in stale]
    return "\n".join(lines) or "Every judged median is within its bound."


def _where(cells: list[Medians]) -> str:
    places = [f"{cell.configuration} policy {cell.policy} {shown_ratio(cell.ratio)}" for cell in cells]
    return f"({', '.join(places)})"


def _trust(comparison: Comparison) -> str:
    envelope = comparison_envelope(comparison)
    rows = [["property", "compared"]]
    for name, title in (CHOICES | NUMBERS).items():
        if name in envelope:
            low, *_, high = *envelope[name], envelope[name][-1]
            span = f"{low:.4g}" if name in NUMBERS and low == high else None
            if name in NUMBERS:
                span = span or f"{low:.4g} to {high:.4g}"
            rows.append([title, span or ", ".join(map(str, envelope[name]))])
    said = _markdown(rows)
    return (
        f"{said}\n\n`gfplab run` and `gfplab study run` say so when a scenario lies outside. Of v4.7 nothing was"
        " compared but its throttle_vm_writeout(), re-created in the 6.1 kernel."
    )


def comparison_envelope(comparison: Comparison) -> dict[str, list]:
    """The envelope of the judged rows that were simulated."""
    from gfplab.truth.replay import world_of_row

    settings = {each.row.configuration: each.row.settings for each in comparison.done if each.judged}
    return envelope_of(properties_of(world_of_row(each)) for each in settings.values())


def _markdown(rows: list[list[str]]) -> str:
    head, *body = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join([head, f"|{'---|' * len(rows[0])}", *body])


def write_page(comparison: Comparison, path: Path, command: str) -> None:
    """Write the page whole, or leave the old one."""
    _replace(path, fidelity_page(comparison, command))


def write_envelope(comparison: Comparison, path: Path = ENVELOPE) -> None:
    """Write the ranges that warnings go by."""
    ranges = comparison_envelope(comparison)
    _replace(path, json.dumps({"source_sha256": comparison.measured.sha256, "ranges": ranges}, indent=2) + "\n")


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    unfinished.write_text(text)
    os.replace(unfinished, path)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("table", metavar="CSV", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), default=PAGE, show_default=True, help="The page.")
@click.option("--envelope", type=click.Path(path_type=Path), default=ENVELOPE, help="The ranges.")
@click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Simulations at once.")
def main(table: Path, out: Path, envelope: Path, workers: int) -> int:
    """Compare every row of CSV with its simulation; write the page and the envelope."""
    from gfplab.truth.measured import read_measured
    from gfplab.truth.replay import replay

    comparison = replay(read_measured(table), workers=workers)
    write_page(comparison, out, f"python -m gfplab.truth.page {table.name}")
    write_envelope(comparison, envelope)
    click.echo(f"written to {out} and {envelope}")
    return 0


if __name__ == "__main__":
    try:
        main()
    except (GfplabError, KeyboardInterrupt) as stopped:
        raise SystemExit(f"gfplab: {stopped or 'interrupted'}") from None
