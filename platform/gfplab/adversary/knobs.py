"""The space around a scenario: what an adversary may turn, between which bounds, in round steps.

A knob is the address of one key with the values that it may take, in order; where the scenario starts is one of them.
Bounds are those of machines that exist, so that a stall says something of the policy: no disk is slower than 1 MB/s or
takes longer than 10 ms, no hog wants more than twice the memory.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from gfplab import units
from gfplab.units import GIB, KIB, MIB, MSEC, PAGE_SIZE, SEC, USEC
from gfplab.world.overrides import apply_overrides
from gfplab.world.scenario import World

Tables = Mapping[str, Any]
Values = Mapping[str, Any]  # address -> value as a scenario writes it; None: not written

PRESENT = "add."  # add.NAME = True: the task of STOCK that this is joins the scenario


@dataclass(frozen=True)
class Knob:
    """One thing to turn."""

    address: str
    values: tuple[Any, ...]
    start: Any  # one of the values; None: the scenario does not write the key

    @property
    def joins(self) -> str:
        """Of a knob that does nothing before a task joins: the address of the knob that lets it; else ""."""
        comm, dot, _ = self.address.removeprefix(PRESENT).partition(".")
        return PRESENT + comm if dot and self.address.startswith(PRESENT) else ""


def powers(low: int, high: int) -> list[int]:
    """Powers of two from low to high, and what lies halfway between them."""
    found, value = [], 1
    while value <= high:
        found += [each for each in (value, value * 3 // 2) if low <= each <= high]
        value *= 2
    return sorted(set(found))


def decades(low: int, high: int) -> list[int]:
    """1, 2, 3, 5, 7 and 10 times each power of ten, from low to high."""
    found, power = [], 1
    while power <= high:
        found += [digit * power for digit in (1, 2, 3, 5, 7) if low <= digit * power <= high]
        power *= 10
    return found


def knobs_of(tables: Tables, world: World, shows_after_ns: int = 0) -> list[Knob]:
    """Everything to turn in a scenario, in a fixed order; `world` is what the tables say.

    No task starts so late that half of the run does not remain, beside what it takes for the goal to show.
    """
    memory = world.machine.managed_pages * PAGE_SIZE
    latest_ns = (world.length_ns - shows_after_ns) // 2
    found = _Knobs(tables)
    found.machine(world, memory)
    for disk in tables.get("disk", ()):
        found.disk(disk)
    for crypt in tables.get("crypt", ()):
        found.crypt(crypt, any(task["kind"] == "direct_io" for task in tables["task"]))
    for task in tables.get("task", ()):
        found.task(task, f"task.{task['comm']}", memory, latest_ns)
    for task in stock_tasks(tables, memory):
        found.add(PRESENT + task["comm"], (False, True), False)
        found.task(task, f"{PRESENT}{task['comm']}", memory, latest_ns)
    return found.knobs


def stock_tasks(tables: Tables, memory: int) -> list[dict[str, Any]]:
    """Tasks that may join a scenario: one more of each kind that its devices allow.

    Without swap no hog: all that it could do to memory is to have somebody killed.
    """
    taken = {task["comm"] for task in tables.get("task", ())}
    small = units.format_size(max(MIB, memory // 8 // MIB * MIB))
    stock: list[dict[str, Any]] = []
    if "swap" in tables:
        passes = {"passes": 1} if tables.get("until") == "done" else {}
        stock.append({"kind": "anon_toucher", "comm": "hog+", "size": small, "touch": "20us", **passes})
    for filesystem in tables.get("filesystem", ())[:1]:
        name = filesystem["name"]
        stock.append({"kind": "file_writer", "comm": "writer+", "filesystem": name, "rate": "1MB/s"})
        stock.append({"kind": "file_reader", "comm": "reader+", "filesystem": name, "size": small})
    for crypt in tables.get("crypt", ())[:1]:
        stock.append(
            {
                "kind": "direct_io", "comm": "direct+", "device": crypt["name"], "direction": "write", "size": "4KiB",
                "operations": 100,
            }
        )  # fmt: skip
    return [task for task in stock if task["comm"] not in taken]


def turned(tables: Tables, values: Values, world: World) -> dict[str, Any]:
    """The scenario with its knobs at `values` (only those that differ from its own need be there)."""
    changed = deepcopy(dict(tables))
    stock = {task["comm"]: task for task in stock_tasks(tables, world.machine.managed_pages * PAGE_SIZE)}
    joined = [comm for comm in stock if values.get(PRESENT + comm)]
    changed["task"] = [*changed.get("task", ()), *(deepcopy(stock[comm]) for comm in joined)]
    overrides = {}
    for address, value in values.items():
        if address.startswith(PRESENT):
            comm, _, key = address.removeprefix(PRESENT).partition(".")
            if comm not in joined or not key:
                continue
            address = f"task.{comm}.{key}"
        if value is not None:
            overrides[address] = value
    return apply_overrides(changed, overrides, "attack")


class _Knobs:
    def __init__(self, tables: Tables):
        self._tables = tables
        self.knobs: list[Knob] = []

    def add(self, address: str, values: Sequence[Any], start: Any) -> None:
        """A knob; a start that is none of the values comes first among them."""
        values = tuple(values) if start in values else (start, *values)
        if len(values) > 1:
            self.knobs.append(Knob(address, values, start))

    def quantities(self, table: Tables, before: str, key: str, kind: str, values: Sequence[int]) -> None:
        """A knob of quantities in base units: written with their units, in order, the start among them."""
        start = table.get(key)
        if start is not None:
            began = units.parse(kind, start)
            texts = [start if value == began else units.write(kind, value) for value in sorted({*values, began})]
        else:
            texts = [units.write(kind, value) for value in values]
        self.add(f"{before}.{key}", texts, start)

    def numbers(self, table: Tables, before: str, key: str, values: Sequence[int]) -> None:
        """A knob of whole numbers."""
        start = table.get(key)
        self.add(f"{before}.{key}", sorted({*values, start}) if start is not None else list(values), start)

    def machine(self, world: World, memory: int) -> None:
        machine = self._tables["machine"]
        start = machine.get("start", {})
        pages = memory // PAGE_SIZE
        if "memory" in machine:
            given = units.parse_size(machine["memory"])
            self.quantities(
                machine, "machine", "memory", "size", powers(max(32 * MIB, given // 2), min(2 * given, GIB))
            )
        self.numbers(machine, "machine", "cpus", (1, 2, 4))
        self.numbers(machine, "machine", "min_free_kbytes", powers(128, max(memory * 3 // 4 // KIB, 128)))
        if "free" not in start:
            self.quantities(machine, "machine", "kernel_memory", "pages", powers(pages // 32, pages * 3 // 4))
        self.numbers(machine, "machine", "swappiness", (0, 30, 60, 100))
        if world.kernel == "v4.7":
            self.quantities(start, "machine.start", "dirty_limit", "pages", powers(128, pages // 5))

    def disk(self, disk: Tables) -> None:
        here = f"disk.{disk['name']}"
        for key in ("read", "write"):
            self.quantities(disk, here, key, "time", decades(20 * USEC, 10 * MSEC))
        self.quantities(disk, here, "bandwidth", "rate", decades(10**6, 500 * 10**6))
        if not disk.get("fifo"):
            self.numbers(disk, here, "parallelism", (1, 4, 32, 128))
        self.numbers(disk, here, "tags", (4, 32, 128))

    def crypt(self, crypt: Tables, whole: bool) -> None:
        """A bio of 256 pages (whole) can never be served by a smaller page pool, which says nothing of a policy."""
        here = f"crypt.{crypt['name']}"
        self.quantities(crypt, here, "encrypt", "time", decades(1 * USEC, 50 * USEC))
        self.numbers(crypt, here, "page_pool", powers(256 if whole else 32, 512))
        self.numbers(crypt, here, "bios", (4, 16, 64))
        self.numbers(crypt, here, "dm_ios", (4, 16, 64))
        self.numbers(crypt, here, "max_active", (1, 2, 4))

    def task(self, task: Tables, here: str, memory: int, latest_ns: int) -> None:
        self.quantities(task, here, "start", "time", decades(SEC // 10, latest_ns))
        match task["kind"]:
            case "anon_toucher":
                self.quantities(task, here, "size", "size", powers(MIB, 2 * memory))
                self.numbers(task, here, "count", (1, 2, 3, 4))
                if "order" in task or here.startswith(PRESENT):
                    self.add(f"{here}.order", ("random", "sequential"), task.get("order", "random"))
            case "file_writer":
                self.quantities(task, here, "rate", "rate", decades(10**6, 100 * 10**6))
                self.numbers(task, here, "count", (1, 2, 4))
            case "file_reader":
                self.quantities(task, here, "size", "size", powers(MIB, 2 * memory))
                self.numbers(task, here, "count", (1, 2, 4))
            case "direct_io":
                self.quantities(task, here, "size", "size", powers(4 * KIB, MIB)[::2])
                self.numbers(task, here, "operations", decades(1, 1000))
            case "mempool_loop":
                self.numbers(task, here, "min_nr", powers(1, 256))
                self.quantities(task, here, "hold", "time", decades(USEC, MSEC))
