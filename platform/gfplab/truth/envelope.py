"""The ranges inside which a prediction was compared with a real kernel, and the sentence about a scenario outside.

The ranges are kept in envelope.json beside this file; `python -m gfplab.truth.page` writes both it and
docs/fidelity.md from the same comparison.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

ENVELOPE = Path(__file__).with_name("envelope.json")
PAGE_SIZE = 4096
MIB = 1 << 20
SLACK = 1.001  # a range of one value is still met by one that was rounded

# property -> what a sentence calls it
NUMBERS = {
    "cpus": "CPUs",
    "managed_mib": "MiB of managed memory",
    "pressure": "times as much anonymous memory as there is",
    "swap_mb_s": "MB/s of the disk under the swap",
    "request_us": "us that the disk takes for a request",
    "encrypt_us": "us of CPU time to encrypt a page",
}
CHOICES = {"kernel": "kernel", "swap_on": "swap on"}


def properties_of(world) -> dict[str, object]:
    """What of a World decides whether it is like anything that was compared."""
    disks = {disk.name: disk for disk in world.disks}
    crypts = {crypt.name: crypt for crypt in world.crypts}
    device, crypted = (world.swap.device if world.swap else None), None
    while device in crypts:
        crypted = crypted or crypts[device]
        device = crypts[device].device
    managed = sum(zone.managed_pages for zone in world.machine.zones)
    anonymous = sum(getattr(task, "count", 1) * task.size_bytes for task in world.tasks if task.kind == "anon_toucher")
    found: dict[str, object] = {
        "kernel": world.kernel,
        "cpus": world.machine.cpus,
        "managed_mib": managed * PAGE_SIZE / MIB,
        "pressure": anonymous / PAGE_SIZE / managed if managed else 0.0,
        "swap_on": "nothing" if device is None else "dm-crypt" if crypted else "a plain disk",
    }
    if device in disks:
        found["swap_mb_s"] = disks[device].bandwidth_bps / 1e6
        found["request_us"] = disks[device].per_request_ns / 1e3
    if crypted and crypted.encrypt_ns is not None:
        found["encrypt_us"] = crypted.encrypt_ns / 1e3
    return found


def envelope_of(compared: Iterable[Mapping[str, object]]) -> dict[str, list]:
    """The smallest and largest of each number, and every choice, of all worlds that were compared."""
    values: dict[str, list] = {}
    for properties in compared:
        for name, value in properties.items():
            values.setdefault(name, []).append(value)
    return {
        name: [min(seen), max(seen)] if name in NUMBERS else sorted(set(seen)) for name, seen in sorted(values.items())
    }


def read_envelope(path: Path = ENVELOPE) -> dict[str, list]:
    """The envelope that comes with gfplab; empty if nothing was compared yet."""
    try:
        return json.loads(path.read_text())["ranges"]
    except (OSError, ValueError, KeyError):
        return {}


def outside(properties: Mapping[str, object], envelope: Mapping[str, list]) -> list[str]:
    """What of a world lies outside: `4 CPUs (compared: 1)`."""
    said = []
    for name, value in properties.items():
        if name not in envelope:
            continue
        seen = envelope[name]
        if name in CHOICES:
            if value not in seen:
                said.append(f"{CHOICES[name]} {value} (compared: {' and '.join(map(str, seen))})")
        elif not seen[0] / SLACK <= value <= seen[1] * SLACK:
            low, high = (f"{each:.4g}" for each in seen)
            said.append(f"{value:.4g} {NUMBERS[name]} (compared: {low if low == high else f'{low} to {high}'})")
    return said


def envelope_warning(world, name: str = "", envelope: Mapping[str, list] | None = None) -> str:
    """One sentence about a world outside the envelope; empty for one inside."""
    envelope = read_envelope() if envelope is None else envelope
    found = outside(properties_of(world), envelope)
    if not found:
        return ""
    old = world.kernel == "v4.7"
    of_old = "; of v4.7 only its throttle was compared, re-created in a 6.1 kernel" if old else ""
    return f"{name or world.source}: outside what was compared with a real kernel: {', '.join(found)}{of_old}"
