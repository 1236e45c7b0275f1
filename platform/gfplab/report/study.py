"""What a person reads after a study: the thread's answers, then those nobody beats, each below the stock kernel."""

import polars as pl
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from gfplab.report.tables import number
from gfplab.study.compare import standing
from gfplab.units import about_time

MOST = 8
# what the trials table says about a trial beyond its parameters and its objectives
_ABOUT = {"number", "batch", "origin", "label", "state", "feasible", "violated", "pareto", "failure", "policy"}
_ABOUT |= {"seeds", "beaten_by"}


def study_page(found) -> RenderableType:
    """The page on a gfplab.study.outcome.Outcome."""
    rows = found.report_rows()
    head = f"{found.title}\n{found.done} of {found.wanted} trials, {found.status}; in {found.directory}"
    failures = found.trials.filter(pl.col("state") == "failed")["failure"] if found.trials.height else []
    if len(failures):
        head += f"\n{len(failures)} of them failed: {failures[0]}"
    dropped = found.trials.filter(pl.col("state") == "dropped") if found.trials.height else found.trials
    if dropped.height:
        all_seeds = found.trials.filter(pl.col("state") == "complete")["seeds"].max() or 0
        saved = (all_seeds - dropped["seeds"]).sum()
        head += f"\n{dropped.height} of them were dropped early, as the front surely beats them: {saved} seeds not run"
    if not rows.height:
        return Text(f"{head}\nno trial has finished")
    parts = [Text(head)]
    baselines = _baselines(found)
    if baselines.height > 1:
        parts += [Text("\nthe answers as they were given"), front_table(baselines, found)]
    shown = rows if rows.height <= MOST + 1 else rows.filter(pl.col("number").is_in([0, *found.finalists]))
    parts += [Text("\nwhat no other trial beats, below the stock kernel"), front_table(shown, found)]
    if shown.height < rows.height:
        best = "the best by each aim, and the baselines among them"
        parts.append(Text(f"{shown.height - 1} of {rows.height - 1} trials that no other trial beats: {best}"))
    if found.confirmed.height:
        text = (
            "\nthe same again with fresh seeds: mean difference to stock, its paired 95 % interval, "
            "and * where that is surely better"
        )
        parts += [Text(text), _fresh(found)]
    if found.against.height:
        text = (
            "\nthe same beside the answers as they were given: a trial dominates another if it is surely better in "
            "something and surely worse in nothing"
        )
        parts += [Text(text), _standing(found)]
    if found.progress.height:
        parts.append(Text(_volume(found.progress)))
    if found.importance.height:
        text = (
            "\nwhat the best tenth of the trials agree on, and the others do not: share of each parameter (PED-ANOVA)"
        )
        parts += [Text(text), _importance(found)]
    return Group(*parts)


def _volume(progress: pl.DataFrame) -> str:
    """How much the front dominates, and when it last grew."""
    end = progress["hypervolume"][-1]
    grown = progress.filter(pl.col("hypervolume") == end)["number"].min()
    return (
        f"\nhypervolume of the front: {number(end)}, since trial {grown}; 1 is what one trial would dominate that has"
        "\nthe best of all baselines in everything, seen from a point a tenth worse than the worst of them"
    )


def _importance(found) -> Table:
    """Parameters below each other, objectives beside each other; a group of parameters has its trials."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("parameter", no_wrap=True)
    for objective in found.objectives:
        table.add_column(Text(_short(objective.name)), justify="right")
    table.add_column("trials", justify="right")
    for (name, trials), rows in found.importance.group_by("parameter", "trials", maintain_order=True):
        shares = dict(rows.select("objective", "importance").iter_rows())
        cells = [f"{100 * shares[o.name]:.0f} %" if o.name in shares else "" for o in found.objectives]
        table.add_row(str(name), *cells, str(trials))
    return table


def _baselines(found) -> pl.DataFrame:
    """The trials that were run as they stand, the stock kernel's first."""
    if not found.trials.height or "origin" not in found.trials.columns:
        return pl.DataFrame()
    return found.trials.filter((pl.col("origin") == "baseline") & (pl.col("state") == "complete")).sort("number")


def _short(name: str) -> str:
    """`worst_io_stall_ms` of `s1_quarter.worst_io_stall_ms`, in two lines that a narrow table has room for."""
    words = name.split(".")[-1].split("_")
    half = (len(words) + 1) // 2
    return "_".join(words[:half]) + ("\n_" + "_".join(words[half:]) if words[half:] else "")


def front_table(rows: pl.DataFrame, found) -> Table:
    """Trials with their objectives and what they set."""
    objectives = found.objectives
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("trial", no_wrap=True, justify="right")
    table.add_column("policy", no_wrap=True)
    for objective in objectives:
        aim = "least" if objective.direction == "minimize" else "most"
        table.add_column(Text(f"{_short(objective.name)}\n{aim}"), justify="right")
    table.add_column("settings")
    for trial in rows.to_dicts():
        cells = [_text(trial[objective.name]) for objective in objectives]
        table.add_row(_text(trial["number"]), _policy(trial), *cells, Text(_settings(trial, found), overflow="fold"))
    return table


def _policy(trial: dict) -> str:
    """Which policy answered: the plugins of the trial, or the label of a baseline."""
    if trial["number"] == 0:
        return "stock"
    return _text(trial.get("policy") or trial["label"]) or "stock"


def _settings(trial: dict, found) -> str:
    """Every parameter that the trial sets, by its last name, and what it violates."""
    names = {objective.name for objective in found.objectives}
    words = [
        f"{name.split('.')[-1]}={_setting(value, found.units.get(name, ''))}"
        for name, value in trial.items()
        if value is not None and name not in _ABOUT and name not in names and not name.endswith(" / stock")
    ]
    if trial["violated"]:
        words.append(f"violates {trial['violated']}")
    return " ".join(words)


def _setting(value: object, unit: str) -> str:
    """A parameter as a person would write it: times with their unit."""
    return about_time(value) if unit == "time" else _text(value)


def _fresh(found) -> Table:
    """The best of many has been lucky as well as good: what is left of it under seeds that chose nobody."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("trial", no_wrap=True, justify="right")
    table.add_column("policy", no_wrap=True)
    for objective in found.objectives:
        table.add_column(Text(_short(objective.name)), justify="right")
    policies = {trial["number"]: _policy(trial) for trial in found.trials.to_dicts()} if found.trials.height else {}
    for key, group in found.confirmed.group_by("number", maintain_order=True):
        cells = {row["objective"]: _interval(row) for row in group.to_dicts()}
        table.add_row(str(key[0]), policies.get(key[0], ""), *(cells.get(o.name, "") for o in found.objectives))
    return table


def _standing(found) -> Table:
    """Is what the search has found any better than what was known?"""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("trial", no_wrap=True, justify="right")
    for name in ("dominates", "dominated by", "trades with", "no sure difference"):
        table.add_column(name)
    for row in standing(found.against).iter_rows():
        table.add_row(str(row[0]), *(", ".join(names) or "none" for names in row[1:]))
    return table


def _interval(row: dict) -> str:
    mark = " *" if row["surely_better"] else ""
    if row["interval"] == "none":
        return _text(row["difference"])
    return f"{_text(row['difference'])} ({_text(row['low'])} to {_text(row['high'])}){mark}"


def _text(value: object) -> str:
    if isinstance(value, list):
        return " + ".join(str(item) for item in value)
    return "" if value is None else number(value) if isinstance(value, float) else str(value)
