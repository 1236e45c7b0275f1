"""What is wrong with a World although each of its tables is right."""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from gfplab import units
from gfplab.kernel.costs import COST_DEFAULTS
from gfplab.world.machine import ZONES
from gfplab.world.toml import did_you_mean
from gfplab.world.workload import AWAITED, AnonToucher, DirectIo, FileReader, FileWriter

if TYPE_CHECKING:
    from gfplab.world.scenario import World

Mistake = tuple[tuple[str, ...], str]


def mistakes(world: "World") -> list[Mistake]:
    """Every address that does not fit the others, with a sentence."""
    found = [*_names(world), *_references(world), *_costs(world), *_machine(world), *_tasks(world)]
    # How full memory is can be told only when all that fills it is known.
    return found or [*_memory(world)]


def _names(world: "World") -> Iterator[Mistake]:
    # Disks and crypt devices share one name space, as in /dev.
    blocks = [("disk", each.name) for each in world.disks] + [("crypt", each.name) for each in world.crypts]
    for table, names in (
        ("", blocks),
        ("filesystem", [("filesystem", each.name) for each in world.filesystems]),
        ("task", [("task", each.comm) for each in world.tasks]),
    ):
        seen = Counter(name for _, name in names)
        for kind, name in dict.fromkeys(reversed(names)):
            if seen[name] > 1:
                seen[name] = 0
                word = "comm" if table == "task" else "name"
                yield (
                    (kind, name, word),
                    f"'{name}' is taken; each {'task' if word == 'comm' else 'device'} needs its own",
                )


def _references(world: "World") -> Iterator[Mistake]:
    disks = [disk.name for disk in world.disks]
    blocks = disks + [crypt.name for crypt in world.crypts]
    filesystems = [filesystem.name for filesystem in world.filesystems]
    for crypt in world.crypts:
        if crypt.device not in disks:
            yield (
                ("crypt", crypt.name, "device"),
                f"no [[disk]] is named '{crypt.device}'" + did_you_mean(crypt.device, disks),
            )
    for address, device in [
        *((("filesystem", each.name, "device"), each.device) for each in world.filesystems),
        *([(("swap", "device"), world.swap.device)] if world.swap else []),
        *((("task", each.comm, "device"), each.device) for each in world.tasks if isinstance(each, DirectIo)),
    ]:
        if device not in blocks:
            yield address, f"no [[disk]] or [[crypt]] is named '{device}'" + did_you_mean(device, blocks)
    used = [
        (("task", each.comm, "filesystem"), each.filesystem)
        for each in world.tasks
        if isinstance(each, FileWriter | FileReader)
    ]
    if world.machine.start.filesystem is not None:
        used.append((("machine", "start", "filesystem"), world.machine.start.filesystem))
    for address, filesystem in used:
        if filesystem not in filesystems:
            yield address, f"no [[filesystem]] is named '{filesystem}'" + did_you_mean(filesystem, filesystems)


def _costs(world: "World") -> Iterator[Mistake]:
    for name in world.costs:
        if name not in COST_DEFAULTS:
            yield ("costs", name), "unknown cost" + did_you_mean(name, COST_DEFAULTS)


def _machine(world: "World") -> Iterator[Mistake]:
    machine = world.machine
    if machine.memory_bytes is None and not machine.zones:
        yield ("machine", "memory"), 'missing; write memory = "1GiB" or one [[machine.zone]] for each zone'
    elif machine.memory_bytes is not None and machine.memory_bytes < units.MIB:
        yield ("machine", "memory"), 'too small for a kernel; write at least "1MiB"'
    names = [zone.name for zone in machine.zones]
    if names != sorted(set(names), key=ZONES.index):
        yield ("machine", "zone"), f"zones come once each, in this order: {', '.join(ZONES)}"
    if machine.swappiness > 100 and world.kernel == "v4.7":
        yield ("machine", "swappiness"), f"{machine.swappiness} is too large for v4.7; write at most 100"
    start = machine.start
    if start.free_pages is not None and machine.kernel_pages is not None:
        if world.start_free_pages != start.free_pages:
            yield (
                ("machine", "start", "free"),
                "does not fit kernel_memory and what else claims memory; write one of the two, free or kernel_memory",
            )
    if start.kernel_reclaimable_pages + start.kernel_movable_pages > (machine.kernel_pages or 0):
        yield (
            ("machine", "start", "kernel_reclaimable"),
            "with kernel_movable more than the kernel holds; write less, or a larger kernel_memory",
        )
    if start.kernel_reclaimable_pages + start.kernel_movable_pages > (machine.kernel_pages or 0):
        yield (
            ("machine", "start", "kernel_reclaimable"),
            "with kernel_movable more than the kernel holds; write less, or a larger kernel_memory",
        )
    if start.dirty_pages > start.inactive_file_pages:
        yield (
            ("machine", "start", "dirty"),
            "more than inactive_file, of which it is a part; write at most "
            + (f'"{units.format_pages(start.inactive_file_pages)}"'),
        )
    if start.dirty_pages and start.filesystem is None:
        yield ("machine", "start", "dirty"), 'dirty pages of no file system; write filesystem = "..." beside it'


def _tasks(world: "World") -> Iterator[Mistake]:
    if not world.tasks:
        yield ("task",), "missing; a scenario without a task does nothing; write at least one [[task]]"
    waits = world.until == "done"
    if waits and world.tasks and not any(isinstance(task, AWAITED) for task in world.tasks):
        yield ("until",), 'no task would end the run; write until = "length", or give an anon_toucher or a direct_io'
    ended: list[str] = []
    for task in world.tasks:
        here = ("task", task.comm)
        if task.start_ns >= world.length_ns:
            yield (*here, "start"), f"after the end of the run; length is {units.format_time(world.length_ns)}"
        if isinstance(task, AnonToucher):
            if waits and task.passes == 0:
                yield (*here, "passes"), '0 is for ever, and until = "done" waits for it; write how many times'
            if task.resident_bytes > task.size_bytes:
                yield (*here, "resident"), f'more than size; write at most "{units.format_size(task.size_bytes)}"'
            for key, size in (
                ("size", task.size_bytes),
                ("resident", task.resident_bytes),
                ("locked", task.locked_bytes),
            ):
                if size % units.PAGE_SIZE:
                    yield (*here, key), "not whole pages; write a multiple of 4KiB"
        elif isinstance(task, FileWriter | FileReader) and task.stop_ns is not None and task.stop_ns <= task.start_ns:
            yield (*here, "stop"), f"not after start, which is {units.format_time(task.start_ns)}"
        if isinstance(task, DirectIo):
            if task.after is not None and task.after not in ended:
                yield (
                    (*here, "after"),
                    f"no direct_io task '{task.after}' stands before this one" + did_you_mean(task.after, ended),
                )
            if task.size_bytes % units.PAGE_SIZE:
                yield (*here, "size"), "not whole pages; write a multiple of 4KiB"
            if task.region_bytes < task.size_bytes:
                yield (
                    (*here, "region"),
                    f'less than one operation; write at least "{units.format_size(task.size_bytes)}"',
                )
            ended.append(task.comm)


def _memory(world: "World") -> Iterator[Mistake]:
    machine, free = world.machine, world.start_free_pages
    # About the min watermark of a small machine: below it nothing could even boot.
    least = machine.managed_pages // 256
    if free < least:
        claimed = units.about_size((machine.managed_pages - free) * units.PAGE_SIZE)
        zones = units.about_size(machine.managed_pages * units.PAGE_SIZE)
        yield (
            ("machine", "start"),
            f"memory is overfull at time 0: {claimed} of {zones}; lower kernel_memory, file pages or resident",
        )
