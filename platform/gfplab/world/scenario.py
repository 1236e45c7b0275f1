"""A scenario file becomes a World: what is, in whole numbers, before any policy or seed.

Reading goes in five steps: the TOML, the imported machine, overrides, the tables, and then what only shows when the
tables are seen together. What a file leaves out is filled in here, by the age of the kernel where that decides.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field
from pydantic_core import core_schema

from gfplab.errors import ScenarioError, one_line
from gfplab.units import KIB, MIB, MSEC, PAGE_SIZE
from gfplab.world.consistency import mistakes
from gfplab.world.devices import Crypt, Disk, Filesystem, Swap
from gfplab.world.fields import TABLE, SomeTime, Tables, Text, Time
from gfplab.world.imported import merge_import
from gfplab.world.machine import Machine, zones_of_memory
from gfplab.world.overrides import apply_overrides, flatten_policies, flatten_tunables
from gfplab.world.profiles import cipher_ns, costs_of
from gfplab.world.toml import check, place, read_toml
from gfplab.world.workload import AnonToucher, MempoolLoop, Task

KERNELS = ("v4.7", "v6.1", "v7.2")
SWAP_BIOS = 2048
CRYPT_LIMIT_PERCENT = 2
CRYPT_LIMIT_LEAST = 4096


class TunableValue:
    """A number, a truth or a text; the policy that owns the tunable knows which."""

    json_schema = {"type": ["number", "boolean", "string"]}

    @staticmethod
    def read(value: object) -> object:
        """The value itself."""
        if isinstance(value, bool | int | float | str):
            return value
        raise ValueError("write a number, true, false or a text in quotes")

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)


@dataclass(frozen=True)
class World:
    """A scenario, complete: every number in bytes, pages, nanoseconds or bytes a second."""

    __pydantic_config__ = TABLE

    title: Annotated[Text, "one line for reports"]
    length_ns: Annotated[SomeTime, "simulated time"]
    machine: Annotated[Machine, "hardware and sysctls"]
    until: Annotated[
        Literal["length", "done"], "done: when the last anon_toucher and direct_io has ended, at latest after `length`"
    ] = "length"
    kernel: Annotated[Literal["v4.7", "v6.1", "v7.2"], "whose code and defaults apply"] = "v4.7"
    sample_ns: Annotated[SomeTime, "distance between samples of /proc/vmstat"] = 100 * MSEC
    stall_min_ns: Annotated[Time, "shortest stall that gets a row of its own"] = MSEC
    disks: Annotated[tuple[Disk, ...], Field(alias="disk"), "block devices"] = ()
    crypts: Annotated[tuple[Crypt, ...], Field(alias="crypt"), "dm-crypt devices"] = ()
    swap: Annotated[Swap | None, "the swap area"] = None
    filesystems: Annotated[tuple[Filesystem, ...], Field(alias="filesystem"), "where files are"] = ()
    tasks: Annotated[tuple[Annotated[Task, Discriminator("kind")], ...], Field(alias="task"), "the workload"] = ()
    policies: Annotated[dict[str, Text], Tables(), "decision point, alone or @pool or @task = plugin"] = field(
        default_factory=dict
    )
    tunables: Annotated[dict[str, Annotated[Any, TunableValue()]], Tables(), "plugin.tunable = value"] = field(
        default_factory=dict
    )
    costs: Annotated[dict[str, Time], "price of one operation, in CPU time"] = field(default_factory=dict)
    source: str = field(default="", init=False, compare=False)

    def canonical(self) -> dict[str, Any]:
        """Everything that can change a result, and nothing else: no title, no path."""
        plain = asdict(self)
        for said in ("title", "source"):
            del plain[said]
        for said in ("imported", "memory_bytes", "cpu", "cpu_shift"):  # the zones and the costs say it now
            del plain["machine"][said]
        return plain

    def sha256(self) -> str:
        """The name of this world in caches and manifests."""
        text = json.dumps(self.canonical(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def start_anon_pages(self) -> int:
        """Anonymous pages in RAM at time 0, of all tasks."""
        start = self.machine.start
        touched = sum(
            task.count * (task.resident_bytes // PAGE_SIZE) for task in self.tasks if isinstance(task, AnonToucher)
        )
        return touched + start.active_anon_pages + start.inactive_anon_pages

    @property
    def start_free_pages(self) -> int:
        """Pages that nothing claims at time 0, before the kernel fills its mempools and per-CPU lists."""
        start = self.machine.start
        claimed = (self.machine.kernel_pages or 0) + start.active_file_pages + start.inactive_file_pages
        locked = sum(
            task.count * (task.locked_bytes // PAGE_SIZE) for task in self.tasks if isinstance(task, AnonToucher)
        )
        return self.machine.managed_pages - claimed - locked - self.start_anon_pages


def load_scenario(path: str | Path, overrides: Mapping[str, Any] | None = None, where: str = "--set") -> World:
    """The World of a scenario file, with some of its keys set from outside."""
    return build_world(read_toml(path), path, overrides, where)


def build_world(
    tables: Mapping[str, Any],
    source: str | Path,
    overrides: Mapping[str, Any] | None = None,
    where: str = "--set",
) -> World:
    """The World of the tables of a scenario; `source` is where they come from, `where` where the overrides do."""
    overrides = dict(overrides or {})
    early = {key: overrides.pop(key) for key in ("machine.import",) if key in overrides}
    tables = apply_overrides(tables, early, where)
    tables = flatten_policies(flatten_tunables(merge_import(tables, source)))
    tables = apply_overrides(tables, overrides, where)
    labels = {address: f"{where} {address}" for address in (*early, *overrides)}

    world = complete(check(World, tables, source, ScenarioError, labels))
    object.__setattr__(world, "source", str(source))
    found = mistakes(world)
    if found:
        raise ScenarioError("\n".join(one_line(f"{place(source, address, labels)}: {said}") for address, said in found))
    return world


def complete(world: World) -> World:
    """The World with everything filled in that the file may leave out."""
    machine = world.machine
    if machine.memory_bytes is not None and not machine.zones:
        machine = replace(machine, zones=zones_of_memory(machine.memory_bytes))
    if machine.kernel_pages is None:
        machine = replace(machine, kernel_pages=_kernel_pages(world, machine))
    costs = costs_of(machine.cpu, world.costs, machine.cpu_shift)
    return replace(
        world,
        machine=machine,
        disks=tuple(_complete_disk(each, world.kernel) for each in world.disks),
        crypts=tuple(_complete_crypt(each, world, machine, costs) for each in world.crypts),
        tasks=tuple(_complete_task(each, machine, costs) for each in world.tasks),
        costs=costs,
    )


def _kernel_pages(world: World, machine: Machine) -> int:
    """What the kernel holds when the scenario does not say it: all that is not free, or a twentieth of the memory."""
    free = machine.start.free_pages
    if free is None:
        return machine.managed_pages // 20
    without = replace(world, machine=replace(machine, kernel_pages=0))
    return max(without.start_free_pages - free, 0)


def _complete_disk(disk: Disk, kernel: str) -> Disk:
    """The disk with the scheduler that a kernel of that age gives a device with one hardware queue."""
    return replace(disk, scheduler=disk.scheduler or ("none" if kernel == "v4.7" else "mq-deadline"))


def _complete_crypt(crypt: Crypt, world: World, machine: Machine, costs: Mapping[str, int]) -> Crypt:
    """The crypt device as a kernel of that age sets it up; all of them share one allowance of ciphertext pages."""
    old = world.kernel == "v4.7"
    pool = 16 if old else 64
    share = machine.managed_pages * CRYPT_LIMIT_PERCENT // 100 // len(world.crypts)
    filled: dict[str, Any] = {
        "encrypt_ns": cipher_ns(machine.cpu, crypt.cipher, costs, machine.cpu_shift),
        "bios": pool,
        "requests": pool,
        "max_active": machine.cpus,
        "page_limit_pages": 0 if old else max(share, CRYPT_LIMIT_LEAST),
        "swap_bios": 0 if old else SWAP_BIOS,
        "split_bytes": 128 * KIB if world.kernel == "v7.2" else MIB,
    }
    if crypt.encrypt_ns is not None:
        crypt = replace(crypt, encrypt_ns=crypt.encrypt_ns << machine.cpu_shift)
    return replace(crypt, **{name: value for name, value in filled.items() if getattr(crypt, name) is None})


def _complete_task(task: Task, machine: Machine, costs: Mapping[str, int]) -> Task:
    if isinstance(task, AnonToucher):
        touch_ns = costs["touch"] if task.touch_ns is None else task.touch_ns << machine.cpu_shift
        return replace(task, first_order=task.first_order or task.order, touch_ns=touch_ns)
    if isinstance(task, MempoolLoop) and task.count == 0:
        return replace(task, count=machine.cpus)
    return task
