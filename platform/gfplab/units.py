"""The only parser of quantities: sizes, times, rates and pages, from text to whole numbers and back.

Inside gfplab a size is bytes, a time nanoseconds, a rate bytes a second, and a page 4096 bytes. Text with units exists
in TOML and in `--set` only. Reading is exact: "1.5GiB" is a number of bytes, and what is not a whole number is refused.

The surprise: `kB` is 1024 bytes, because /proc and every Linux report say kB and mean that; `MB` and `GB` are decimal,
as on a disk's box. So there is no `kB/s`.
"""

import difflib
import re
from collections.abc import Mapping
from fractions import Fraction
from typing import NamedTuple

NSEC = 1
USEC = 1_000
MSEC = 1_000_000
SEC = 1_000_000_000
MINUTE = 60 * SEC

KIB = 1 << 10
MIB = 1 << 20
GIB = 1 << 30

PAGE_SIZE = 4096
INT64_MAX = (1 << 63) - 1


class _Kind(NamedTuple):
    """A kind of quantity: its units, its noun, what one counts, and an example to write."""

    units: Mapping[str, int | Fraction]
    noun: str
    counted: str
    example: str


_SIZES = {"B": 1, "kB": KIB, "KiB": KIB, "MiB": MIB, "GiB": GIB, "TiB": 1 << 40, "MB": 10**6, "GB": 10**9}
_TIMES = {"ns": NSEC, "us": USEC, "ms": MSEC, "s": SEC, "min": MINUTE}
_RATES = {f"{unit}/s": factor for unit, factor in _SIZES.items() if unit not in ("kB", "TiB")}
_PAGES: dict[str, int | Fraction] = {
    "pages": 1,
    **{unit: Fraction(factor, PAGE_SIZE) for unit, factor in _SIZES.items()},
}

_KINDS = {
    "size": _Kind(_SIZES, "a size", "bytes", "64MiB"),
    "time": _Kind(_TIMES, "a time", "nanoseconds", "100ms"),
    "rate": _Kind(_RATES, "a rate", "bytes a second", "100MB/s"),
    "pages": _Kind(_PAGES, "an amount of memory", "4096-byte pages", "64MiB"),
}
KINDS = tuple(_KINDS)

_QUANTITY = re.compile(r"\s*([0-9][0-9_]*(?:\.[0-9]+)?)\s*([^\s0-9][^\s]*)?\s*")


def example(kind: str) -> str:
    """Some quantity of the kind, as one would write it."""
    return _KINDS[kind].example


def unit_pattern(kind: str) -> str:
    """A regular expression, as JSON Schema knows them, of quantities of the kind."""
    return rf"^\s*[0-9][0-9_]*(\.[0-9]+)?\s*({'|'.join(_KINDS[kind].units)})\s*$"


def parse(kind: str, text: object) -> int:
    """The whole number that `text` stands for; ValueError says in one sentence why it is none."""
    units, noun, counted, sample = _KINDS[kind]
    if not isinstance(text, str):
        bare = isinstance(text, int | float) and not isinstance(text, bool)
        given = f"{text} has no unit" if bare else f"this is not {noun}"
        raise ValueError(f'{given}; write {noun} in quotes, such as "{sample}"')
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise ValueError(f"'{text}' is not {noun}; write for example \"{sample}\"")
    number, unit = match.groups()
    if unit is None:
        raise ValueError(f"'{text}' has no unit; write {noun} such as \"{sample}\"")
    if unit not in units:
        raise ValueError(_wrong_unit(text, number, unit, kind))
    value = Fraction(number.replace("_", "")) * units[unit]
    if value.denominator != 1:
        raise ValueError(f"'{text}' is not a whole number of {counted}")
    if value > INT64_MAX:
        raise ValueError(f"'{text}' is more {counted} than 64 bits can count")
    return int(value)


def _wrong_unit(text: str, number: str, unit: str, kind: str) -> str:
    """Why `unit` does not do: it belongs to another kind, or it is misspelt."""
    units, noun, _, sample = _KINDS[kind]
    for name, other in _KINDS.items():
        if unit in other.units and name != "pages":
            return f"'{text}' is {other.noun}, not {noun}; write for example \"{sample}\""
    folded = {known.lower(): known for known in units}
    close = difflib.get_close_matches(unit.lower().replace("µ", "u"), folded, n=1, cutoff=0.5)
    if close:
        return f"'{text}' has an unknown unit; did you mean '{number}{folded[close[0]]}'?"
    return f"'{text}' has an unknown unit; {noun} is written in {', '.join(units)}"


def write(kind: str, value: int) -> str:
    """The shortest exact text for `value`: parse(kind, write(kind, value)) == value."""
    if kind == "pages":
        return write("size", value * PAGE_SIZE)
    units = _KINDS[kind].units
    if value == 0:
        return f"0{next(iter(units))}"
    # kB is for reading what /proc prints; what we write ourselves is unmistakable.
    exact = (f"{value // factor}{unit}" for unit, factor in units.items() if value % factor == 0 and unit != "kB")
    return min(exact, key=len)


def parse_size(text: object) -> int:
    """Bytes."""
    return parse("size", text)


def parse_time(text: object) -> int:
    """Nanoseconds."""
    return parse("time", text)


def parse_rate(text: object) -> int:
    """Bytes a second."""
    return parse("rate", text)


def parse_pages(text: object) -> int:
    """Pages, from a size or from "2014 pages"."""
    return parse("pages", text)


def format_size(value: int) -> str:
    """Exact text for bytes."""
    return write("size", value)


def format_time(value: int) -> str:
    """Exact text for nanoseconds."""
    return write("time", value)


def format_rate(value: int) -> str:
    """Exact text for bytes a second."""
    return write("rate", value)


def format_pages(value: int) -> str:
    """Exact text for pages, as a size."""
    return write("pages", value)


def pages(size: int) -> int:
    """Whole pages that hold `size` bytes."""
    return -(-size // PAGE_SIZE)


def about_time(ns: float) -> str:
    """A time for people to read, three digits: 1.25 ms."""
    return _about(ns, ((MINUTE, "min"), (SEC, "s"), (MSEC, "ms"), (USEC, "us"), (NSEC, "ns")))


def about_size(size: float) -> str:
    """A size for people to read, three digits: 10.3 MiB."""
    return _about(size, ((GIB, "GiB"), (MIB, "MiB"), (KIB, "KiB"), (1, "B")))


def about_rate(rate: float) -> str:
    """A rate for people to read, three digits: 98.1 MB/s."""
    return _about(rate, ((10**9, "GB/s"), (10**6, "MB/s"), (10**3, "kB/s"), (1, "B/s")))


def _about(value: float, units: tuple[tuple[int, str], ...]) -> str:
    factor, unit = next(((f, u) for f, u in units if abs(value) >= 0.9995 * f), units[-1])
    number = value / factor
    return f"{number:.3g} {unit}" if abs(number) < 999.5 else f"{number:.0f} {unit}"
