"""Reads a table of measurements, and fills in what its rows leave out.

A row is a dict: every setting of columns.py with its value, and under `metrics` what was measured.  All mistakes of a
file are named at once.
"""

import csv
import difflib
import hashlib
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gfplab.errors import GfplabError
from gfplab.truth.columns import METRICS, NAMED, REMARKS, SETTINGS, VMSTAT_FAMILY, Setting
from gfplab.world.toml import did_you_mean

IDENTITY = ("name", "cfg", "policy", "seed")
WORST = 20  # mistakes that are listed


class MeasurementError(GfplabError):
    """A table of measurements is not what it should be."""


@dataclass(frozen=True)
class Row:
    """One run of the real kernel."""

    settings: dict[str, object]
    metrics: dict[str, float]
    line: int = 0

    def __getitem__(self, name: str):
        return self.settings[name]

    @property
    def configuration(self) -> tuple:
        """What two rows share that differ in policy and seed alone."""
        return tuple((name, self.settings[name]) for name in SETTINGS if name not in IDENTITY)


@dataclass(frozen=True)
class Measured:
    """A whole table; rows of one configuration share its label."""

    rows: list[Row]
    source: str
    sha256: str
    labels: dict[tuple, str] = field(default_factory=dict)

    def label(self, row: Row) -> str:
        """What the configuration of a row is called."""
        return self.labels[row.configuration]


def read_measured(path: str | Path) -> Measured:
    """The rows of a .csv file."""
    path = Path(path)
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8-sig")
    except OSError as error:
        beside = [str(each) for each in path.parent.glob("*.csv")] if path.parent.is_dir() else []
        guess = did_you_mean(path, beside) if beside else ""
        raise MeasurementError(f"{path}: cannot be read ({error.strerror}){guess}") from None
    except UnicodeDecodeError:
        raise MeasurementError(f"{path}: this is no text in UTF-8; write a .csv file") from None
    lines = list(csv.reader(text.splitlines()))
    if not lines or not any(lines[0]):
        raise MeasurementError(f"{path}: empty; the first line names the columns")
    refuse_heading(path, lines[0])
    rows = _rows(path, lines[0], lines[1:])
    if not rows:
        raise MeasurementError(f"{path}: has a line of columns and no row; write one line a run")
    return Measured(rows, str(path), hashlib.sha256(raw).hexdigest(), labels_of(rows))


def refuse_heading(path: Path, columns: list[str]) -> None:
    """Say it in one sentence if the first line cannot be a line of columns, or has none for the policy."""
    names = [column.strip() for column in columns]
    if not {*names} & {*SETTINGS, *METRICS, *REMARKS}:
        split = len(names) == 1 and re.split(r"[;\t|]", names[0])
        wrong = (
            "put commas between the columns"
            if split and {*split} & {*SETTINGS, *METRICS}
            else "write the names of the columns above the rows, such as cfg,policy,seed"
        )
        raise MeasurementError(f"{path}: the first line is '{','.join(names)[:40]}', where no column is known; {wrong}")
    if "policy" not in names and not difflib.get_close_matches("policy", names, n=1):
        raise MeasurementError(
            f"{path}: there is no column 'policy'; write which one was measured, 0 to 7, in each row"
        )


def _rows(path: Path, columns: list[str], lines: list[list[str]]) -> list[Row]:
    columns = [column.strip() for column in columns]
    known = [*SETTINGS, *METRICS, *REMARKS]
    faults = [
        f"{path}: column '{column}': unknown{_suggest(column, known)}"
        for column in columns
        if column not in known and not _counter(column, known)
    ]
    twice = sorted({column for column in columns if columns.count(column) > 1})
    faults += [f"{path}: column '{column}': there twice; leave one out" for column in twice]
    rows = []
    for number, cells in enumerate(lines, 2):
        if not any(cell.strip() for cell in cells):
            continue
        where = f"{path}:{number}"
        if len(cells) != len(columns):
            faults.append(f"{where}: {len(cells)} cells for {len(columns)} columns; write one for each")
            continue
        said = {column: cell.strip() for column, cell in zip(columns, cells, strict=True)}
        settings, wrong = _settings(where, said)
        metrics, wrong_too = _metrics(where, said)
        faults += wrong + wrong_too
        rows.append(Row(settings, metrics, number))
    if faults:
        more = [f"{path}: and {len(faults) - WORST} more mistakes"] if len(faults) > WORST else []
        raise MeasurementError("\n".join([*faults[:WORST], *more]))
    return rows


def _counter(column: str, known: Iterable[str]) -> bool:
    """Whether it can only be one more counter of /proc/vmstat, and not a known one misspelt."""
    return bool(VMSTAT_FAMILY.fullmatch(column)) and not difflib.get_close_matches(column, known, n=1, cutoff=0.9)


def _suggest(column: str, known: Iterable[str]) -> str:
    guess = did_you_mean(column, known)
    return guess if guess.startswith("; did") else "; take it out, or name it as the rig's table does"


def _settings(where: str, said: Mapping[str, str]) -> tuple[dict[str, object], list[str]]:
    """Every setting: from the row, else from what the configuration's name implies, else the rig's default."""
    settings, faults = {}, []
    implied = NAMED.get(said.get("cfg", ""), {})
    for name, setting in SETTINGS.items():
        text = said.get(name, "")
        if name == "policy" and name in said and not text:
            faults.append(f"{where}: policy: empty; write 0 to 7")
        elif text:
            try:
                settings[name] = value_of(setting, text)
            except ValueError as error:
                faults.append(f"{where}: {name}: {error}")
        else:
            settings[name] = implied.get(name, setting.default) if name not in said else setting.default
    if not faults:
        settings["cfg"] = settings["cfg"] or configuration_name(settings)
        settings["name"] = settings["name"] or f"{settings['cfg']}_p{settings['policy']}_s{settings['seed']}"
    return settings, faults


def value_of(setting: Setting, text: str) -> object:
    """A setting's value as a cell or `--only` writes it; a ValueError says what is wrong."""
    if setting.kind is str:
        value: object = text
    else:
        try:
            number = float(text)
        except ValueError:
            raise ValueError(f"'{text}' is not a number; write digits") from None
        if not math.isfinite(number) or (setting.kind is int and number != int(number)):
            raise ValueError(
                f"'{text}' is not a whole number; write digits"
                if setting.kind is int
                else f"'{text}' is not finite; write digits"
            )
        value = int(number) if number == int(number) else number
        if setting.low is not None and number < setting.low:
            raise ValueError(f"{text} is too small; write at least {setting.low:g}")
    if setting.choices and value not in setting.choices:
        if setting.kind is str:
            raise ValueError(f"'{text}' is not a choice{did_you_mean(text, setting.choices)}")
        raise ValueError(f"there is no {setting.name} {text}; one of: {', '.join(map(str, setting.choices))}")
    return value


def _metrics(where: str, said: Mapping[str, str]) -> tuple[dict[str, float], list[str]]:
    metrics, faults = {}, []
    for name, text in said.items():
        if name in SETTINGS or name in REMARKS:
            continue
        if text in ("", "-", "nan", "NaN"):
            continue
        try:
            metrics[name] = float(text)
        except ValueError:
            faults.append(f"{where}: {name}: '{text}' is not a number; write digits, or nothing")
        else:
            if not math.isfinite(metrics[name]):
                faults.append(f"{where}: {name}: '{text}' is not finite; write nothing where nothing was measured")
    return metrics, faults


def configuration_name(settings: Mapping[str, object]) -> str:
    """A name for a configuration that has none: what differs from the rig's defaults."""
    parts = [
        f"{name}{settings[name]:g}" if isinstance(settings[name], int | float) else f"{settings[name]}"
        for name, setting in SETTINGS.items()
        if name not in IDENTITY and settings[name] != setting.default
    ]
    return "_".join(parts) or "slow20"


def labels_of(rows: list[Row]) -> dict[tuple, str]:
    """A label for each configuration: its `cfg`, and where several share one, also what tells them apart."""
    shared: dict[str, list[tuple]] = {}
    for row in rows:
        of_name = shared.setdefault(str(row["cfg"]), [])
        if row.configuration not in of_name:
            of_name.append(row.configuration)
    labels: dict[tuple, str] = {}
    for name, configurations in shared.items():
        differing = [
            column
            for place, (column, _) in enumerate(configurations[0])
            if len({str(each[place][1]) for each in configurations}) > 1
        ]
        for each in configurations:
            further = " ".join(f"{column}={dict(each)[column]}" for column in differing)
            label = f"{name} {further}".strip()
            while label in labels.values():  # one configuration under two names
                label += "'"
            labels.setdefault(each, label)
    return labels


def selected(measured: Measured, only: Iterable[str], seeds: int | None) -> Measured:
    """The rows that `--only` wants, and of each configuration and policy the first `seeds` of them."""
    wanted = parse_only(only)
    rows = [row for row in measured.rows if all(row[name] in values for name, values in wanted.items())]
    if not rows:
        asked = ", ".join(f"{name}={'|'.join(map(str, values))}" for name, values in wanted.items())
        there = {name: sorted({str(row[name]) for row in measured.rows}) for name in wanted}
        said = "; ".join(f"{name} is {', '.join(values)}" for name, values in there.items())
        raise MeasurementError(f"--only {asked}: no row is so; in the file {said}")
    if seeds is not None:
        first: dict[tuple, list] = {}
        for row in sorted(rows, key=lambda each: each["seed"]):
            kept = first.setdefault((row.configuration, row["policy"]), [])
            if row["seed"] not in kept and len(kept) < seeds:
                kept.append(row["seed"])
        rows = [row for row in rows if row["seed"] in first[row.configuration, row["policy"]]]
    return Measured(rows, measured.source, measured.sha256, measured.labels)


def parse_only(only: Iterable[str]) -> dict[str, list[object]]:
    """`cfg=slow20,policy=0,policy=1` as column -> the values it may have."""
    wanted: dict[str, list[object]] = {}
    for pair in (pair for text in only for pair in text.split(",") if pair):
        name, equals, text = (part.strip() for part in pair.partition("="))
        if not equals:
            raise MeasurementError(f"--only {pair}: write column=value, for example cfg=slow20,policy=0")
        if name not in SETTINGS:
            raise MeasurementError(f"--only {pair}: there is no column '{name}'{did_you_mean(name, SETTINGS)}")
        try:
            wanted.setdefault(name, []).append(value_of(SETTINGS[name], text))
        except ValueError as error:
            raise MeasurementError(f"--only {pair}: {error}") from None
    return wanted
