"""The ranges inside which a prediction was compared with a real kernel, and the sentence about a scenario outside.

The ranges are kept in envelope.json beside this file, apart for each kind of workload: what direct I/O was compared at
says nothing about hogs. `python -m gfplab.truth.page` writes both it and docs/fidelity.md from the same comparison.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

ENVELOPE = Path(__file__).with_name("envelope.json")
PAGE_SIZE = 4096
MIB = 1 << 20
SLACK = 1.001  # a range of one value is still met by one that was rounded
LISTED = 4  # properties that a sentence names
NO_LIMIT = 1 << 20
STOCK = "stock"

# property -> what a sentence calls it
NUMBERS = {
    "cpus": "CPUs",
    "slowdown": "times slower than the rig's CPU",
    "managed_mib": "MiB of managed memory",
    "hogs": "tasks that touch anonymous memory",
    "pressure": "times as much anonymous memory as there is",
    "swap_mb_s": "MB/s of the disk under the swap",
    "request_us": "us that the disk takes for a request",
    "latency_us": "us of latency of the disk",
    "encrypt_us": "us of CPU time to encrypt a page",
    "swap_bios": "swap bios in flight",
    "crypt_pages": "pages of ciphertext",
    "page_pool": "pages in dm-crypt's reserve",
    "bios": "bios in dm-crypt's reserve",
    "min_free_kbytes": "kB of min_free_kbytes",
    "hz": "Hz",
}
CHOICES = {
    "kernel": "kernel",
    "workload": "workload of",
    "cpu": "CPU",
    "disk": "disk",
    "swap_on": "swap on",
    "policy": "policy",
}
WORKLOADS = {
    "anon_toucher": "hogs",
    "file_writer": "file writers",
    "file_reader": "file readers",
    "mempool_loop": "loops around a mempool",
    "direct_io": "direct I/O",
}


def properties_of(world) -> dict[str, object]:
    """What of a World decides whether it is like anything that was compared."""
    machine, disks = world.machine, {disk.name: disk for disk in world.disks}
    crypts = {crypt.name: crypt for crypt in world.crypts}
    device, crypt = (world.swap.device if world.swap else None), None
    while device in crypts:
        crypt = crypt or crypts[device]
        device = crypts[device].device
    managed = sum(zone.managed_pages for zone in machine.zones)
    hogs = [task for task in world.tasks if task.kind == "anon_toucher"]
    anonymous = sum(task.count * task.size_bytes for task in hogs)
    found: dict[str, object] = {
        "kernel": world.kernel,
        "workload": " and ".join(sorted({WORKLOADS.get(task.kind, task.kind) for task in world.tasks})),
        "cpus": machine.cpus,
        "cpu": machine.cpu,
        "slowdown": 1 << machine.cpu_shift,
        "hz": machine.hz,
        "managed_mib": managed * PAGE_SIZE / MIB,
        "hogs": sum(task.count for task in hogs),
        "pressure": anonymous / PAGE_SIZE / managed if managed else 0.0,
        "swap_on": "nothing" if device is None else "dm-crypt" if crypt else "a plain disk",
    }
    if machine.min_free_kbytes is not None:
        found["min_free_kbytes"] = machine.min_free_kbytes
    if device in disks:
        disk = disks[device]
        found |= {
            "disk": "with one server" if disk.fifo else "with parallel channels",
            "swap_mb_s": disk.bandwidth_bps / 1e6,
            "request_us": disk.per_request_ns / 1e3,
            "latency_us": disk.write_ns / 1e3,
        }
    if crypt:
        found |= {
            "encrypt_us": crypt.encrypt_ns / 1e3,
            "swap_bios": crypt.swap_bios or NO_LIMIT,
            "crypt_pages": crypt.page_limit_pages or NO_LIMIT,
            "page_pool": crypt.page_pool,
            "bios": crypt.bios,
        }
    return found


def policy_label(policies) -> str:
    """The plugins of a PolicySet that decide beside the stock kernel, with tunables that were changed."""
    plugins = {plugin.name: plugin for plugin in policies.plugins()}
    parts = []
    for name, plugin in sorted(plugins.items()):
        values = policies.values.get(name, {})
        changed = [f"{each}={values[each]}" for each, made in plugin.tunables.items() if values[each] != made.default]
        if changed or name != stock_of(policies.era):
            parts.append(f"{name} ({', '.join(changed)})" if changed else name)
    return "+".join(parts) or STOCK


def label_of_plugins(plugins: Iterable[str], era: str) -> str:
    """The same of plugins at their defaults."""
    return "+".join(sorted({name for name in plugins if name not in (STOCK, stock_of(era))})) or STOCK


def stock_of(era: str) -> str:
    """The plugin that answers as the kernel of `era` did."""
    return f"linux_{era.removeprefix('v').replace('.', '_')}"


def envelope_of(compared: Iterable[Mapping[str, object]]) -> dict[str, dict[str, list]]:
    """Workload -> the smallest and largest of each number, and every choice, of all worlds that were compared."""
    values: dict[str, dict[str, list]] = {}
    for properties in compared:
        of_workload = values.setdefault(str(properties["workload"]), {})
        for name, value in properties.items():
            of_workload.setdefault(name, []).append(value)
    return {workload: {name: _span(name, values[workload][name]) for name in values[workload]} for workload in values}


def _span(name: str, seen: list) -> list:
    return [min(seen), max(seen)] if name in NUMBERS else sorted(set(seen))


def read_envelope(path: Path = ENVELOPE) -> dict[str, dict[str, list]]:
    """The envelope that comes with gfplab; empty if nothing was compared yet."""
    try:
        return json.loads(path.read_text())["ranges"]
    except (OSError, ValueError, KeyError):
        return {}


def _ranges_for(properties: Mapping[str, object], envelope: Mapping[str, Mapping[str, list]]) -> dict[str, list]:
    """The ranges of this kind of workload; of another kind those of all kinds together."""
    if properties["workload"] in envelope:
        return dict(envelope[str(properties["workload"])])
    merged: dict[str, list] = {}
    for ranges in envelope.values():
        for name, seen in ranges.items():
            merged[name] = merged.get(name, []) + list(seen)
    return {name: _span(name, seen) for name, seen in merged.items()}


def outside(properties: Mapping[str, object], envelope: Mapping[str, Mapping[str, list]]) -> list[str]:
    """What of a world lies outside: `4 CPUs (compared: 1)`."""
    said, ranges = [], _ranges_for(properties, envelope)
    for name in (*CHOICES, *NUMBERS):
        value, seen = properties.get(name), ranges.get(name)
        if value is None or seen is None:
            continue
        if name in CHOICES:
            strange = [each for each in (value if isinstance(value, tuple) else (value,)) if each not in seen]
            if strange:
                said.append(f"{CHOICES[name]} {', '.join(strange)} (compared: {', '.join(seen)})")
        elif not seen[0] / SLACK <= value <= seen[1] * SLACK:
            low, high = (shown_number(name, each) for each in seen)
            span = low if low == high else f"{low} to {high}"
            said.append(f"{shown_number(name, value)} {NUMBERS[name]} (compared: {span})")
    return said


def shown_number(name: str, value: float) -> str:
    """A number of the envelope; a limit that nothing can reach is none."""
    return "unlimited" if name in ("swap_bios", "crypt_pages") and value >= 1_000_000 else f"{value:.6g}"


def envelope_warning(
    world, name: str = "", envelope: Mapping[str, Mapping[str, list]] | None = None, policies: Iterable[str] = ()
) -> str:
    """One sentence about a world, and about the policies that decide in it; empty for what was compared."""
    envelope = read_envelope() if envelope is None else envelope
    if not envelope:
        return ""
    properties = properties_of(world)
    compared_kernels = {kernel for ranges in envelope.values() for kernel in ranges.get("kernel", [])}
    if world.kernel in compared_kernels:  # of another kernel no policy was compared anyway
        properties["policy"] = tuple(policies)
    found = outside(properties, envelope)
    if not found:
        return ""
    more = f" and {len(found) - LISTED} more" if len(found) > LISTED else ""
    of_old = "; of v4.7 only its throttle was compared, re-created in a 6.1 kernel" if world.kernel == "v4.7" else ""
    listed = f"{', '.join(found[:LISTED])}{more}{of_old}"
    return f"{name or world.source}: outside what was compared with a real kernel: {listed}"
