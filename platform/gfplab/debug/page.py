"""What `gfplab diff-runs` prints: the decision, the machine there, what followed, and the metrics that differ."""

from gfplab.debug.answers import field_words
from gfplab.debug.machine import blocked_lines, memory_lines, running_trace
from gfplab.debug.parting import Parting, next_decisions, next_events
from gfplab.report.tables import number
from gfplab.tables.metrics import METRICS, metrics_of
from gfplab.units import about_time

NAMES = ("A", "B")


def parting_document(found: Parting, most: int) -> dict:
    """All of it as plain data."""
    said: dict = {
        "runs": {name: side.label for name, side in zip(NAMES, found.sides, strict=True)},
        "log_hash": {n: s.tables["runs"]["log_hash"][0] for n, s in zip(NAMES, found.sides, strict=True)},
        "same_decisions": found.sides[0].decisions.height if found.place is None else found.place,
        "parts": found.place is not None,
        "metrics": {row[0]: dict(zip(NAMES, row[1], strict=True)) for row in different_metrics(found)},
    }
    if found.place is None:
        return said
    said["decision"] = {name: _plain(found.row(i)) for i, name in enumerate(NAMES)}
    if found.moments:
        here = found.moments[0]
        kernel = found.sides[0].world.kernel
        said["same_machine"] = not found.different
        said["call_trace"] = here.frames
        said["machine"] = memory_lines(here.arrays, here.layout)
        said["blocked"] = blocked_lines(here.build, here.arrays, here.layout, kernel).splitlines()
        said["next_decisions"] = {name: next_decisions(found, i, most) for i, name in enumerate(NAMES)}
        said["next_events"] = {name: next_events(found, i, most) for i, name in enumerate(NAMES)}
    return said


def _plain(row: dict) -> dict:
    return {name: value for name, value in row.items() if value is not None}


def parting_lines(found: Parting, most: int) -> list[str]:
    """The page."""
    a, b = found.sides
    lines = [f"A: {a.label}", f"B: {b.label}", ""]
    if found.place is None:
        return [*lines, *_never(found)]
    if not found.by_answer:
        return [*lines, *_unseen(found), *_metrics(found)]
    row = found.row(0)
    who = f"{row['comm']} (pid {row['pid']})" if row["comm"] else "an interrupt"
    lines += [
        f"The same run for {about_time(row['time_ns'])}: {row['events']} events and {found.place} decisions. Then",
        f"{row['decision']}, asked at {row['time_ns']} ns by {who} on CPU {row['cpu']}, is answered",
        *(f"  {name}  {found.row(i)['plugin']}: {found.row(i)['answer']}" for i, name in enumerate(NAMES)),
        "",
        *_seen(found),
    ]
    return [*lines, *_machine(found), *_followed(found, most), *_metrics(found)]


def _never(found: Parting) -> list[str]:
    a, b = (side.tables["runs"].row(0, named=True) for side in found.sides)
    if a["log_hash"] == b["log_hash"]:
        return [f"The runs are the same: {a['events']} events, {found.sides[0].decisions.height} decisions."]
    return [
        f"None of the {found.sides[0].decisions.height} decisions that were kept differs, but the runs do: trace more "
        "decisions, or write a shorter length for the scenario.",
        *_metrics(found),
    ]


def _unseen(found: Parting) -> list[str]:
    rows = [found.row(i) for i in (0, 1)]
    said = [
        f"  {name} {row['decision']} at {row['time_ns']} ns" if row else f"  {name} takes no more decisions"
        for name, row in zip(NAMES, rows, strict=True)
    ]
    return [
        f"The first {found.place} decisions are the same; what comes then is not the same question:",
        *said,
        "So the runs part before it, at a decision that was not traced; trace all of them.",
    ]


def _seen(found: Parting) -> list[str]:
    rows = found.seen()
    if not rows:
        return []
    cells = [(name, *("" if v is None else field_words(name, v) for v in values)) for name, values in rows]
    widths = [max(len(row[i]) for row in [("what it saw", *NAMES), *cells]) for i in range(3)]
    lines = [f"{'what it saw':<{widths[0]}}  {NAMES[0]:<{widths[1]}}  {NAMES[1]}".rstrip()]
    return [*lines, *(f"{n:<{widths[0]}}  {a:<{widths[1]}}  {b}".rstrip() for n, a, b in cells), ""]


def _machine(found: Parting) -> list[str]:
    if found.moments is None:
        reasons = [side.why_not for side in found.sides if side.why_not]
        return [f"The machine there is not shown: {'; '.join(reasons)}.", ""]
    here, kernel = found.moments[0], found.sides[0].world.kernel
    if found.different:
        same = (
            f"The machine there, as A has it; B's differs in {', '.join(found.different)}, which is a fault of gfplab:"
        )
    else:
        same = "The machine there, equal on both sides to the last byte:"
    trace = running_trace(here.frames, kernel)
    return [
        *(["Call Trace:", *trace, ""] if trace else []),
        same,
        *memory_lines(here.arrays, here.layout),
        *blocked_lines(here.build, here.arrays, here.layout, kernel).splitlines(),
        "",
    ]


def _followed(found: Parting, most: int) -> list[str]:
    if found.moments is None:
        return []
    began, who, lines = found.row(0)["time_ns"], found.row(0)["comm"] or "interrupt context", []
    for i, name in enumerate(NAMES):
        lines.append(f"What followed in {name}: the next decisions of {who}, and the first events that differ")
        lines += [f"  {_after(time - began):>10}  {what}" for time, what in next_decisions(found, i, most)]
        events = next_events(found, i, most)
        lines += [f"  {_after(time - began):>10}  {comm:<15} {what}" for time, comm, what in events]
        lines.append("")
    return lines


def _after(ns: int) -> str:
    # clocks of CPUs run ahead of each other by up to 50 us of work that is still to be paid
    return f"{'-' if ns < 0 else '+'}{about_time(abs(ns))}"


def different_metrics(found: Parting) -> list[tuple[str, list[float]]]:
    """(metric, [A's, B's]) of every metric that differs."""
    values = [metrics_of(side.tables) for side in found.sides]
    return [(name, [v[name] for v in values]) for name in METRICS if values[0][name] != values[1][name]]


def _metrics(found: Parting) -> list[str]:
    rows = different_metrics(found)
    if not rows:
        return ["At the end no metric differs."]
    width = max(len(name) for name, _values in rows)
    lines = [f"{'at the end':<{width}}  {NAMES[0]:>12}  {NAMES[1]:>12}"]
    for name, (a, b) in rows:
        lines.append(f"{name:<{width}}  {number(a):>12}  {number(b):>12}  {METRICS[name].unit}".rstrip())
    return lines
