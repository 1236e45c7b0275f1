"""A /proc, live or copied, becomes a machine table: zones, CPUs, sysctls, and what memory held at that moment.

Needs zoneinfo and meminfo. The sysctls, vmstat and pressure/memory are wanted but may be missing: a note says so, and
for a sysctl the kernel's default stands. Pages on per-CPU lists count as free: the simulated machine fills its own.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

from gfplab.errors import ScenarioError
from gfplab.units import PAGE_SIZE, about_size
from gfplab.world.machine import ZONES

PAGE_KB = PAGE_SIZE // 1024
SYSCTLS = (
    "min_free_kbytes",
    "watermark_scale_factor",
    "watermark_boost_factor",
    "swappiness",
    "dirty_ratio",
    "dirty_background_ratio",
    "dirty_expire_centisecs",
    "dirty_writeback_centisecs",
    "page-cluster",
)
# Kernels before these sysctls behave as if they had the default, so nothing is lost without them.
YOUNG = ("watermark_scale_factor", "watermark_boost_factor")


@dataclass
class CapturedZone:
    """One zone as zoneinfo prints it, in pages; nodes added together."""

    name: str
    nodes: int = 0
    free: int = 0
    min: int = 0
    low: int = 0
    high: int = 0
    managed: int = 0
    pcp_count: int = 0
    pcp_high: int = 0
    pcp_batch: int = 0


@dataclass
class Capture:
    """What a /proc says: the machine table as TOML, and the same for people."""

    toml: str
    zones: list[CapturedZone]
    cpus: int
    sysctls: dict[str, int]
    summary: list[tuple[str, str]]
    notes: list[str] = field(default_factory=list)


def import_machine(proc: str | Path = "/proc") -> Capture:
    """The machine that /proc, or a copy of it, describes."""
    proc = Path(proc)
    if not proc.is_dir():
        raise ScenarioError(f"{proc}: no such folder; write the path of /proc or of a copy of it")
    notes: list[str] = []
    zones, cpus = read_zoneinfo(proc / "zoneinfo", notes)
    meminfo = read_meminfo(proc / "meminfo")
    sysctls = read_sysctls(proc / "sys" / "vm", notes)
    memory = _contents(zones, meminfo, notes)
    summary = _summary(zones, cpus, meminfo, sysctls)
    summary += read_vmstat(proc / "vmstat", notes)
    summary += [("pressure", line) for line in read_pressure(proc / "pressure" / "memory", notes)]
    return Capture(_toml(zones, cpus, sysctls, memory, notes), zones, cpus, sysctls, summary, notes)


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except (FileNotFoundError, NotADirectoryError):
        raise ScenarioError(
            f"{path}: missing; copy it from the machine to be described: cp /proc/{path.name} {path.parent}/"
        ) from None
    except (OSError, UnicodeDecodeError) as problem:
        raise ScenarioError(f"{path}: cannot be read as text ({problem}); copy it again") from None


def read_zoneinfo(path: Path, notes: list[str]) -> tuple[list[CapturedZone], int]:
    """The populated zones in the kernel's order, and how many CPUs have page lists."""
    zones: dict[str, CapturedZone] = {}
    zone, cpus, section = None, set(), ""
    for number, line in enumerate(_read(path).splitlines(), 1):
        if match := re.match(r"Node\s+(\d+), zone\s+(\S+)", line):
            zone = zones.setdefault(match[2], CapturedZone(match[2]))
            zone.nodes += 1
            section = ""
            continue
        words = line.split()
        if zone is None or not words:
            continue
        if words[0] == "pagesets":
            section = "pagesets"
        elif words[0] == "cpu:":
            cpus.add(words[1])
        elif words[:2] == ["pages", "free"]:
            zone.free += _count(path, number, line)
            section = "marks"
        elif section == "marks" and words[0] in ("min", "low", "high", "managed"):
            setattr(zone, words[0], getattr(zone, words[0]) + _count(path, number, line))
        elif section == "pagesets" and words[0] in ("count:", "high:", "batch:"):
            value = _count(path, number, line)
            zone.pcp_count += value if words[0] == "count:" else 0
            zone.pcp_high = value if words[0] == "high:" else zone.pcp_high
            zone.pcp_batch = value if words[0] == "batch:" else zone.pcp_batch
    populated = [each for each in zones.values() if each.managed]
    if not populated:
        raise ScenarioError(f"{path}: no zone with managed pages in it; copy /proc/zoneinfo as it is, as a text file")
    for each in populated:
        if each.name not in ZONES:
            notes.append(f"zone {each.name} is left out: only {', '.join(ZONES)} are modelled")
        elif each.nodes > 1:
            notes.append(f"zone {each.name} of {each.nodes} NUMA nodes is added up: one node is modelled")
    kept = sorted((each for each in populated if each.name in ZONES), key=lambda each: ZONES.index(each.name))
    if not kept:
        raise ScenarioError(f"{path}: none of its zones is modelled; known: {', '.join(ZONES)}")
    if not cpus:
        raise ScenarioError(f"{path}: no per-CPU pagesets in it; copy the whole of /proc/zoneinfo")
    return kept, len(cpus)


def _count(path: Path, number: int, line: str) -> int:
    word = line.split()[-1]
    if not word.isdigit():
        raise ScenarioError(f"{path}:{number}: '{line.strip()}' does not end in a number of pages; copy the file again")
    return int(word)


def read_meminfo(path: Path) -> dict[str, int]:
    """The counters of meminfo in kB, those that are needed all there."""
    counters = {}
    for line in _read(path).splitlines():
        if match := re.fullmatch(r"(\S+):\s+(\d+)(?: kB)?\s*", line):
            counters[match[1]] = int(match[2])
    needed = ("MemTotal", "MemFree", "Active(anon)", "Inactive(anon)", "Active(file)", "Inactive(file)", "Dirty")
    lacking = [name for name in needed if name not in counters]
    if lacking:
        raise ScenarioError(f"{path}: no line for {', '.join(lacking)}; copy /proc/meminfo as it is")
    return counters


def read_sysctls(folder: Path, notes: list[str]) -> dict[str, int]:
    """The sysctls that are there, by the names they have in a scenario."""
    values = {}
    for name in SYSCTLS:
        path = folder / name
        if not path.is_file():
            if name not in YOUNG:
                notes.append(f"sys/vm/{name} is missing: the kernel's default stands")
            continue
        text = _read(path).strip()
        if not text.isdigit():
            raise ScenarioError(f"{path}: '{text[:40]}' is not a whole number; copy the file again")
        values[name.replace("-", "_")] = int(text)
    if values.get("dirty_ratio") == 0:
        del values["dirty_ratio"]
        notes.append("dirty_ratio is 0, so dirty_bytes is in force; only the ratio is modelled, its default stands")
    if values.get("dirty_background_ratio") == 0 and (folder / "dirty_background_bytes").is_file():
        if _read(folder / "dirty_background_bytes").strip() not in ("", "0"):
            del values["dirty_background_ratio"]
            notes.append("dirty_background_bytes is in force; only the ratio is modelled, its default stands")
    return values


def read_vmstat(path: Path, notes: list[str]) -> list[tuple[str, str]]:
    """What vmstat has counted since boot, of the events that a scenario is about."""
    if not path.is_file():
        notes.append("vmstat is missing: what happened since boot is not told")
        return []
    counters = dict(line.split() for line in _read(path).splitlines() if len(line.split()) == 2)
    stalls = [int(value) for name, value in counters.items() if name.startswith("allocstall") and value.isdigit()]
    said = [(name, counters[name]) for name in ("pswpin", "pswpout", "oom_kill") if name in counters]
    return [("allocstall", str(sum(stalls))), *said]


def read_pressure(path: Path, notes: list[str]) -> list[str]:
    """The lines of pressure/memory; kernels before 4.20 have none."""
    if not path.is_file():
        notes.append("pressure/memory is missing: a kernel before 4.20, or one without PSI")
        return []
    return [line.strip() for line in _read(path).splitlines() if line.startswith(("some ", "full "))]


def _contents(zones: list[CapturedZone], meminfo: dict[str, int], notes: list[str]) -> dict[str, int]:
    """What memory held, in kB: the lists, and as `kernel` all the rest that was not free."""
    managed = sum(zone.managed for zone in zones) * PAGE_KB
    free = sum(zone.free + zone.pcp_count for zone in zones) * PAGE_KB
    lists = {
        "active_file": meminfo["Active(file)"],
        "inactive_file": meminfo["Inactive(file)"],
        "active_anon": meminfo["Active(anon)"],
        "inactive_anon": meminfo["Inactive(anon)"],
    }
    if abs(managed - meminfo["MemTotal"]) * 100 > meminfo["MemTotal"]:
        total = about_size(meminfo["MemTotal"] * 1024)
        notes.append(f"meminfo has {total}, the zones {about_size(managed * 1024)}: the zones count")
    kernel = managed - free - sum(lists.values())
    if kernel < 0:
        notes.append(
            "more is in use than the zones have, for the files are of different moments: what memory held is left out"
        )
        return {}
    if meminfo["Dirty"]:
        notes.append(f"{meminfo['Dirty']} kB were dirty: to have that, write machine.start.dirty and its filesystem")
    return {"kernel": kernel, **lists}


def _summary(
    zones: list[CapturedZone], cpus: int, meminfo: dict[str, int], sysctls: dict[str, int]
) -> list[tuple[str, str]]:
    said = [("CPUs", str(cpus))]
    for zone in zones:
        said.append(
            (
                f"zone {zone.name}",
                f"{about_size(zone.managed * PAGE_SIZE)} managed, {zone.free} pages free, min {zone.min} low {zone.low}"
                f" high {zone.high}, per-CPU lists high {zone.pcp_high} batch {zone.pcp_batch}",
            )
        )
    said.append(("swap", about_size(meminfo.get("SwapTotal", 0) * 1024)))
    said.extend((name, str(value)) for name, value in sysctls.items())
    return said


def _toml(
    zones: list[CapturedZone], cpus: int, sysctls: dict[str, int], memory: dict[str, int], notes: list[str]
) -> str:
    lines = ['# Written by `gfplab machine import` from a /proc; use it with [machine] import = "this file".']
    lines += [f"# {note}" for note in notes]
    lines += ["", "[machine]", f"cpus = {cpus}", "# hz is not told by /proc; 250 unless the kernel was built otherwise"]
    lines += [f"{name} = {value}" for name, value in sysctls.items()]
    if memory:
        lines += [f'kernel_memory = "{memory["kernel"]}kB"  # whatever was neither free nor on the lists below']
    for zone in zones:
        lines += ["", "[[machine.zone]]", f'name = "{zone.name}"', f'managed = "{zone.managed * PAGE_KB}kB"']
        lines += [f"# /proc: min {zone.min} low {zone.low} high {zone.high} pages"]
    if memory:
        lines += ["", "[machine.start]"]
        lines += [f'{name} = "{value}kB"' for name, value in memory.items() if name != "kernel"]
    return "\n".join(lines) + "\n"
