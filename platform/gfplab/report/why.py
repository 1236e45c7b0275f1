"""What a person reads about one trial: why it was proposed, and what it changed against those most like it."""

from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from gfplab.report.tables import number
from gfplab.study.outcome import Outcome
from gfplab.study.why import Effect, Neighbour, Why
from gfplab.units import about_time


def why_page(why: Why, found: Outcome) -> RenderableType:
    """The page on a trial."""
    head = f"trial {why.number} of {found.title}: {why.label}\n{why.reason}"
    settings = ", ".join(f"{name} = {_shown(value, name, found)}" for name, value in why.settings.items())
    unasked = "; ".join(f"{name}, which is asked when {text}" for name, text in why.unasked.items())
    lines = [head, settings, f"not asked here: {unasked}" if unasked else ""]
    parts: list[RenderableType] = [Text("\n".join(filter(None, lines)))]
    for neighbour in why.neighbours:
        parts += [Text(_title(neighbour)), _table(neighbour, found)]
    if not why.neighbours:
        parts.append(Text("no other trial to compare it with"))
    return Group(*parts)


def _title(neighbour: Neighbour) -> str:
    return f"\nagainst trial {neighbour.number} ({neighbour.label}), distance {neighbour.distance:.3f}"


def _table(neighbour: Neighbour, found: Outcome) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("", f"trial {neighbour.number}", "this trial", ""):
        table.add_column(name, overflow="fold")
    for name, (theirs, mine) in neighbour.changed.items():
        there, here = ("not asked" if each is None else _shown(each, name, found) for each in (theirs, mine))
        table.add_row(name, there, here, "changed")
    for effect in neighbour.effects:
        table.add_row(effect.objective, _shown(effect.there), _shown(effect.here), _verdict(effect))
    return table


def _verdict(effect: Effect) -> str:
    if effect.here is None or effect.there is None:
        return "not measured"
    if effect.better is None:
        return "equal"
    word = "better" if effect.better else "worse"
    if not effect.there:
        return word
    return f"{word} by {abs(effect.here / effect.there - 1):.0%}"


def _shown(value: Any, name: str = "", found: Outcome | None = None) -> str:
    if value is None:
        return "-"
    if found is not None and found.units.get(name) == "time":
        return about_time(value)
    return number(value) if isinstance(value, float) else str(value)
