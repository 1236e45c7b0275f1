"""What a person reads before a study: the plan, subject by subject."""

from collections.abc import Iterable, Mapping, Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from gfplab.study.plan import Plan
from gfplab.units import SEC, about_time


def plan_page(
    plan: Plan, workers: int, seconds: float | None, each: Mapping[str, float | None], measured: Sequence[str]
) -> RenderableType:
    """The page on a plan; `seconds` is the estimate of the whole, `each` a run of each scenario."""
    study = plan.study
    rows: list[tuple[str, str]] = [
        *(("policy" if name == "policy" else f"at {name}", " | ".join(values)) for name, values in plan.policies),
        ("baselines", ", ".join(baseline.label for baseline in study.baselines)),
        *((f"scenario {name}", str(path)) for name, path in study.scenarios.items()),
        *((f"{objective.direction} ", objective.said) for objective in study.objectives),
        *(("keep", constraint.name) for constraint in study.constraints),
        ("sampler", f"{study.sampler}, seed {study.seed}, in batches of {study.batch}"),
        (
            "seeds",
            f"{_numbers(study.seeds)}; to choose by: {_numbers(study.select) or 'the same'};"
            f" fresh ones to confirm: {_numbers(study.confirm) or 'none'}",
        ),
    ]
    parts: list[RenderableType] = [Text(f"{study.title}\n{study.path}"), _list(rows)]
    if plan.questions:
        parts += [Text("what is asked for beside the policies"), _questions(plan)]
    for plugin, names in plan.defaults.items():
        parts.append(Text(f"{plugin} keeps the defaults of {', '.join(names)}"))
    if plan.refused:
        parts += [Text("never proposed"), _list(plan.refused)]
    if plan.chance:
        why = f"{study.sampler} learns only about what every trial is asked"
        parts.append(Text(f"left to chance, for {why}: {', '.join(plan.chance)}"))
    parts += [Text("\nwhat it comes to"), _list(_amount(plan, workers, seconds, each, measured))]
    return Group(*parts)


def _amount(plan: Plan, workers, seconds, each, measured) -> list[tuple[str, str]]:
    study, counted = plan.study, plan.counted
    searched = study.trials - len(study.baselines)
    known = counted.walked == study.trials
    most, batches = "" if known else "at most ", _count(plan.batches, "batch")
    rows = [
        ("trials", f"{study.trials}: {_count(len(study.baselines), 'baseline')}, {searched} in {batches}"),
        (
            "simulations",
            f"{counted.baselines} of baselines, {most}{counted.search} of the search,"
            + (f" {most}{counted.select} to select," if study.select else "")
            + f" {most}{counted.confirm} to confirm",
        ),
        ("in the cache", f"{counted.cached}" + ("" if known else f", as far as {_trials(counted.walked)} reach")),
        ("to be run", f"{most if counted.to_run else ''}{counted.to_run}"),
    ]
    if seconds is not None:
        runs = ", ".join(f"{name} {about_time(value * SEC)}" for name, value in each.items() if value is not None)
        source = "measured now" if measured else "the median of earlier runs on this machine"
        at = "with 1 worker" if workers == 1 else f"with {workers} workers"
        rows.append(("time", f"about {about_time(seconds * SEC)} {at}; a run takes {runs} ({source})"))
    else:
        rows.append(("time", "unknown, for no run of these scenarios has been timed on this machine"))
    if study.seconds is not None:
        rows.append(("time limit", f"no new batch after {study.seconds} s"))
    return rows


def _trials(number: int) -> str:
    return "the first trial" if number == 1 else f"the first {number} trials"


def _count(number: int, noun: str) -> str:
    plural = f"{noun}es" if noun.endswith("ch") else f"{noun}s"
    return f"{number} {noun if number == 1 else plural}"


def _numbers(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, numbers))


def _list(rows: Iterable[tuple[str, str]]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, said in rows:
        table.add_row(Text(name), Text(said))
    return table


def _questions(plan: Plan) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for head in ("key", "range", "default", "asked"):
        table.add_column(head, overflow="fold")
    for each in plan.questions:
        asked = f"with {each['asked_with']}" if "asked_with" in each else f"in {', '.join(each['of'])}"
        asked += "".join(f", when {text}" for text in each.get("when", ()))
        table.add_row(*(Text(text) for text in (each["key"], each["range"], each.get("default", ""), asked)))
    return table
