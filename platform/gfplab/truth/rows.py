"""A row of measurements as a scenario: the rig's guest, its disks, its swap on dm-crypt and its hogs.

    world_of({"ram": 96, "mbps": 20, "policy": 0})     a World; what the row leaves out is as on the rig
    scenario_toml(row)                                 the same scenario as text, to read, change and run

Every column of a configuration may have any value. What no simulation can have, or what is no value at all, is refused
in a sentence of its own. The columns `policy` and `seed` are no part of a scenario.

What is known of the guest besides the columns comes from what it printed before the work began: /proc/zoneinfo,
meminfo and vmstat of the configuration with 96 MiB. Other sizes follow from how Linux 6.1 divides memory when it boots.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite, isqrt
from typing import Any

import tomli

from gfplab.errors import ScenarioError, one_line
from gfplab.units import KIB, MIB, PAGE_SIZE, write
from gfplab.world.scenario import World, build_world
from gfplab.world.toml import did_you_mean

Value = str | int | float | None
Row = Mapping[str, Value]
Tables = dict[str, Any]

# the guest that was looked at
BASE_RAM_MIB = 96
BASE_MANAGED = 20497
PAGES_PER_MIB = MIB // PAGE_SIZE
SECTION_MIB = 128  # sparse memory maps whole sections: 64 bytes for each page of one
SECTION_MAP_PAGES = 512
# free are 17471 + 27 on the per-CPU list; and 73 that the last command before the work still held
KERNEL_PAGES = BASE_MANAGED - 17571
# min_free_kbytes and the first dirty limit are computed before these are given to the allocator
INIT_PAGES = 967
EARLY_PAGES = 167
# of these, the slabs of inodes and dentries; what PID 1 has locked; and what is its own and idle, free to be swapped
SLAB_RECLAIMABLE = 539
LOCKED_PAGES = 687
IDLE_PAGES = 27
# fork() copies what PID 1 has locked, which stays locked: counted by unevictable_pgs_mlocked
FORKED_PAGES = 507

WRITER_FILE_MIB = 64
WRITER_CALL_KIB = 64
WRITER_MBPS = 20
CAP_SECONDS = 900
CIPHERS = {"aesni": "AES-NI", "aesgen": "generic AES", "null": "null cipher"}
DIRECT_IO = ((4096, 4000), (65536, 1000))  # bytes of an operation, operations
MOST_RAM_MIB = 3072  # one zone
REQUEST_KIB = 512  # 128 segments of a page each; 1 MiB would be the most
BLKDEV_DEFAULT_RQ = 128


@dataclass(frozen=True)
class Column:
    """What a configuration column may hold, and what the rig had where a table says nothing."""

    default: Value
    low: float = 0
    high: float = float("inf")
    whole: bool = True
    choices: tuple[str, ...] = ()


COLUMNS: Mapping[str, Column] = {
    "ram": Column(96, low=64, high=MOST_RAM_MIB),
    "vcpus": Column(1, low=1, high=128),
    "shift": Column(0, high=16),
    "hz": Column(250, choices=("100", "250", "300", "1000")),
    "mbps": Column(20, low=0.001, high=1_000_000, whole=False),
    "op_ns": Column(0, high=10**12),
    "lat_ns": Column(100_000, high=10**12),
    "qd": Column(64, low=1, high=10240),
    "jitter": Column(10, high=99),
    "backend": Column("slowmem", choices=("slowmem", "virtio", "virtio-blk")),
    "cipher": Column("aesni", choices=("aesni", "aesgen", "null")),
    "swap_bios": Column(2048, high=1 << 20),
    "page_limit": Column(4096, high=1 << 40),
    "min_free_kbytes": Column(None, low=32, high=1 << 30),
    "writer": Column(0, high=1),
    "procs": Column(4, low=1, high=256),
    "pct": Column(200, low=0.1, high=100_000, whole=False),
    "passes": Column(2, low=1, high=1 << 20),
    "chunk": Column(64, low=1, high=1 << 20),
    "mode": Column("chunk", choices=("chunk", "seq")),
    "work": Column("swap", choices=("swap", "odirect")),
    "swap_mb": Column(320, low=1, high=1 << 20),
    "file_mb": Column(96, high=1 << 20),
    "icount": Column(1, high=1),
}


def world_of(row: Row) -> World:
    """The World of a row of measurements, whatever its policy and seed."""
    return build_world(_tables(row), _name(row))


def scenario_toml(row: Row) -> str:
    """The scenario of a row as the text of a TOML file."""
    tables = _tables(row)
    text = _comment(tables) + _render(tables)
    assert build_world(tomli.loads(text), _name(row)) == build_world(tables, _name(row))
    return text


def managed_pages(ram_mib: int) -> int:
    """Pages that the allocator of the guest has: RAM without kernel image, page maps and the early hash tables."""
    more = (ram_mib - BASE_RAM_MIB) * PAGES_PER_MIB
    maps = (-(-ram_mib // SECTION_MIB) - 1) * SECTION_MAP_PAGES
    return BASE_MANAGED + more - maps - (_hash_pages(ram_mib) - _hash_pages(BASE_RAM_MIB))


def _hash_pages(ram_mib: int) -> int:
    """The dentry hash has a bucket of 8 bytes for each 8 KiB, rounded up to a power of two; the inode hash half."""
    buckets = 1 << (ram_mib * PAGES_PER_MIB // 2 - 1).bit_length()
    return (buckets + buckets // 2) * 8 // PAGE_SIZE


def _name(row: Row) -> str:
    return one_line(row.get("name") or row.get("cfg") or "row")


def settings_of(row: Row) -> dict[str, Any]:
    """Every configuration column of a row as a number, a text or None; ScenarioError names each that cannot be."""
    found: dict[str, Any] = {}
    wrong = []
    for name, column in COLUMNS.items():
        try:
            found[name] = _read(column, row.get(name))
        except ValueError as problem:
            wrong.append(f"{_name(row)}: {name}: {one_line(problem)}")
    if not wrong:
        wrong = [f"{_name(row)}: {name}: {said}" for name, said in _impossible(found)]
    if wrong:
        raise ScenarioError("\n".join(wrong))
    return found


def _read(column: Column, value: Value) -> Value:
    """The value of a cell; an empty cell is the default."""
    if value is None or value == "" or (isinstance(value, float) and value != value):
        return column.default
    if column.choices:
        text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()
        if text not in column.choices:
            raise ValueError(f"'{text}' is unknown{did_you_mean(text, column.choices)}")
        return int(text) if isinstance(column.default, int) else text
    try:
        number = float(value)
    except ValueError:
        raise ValueError(f"'{value}' is not a number") from None
    if not isfinite(number):
        raise ValueError(f"'{value}' is not a number")
    if column.whole and not number.is_integer():
        raise ValueError(f"{value} is not a whole number")
    if not column.low <= number <= column.high:
        side, bound = ("least", column.low) if number < column.low else ("most", column.high)
        raise ValueError(f"{value} is too {'small' if side == 'least' else 'large'}; it must be at {side} {bound}")
    return int(number) if number.is_integer() else number


def _impossible(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Columns whose values are right one by one, and yet there is no such machine."""
    wrong = []
    if row["backend"] != "slowmem":
        wrong.append(("backend", f"{row['backend']} is a file of the host, whose speed nobody knows; only slowmem"))
    if row["writer"] and row["file_mb"] < WRITER_FILE_MIB:
        wrong.append(("file_mb", f"{row['file_mb']} MiB do not hold the writer's file of {WRITER_FILE_MIB} MiB"))
    if row["work"] == "swap":
        hog = _hog_pages(row)
        if not 1 <= hog < 1 << 30:
            wrong.append(("pct", f"{row['pct']} % of memory for {row['procs']} processes is {hog} pages each"))
        if _free_pages(row) <= managed_pages(row["ram"]) // 256:
            wrong.append(
                ("procs", f"{row['procs']} processes leave nothing free in {row['ram']} MiB before they begin")
            )
    return wrong


def _hog_pages(row: Mapping[str, Any]) -> int:
    return int(managed_pages(row["ram"]) * row["pct"] / 100 / row["procs"])


def _free_pages(row: Mapping[str, Any]) -> int:
    """Free when the clock starts: the children have been forked, and nothing was touched."""
    free = managed_pages(row["ram"]) - KERNEL_PAGES
    if row["work"] == "swap":
        free -= (row["procs"] + row["writer"]) * FORKED_PAGES
    return free


def _tables(given: Row) -> Tables:
    """The tables of the scenario, as a TOML file would hold them."""
    row = settings_of(given)
    direct = row["work"] == "odirect"
    tables: Tables = {
        "title": _title(row),
        "kernel": "v6.1",
        "length": f"{CAP_SECONDS}s",
        "until": "done",
        "machine": _machine(row),
        "disk": [_disk("slowmem0", row, row["mbps"])],
        "crypt": [
            {
                "name": "swap0",
                "device": "slowmem0",
                "cipher": row["cipher"],
                "swap_bios": row["swap_bios"],
                "page_limit": write("pages", row["page_limit"]),
            }
        ],
    }
    # the swap area's first page is its header
    tables["swap"] = {"device": "swap0", "size": write("size", row["swap_mb"] * MIB - PAGE_SIZE)}
    if row["writer"] and not direct:
        tables["disk"].append(_disk("slowmem1", row, WRITER_MBPS))
        tables["filesystem"] = [{"name": "ext2", "device": "slowmem1"}]
    tables["task"] = _direct_io(row) if direct else _hogs(row)
    return tables


def _title(row: Mapping[str, Any]) -> str:
    cipher = CIPHERS[row["cipher"]]
    slow = "" if row["shift"] == 0 else f", a CPU {1 << row['shift']} times slower"
    if row["work"] == "odirect":
        return f"Direct I/O on dm-crypt at {row['mbps']} MB/s, {cipher}, nothing short{slow}"
    lifted = ", no limits in flight" if min(row["swap_bios"], row["page_limit"]) >= 100_000 else ""
    writer = " and a file writer" if row["writer"] else ""
    return (
        f"Swap on dm-crypt at {row['mbps']} MB/s, {cipher}{lifted}: "
        f"{row['procs']} hogs{writer}, {row['pct']} % of {row['ram']} MiB{slow}"
    )


def _machine(row: Mapping[str, Any]) -> Tables:
    managed = managed_pages(row["ram"])
    machine: Tables = {"cpus": row["vcpus"], "hz": row["hz"], "cpu": "rig"}
    if row["shift"]:
        machine["cpu_shift"] = row["shift"]
    machine |= {
        "sampler": True,
        "pageblock_order": 10,
        "min_free_kbytes": row["min_free_kbytes"] or isqrt((managed - INIT_PAGES) * PAGE_SIZE // KIB * 16),
        "zone": [{"name": "DMA32", "managed": f"{managed} pages"}],
        "start": {
            "free": f"{_free_pages(row)} pages",
            "kernel_reclaimable": f"{SLAB_RECLAIMABLE} pages",
            "kernel_movable": f"{LOCKED_PAGES} pages",
            "inactive_anon": f"{IDLE_PAGES} pages",
            "dirty_limit": f"{(managed - EARLY_PAGES) // 5} pages",
        },
    }
    return machine


def _disk(name: str, row: Mapping[str, Any], mbps: float) -> Tables:
    return {
        "name": name,
        "fifo": True,
        "read": write("time", row["lat_ns"]),
        "write": write("time", row["lat_ns"]),
        "per_request": write("time", row["op_ns"]),
        "bandwidth": write("rate", round(mbps * 1_000_000)),
        "jitter_permille": row["jitter"] * 10,
        "scheduler": "mq-deadline",
        "tags": row["qd"],
        "nr_requests": max(2 * min(row["qd"], BLKDEV_DEFAULT_RQ), 4),
        "max_request": write("size", REQUEST_KIB * KIB),
    }


def _hogs(row: Mapping[str, Any]) -> list[Tables]:
    hogs: Tables = {
        "kind": "anon_toucher",
        "comm": "hog",
        "count": row["procs"],
        "size": write("size", _hog_pages(row) * PAGE_SIZE),
        "locked": write("size", FORKED_PAGES * PAGE_SIZE),
        "passes": row["passes"],
        "chunk": f"{row['chunk']} pages",
        "first_order": "sequential",
        "order": "random" if row["mode"] == "chunk" else "sequential",
        "read_first": True,
    }
    if not row["writer"]:
        return [hogs]
    writer: Tables = {
        "kind": "file_writer",
        "comm": "writer",
        "filesystem": "ext2",
        "size": f"{WRITER_FILE_MIB}MiB",
        "chunk": f"{WRITER_CALL_KIB}KiB",
    }
    return [hogs, writer]


def _direct_io(row: Mapping[str, Any]) -> list[Tables]:
    tasks: list[Tables] = []
    for size, operations in DIRECT_IO:
        for direction in ("write", "read"):
            task: Tables = {
                "kind": "direct_io",
                "comm": f"{direction}_{size}",
                "device": "swap0",
                "direction": direction,
                "size": write("size", size),
                "operations": operations,
            }
            if tasks:
                task["after"] = tasks[-1]["comm"]
            tasks.append(task)
    return tasks


ABOUT = (
    "A guest of a measuring rig: Linux 6.1 in software emulation, where each instruction takes one nanosecond and the",
    "disk is memory that a driver inside the guest serves in order, one request after the other.",
)
ABOUT_TABLES: Mapping[str, Callable[[Tables], str]] = {
    "machine.start": lambda tables: "All else is the kernel's and PID 1's, or what its children hold locked.",
    "task": lambda tables: (
        "One operation after the other, four phases."
        if tables["task"][0]["kind"] == "direct_io"
        else "The first pass writes each page once; later ones read, check and write, in chunks in random order."
    ),
}


def _comment(tables: Tables) -> str:
    return "".join(f"# {line}\n" for line in ABOUT) + "\n"


def _render(tables: Tables, path: str = "") -> str:
    """TOML of tables as TOML has them: values first, then tables, then lists of tables; keys in their order."""
    whole = tables
    lines: list[str] = []

    def table(name: str, body: Tables, header: str) -> None:
        if name in ABOUT_TABLES and header not in lines:
            lines.append(f"# {ABOUT_TABLES[name](whole)}")
        lines.append(header)
        values(body)
        lines.append("")
        nested(name, body)

    def values(body: Tables) -> None:
        lines.extend(f"{key} = {_value(each)}" for key, each in body.items() if not isinstance(each, dict | list))

    def nested(before: str, body: Tables) -> None:
        for key, each in body.items():
            name = f"{before}.{key}" if before else key
            if isinstance(each, dict):
                table(name, each, f"[{name}]")
            elif isinstance(each, list):
                for item in each:
                    table(name, item, f"[[{name}]]")

    values(tables)
    lines.append("")
    nested(path, tables)
    return "\n".join(lines).rstrip() + "\n"


def _value(value: bool | int | str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int) else f'"{value}"'
